package viz

import (
	"fmt"
	"image"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/strideml/stride/internal/fonts"
	"github.com/strideml/stride/internal/titlefont"
)

// The height of titles in contact sheets, in pixels.
const titlePixels = 12

func init() {
	titlefont.Find = func(titles []string) (font.Face, []string, error) {
		var composed []string
		for _, title := range titles {
			composed = append(composed, fonts.Normal(title))
		}
		face, err := TextFace(titlePixels, "", composed...)
		return face, composed, err
	}
}

// TextFace returns a font for data.SheetConfig.Font that has all characters of some
// texts, of which a line is about so many pixels high. Characters that Liberation Sans
// lacks, such as Chinese ones, come from the TrueType or OpenType file or collection of
// that name; if it is "", from a font that is installed on this machine. The error is a
// [MissingError] if there is none, or if a script such as Arabic needs more than letters
// side by side.
func TextFace(pixels float64, file string, texts ...string) (font.Face, error) {
	set, err := fonts.Find(fonts.Set{sans()}, file, texts...)
	if err != nil {
		return nil, err
	}
	face := &textFace{set: set}
	for _, f := range set {
		one, err := opentype.NewFace(f, &opentype.FaceOptions{Size: pixels, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			return nil, fmt.Errorf("font of %v pixels: %w", pixels, err)
		}
		face.faces = append(face.faces, one)
	}
	return face, nil
}

// A textFace draws each character with the first of some fonts that has it.
type textFace struct {
	set   fonts.Set
	faces []font.Face
}

// of returns the font of a character, nil if none has it.
func (t *textFace) of(r rune) font.Face {
	if i := t.set.Of(r); i >= 0 {
		return t.faces[i]
	}
	return nil
}

// Close implements font.Face.
func (t *textFace) Close() error { return nil }

// Glyph implements font.Face.
func (t *textFace) Glyph(dot fixed.Point26_6, r rune) (dr image.Rectangle, mask image.Image, maskp image.Point, advance fixed.Int26_6, ok bool) {
	if f := t.of(r); f != nil {
		return f.Glyph(dot, r)
	}
	return image.Rectangle{}, nil, image.Point{}, 0, false
}

// GlyphBounds implements font.Face.
func (t *textFace) GlyphBounds(r rune) (bounds fixed.Rectangle26_6, advance fixed.Int26_6, ok bool) {
	if f := t.of(r); f != nil {
		return f.GlyphBounds(r)
	}
	return fixed.Rectangle26_6{}, 0, false
}

// GlyphAdvance implements font.Face.
func (t *textFace) GlyphAdvance(r rune) (advance fixed.Int26_6, ok bool) {
	if f := t.of(r); f != nil {
		return f.GlyphAdvance(r)
	}
	return 0, false
}

// Kern implements font.Face.
func (t *textFace) Kern(a, b rune) fixed.Int26_6 {
	if f := t.of(a); f != nil && f == t.of(b) {
		return f.Kern(a, b)
	}
	return 0
}

// Metrics implements font.Face.
func (t *textFace) Metrics() font.Metrics {
	m := t.faces[0].Metrics()
	for _, f := range t.faces[1:] {
		other := f.Metrics()
		m.Ascent, m.Descent = max(m.Ascent, other.Ascent), max(m.Descent, other.Descent)
	}
	m.Height = m.Ascent + m.Descent
	return m
}
