package diagram

import (
	"fmt"
	"io"
	"math"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Bars is a table with a bar for each value: rows, such as the layers of a network, and columns of values, such as
// parameters and multiply-adds. Each column has a scale of its own.
type Bars struct {
	// Title and Description are read by screen readers. Heading is drawn above; it may be empty.
	Title, Description, Heading string
	// Columns are the names of the columns; there may be none.
	Columns []string
	// Rows are drawn below each other.
	Rows []Bar
	// Text writes a value; nil writes counts with three digits, such as 61.7 k.
	Text func(v float64) string
	// SameScale gives all columns one scale, for values of the same unit.
	SameScale bool
	// Width is that of the longest bar of a column in pixels; 0 means 110 with several columns and 220 with one.
	Width float64
}

// A Bar is a row of [Bars].
type Bar struct {
	Label string
	// Values are not negative; NaN leaves one out.
	Values []float64
	// Color is that of the row's bars.
	Color Color
}

// WriteSVG writes the figure. It is an error if rows differ in the number of values, if a value is negative or
// infinite, if there is no row, if a text has a control character, if there is no title, or if w fails.
func (b Bars) WriteSVG(w io.Writer) error {
	if len(b.Rows) == 0 || len(b.Rows[0].Values) == 0 {
		return fmt.Errorf("diagram: %q: there are no values", b.Title)
	}
	most := make([]float64, len(b.Rows[0].Values))
	for _, r := range b.Rows {
		if len(r.Values) != len(most) {
			return fmt.Errorf("diagram: %q: row %q has %d values, the first has %d", b.Title, r.Label, len(r.Values), len(most))
		}
		for j, v := range r.Values {
			if v < 0 || math.IsInf(v, 0) {
				return fmt.Errorf("diagram: %q: row %q has the value %v: want finite values that are not negative", b.Title, r.Label, v)
			}
			if v > most[j] { // not NaN
				most[j] = v
			}
		}
	}
	if b.SameScale {
		all := 0.0
		for _, v := range most {
			all = max(all, v)
		}
		for j := range most {
			most[j] = all
		}
	}
	d := svg.New()
	b.draw(d, most)
	return d.WriteSVG(w, b.Title, b.Description)
}

func (b Bars) draw(d *svg.Drawing, most []float64) {
	const rowHeight, thick, gap = 24.0, 15.0, 8.0
	text, long := b.Text, b.Width
	if text == nil {
		text = svg.Short
	}
	if long <= 0 {
		long = 110
		if len(most) == 1 {
			long = 220
		}
	}
	labels, left := 0.0, make([]float64, len(most)) // of each column
	for _, r := range b.Rows {
		labels = max(labels, svg.Width("right", r.Label))
	}
	x := labels + gap
	for j := range most {
		left[j] = x
		widest := long
		for _, r := range b.Rows {
			widest = max(widest, b.length(r.Values[j], most[j], long)+5+svg.Width("smalll", valueText(r.Values[j], text)))
		}
		if j < len(b.Columns) {
			widest = max(widest, svg.Width("strongl", b.Columns[j]))
		}
		x += widest + 2*gap
	}
	y := 0.0
	if b.Heading != "" {
		d.Write("strongl", 0, y, b.Heading)
		y += rowHeight
	}
	if len(b.Columns) > 0 {
		for j, name := range b.Columns[:min(len(b.Columns), len(left))] {
			d.Write("strongl", left[j], y, name)
		}
		y += rowHeight - 4
	}
	for i, r := range b.Rows {
		d.Write("right", labels, y+float64(i)*rowHeight, r.Label)
	}
	for j := range most {
		d.Polyline("axis", left[j], y-16, left[j], y+float64(len(b.Rows)-1)*rowHeight+7)
	}
	for i, r := range b.Rows {
		for j, v := range r.Values {
			if w := b.length(v, most[j], long); w > 0 {
				d.Rectangle("fill-"+r.Color.Name(), left[j], y+float64(i)*rowHeight-thick+3, w, thick, 0)
			}
		}
	}
	for i, r := range b.Rows {
		for j, v := range r.Values {
			d.Write("smalll", left[j]+b.length(v, most[j], long)+5, y+float64(i)*rowHeight, valueText(v, text))
		}
	}
}

func valueText(v float64, text func(float64) string) string {
	if math.IsNaN(v) {
		return "–"
	}
	return text(v)
}

// length is that of a bar in pixels.
func (b Bars) length(v, most, long float64) float64 {
	if math.IsNaN(v) || most == 0 {
		return 0
	}
	return v / most * long
}

// CostBars returns a row for each layer of a network that has parameters or multiply-adds, with both values, in the colours of
// [Network]. input is the shape of the input without the batch. name writes the label of a layer; nil takes its path and kind.
// Errors are those of nn.Outline.
func CostBars(net nn.Layer, input tensor.Shape, name func(r nn.Row) string) ([]Bar, error) {
	trace, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, fmt.Errorf("diagram: %w", err)
	}
	if name == nil {
		name = func(r nn.Row) string { return r.Path + " " + r.Kind }
	}
	var bars []Bar
	for _, r := range trace.Rows() {
		if r.Parameters == 0 && r.MultiplyAdds == 0 {
			continue
		}
		c := Grey
		switch r.Kind {
		case "Conv2D":
			c = Blue
		case "Linear":
			c = Green
		}
		bars = append(bars, Bar{Label: name(r), Values: []float64{float64(r.Parameters), float64(r.MultiplyAdds)}, Color: c})
	}
	return bars, nil
}
