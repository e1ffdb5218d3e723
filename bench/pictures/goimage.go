package main

import (
	"bytes"
	"image"
	"image/draw"
	stdjpeg "image/jpeg"

	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/isa"
)

// genericJPEG decodes the pictures to red, green and blue with the kernels in Go,
// and with Go's image/jpeg, whose result stays YCbCr unless colours is set.
func genericJPEG(colours bool) func(b *bench) (work, error) {
	return func(b *bench) (work, error) {
		files, err := read(b.files)
		if err != nil {
			return work{}, err
		}
		var decoder jpeg.Decoder
		var picture raster.Raster
		var rgba *image.RGBA
		return work{
			run: func() error {
				restore, err := isa.Set("generic")
				if err != nil {
					return err
				}
				defer restore()
				for _, file := range files {
					if err := decoder.Decode(&picture, file, jpeg.Options{Color: jpeg.RGB}); err != nil {
						return err
					}
				}
				return nil
			},
			goRival: func() error {
				for _, file := range files {
					decoded, err := stdjpeg.Decode(bytes.NewReader(file))
					if err != nil {
						return err
					}
					if !colours {
						continue
					}
					if rgba == nil || rgba.Bounds() != decoded.Bounds() {
						rgba = image.NewRGBA(decoded.Bounds())
					}
					draw.Draw(rgba, rgba.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
				}
				return nil
			},
			pictures: len(files),
		}, nil
	}
}
