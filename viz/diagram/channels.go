package diagram

import (
	"fmt"
	"io"
	"strconv"

	"github.com/strideml/stride/tensor"
)

// Channels draws a cross-correlation with several input channels: a row for each channel with its kernel and its partial
// sums, and the sum of these.
type Channels struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Input is C×H×W, Kernel C×Kh×Kw.
	Input, Kernel *tensor.Tensor
	// Window has stride, padding and dilation; the zero value means 1, 0 and 1.
	Window Window
	// At is the position of the window that is marked: row and column of the output.
	At [2]int
	// Labels are written below the grids of the last channel. Sum is written on the left of the last row, Channel before
	// each number of a channel, counted from 1.
	Labels       Labels
	Channel, Sum string
	// Decimals is how many decimals numbers have at most.
	Decimals int
}

// WriteSVG writes the figure. Errors are those of [CrossCorrelation.WriteSVG].
func (c Channels) WriteSVG(w io.Writer) error {
	if c.Input == nil || c.Kernel == nil || c.Input.Rank() != 3 || c.Kernel.Rank() != 3 || c.Input.Shape()[0] != c.Kernel.Shape()[0] || c.Input.Size() == 0 {
		return fmt.Errorf("diagram: %q: want an input C×H×W and a kernel of as many channels", c.Title)
	}
	p := Panels{Title: c.Title, Description: c.Description}
	channels := c.Input.Shape()[0]
	var total *tensor.Tensor
	var sums []Part
	for i := range channels {
		x, err := c.Input.Index(i)
		if err != nil {
			return fmt.Errorf("diagram: %w", err)
		}
		k, err := c.Kernel.Index(i)
		if err != nil {
			return fmt.Errorf("diagram: %w", err)
		}
		one := CrossCorrelation{Title: c.Title, Input: x, Kernel: k, Window: c.Window, At: [][2]int{c.At}, Decimals: c.Decimals}
		if i == channels-1 {
			one.Labels = c.Labels
			one.Labels.Output = ""
		}
		row, err := one.Panels()
		if err != nil {
			return err
		}
		parts := row.Rows[0]
		input, kernel, output := parts[0].(Grid), parts[2].(Grid), parts[4].(Grid)
		if c.Channel != "" {
			input.Above = c.Channel + " " + strconv.Itoa(i+1)
		}
		colour := Color(i % int(Grey))
		input.Marks[0].Color, output.Marks[0].Color = colour, colour
		s := kernel.Values.Shape()
		kernel.Marks = []Mark{{Height: s[0], Width: s[1], Color: colour}}
		p.Rows = append(p.Rows, []Part{input, Sign("∗"), kernel, Sign("="), output})
		p.Notes = append(p.Notes, "")
		if total == nil {
			total = output.Values.Clone()
		} else {
			total = total.Add(output.Values)
			sums = append(sums, Sign("+"))
		}
		output.Label = ""
		sums = append(sums, output)
	}
	result := Grid{Values: total, Label: c.Labels.Output, Decimals: c.Decimals, Marks: []Mark{{Row: c.At[0], Column: c.At[1], Color: Grey}}}
	p.Rows = append(p.Rows, append(sums, Sign("="), result))
	p.Notes = append(p.Notes, c.Sum)
	return p.WriteSVG(w)
}
