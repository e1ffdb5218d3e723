package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/jpeg"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// read returns the contents of files.
func read(paths []string) (files [][]byte, err error) {
	if len(paths) == 0 {
		return nil, errNoFolder
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// progressive writes the files as progressive ones, with the same coefficients.
func (b *bench) progressive() (paths []string, err error) {
	for i, path := range b.files {
		to := filepath.Join(b.dir, fmt.Sprintf("progressive%d.jpg", i))
		if err := exec.Command("jpegtran", "-progressive", "-optimize", "-outfile", to, path).Run(); err != nil {
			return nil, fmt.Errorf("jpegtran (Debian: libjpeg-turbo-progs): %w", err)
		}
		paths = append(paths, to)
	}
	return paths, nil
}

// decodingJPEG decodes the pictures of the folder, or progressive ones of the same
// pixels.
func decodingJPEG(progressive bool) func(b *bench) (work, error) {
	return func(b *bench) (w work, err error) {
		paths := b.files
		if progressive {
			if paths, err = b.progressive(); err != nil {
				return w, err
			}
		}
		files, err := read(paths)
		if err != nil {
			return w, err
		}
		var decoder jpeg.Decoder
		var picture, colours raster.Raster
		return work{
			run: func() error {
				for _, file := range files {
					if err := decoder.Decode(&picture, file, jpeg.Options{}); err != nil {
						return err
					}
				}
				return nil
			},
			pixels:   func() []uint8 { colours.Convert(&picture, 3); return interleaved(&colours) },
			pictures: len(files),
			theirs:   request{"row": "jpeg", "files": paths},
		}, nil
	}
}

// draft decodes the pictures at half of their size and makes their shorter side 256
// pixels long.
func draft(b *bench) (work, error) {
	files, err := read(b.files)
	if err != nil {
		return work{}, err
	}
	var decoder jpeg.Decoder
	var resizer raster.Resizer
	var half, picture raster.Raster
	return work{
		run: func() error {
			for _, file := range files {
				if err := decoder.Decode(&half, file, jpeg.Options{Scale: 2, Color: jpeg.RGB}); err != nil {
					return err
				}
				h, w := 256, 256*half.Width/half.Height
				if half.Width < half.Height {
					h, w = 256*half.Height/half.Width, 256
				}
				resizer.Resize(&picture, &half, h, w, raster.Bicubic)
			}
			return nil
		},
		pixels:   func() []uint8 { return interleaved(&picture) },
		pictures: len(files),
		theirs:   request{"row": "draft", "files": b.files},
	}, nil
}

// input makes the input of a network of the pictures, as torchvision's presets do.
func input(b *bench) (work, error) {
	files, err := read(b.files)
	if err != nil {
		return work{}, err
	}
	config := preprocess.Config{
		InputSize: tensor.Shape{3, 224, 224}, CropPct: 0.875,
		Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225},
	}
	values := make([]float32, 3*224*224)
	return work{
		run: func() error {
			for _, file := range files {
				if _, err := config.Input(values, file, "picture.jpg", imagefile.Options{}); err != nil {
					return err
				}
			}
			return nil
		},
		pixels: func() []uint8 {
			r := raster.New(3, 224, 224)
			for i, v := range values {
				channel := i / (224 * 224)
				r.Pix[i] = uint8(math.Round(float64(v*config.Std[channel]+config.Mean[channel]) * 255))
			}
			return interleaved(r)
		},
		tolerance: 1, // v2.Resize of a tensor rounds otherwise
		pictures:  len(files),
		theirs:    request{"row": "tensor", "files": b.files},
	}, nil
}
