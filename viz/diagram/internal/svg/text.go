package svg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// fonts are those of the most common systems; all of the first ones have letters of the same widths.
// Those with Chinese characters come after them, so that digits look alike in both languages.
const fonts = `"Helvetica Neue",Helvetica,Arial,"Liberation Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif`

// An anchor is the point of a text that its x names.
type anchor int

const (
	start anchor = iota
	middle
	end
)

// A textStyle is a class of texts.
type textStyle struct {
	size   float64
	bold   bool
	anchor anchor
	colour string
}

func (s textStyle) rule() string {
	r := fmt.Sprintf("font-size:%spx;fill:$%s", Num(s.size), s.colour)
	if s.bold {
		r += ";font-weight:600"
	}
	switch s.anchor {
	case middle:
		r += ";text-anchor:middle"
	case end:
		r += ";text-anchor:end"
	}
	return r
}

// styles are the classes of texts. Small texts have 12 pixels.
var styles = map[string]textStyle{
	"number":  {15, false, middle, "ink"},
	"bold":    {15, true, middle, "ink"},
	"zero":    {15, false, middle, "faint"},
	"sign":    {22, false, middle, "ink"},
	"label":   {14, false, middle, "faint"},
	"words":   {14, false, start, "ink"},
	"center":  {14, false, middle, "ink"},
	"right":   {14, false, end, "ink"},
	"strong":  {14, true, middle, "ink"},
	"strongl": {14, true, start, "ink"},
	"small":   {12.5, false, middle, "faint"},
	"smalll":  {12.5, false, start, "faint"},
	"smallr":  {12.5, false, end, "faint"},
}

// Width is about the width of a text of a class, in pixels. Where the viewer has other fonts it differs by some
// per cent, for which there should be room.
func Width(class, text string) float64 {
	return textWidth(text, styles[class].size, styles[class].bold)
}

// TextBox is about the rectangle of a text of a class at x, y, as [Drawing.Write] puts it, and the size of its letters.
func TextBox(class string, x, y float64, text string) (box Rect, size float64) {
	s := styles[class]
	w := Width(class, text)
	switch s.anchor {
	case middle:
		x -= w / 2
	case end:
		x -= w
	}
	return Rect{x, y - 0.78*s.size, x + w, y + 0.22*s.size}, s.size
}

// helvetica has the widths of the characters from space to ~, in thousandths of the size.
var helvetica = [...]uint16{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // space to /
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
}

// textWidth is about the width of a text in pixels. Where the viewer has other fonts it differs by
// some per cent, for which there is room.
func textWidth(text string, size float64, bold bool) float64 {
	sum := 0.0
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~':
			sum += float64(helvetica[r-' ']) / 1000
		case Wide(r):
			sum++
		case strings.ContainsRune("·,.’", r):
			sum += 0.3
		default:
			sum += 0.6
		}
	}
	if bold {
		sum *= 1.07
	}
	return sum * size
}

// Wide reports whether a character is as wide as it is high: those of Chinese, Japanese and Korean,
// with their punctuation.
func Wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE4F || r >= 0xFF00 && r <= 0xFF60 || r >= 0x20000
}

// Format writes a value for people: at most so many decimals, with a minus sign.
func Format(v float64, decimals int) string {
	scale := math.Pow(10, float64(decimals))
	v = math.Round(v*scale) / scale
	if v == 0 {
		v = 0 // not −0
	}
	return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), "-", "−", 1)
}

// Lines breaks a text of a class into lines that are not wider than given, between words; Chinese text is broken
// between any two characters that allow it.
func Lines(class, text string, width float64) []string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range breakable(paragraph) {
			if line != "" && Width(class, strings.TrimRight(line+word, " ")) > width {
				out = append(out, strings.TrimRight(line, " "))
				line = ""
			}
			line += word
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// breakable cuts a line into the pieces between which it may be broken.
func breakable(text string) []string {
	var out []string
	piece := ""
	flush := func() {
		if piece != "" {
			out = append(out, piece)
		}
		piece = ""
	}
	for _, r := range text {
		switch {
		case strings.ContainsRune("，。、；：）」》！？", r) && (piece == "" && len(out) > 0): // not at the beginning of a line
			out[len(out)-1] += string(r)
		case Wide(r) && !strings.ContainsRune("（「《", r):
			if !strings.HasSuffix(piece, "（") && !strings.HasSuffix(piece, "「") && !strings.HasSuffix(piece, "《") && !strings.ContainsRune("，。、；：）」》！？", r) {
				flush()
			}
			piece += string(r)
			flush()
		case r == ' ':
			piece += " "
			flush()
		default:
			piece += string(r)
		}
	}
	flush()
	return out
}

// Short writes a count with three digits: 61.7 k, 46.8 M.
func Short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if v >= unit.size*0.9995 {
			v /= unit.size
			decimals := 2
			if v >= 9.995 {
				decimals = 1
			}
			if v >= 99.95 {
				decimals = 0
			}
			return Format(v, decimals) + unit.name
		}
	}
	return Format(v, 2)
}
