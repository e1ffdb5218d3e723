// Package svg writes drawings as small SVG files: elements with classes of one style sheet, of which a file has the rules
// that it needs, for light and dark paper.
package svg

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Drawing collects the elements of a figure, in pixels from an origin of its own
// choice: the file is as large as what was drawn.
type Drawing struct {
	elements []element
	classes  map[string]bool
	box      Rect
	err      error // the first one
}

// An element is one SVG element without its class.
type element struct{ class, tag, attributes, content string }

// A Rect is a rectangle; its zero value is empty.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Box returns a rectangle from its left, upper, right and lower edge.
func Box(x0, y0, x1, y1 float64) Rect { return Rect{x0, y0, x1, y1} }

func (r Rect) empty() bool { return r.X1 <= r.X0 && r.Y1 <= r.Y0 }

// Union returns the smallest rectangle around both.
func (r Rect) Union(s Rect) Rect {
	switch {
	case r.empty():
		return s
	case s.empty():
		return r
	}
	return Rect{min(r.X0, s.X0), min(r.Y0, s.Y0), max(r.X1, s.X1), max(r.Y1, s.Y1)}
}

// New returns an empty drawing.
func New() *Drawing { return &Drawing{classes: map[string]bool{}} }

// Num writes a coordinate with at most two decimals, the same on every platform.
func Num(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 {
		v = 0 // not −0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Nums writes coordinates with spaces between.
func Nums(values ...float64) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = Num(v)
	}
	return strings.Join(list, " ")
}

func (d *Drawing) fail(Format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(Format, args...)
	}
}

// Add appends an element. class is one or more names of the style sheet.
func (d *Drawing) Add(class, tag, attributes, content string, covers Rect) {
	for _, c := range strings.Fields(class) {
		if _, ok := rules[c]; !ok {
			d.fail("diagram: no class %q in the style sheet", c) // a mistake in this package
		}
		d.classes[c] = true
	}
	if last := len(d.elements) - 1; last >= 0 && tag == "path" && d.elements[last].tag == "path" && d.elements[last].class == class && mergeable[class] {
		// Shapes of one class that follow each other are one path.
		e := &d.elements[last]
		e.attributes = strings.TrimSuffix(e.attributes, `"`) + strings.TrimPrefix(attributes, `d="`)
	} else {
		d.elements = append(d.elements, element{class, tag, attributes, content})
	}
	d.box = d.box.Union(covers)
}

// mergeable are the classes of shapes that do not overlap others of the same class in a way
// that would show.
var mergeable = map[string]bool{"cell": true, "padding": true, "line": true, "head": true, "axis": true, "thin": true, "gridline": true, "shortcut": true}

// Path draws a path in the form of SVG within a rectangle.
func (d *Drawing) Path(class, data string, covers Rect) {
	d.Add(class, "path", `d="`+data+`"`, "", covers)
}

// Rectangle draws a rectangle with round corners.
func (d *Drawing) Rectangle(class string, x, y, w, h, round float64) {
	covers := Rect{x - 1, y - 1, x + w + 1, y + h + 1}
	if round == 0 {
		d.Path(class, fmt.Sprintf("M%s %sh%sv%sh%sz", Num(x), Num(y), Num(w), Num(h), Num(-w)), covers)
		return
	}
	d.Add(class, "rect", fmt.Sprintf(`x="%s" y="%s" width="%s" height="%s" rx="%s"`, Num(x), Num(y), Num(w), Num(h), Num(round)), "", covers)
}

// Polyline draws straight lines through points x, y, x, y, …
func (d *Drawing) Polyline(class string, points ...float64) {
	var b strings.Builder
	var covers Rect
	for i := 0; i+1 < len(points); i += 2 {
		x, y := points[i], points[i+1]
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", Num(x), Num(y))
		case x == points[i-2]:
			fmt.Fprintf(&b, "V%s", Num(y))
		case y == points[i-1]:
			fmt.Fprintf(&b, "H%s", Num(x))
		default:
			fmt.Fprintf(&b, "L%s %s", Num(x), Num(y))
		}
		covers = covers.Union(Rect{x - 1, y - 1, x + 1, y + 1})
	}
	d.Path(class, b.String(), covers)
}

// Head draws the head of an arrow that ends at a point, in direction dx, dy, one of which is 0
// and the other ±1.
func (d *Drawing) Head(x, y, dx, dy float64) {
	const long, half = 7, 4
	d.Path("head", fmt.Sprintf("M%s %sL%s %sL%s %sz", Num(x), Num(y), Num(x-long*dx+half*dy), Num(y-long*dy+half*dx), Num(x-long*dx-half*dy), Num(y-long*dy-half*dx)),
		Rect{x - half, y - half, x + half, y + half})
}

// Write adds a text whose baseline is at y, and which begins, is centred or ends at x as its
// class says.
func (d *Drawing) Write(class string, x, y float64, text string) {
	if text == "" {
		return
	}
	for _, c := range strings.Fields(class) {
		if _, ok := styles[c]; !ok {
			d.fail("diagram: %q is no class of texts", class) // a mistake in this package
		}
	}
	r, _ := TextBox(class, x, y, text)
	d.checkXML(text)
	d.Add(class, "text", fmt.Sprintf(`x="%s" y="%s"`, Num(x), Num(y)), html.EscapeString(text), r)
}

// checkXML notes a character that an SVG file cannot hold.
func (d *Drawing) checkXML(text string) {
	for i, r := range text {
		odd := unicode.IsControl(r) && r != '\t' || r == 0xFFFE || r == 0xFFFF
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(text[i:])
			odd = odd || size == 1
		}
		if odd {
			d.fail("diagram: the text %q cannot be drawn: an SVG file cannot hold %U", text, r)
			return
		}
	}
}

// margin is around what is drawn, in pixels.
const margin = 10

// WriteSVG writes the file.
func (d *Drawing) WriteSVG(w io.Writer, title, description string) error {
	d.checkXML(title)
	d.checkXML(description)
	if title == "" {
		d.fail("diagram: the figure has no title, which screen readers read")
	}
	if d.box.empty() {
		d.fail("diagram: %q: there is nothing to draw", title)
	}
	if d.err != nil {
		return d.err
	}
	x, y := math.Floor(d.box.X0)-margin, math.Floor(d.box.Y0)-margin
	width, height := math.Ceil(d.box.X1)+margin-x, math.Ceil(d.box.Y1)+margin-y
	d.classes["paper"] = true
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="%sfigure" width="%s" height="%s" viewBox="%s" role="img">`+"\n",
		Prefix, Num(width), Num(height), Nums(x, y, width, height))
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	if description != "" {
		fmt.Fprintf(&b, "<desc>%s</desc>\n", html.EscapeString(description))
	}
	fmt.Fprintf(&b, "<style>%s</style>\n", styleSheet(d.classes))
	fmt.Fprintf(&b, `<path class="%spaper" d="M%s %sh%sv%sh%sz"/>`+"\n", Prefix, Num(x), Num(y), Num(width), Num(height), Num(-width))
	d.writeElements(&b)
	b.WriteString("</svg>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("diagram: %w", err)
	}
	return nil
}

// writeElements writes the elements; those of the same class that follow each other share a group.
func (d *Drawing) writeElements(b *bytes.Buffer) {
	for i := 0; i < len(d.elements); {
		class := d.elements[i].class
		n := slices.IndexFunc(d.elements[i:], func(e element) bool { return e.class != class })
		if n < 0 {
			n = len(d.elements) - i
		}
		names := strings.Fields(class)
		for j := range names {
			names[j] = Prefix + names[j]
		}
		own := fmt.Sprintf(` class="%s"`, strings.Join(names, " "))
		if n > 1 {
			fmt.Fprintf(b, "<g%s>\n", own)
			own = ""
		}
		for _, e := range d.elements[i : i+n] {
			if e.content == "" {
				fmt.Fprintf(b, "<%s%s %s/>\n", e.tag, own, e.attributes)
			} else {
				fmt.Fprintf(b, "<%s%s %s>%s</%s>\n", e.tag, own, e.attributes, e.content, e.tag)
			}
		}
		if n > 1 {
			b.WriteString("</g>\n")
		}
		i += n
	}
}
