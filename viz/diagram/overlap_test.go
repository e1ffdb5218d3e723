package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// No text lies on another one, or outside of the figure.
func TestTextsDoNotOverlap(t *testing.T) {
	for name, f := range figures() {
		var b bytes.Buffer
		if err := f.WriteSVG(&b); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		texts, view := textsOf(t, b.Bytes())
		if len(texts) == 0 {
			t.Errorf("%s has no texts", name)
		}
		for i, a := range texts {
			if a.box.X0 < view.X0 || a.box.Y0 < view.Y0 || a.box.X1 > view.X1 || a.box.Y1 > view.Y1 {
				t.Errorf("%s: %q lies outside of the figure", name, a.text)
			}
			for _, c := range texts[:i] {
				if a.box.X0 < c.box.X1-1 && c.box.X0 < a.box.X1-1 && a.box.Y0 < c.box.Y1-1 && c.box.Y0 < a.box.Y1-1 {
					t.Errorf("%s: %q lies on %q", name, a.text, c.text)
				}
			}
		}
		if wide := view.X1 - view.X0; wide > 760 {
			t.Errorf("%s is %v pixels wide", name, wide)
		}
	}
}

type placed struct {
	text string
	box  svg.Rect
}

// textsOf returns the texts of a file with their boxes, and the box of the file.
func textsOf(t *testing.T, file []byte) (texts []placed, view svg.Rect) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(file))
	var classes []string // of the open elements
	var at *placed
	var x, y float64
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts, view
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			class := ""
			if len(classes) > 0 {
				class = classes[len(classes)-1]
			}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "class":
					class = a.Value
				case "x":
					x, _ = strconv.ParseFloat(a.Value, 64)
				case "y":
					y, _ = strconv.ParseFloat(a.Value, 64)
				case "viewBox":
					var w, h float64
					if _, err := fmt.Sscan(a.Value, &view.X0, &view.Y0, &w, &h); err != nil {
						t.Fatal(err)
					}
					view.X1, view.Y1 = view.X0+w, view.Y0+h
				}
			}
			classes = append(classes, class)
			if e.Name.Local == "text" {
				at = &placed{}
			}
		case xml.CharData:
			if at != nil {
				at.text += string(e)
			}
		case xml.EndElement:
			if at != nil {
				r, size := svg.TextBox(strings.TrimPrefix(classes[len(classes)-1], svg.Prefix), x, y, at.text)
				if size < 12 {
					t.Errorf("%q has %v pixels", at.text, size)
				}
				at.box = r
				texts = append(texts, *at)
				at = nil
			}
			classes = classes[:len(classes)-1]
		}
	}
}
