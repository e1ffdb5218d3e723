package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// withSize changes the size in a file's frame header.
func withSize(file []byte, width, height int) []byte {
	out := bytes.Clone(file)
	at := max(bytes.Index(out, []byte("\xff\xc0")), bytes.Index(out, []byte("\xff\xc2")))
	binary.BigEndian.PutUint16(out[at+5:], uint16(height))
	binary.BigEndian.PutUint16(out[at+7:], uint16(width))
	return out
}

// TestMemory decodes files that claim a large size. Beside the pixels a sequential
// one takes little, a progressive one two bytes a sample.
func TestMemory(t *testing.T) {
	files := goldenFiles(t)
	const width, height = 3000, 2000
	for name, most := range map[string]int{
		"grey/9x7":                       width*height + 2<<20,
		"sampling/2x2-47x40":             3*width*height + 3<<20,
		"sampling/2x2-47x40-progressive": 3*width*height + 2*width*height*3/2 + 5<<20,
	} {
		file := withSize(files[name], width, height)
		var before, after runtime.MemStats
		var picture raster.Raster
		runtime.ReadMemStats(&before)
		err := new(jpeg.Decoder).Decode(&picture, file, jpeg.Options{})
		runtime.ReadMemStats(&after)
		if short := (*jpeg.TruncatedError)(nil); !errors.As(err, &short) {
			t.Errorf("%s: %v", name, err)
		}
		if took := int(after.TotalAlloc - before.TotalAlloc); took > most {
			t.Errorf("%s: %d bytes were allocated: want at most %d", name, took, most)
		}
	}
}

// TestManyScans decodes a progressive file of thousands of scans of a few bytes, which
// say that in 32767 blocks, and in so many again, no coefficient becomes larger.
func TestManyScans(t *testing.T) {
	file := withSize(goldenFiles(t)["grey/9x7-progressive"], 2000, 2000)
	table := segment(0xc4, "\x10\x01"+strings.Repeat("\x00", 15)+"\xe0") // its only code means such a run
	scan := segment(0xda, "\x01\x01\x00\x01\x3f\x10") + "\x7f\xfe\xff\x00\xff\x00"
	hostile := string(file[:bytes.Index(file, []byte("\xff\xda"))]) + table + strings.Repeat(scan, 10_000) + "\xff\xd9"
	start := time.Now()
	var picture raster.Raster
	err := new(jpeg.Decoder).Decode(&picture, []byte(hostile), jpeg.Options{})
	if err == nil || err.Error() != "jpeg: the picture has too many scans" {
		t.Errorf("%v: want an error", err)
	}
	if took := time.Since(start); took > 20*time.Second { // well under a second when nothing else runs
		t.Errorf("it took %v", took)
	}
	// A hundred of them are decoded.
	hundred := hostile[:len(hostile)-2-9_910*len(scan)] + "\xff\xd9"
	if err := new(jpeg.Decoder).Decode(&picture, []byte(hundred), jpeg.Options{}); err != nil {
		t.Error(err)
	}
}
