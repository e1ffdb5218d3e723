package tensordata

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/filemap"
	"github.com/strideml/stride/onnx/internal/proto"
)

// An outside is a file of external data.
type outside struct {
	mapping *filemap.Mapping
	sha1    []byte // computed when a tensor names a checksum
}

// place is where in which file the elements of a tensor are.
type place struct {
	location       string
	offset, length int64
	checksum       string
}

// external returns the size bytes of a tensor in another file.
func (r *Reader) external(t *proto.Tensor, size int) ([]byte, error) {
	p, err := placeOf(t)
	if err != nil {
		return nil, err
	}
	f, err := r.open(p.location)
	if err != nil {
		return nil, err
	}
	all := f.mapping.Bytes
	left := int64(len(all)) - p.offset
	switch {
	case left < 0:
		return nil, fmt.Errorf("offset %d is beyond the end of %s, which has %d bytes", p.offset, p.location, len(all))
	case p.length < 0:
		p.length = int64(size) // torch writes it always; without it the shape says the length
	}
	switch {
	case p.length != int64(size):
		return nil, fmt.Errorf("length %d, but its shape %v needs %d bytes", p.length, t.Dims, size)
	case p.length > left:
		return nil, fmt.Errorf("%d bytes from %d on are beyond the end of %s, which has %d", p.length, p.offset, p.location, len(all))
	case p.checksum != "":
		if err := f.check(p.checksum); err != nil {
			return nil, fmt.Errorf("%s: %w", p.location, err)
		}
	}
	// A length of 0 must not look like a missing one.
	return all[p.offset : p.offset+p.length : p.offset+p.length], nil
}

// placeOf reads the keys of external data. The length is −1 if there is none.
func placeOf(t *proto.Tensor) (place, error) {
	p := place{length: -1}
	var seen []string
	for _, e := range t.External {
		if slices.Contains(seen, e.Key) {
			return p, fmt.Errorf("key %q is there twice", e.Key)
		}
		seen = append(seen, e.Key)
		var err error
		switch e.Key {
		case "location":
			p.location = e.Value
		case "offset":
			p.offset, err = parseLength(e.Value)
		case "length":
			p.length, err = parseLength(e.Value)
		case "checksum":
			p.checksum = e.Value
		default:
			return p, fmt.Errorf("unknown key %q: want location, offset, length or checksum", e.Key)
		}
		if err != nil {
			return p, fmt.Errorf("%s %q: want a number of bytes from 0 on", e.Key, e.Value)
		}
	}
	if p.location == "" {
		return p, errors.New("there is no location")
	}
	return p, nil
}

func parseLength(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}

// open maps a file, which must lie in the model's folder or below it. Links are refused:
// symbolic ones in any part of the path, and files with several names, because either may
// be a file that whoever sent the model must not see. (CVE-2022-25882, CVE-2024-27318,
// CVE-2026-27489 and CVE-2026-34447 of the onnx package.)
func (r *Reader) open(location string) (*outside, error) {
	if f := r.files[location]; f != nil {
		return f, nil
	}
	path := filepath.FromSlash(location)
	if !filepath.IsLocal(path) || strings.ContainsAny(location, "\x00\\") {
		return nil, fmt.Errorf("location %q: want a path inside of the model's folder", location)
	}
	path = filepath.Clean(path)
	var info os.FileInfo
	parts := strings.Split(path, string(filepath.Separator))
	for i := range parts {
		var err error
		if info, err = r.folder.Lstat(filepath.Join(parts[:i+1]...)); err != nil {
			return nil, err
		}
		if info.Mode()&os.ModeSymlink != 0 {
			return nil, fmt.Errorf("location %q: %s is a symbolic link, which is not allowed", location, parts[i])
		}
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("location %q: not a regular file", location)
	}
	file, err := r.folder.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opened, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !os.SameFile(info, opened):
		return nil, fmt.Errorf("location %q: the file was replaced while it was opened", location)
	case links(opened) > 1:
		return nil, fmt.Errorf("location %q: the file has several names (hard links), which is not allowed", location)
	}
	mapping, err := filemap.Map(file)
	if err != nil {
		return nil, err
	}
	f := &outside{mapping: mapping}
	r.files[location] = f
	return f, nil
}

// check compares the SHA-1 of the file with the one that a tensor names.
func (f *outside) check(checksum string) error {
	want, err := hex.DecodeString(checksum)
	if err != nil || len(want) != sha1.Size {
		return fmt.Errorf("checksum %q: want a SHA-1 in hexadecimal", checksum)
	}
	if f.sha1 == nil {
		sum := sha1.Sum(f.mapping.Bytes)
		f.sha1 = sum[:]
	}
	if !bytes.Equal(f.sha1, want) {
		return fmt.Errorf("the checksum is %x, the model says %x", f.sha1, want)
	}
	return nil
}

// Close releases the files of external data. What Floats, Float64s and Ints returned
// stays.
func (r *Reader) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.mapping.Close())
	}
	r.files = map[string]*outside{}
	if r.folder != nil {
		errs = append(errs, r.folder.Close())
	}
	return errors.Join(errs...)
}
