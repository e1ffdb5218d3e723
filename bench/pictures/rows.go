package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// rows are the rows of the table.
var rows = []row{
	{"decode JPEG", decodingJPEG(false), false},
	{"decode JPEG, progressive", decodingJPEG(true), false},
	{"decode JPEG at 1/2 and resize to 256, bicubic", draft, false},
	{"JPEG to the normalised 224×224 tensor, bilinear (torchvision)", input, false},
	{"resize 500×375 to 341×256, bicubic", resizing(raster.Bicubic, nil), false},
	{"resize 500×375 to 341×256, bilinear", resizing(raster.Bilinear, nil), false},
	{"resize 500×375 to 341×256, bicubic, and crop 224×224", resizing(raster.Bicubic, &raster.Window{Top: 16, Left: 58, Height: 224, Width: 224}), false},
	{"decode PNG", decodingPNG, false},
	{"decode JPEG, kernels in Go, to RGB; image/jpeg to YCbCr", genericJPEG(false), true},
	{"decode JPEG, kernels in Go, to RGB; image/jpeg and image/draw to RGBA", genericJPEG(true), true},
}

// interleaved returns red, green and blue of each pixel.
func interleaved(r *raster.Raster) []uint8 {
	red, green, blue := r.Plane(0), r.Plane(1), r.Plane(2)
	all := make([]uint8, 0, 3*len(red))
	for i := range red {
		all = append(all, red[i], green[i], blue[i])
	}
	return all
}

// resizing resizes a picture of noise, and cuts a window out of the result.
func resizing(f raster.Filter, window *raster.Window) func(b *bench) (work, error) {
	return func(b *bench) (work, error) {
		const width, height, toWidth, toHeight = 500, 375, 341, 256
		src, dst := raster.New(3, height, width), new(raster.Raster)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range src.Pix {
			src.Pix[i] = uint8(random.Uint32())
		}
		file := filepath.Join(b.dir, "picture")
		if err := os.WriteFile(file, interleaved(src), 0o600); err != nil {
			return work{}, err
		}
		theirs := request{
			"row": "resize", "file": file, "width": width, "height": height, "to_width": toWidth, "to_height": toHeight,
			"filter": f.String(), "window": []int{},
		}
		all := raster.Window{Height: toHeight, Width: toWidth}
		if window != nil {
			all = *window
			theirs["window"] = []int{window.Left, window.Top, window.Width, window.Height}
		}
		var r raster.Resizer
		return work{
			run: func() error {
				r.ResizeWindow(dst, src, toHeight, toWidth, f, all)
				return nil
			},
			pixels:   func() []uint8 { return interleaved(dst) },
			pictures: 1,
			theirs:   theirs,
		}, nil
	}
}

// decodingPNG decodes the pictures of the folder, which Pillow writes as PNG files.
func decodingPNG(b *bench) (work, error) {
	if len(b.files) == 0 {
		return work{}, errNoFolder
	}
	var to []string
	for i := range b.files {
		to = append(to, filepath.Join(b.dir, fmt.Sprintf("%d.png", i)))
	}
	if _, err := ask(b.pillow, request{"op": "png", "files": b.files, "to": to}); err != nil {
		return work{}, err
	}
	var files [][]byte
	for _, path := range to {
		file, err := os.ReadFile(path)
		if err != nil {
			return work{}, err
		}
		files = append(files, file)
	}
	var decoder imagefile.Decoder
	var picture raster.Raster
	return work{
		run: func() error {
			for _, file := range files {
				if _, err := decoder.Decode(&picture, file, "picture.png", 3, imagefile.Options{}); err != nil {
					return err
				}
			}
			return nil
		},
		pixels:   func() []uint8 { return interleaved(&picture) },
		pictures: len(files),
		theirs:   request{"row": "png", "files": to},
	}, nil
}
