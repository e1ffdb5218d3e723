package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"

	"github.com/strideml/stride/internal/printable"
)

// A mistake is an image that was predicted wrong.
type mistake struct {
	Name, Label, Predicted        string
	Probability, LabelProbability float64
	Loss                          float64
	// Source is the picture as a data URI; "" if there is none, and Error says why.
	Source        template.URL
	Error         string
	Width, Height int
	Pixelated     bool
}

// mistakes returns the worst mistakes with their pictures.
func mistakes(p Page, names []string) []mistake {
	var list []mistake
	for _, w := range p.Result.Worst[:min(len(p.Result.Worst), maxThumbnails)] {
		m := mistake{
			Name: fmt.Sprintf("image %d", w.Item), Label: names[w.Label], Predicted: names[w.Predicted],
			Probability: w.Probability, LabelProbability: w.LabelProbability, Loss: w.Loss,
		}
		if p.Name != nil {
			m.Name = printable.Line(p.Name(w.Item))
		}
		if p.Picture != nil {
			m.show(p.Picture(w.Item))
		}
		list = append(list, m)
	}
	return list
}

// show makes the thumbnail of a picture.
func (m *mistake) show(picture image.Image, err error) {
	if err == nil && (picture == nil || picture.Bounds().Empty()) {
		err = fmt.Errorf("there is no picture")
	}
	if err == nil {
		err = m.embed(picture)
	}
	if err != nil {
		m.Error = printable.Line(err.Error())
	}
}

// embed puts a picture into the page: as PNG as it is if it is small, otherwise as
// a JPEG of at most thumbnailSize pixels.
func (m *mistake) embed(picture image.Image) error {
	size := picture.Bounds().Size()
	var b bytes.Buffer
	if size.X <= 64 && size.Y <= 64 {
		if err := png.Encode(&b, picture); err != nil {
			return err
		}
		m.Width, m.Height, m.Pixelated = size.X, size.Y, true
		m.Source = dataURI("image/png", b.Bytes())
		return nil
	}
	w, h := size.X, size.Y
	if longer := max(w, h); longer > thumbnailSize {
		w, h = max(w*thumbnailSize/longer, 1), max(h*thumbnailSize/longer, 1)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // JPEG has no alpha
	xdraw.CatmullRom.Scale(small, small.Bounds(), picture, picture.Bounds(), xdraw.Over, nil)
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 80}); err != nil {
		return err
	}
	m.Width, m.Height = w, h
	m.Source = dataURI("image/jpeg", b.Bytes())
	return nil
}

// dataURI is safe in a page: it has letters, digits and + / = only.
func dataURI(kind string, b []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b))
}
