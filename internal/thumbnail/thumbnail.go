// Package thumbnail makes small pictures for web pages.
package thumbnail

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"
)

// asIs is the side, in pixels, up to which a picture is kept as it is.
const asIs = 64

// A Thumbnail is a picture file.
type Thumbnail struct {
	// Type is image/png or image/jpeg.
	Type string
	Data []byte
	// Width and Height are in pixels.
	Width, Height int
	// Pixelated says that the picture is as small as it was, and is best enlarged without
	// smoothing.
	Pixelated bool
}

// Encode makes a thumbnail whose sides are at most size pixels, on white: a PNG file of a
// picture of at most 64×64 pixels, which keeps each pixel, and otherwise a JPEG file.
func Encode(picture image.Image, size int) (*Thumbnail, error) {
	if picture == nil || picture.Bounds().Empty() {
		return nil, errors.New("there is no picture")
	}
	from := picture.Bounds().Size()
	var b bytes.Buffer
	if from.X <= asIs && from.Y <= asIs {
		if err := png.Encode(&b, picture); err != nil {
			return nil, err
		}
		return &Thumbnail{"image/png", b.Bytes(), from.X, from.Y, true}, nil
	}
	w, h := from.X, from.Y
	if longer := max(w, h); longer > size {
		w, h = max(w*size/longer, 1), max(h*size/longer, 1)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // JPEG has no alpha
	xdraw.CatmullRom.Scale(small, small.Bounds(), picture, picture.Bounds(), xdraw.Over, nil)
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 80}); err != nil {
		return nil, err
	}
	return &Thumbnail{"image/jpeg", b.Bytes(), w, h, false}, nil
}
