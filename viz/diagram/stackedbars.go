package diagram

import (
	"fmt"
	"io"
	"math"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// StackedBars draws what sums consist of: a bar for each row, with its parts one after the other. Part i of each row has
// the same colour.
type StackedBars struct {
	// Title and Description are read by screen readers. Heading is drawn above; it may be empty.
	Title, Description, Heading string
	// Names are those of the parts, for the legend; there may be fewer.
	Names []string
	// Rows are drawn below each other.
	Rows []StackedBar
	// Text writes the value of a part and the sum of a row; nil writes counts with three digits, such as 61.7 k.
	Text func(v float64) string
	// Width is that of the longest bar in pixels; 0 means 300.
	Width float64
}

// A StackedBar is a row of [StackedBars].
type StackedBar struct {
	Label string
	Parts []float64 // not negative
}

// WriteSVG writes the figure. It is an error if there is no row or no value above 0, if a value is negative or not finite, if a
// text has a control character, if there is no title, or if w fails.
func (b StackedBars) WriteSVG(w io.Writer) error {
	most := 0.0
	for _, r := range b.Rows {
		for _, v := range r.Parts {
			if v < 0 || v-v != 0 {
				return fmt.Errorf("diagram: %q: row %q has the value %v: want finite values that are not negative", b.Title, r.Label, v)
			}
		}
		most = max(most, r.sum())
	}
	if most == 0 || math.IsInf(most, 0) {
		return fmt.Errorf("diagram: %q: the longest bar is %v", b.Title, most)
	}
	d := svg.New()
	b.draw(d, most)
	return d.WriteSVG(w, b.Title, b.Description)
}

func (r StackedBar) sum() float64 {
	sum := 0.0
	for _, v := range r.Parts {
		sum += v
	}
	return sum
}

func (b StackedBars) draw(d *svg.Drawing, most float64) {
	const rowHeight, thick, gap = 30.0, 22.0, 8.0
	text, long := b.Text, b.Width
	if text == nil {
		text = svg.Short
	}
	if long <= 0 {
		long = 300
	}
	labels := 0.0
	for _, r := range b.Rows {
		labels = max(labels, svg.Width("right", r.Label))
	}
	left, y := labels+gap, 0.0
	if b.Heading != "" {
		d.Write("strongl", 0, y, b.Heading)
		y += rowHeight
	}
	x := left
	for i, name := range b.Names {
		wide := 20 + svg.Width("words", name) + 14
		if x > left && x+wide > left+long+50 {
			x, y = left, y+20
		}
		d.Rectangle("kind-"+partColor(i).Name(), x, y-11, 14, 12, 0)
		d.Write("words", x+20, y, name)
		x += wide
	}
	if len(b.Names) > 0 {
		y += rowHeight
	}
	for _, r := range b.Rows {
		d.Write("right", labels, y, r.Label)
		x := left
		for i, v := range r.Parts {
			wide := v / most * long
			if wide > 0 {
				d.Rectangle("kind-"+partColor(i).Name(), x, y-16, wide, thick, 0)
			}
			if s := text(v); svg.Width("number", s)+4 <= wide {
				d.Write("number", x+wide/2, y, s)
			}
			x += wide
		}
		if len(r.Parts) > 1 {
			d.Write("smalll", x+6, y, text(r.sum()))
		}
		y += rowHeight
	}
}

// partColor is the colour of a part.
func partColor(i int) Color {
	return []Color{Grey, Blue, Orange, Green, Purple}[i%5]
}
