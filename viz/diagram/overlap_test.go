package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
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
			if a.rect.x0 < view.x0 || a.rect.y0 < view.y0 || a.rect.x1 > view.x1 || a.rect.y1 > view.y1 {
				t.Errorf("%s: %q lies outside of the figure", name, a.text)
			}
			for _, c := range texts[:i] {
				if a.rect.x0 < c.rect.x1-1 && c.rect.x0 < a.rect.x1-1 && a.rect.y0 < c.rect.y1-1 && c.rect.y0 < a.rect.y1-1 {
					t.Errorf("%s: %q lies on %q", name, a.text, c.text)
				}
			}
		}
		if wide := view.x1 - view.x0; wide > 760 {
			t.Errorf("%s is %v pixels wide", name, wide)
		}
	}
}

type placed struct {
	text string
	rect rect
}

// textsOf returns the texts of a file with their boxes, and the box of the file.
func textsOf(t *testing.T, file []byte) (texts []placed, view rect) {
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
					if _, err := fmt.Sscan(a.Value, &view.x0, &view.y0, &w, &h); err != nil {
						t.Fatal(err)
					}
					view.x1, view.y1 = view.x0+w, view.y0+h
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
				s := textStyles[strings.TrimPrefix(classes[len(classes)-1], prefix)]
				if s.size < 12 {
					t.Errorf("%q has %v pixels", at.text, s.size)
				}
				w := textWidth(at.text, s.size, s.bold)
				left := x - map[anchor]float64{start: 0, middle: w / 2, end: w}[s.anchor]
				at.rect = rect{left, y - 0.7*s.size, left + w, y + 0.15*s.size}
				texts = append(texts, *at)
				at = nil
			}
			classes = classes[:len(classes)-1]
		}
	}
}

// Texts have the contrast of WCAG's level AA with what is behind them: 4.5.
func TestContrast(t *testing.T) {
	for paper := range 2 {
		behind := map[string][3]float64{"paper": linear(colours["paper"][paper]), "raised": linear(colours["raised"][paper])}
		for c := Blue; c <= Grey; c++ {
			behind["soft "+c.name()] = mixed(colours[c.name()][paper], colours["paper"][paper], 0.25)
			behind["kind "+c.name()] = mixed(colours[c.name()][paper], colours["paper"][paper], 0.14)
		}
		for _, c := range []string{"blue", "orange"} {
			behind["shade "+c] = mixed(colours[c][paper], colours["paper"][paper], 0.5)
		}
		for name, colour := range behind {
			if got := contrast(linear(colours["ink"][paper]), colour); got < 4.5 {
				t.Errorf("paper %d: text on %s has a contrast of %.2f", paper, name, got)
			}
			if strings.HasPrefix(name, "shade") || strings.HasPrefix(name, "soft") {
				continue // only numbers, which have the colour ink
			}
			if got := contrast(linear(colours["faint"][paper]), colour); got < 4.5 {
				t.Errorf("paper %d: faint text on %s has a contrast of %.2f", paper, name, got)
			}
		}
		for c := Blue; c <= Grey; c++ {
			if got := contrast(linear(colours[c.name()][paper]), behind["paper"]); got < 4.5 {
				t.Errorf("paper %d: %s has a contrast of %.2f", paper, c.name(), got)
			}
		}
	}
}

// channels returns red, green and blue of #rgb or #rrggbb, 0 to 1.
func channels(hex string) (c [3]float64) {
	hex = hex[1:]
	for i := range c {
		digits := strings.Repeat(hex[i:min(i+1, len(hex))], 2)
		if len(hex) == 6 {
			digits = hex[2*i : 2*i+2]
		}
		v, err := strconv.ParseUint(digits, 16, 8)
		if err != nil {
			panic(err)
		}
		c[i] = float64(v) / 255
	}
	return c
}

func linear(hex string) [3]float64 { return linearOf(channels(hex)) }

func mixed(over, under string, opacity float64) [3]float64 {
	a, b := channels(over), channels(under)
	for i := range a {
		a[i] = opacity*a[i] + (1-opacity)*b[i]
	}
	return linearOf(a)
}

func linearOf(c [3]float64) [3]float64 {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

func contrast(a, b [3]float64) float64 {
	l := func(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] + 0.05 }
	return max(l(a)/l(b), l(b)/l(a))
}
