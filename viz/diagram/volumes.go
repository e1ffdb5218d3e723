package diagram

import (
	"fmt"
	"io"
	"math"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Volumes draws the shapes of values as boxes one after the other: the shape on its way through a network. Height and
// depth of a box are height and width of the maps, its length the channels; sizes grow with the logarithm.
type Volumes struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Boxes are drawn from left to right.
	Boxes []Volume
	// Width is how wide the figure may become before boxes go to the next line, in pixels; 0 means 480.
	Width float64
}

// A Volume is a box of [Volumes].
type Volume struct {
	// Shape is C×H×W, or a number of values.
	Shape tensor.Shape
	// Label is written below the shape. It may have several lines.
	Label string
}

// VolumesOf returns the input of a network and the outputs of the layers with the given paths. input is C×H×W for
// images. labels are written below the boxes, the first below the input; there may be fewer. Errors are those of
// nn.Outline and nn.Trace.OutputOf.
func VolumesOf(net nn.Layer, input tensor.Shape, paths []string, labels ...string) ([]Volume, error) {
	trace, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, fmt.Errorf("diagram: %w", err)
	}
	list := []Volume{{Shape: input}}
	for _, p := range paths {
		n, err := trace.OutputOf(p)
		if err != nil {
			return nil, fmt.Errorf("diagram: %w", err)
		}
		list = append(list, Volume{Shape: n.Shape()[1:]})
	}
	for i := range min(len(labels), len(list)) {
		list[i].Label = labels[i]
	}
	return list, nil
}

// A solid is a box with its sizes in pixels.
type solid struct {
	Volume
	long, high, deep float64
	texts            []string
	width            float64
}

func newSolid(v Volume) (solid, error) {
	s := solid{Volume: v}
	switch len(v.Shape) {
	case 1:
		s.long, s.high, s.deep = 8, side(v.Shape[0], 9), 0
		s.texts = []string{fmt.Sprint(v.Shape[0])}
	case 3:
		s.long, s.high, s.deep = 4+side(v.Shape[0], 5), 6+side(v.Shape[1], 12), 3+side(v.Shape[2], 5)
		s.texts = []string{fmt.Sprint(v.Shape[0], " ×"), fmt.Sprintf("%d×%d", v.Shape[1], v.Shape[2])}
		if v.Shape[1]*v.Shape[2] == 1 {
			s.deep = 4
		}
	default:
		return s, fmt.Errorf("a box of shape %v: want C×H×W or a number of values", v.Shape)
	}
	if v.Shape.Size() < 1 {
		return s, fmt.Errorf("a box of shape %v", v.Shape)
	}
	s.texts = append(s.texts, splitLines(v.Label)...)
	s.width = s.long + s.deep
	for _, t := range s.texts {
		s.width = max(s.width, svg.Width("small", t))
	}
	return s, nil
}

// side is a size in pixels that grows with the logarithm of a number.
func side(n int, step float64) float64 { return step * math.Log2(float64(n)+1) }

// WriteSVG writes the figure. It is an error if a shape is neither C×H×W nor a number of values, if there is no box, if
// a text has a control character, if there is no title, or if w fails.
func (v Volumes) WriteSVG(w io.Writer) error {
	room := v.Width
	if room <= 0 {
		room = 480
	}
	const gap = 20.0
	var lines [][]solid
	wide := 0.0
	for _, b := range v.Boxes {
		s, err := newSolid(b)
		if err != nil {
			return fmt.Errorf("diagram: %q: %w", v.Title, err)
		}
		if len(lines) == 0 || wide+gap+s.width > room {
			lines, wide = append(lines, nil), -gap
		}
		wide += gap + s.width
		lines[len(lines)-1] = append(lines[len(lines)-1], s)
	}
	d := svg.New()
	y := 0.0
	for i, line := range lines {
		tallest, below := 0.0, 0
		for _, s := range line {
			tallest, below = max(tallest, s.high+s.deep), max(below, len(s.texts))
		}
		if i > 0 {
			y += tallest/2 + 16
		}
		x := 0.0
		for j, s := range line {
			s.draw(d, x+s.width/2, y, y+tallest/2+18)
			if last := j == len(line)-1; !last || i < len(lines)-1 {
				at := x + s.width + gap/2
				d.Path("head", fmt.Sprintf("M%s %sl9 5l-9 5z", svg.Num(at-4.5), svg.Num(y-5)), svg.Box(at-5, y-5, at+5, y+5))
			}
			x += s.width + gap
		}
		y += tallest/2 + 18 + 16*float64(below)
	}
	return d.WriteSVG(w, v.Title, v.Description)
}

// draw draws the box with its middle at x, y, and its texts from a baseline on.
func (s solid) draw(d *svg.Drawing, x, y, baseline float64) {
	left, top := x-(s.long+s.deep)/2, y-(s.high+s.deep)/2+s.deep
	covers := svg.Box(left-1, top-s.deep-1, left+s.long+s.deep+1, top+s.high+1)
	if s.deep > 0 {
		d.Path("top", fmt.Sprintf("M%s %sl%s %sh%sl%s %sz", svg.Num(left), svg.Num(top), svg.Num(s.deep), svg.Num(-s.deep), svg.Num(s.long), svg.Num(-s.deep), svg.Num(s.deep)), covers)
		d.Path("aside", fmt.Sprintf("M%s %sl%s %sv%sl%s %sz", svg.Num(left+s.long), svg.Num(top), svg.Num(s.deep), svg.Num(-s.deep), svg.Num(s.high), svg.Num(-s.deep), svg.Num(s.deep)), covers)
	}
	d.Path("front", fmt.Sprintf("M%s %sh%sv%sh%sz", svg.Num(left), svg.Num(top), svg.Num(s.long), svg.Num(s.high), svg.Num(-s.long)), covers)
	for i, t := range s.texts {
		d.Write("small", x, baseline+16*float64(i), t)
	}
}
