package jpeg_test

import (
	"bytes"
	"errors"
	"maps"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
)

// FuzzDecode looks for files that make the decoder panic, take long, or give a
// picture together with an error that says there is none.
func FuzzDecode(f *testing.F) {
	files := goldenFiles(f)
	for i, name := range slices.Sorted(maps.Keys(files)) {
		if i%7 == 0 && len(files[name]) < 2500 {
			f.Add(files[name], uint8(i))
		}
	}
	debug.SetMemoryLimit(512 << 20)
	var decoder jpeg.Decoder
	f.Fuzz(func(t *testing.T, file []byte, choice uint8) {
		options := jpeg.Options{MaxPixels: 1 << 18, Scale: 1 << (choice & 3), Color: jpeg.Color(choice >> 2 & 3)}
		start := time.Now()
		picture := raster.Raster{}
		err := decoder.Decode(&picture, file, options)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("decoding %d bytes took %v", len(file), d)
		}
		short := (*jpeg.TruncatedError)(nil)
		if err != nil && !errors.As(err, &short) {
			return
		}
		if err := picture.Check(); err != nil {
			t.Fatal(err)
		}
		info, err := jpeg.ReadInfo(file)
		if err != nil || info.Width*info.Height > options.MaxPixels {
			t.Fatalf("%+v, %v: the picture was decoded", info, err)
		}
		scale := options.Scale
		if picture.Width != (info.Width+scale-1)/scale || picture.Height != (info.Height+scale-1)/scale {
			t.Errorf("%+v became %d×%d at 1/%d", info, picture.Width, picture.Height, scale)
		}
		again, fresh := raster.Raster{}, jpeg.Decoder{}
		_ = fresh.Decode(&again, file, options) // the error is that of before
		if !bytes.Equal(picture.Pix, again.Pix) {
			t.Error("a decoder that was used before gives other pixels")
		}
	})
}
