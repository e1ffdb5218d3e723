package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// maxFileBytes bounds the memory for a file: larger ones are not read.
const maxFileBytes = 512 << 20

// A checker is a check under way.
type checker struct {
	Input
	config   Config
	pictures []picture // of Items

	mu   sync.Mutex
	same forest           // near duplicates
	seen map[[32]byte]int // the item that is read for all files with that hash
}

// A picture is what is known of an item.
type picture struct {
	sum           [32]byte
	same          int // the item that was read in place of this one, with the same bytes; −1 if it was read itself
	width, height int
	format        string
	warning       string // of a file that is damaged but was read
	err           error
	blank         bool
	hash          uint64
	thumbnail     thumbnail
	features      []float32 // of length 1; nil if labels are not compared
}

// chosen says whether a file's features are to be computed: for all, or for about
// Config.MaxLabels, by their contents, so that equal files are treated alike.
func (c *checker) chosen(sum [32]byte) bool {
	if len(c.Items) <= c.config.MaxLabels {
		return true
	}
	share := float64(binary.BigEndian.Uint64(sum[:])) / (1 << 64)
	return share < float64(c.config.MaxLabels)/float64(len(c.Items))
}

// read reads all pictures.
func (c *checker) read(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var all sync.WaitGroup
	var progress sync.Mutex
	for range min(c.config.Workers, len(c.Items)) {
		all.Go(func() {
			var r reader
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(c.Items) {
					return
				}
				if err := c.readItem(i, &r); err != nil {
					cancel(err)
					return
				}
				progress.Lock()
				c.config.Progress("pictures", int(done.Add(1)), len(c.Items))
				progress.Unlock()
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.unite()
	return nil
}

// unite gives files with the same bytes what was found in the one of them that was
// read.
func (c *checker) unite() {
	for i := range c.pictures {
		p := &c.pictures[i]
		if p.same < 0 {
			continue
		}
		from := c.pictures[p.same]
		p.width, p.height, p.format, p.warning, p.err = from.width, from.height, from.format, from.warning, from.err
		p.blank, p.hash, p.thumbnail, p.features = from.blank, from.hash, from.thumbnail, from.features
		if p.err != nil {
			p.err = errors.New(strings.ReplaceAll(p.err.Error(), c.file(p.same), c.file(i)))
		}
	}
}

func (c *checker) file(i int) string {
	path := filepath.FromSlash(c.Items[i].Path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Root, path)
}

// A reader has the memory of a goroutine that reads pictures.
type reader struct {
	decoder               imagefile.Decoder
	resizer               raster.Resizer
	whole, small, smaller raster.Raster
}

// readItem reads a picture. Only an error of Config.Features is returned.
func (c *checker) readItem(i int, r *reader) error {
	p, path := &c.pictures[i], c.file(i)
	p.same = -1
	content, err := readFile(path)
	if err != nil {
		p.err = err
		return nil
	}
	p.sum = sha256.Sum256(content)
	c.mu.Lock()
	first, ok := c.seen[p.sum]
	if !ok {
		c.seen[p.sum] = i
	}
	c.mu.Unlock()
	if ok {
		p.same = first
		return nil
	}
	info, err := imagefile.Probe(path, imagefile.Options{MaxPixels: c.config.MaxPixels})
	if err != nil {
		p.err = err
		return nil
	}
	p.format, p.width, p.height = info.Format, info.Width, info.Height
	_, err = r.decoder.Decode(&r.whole, content, path, 3, imagefile.Options{
		MaxPixels: c.config.MaxPixels, Warn: func(w string) { p.warning = w },
	})
	if err != nil {
		p.err = err
		return nil
	}
	r.resizer.Resize(&r.small, &r.whole, hashSize, hashSize, raster.Box)
	p.hash = phash(&r.small)
	r.resizer.Resize(&r.smaller, &r.small, thumbSize, thumbSize, raster.Box)
	copy(p.thumbnail[:], r.smaller.Pix)
	p.blank = p.thumbnail.blank()
	if c.config.Features == nil || !c.chosen(p.sum) {
		return nil
	}
	features, err := c.config.Features(&r.whole)
	if err != nil {
		return fmt.Errorf("features of %s: %w", path, err)
	}
	p.features = normalized(features)
	return nil
}

// readFile reads a file of a size that a picture may have.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("%s has %d bytes: want at most %d", path, info.Size(), maxFileBytes)
	}
	b := make([]byte, 0, info.Size()+1)
	buffer := bytes.NewBuffer(b)
	_, err = buffer.ReadFrom(io.LimitReader(f, maxFileBytes))
	return buffer.Bytes(), err
}

// normalized returns features divided by their length, so that the scalar product of
// two is the cosine of the angle between them; nil if that is not possible.
func normalized(features []float32) []float32 {
	sum := 0.0
	for _, v := range features {
		sum += float64(v) * float64(v)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil
	}
	scale := float32(1 / math.Sqrt(sum))
	list := make([]float32, len(features))
	for i, v := range features {
		list[i] = v * scale
	}
	return list
}
