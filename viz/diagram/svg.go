package diagram

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

// A drawing collects the elements of a figure, in pixels from an origin of its own
// choice: the file is as large as what was drawn.
type drawing struct {
	elements []element
	classes  map[string]bool
	texts    []words
	box      rect
	err      error // the first one
}

// An element is one SVG element without its class.
type element struct{ class, tag, attributes, content string }

// A rect is a rectangle; its zero value is empty.
type rect struct{ x0, y0, x1, y1 float64 }

func (r rect) empty() bool { return r.x1 <= r.x0 && r.y1 <= r.y0 }

// union returns the smallest rectangle around both.
func (r rect) union(s rect) rect {
	switch {
	case r.empty():
		return s
	case s.empty():
		return r
	}
	return rect{min(r.x0, s.x0), min(r.y0, s.y0), max(r.x1, s.x1), max(r.y1, s.y1)}
}

// words are a text with the room that it takes.
type words struct {
	text string
	rect rect
}

func newDrawing() *drawing { return &drawing{classes: map[string]bool{}} }

// num writes a coordinate with at most two decimals, the same on every platform.
func num(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 {
		v = 0 // not −0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func nums(values ...float64) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = num(v)
	}
	return strings.Join(list, " ")
}

func (d *drawing) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// add appends an element. class is one or more names of the style sheet.
func (d *drawing) add(class, tag, attributes, content string, covers rect) {
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
	d.box = d.box.union(covers)
}

// mergeable are the classes of shapes that do not overlap others of the same class in a way
// that would show.
var mergeable = map[string]bool{"cell": true, "padding": true, "line": true, "head": true, "axis": true, "thin": true, "gridline": true, "shortcut": true}

// path draws a path in the form of SVG within a rectangle.
func (d *drawing) path(class, data string, covers rect) {
	d.add(class, "path", `d="`+data+`"`, "", covers)
}

// rectangle draws a rectangle with round corners.
func (d *drawing) rectangle(class string, x, y, w, h, round float64) {
	covers := rect{x - 1, y - 1, x + w + 1, y + h + 1}
	if round == 0 {
		d.path(class, fmt.Sprintf("M%s %sh%sv%sh%sz", num(x), num(y), num(w), num(h), num(-w)), covers)
		return
	}
	d.add(class, "rect", fmt.Sprintf(`x="%s" y="%s" width="%s" height="%s" rx="%s"`, num(x), num(y), num(w), num(h), num(round)), "", covers)
}

// polyline draws straight lines through points x, y, x, y, …
func (d *drawing) polyline(class string, points ...float64) {
	var b strings.Builder
	var covers rect
	for i := 0; i+1 < len(points); i += 2 {
		x, y := points[i], points[i+1]
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", num(x), num(y))
		case x == points[i-2]:
			fmt.Fprintf(&b, "V%s", num(y))
		case y == points[i-1]:
			fmt.Fprintf(&b, "H%s", num(x))
		default:
			fmt.Fprintf(&b, "L%s %s", num(x), num(y))
		}
		covers = covers.union(rect{x - 1, y - 1, x + 1, y + 1})
	}
	d.path(class, b.String(), covers)
}

// head draws the head of an arrow that ends at a point, in direction dx, dy, one of which is 0
// and the other ±1.
func (d *drawing) head(x, y, dx, dy float64) {
	const long, half = 7, 4
	d.path("head", fmt.Sprintf("M%s %sL%s %sL%s %sz", num(x), num(y), num(x-long*dx+half*dy), num(y-long*dy+half*dx), num(x-long*dx-half*dy), num(y-long*dy-half*dx)),
		rect{x - half, y - half, x + half, y + half})
}

// write adds a text whose baseline is at y, and which begins, is centred or ends at x as its
// class says.
func (d *drawing) write(class string, x, y float64, text string) {
	if text == "" {
		return
	}
	s := d.textStyle(class)
	w := textWidth(text, s.size, s.bold)
	left := x
	switch s.anchor {
	case middle:
		left = x - w/2
	case end:
		left = x - w
	}
	r := rect{left, y - 0.78*s.size, left + w, y + 0.22*s.size}
	d.checkXML(text)
	d.add(class, "text", fmt.Sprintf(`x="%s" y="%s"`, num(x), num(y)), html.EscapeString(text), r)
	d.texts = append(d.texts, words{text, r})
}

func (d *drawing) textStyle(class string) textStyle {
	for _, c := range strings.Fields(class) {
		if s, ok := textStyles[c]; ok {
			return s
		}
	}
	d.fail("diagram: %q is no class of texts", class) // a mistake in this package
	return textStyle{}
}

// checkXML notes a character that an SVG file cannot hold.
func (d *drawing) checkXML(text string) {
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

// writeSVG writes the file.
func (d *drawing) writeSVG(w io.Writer, title, description string) error {
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
	x, y := math.Floor(d.box.x0)-margin, math.Floor(d.box.y0)-margin
	width, height := math.Ceil(d.box.x1)+margin-x, math.Ceil(d.box.y1)+margin-y
	d.classes["paper"] = true
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="%sfigure" width="%s" height="%s" viewBox="%s" role="img">`+"\n",
		prefix, num(width), num(height), nums(x, y, width, height))
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	if description != "" {
		fmt.Fprintf(&b, "<desc>%s</desc>\n", html.EscapeString(description))
	}
	fmt.Fprintf(&b, "<style>%s</style>\n", styleSheet(d.classes))
	fmt.Fprintf(&b, `<path class="%spaper" d="M%s %sh%sv%sh%sz"/>`+"\n", prefix, num(x), num(y), num(width), num(height), num(-width))
	d.writeElements(&b)
	b.WriteString("</svg>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("diagram: %w", err)
	}
	return nil
}

// writeElements writes the elements; those of the same class that follow each other share a group.
func (d *drawing) writeElements(b *bytes.Buffer) {
	for i := 0; i < len(d.elements); {
		class := d.elements[i].class
		n := slices.IndexFunc(d.elements[i:], func(e element) bool { return e.class != class })
		if n < 0 {
			n = len(d.elements) - i
		}
		names := strings.Fields(class)
		for j := range names {
			names[j] = prefix + names[j]
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
