package viz

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/width"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/strideml/stride/internal/fonts"
)

// A MissingError says which characters of a text cannot be drawn, and what to do.
type MissingError = fonts.MissingError

// sans is the font that this package brings along: Liberation Sans.
func sans() *sfnt.Font {
	f := plot.DefaultFont
	f.Variant = "Sans"
	return plot.DefaultTextHandler.Cache().Lookup(f, 10).Face
}

// A handler sets text of which one font does not have all characters. It implements
// text.Handler.
type handler struct {
	text.Plain
	set fonts.Set // the first one is that of Plain; nil where the viewer chooses fonts
}

// newHandler returns a handler for texts that are drawn as pixels.
func newHandler(file string, texts []string) (handler, error) {
	h := handler{Plain: text.Plain{Fonts: plot.DefaultTextHandler.Cache()}}
	var lines []string
	for _, t := range texts {
		lines = append(lines, strings.Split(t, "\n")...)
	}
	var err error
	h.set, err = fonts.Find(fonts.Set{sans()}, file, lines...)
	return h, err
}

// Box returns the size of a line.
func (h handler) Box(line string, fnt font.Font) (w, height, depth vg.Length) {
	_, height, depth = h.Plain.Box("", fnt)
	for _, r := range h.runs(line) {
		w += h.width(r, fnt)
	}
	return w, height, depth
}

// runs cuts a line into parts of one font.
func (h handler) runs(line string) []fonts.Run {
	set := h.set
	if set == nil {
		set = fonts.Set{sans()}
	}
	return set.Runs(line)
}

// width is that of a run. What the viewer chooses a font for is taken to be as wide as
// it is high in scripts of wide characters.
func (h handler) width(r fonts.Run, fnt font.Font) (w vg.Length) {
	if r.Font >= 0 {
		face := h.face(r, fnt)
		return face.Width(r.Text)
	}
	for _, c := range r.Text {
		switch width.LookupRune(c).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			w += fnt.Size
		default:
			w += .6 * fnt.Size
		}
	}
	return w
}

// face returns the font of a run.
func (h handler) face(r fonts.Run, fnt font.Font) font.Face {
	face := h.Fonts.Lookup(fnt, fnt.Size)
	if r.Font > 0 {
		face.Face = h.set[r.Font]
	}
	return face
}

// Draw draws a text as text.Plain does, in the fonts of its runs.
func (h handler) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	txt = strings.TrimRight(txt, "\n")
	if all := h.runs(txt); len(all) == 0 || len(all) == 1 && all[0].Font == 0 {
		h.Plain.Draw(c, txt, sty, pt)
		return
	}
	c.SetColor(sty.Color)
	if sty.Rotation != 0 {
		c.Push()
		c.Rotate(sty.Rotation)
		defer c.Pop()
	}
	sin64, cos64 := math.Sincos(sty.Rotation)
	sin, cos := vg.Length(sin64), vg.Length(cos64)
	pt.X, pt.Y = pt.Y*sin+pt.X*cos, pt.Y*cos-pt.X*sin
	lines := h.Lines(txt)
	pt.Y += sty.Height(txt)*vg.Length(sty.YAlign) - h.Extents(sty.Font).Ascent
	for i, line := range lines {
		w, _, _ := h.Box(line, sty.Font)
		at := pt.Add(vg.Point{X: vg.Length(sty.XAlign) * w, Y: vg.Length(len(lines)-i) * sty.Font.Size})
		if h.set == nil {
			c.FillString(h.Fonts.Lookup(sty.Font, sty.Font.Size), at, line)
			continue
		}
		for _, r := range h.runs(line) {
			c.FillString(h.face(r, sty.Font), at, r.Text)
			at.X += h.width(r, sty.Font)
		}
	}
}

// checkXML reports a character that an SVG file cannot hold.
func checkXML(texts []string) error {
	for _, t := range texts {
		for i, r := range t {
			odd := unicode.IsControl(r) && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF
			if r == utf8.RuneError {
				_, size := utf8.DecodeRuneInString(t[i:])
				odd = size == 1
			}
			if odd {
				return fmt.Errorf("the text %q cannot be drawn: an SVG file cannot hold %U", t, r)
			}
		}
	}
	return nil
}
