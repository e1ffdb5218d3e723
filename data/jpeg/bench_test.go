package jpeg_test

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/isa"
)

// benchmarkFile is a picture of the size and about the entropy of a photo of
// ImageNet, baseline with chroma at half width and height.
func benchmarkFile(b *testing.B) []byte {
	const width, height = 500, 375
	rng := rand.New(rand.NewPCG(1, 2))
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			base := 128 + 60*math.Sin(float64(x)/23+float64(y)/41) + 30*math.Sin(float64(x*y)/997)
			for c := range 3 {
				v := base + 20*math.Sin(float64(x)/float64(5+c)) + 14*rng.NormFloat64()
				picture.Pix[4*(y*width+x)+c] = uint8(min(max(v, 0), 255))
			}
			picture.Pix[4*(y*width+x)+3] = 255
		}
	}
	var file bytes.Buffer
	if err := stdjpeg.Encode(&file, picture, &stdjpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	return file.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	file := benchmarkFile(b)
	b.Logf("%d bytes", len(file))
	for _, set := range isa.Available() {
		for _, scale := range []int{1, 2} {
			b.Run(set+map[int]string{1: "", 2: "-half"}[scale], func(b *testing.B) {
				restore, err := isa.Set(set)
				if err != nil {
					b.Fatal(err)
				}
				defer restore()
				var decoder jpeg.Decoder
				var picture raster.Raster
				b.ReportAllocs()
				for b.Loop() {
					if err := decoder.Decode(&picture, file, jpeg.Options{Scale: scale}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("image-jpeg", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(file)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
