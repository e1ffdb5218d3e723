package png_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	stdpng "image/png"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/strideml/stride/data/png"
)

// FuzzDecode compares what the decoder makes of damaged files with what image/png does: the
// same pixels or both an error, except for what doc.go names. Checksums of
// chunks are made right first.
func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob("../imagefile/testdata/pictures/*.png")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Add(small())
	debug.SetMemoryLimit(512 << 20)
	var d png.Decoder
	f.Fuzz(func(t *testing.T, file []byte) {
		file, lenient := summed(file)
		size, err := stdpng.DecodeConfig(bytes.NewReader(file))
		if err == nil && size.Height > 1<<16/size.Width {
			return
		}
		start := time.Now()
		_, err = d.DecodeImage(bytes.NewReader(file), png.Options{MaxPixels: 1 << 16})
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("decoding %d bytes took %v", len(file), took)
		}
		_, want := oracle(file)
		switch {
		case lenient:
		case (err == nil) != (want == nil):
			t.Errorf("%v, image/png: %v", err, want)
		case err == nil:
			compare(t, &d, file, "a file")
		}
	})
}

// summed makes the checksums of a file right. It says whether the file has what doc.go
// names: a level of tRNS beyond the depth, bytes behind the compressed pixels, no header at the
// beginning.
func summed(file []byte) (out []byte, lenient bool) {
	out = bytes.Clone(file)
	var pixels []byte
	for at := 8; at+12 <= len(out); {
		length := int(binary.BigEndian.Uint32(out[at:]))
		if length > len(out)-at-12 {
			break
		}
		body := out[at+8 : at+8+length]
		switch name := string(out[at+4 : at+8]); {
		case at == 8 && name != "IHDR":
			lenient = true
		case name == "IDAT":
			pixels = append(pixels, body...)
		case name == "tRNS" && out[24] < 8 && length == 2:
			body[0], body[1] = 0, body[1]&(1<<out[24]-1)
		}
		copy(out[at+8+length:], chunk(string(out[at+4:at+8]), string(body))[8+length:])
		at += 12 + length
	}
	return out, lenient || trailing(pixels)
}

// trailing says whether bytes follow compressed data.
func trailing(data []byte) bool {
	in := bytes.NewReader(data)
	z, err := zlib.NewReader(in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, io.LimitReader(z, 4<<20))
	return err == nil && in.Len() > 0
}
