package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"image"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/thumbnail"
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

// show puts a picture into the page as a thumbnail of at most thumbnailSize pixels.
func (m *mistake) show(picture image.Image, err error) {
	var small *thumbnail.Thumbnail
	if err == nil {
		small, err = thumbnail.Encode(picture, thumbnailSize)
	}
	if err != nil {
		m.Error = printable.Line(err.Error())
		return
	}
	m.Width, m.Height, m.Pixelated = small.Width, small.Height, small.Pixelated
	m.Source = dataURI(small.Type, small.Data)
}

// dataURI is safe in a page: it has letters, digits and + / = only.
func dataURI(kind string, b []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b))
}
