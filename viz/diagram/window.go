package diagram

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Labels are the words of a figure with an input, a kernel and an output; "" leaves one out.
type Labels struct{ Input, Kernel, Output string }

// A Window says how a kernel or a pooling window moves over its input; see graph.Window.
type Window = graph.Window

// CrossCorrelation draws input ∗ kernel = output. A position of the window and the output that is computed from
// it are marked in the same colour.
type CrossCorrelation struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Input and Kernel are matrices.
	Input, Kernel *tensor.Tensor
	// Window has stride, padding and dilation; the zero value means 1, 0 and 1.
	Window Window
	// At are the positions of the window: row and column of the output. Each is drawn as a row of its own, a frame of a
	// sequence; none means {0, 0}.
	At [][2]int
	// Together draws all positions in one frame, in different colours.
	Together bool
	// Sum writes below each frame how its output is computed: 0·0 + 1·1 + 3·2 + 4·3 = 19.
	Sum bool
	// Partial leaves the outputs empty that come after the one of the frame.
	Partial bool
	// Compact draws the whole once and then the frames without the kernel, small, so that two of them fit beside each
	// other on a phone.
	Compact bool
	// Labels are written below the grids.
	Labels Labels
	// Shading colours the cells, and Numberless leaves out the numbers.
	Shading    Shading
	Numberless bool
	// Decimals is how many decimals numbers have at most.
	Decimals int
	// Width is how wide the figure may become by drawing frames beside each other; 0 means that each has
	// a line of its own.
	Width float64
}

// WriteSVG writes the figure. It is an error if the tensors are no matrices, if the window does not fit, if a
// position lies outside of the output, and for what is an error of [Panels].
func (c CrossCorrelation) WriteSVG(w io.Writer) error {
	p, err := c.Panels()
	if err != nil {
		return err
	}
	return p.WriteSVG(w)
}

// Panels returns the figure as panels, to be changed before it is written.
func (c CrossCorrelation) Panels() (Panels, error) {
	p := Panels{Title: c.Title, Description: c.Description, Width: c.Width}
	if !isMatrix(c.Input) || !isMatrix(c.Kernel) {
		return p, fmt.Errorf("diagram: %q: want matrices as input and kernel", c.Title)
	}
	k := c.Kernel.Shape()
	s := sliding{input: c.Input, size: [2]int{k[0], k[1]}, window: c.Window}
	out, err := s.output(func(values []float64) float64 {
		sum := 0.0
		for i, v := range values {
			sum += float64(v * float64(c.Kernel.Data()[i])) // not fused, alike on all platforms
		}
		return sum
	})
	if err != nil {
		return p, fmt.Errorf("diagram: %q: %w", c.Title, err)
	}
	at := c.At
	if at == nil {
		at = [][2]int{{0, 0}}
	}
	frames := [][][2]int{at}
	if !c.Together {
		frames = nil
		for _, a := range at {
			frames = append(frames, [][2]int{a})
		}
	}
	if c.Compact {
		in, kernel, output := c.grid(c.Input, c.Labels.Input), c.grid(c.Kernel, c.Labels.Kernel), c.grid(out, c.Labels.Output)
		in.Pad = c.Window.Pad
		p.Rows, p.Notes = append(p.Rows, []Part{in, Sign("∗"), kernel, Sign("="), output}), append(p.Notes, "")
		p.Width = cmp.Or(c.Width, 480)
	}
	for _, positions := range frames {
		for _, a := range positions {
			if !inside(a, out) {
				return p, fmt.Errorf("diagram: %q: position %v of an output of %v", c.Title, a, out.Shape())
			}
		}
		in, kernel, output := s.frame(positions, c.grid(c.Input, c.Labels.Input), c.grid(c.Kernel, c.Labels.Kernel), c.grid(out, c.Labels.Output))
		if c.Partial {
			output.Texts = partial(output, positions[len(positions)-1])
		}
		row := []Part{in, Sign("∗"), kernel, Sign("="), output}
		if c.Compact {
			in.Label, output.Label = "", ""
			row = []Part{in, Sign("→"), output}
		}
		note := ""
		if c.Sum {
			note = c.sum(s, positions[0], out)
		}
		p.Rows, p.Notes = append(p.Rows, row), append(p.Notes, note)
	}
	return p, nil
}

func (c CrossCorrelation) grid(t *tensor.Tensor, label string) Grid {
	g := Grid{Values: t, Label: label, Shading: c.Shading, Numberless: c.Numberless, Decimals: c.Decimals}
	if c.Compact {
		g.Cell = 28
	}
	return g
}

// sum writes out the sum of a window.
func (c CrossCorrelation) sum(s sliding, at [2]int, out *tensor.Tensor) string {
	var terms []string
	for i, v := range s.values(at) {
		terms = append(terms, svg.Format(v, c.Decimals)+"·"+bracketed(float64(c.Kernel.Data()[i]), c.Decimals))
	}
	return strings.Join(terms, " + ") + " = " + svg.Format(float64(out.At(at[0], at[1])), c.Decimals)
}

// bracketed writes a value, a negative one in brackets.
func bracketed(v float64, decimals int) string {
	text := svg.Format(v, decimals)
	if v < 0 {
		return "(" + text + ")"
	}
	return text
}

// partial returns the texts of a grid with those after a position left out.
func partial(g Grid, last [2]int) [][]string {
	s := g.Values.Shape()
	texts := make([][]string, s[0])
	for i := range texts {
		texts[i] = make([]string, s[1])
		for j := range texts[i] {
			if i < last[0] || i == last[0] && j <= last[1] {
				texts[i][j] = g.text(i, j, s[1])
			}
		}
	}
	return texts
}

// Pooling draws how maximum or average pooling moves its window over an input.
type Pooling struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Input is a matrix.
	Input *tensor.Tensor
	// Kernel is the height and width of the window, and Window has stride, padding and dilation. A stride of 0 means 1, as in
	// CrossCorrelation; layers of package nn use the size of the window.
	Kernel [2]int
	Window Window
	// Average takes the mean in place of the maximum. Zeros of the padding count.
	Average bool
	// At are the positions of the window; none means {0, 0}. Together draws all of them in one frame.
	At       [][2]int
	Together bool
	// Labels.Kernel is written on the arrow between input and output.
	Labels Labels
	// Shading, Decimals and Width are those of CrossCorrelation.
	Shading  Shading
	Decimals int
	Width    float64
}

// WriteSVG writes the figure. Errors are those of [CrossCorrelation.WriteSVG].
func (c Pooling) WriteSVG(w io.Writer) error {
	p := Panels{Title: c.Title, Description: c.Description, Width: c.Width}
	if !isMatrix(c.Input) {
		return fmt.Errorf("diagram: %q: want a matrix as input", c.Title)
	}
	s := sliding{input: c.Input, size: c.Kernel, window: c.Window, infinite: !c.Average}
	out, err := s.output(func(values []float64) float64 {
		sum, most := 0.0, math.Inf(-1)
		for _, v := range values {
			sum, most = sum+v, max(most, v)
		}
		if c.Average {
			return sum / float64(len(values))
		}
		return most
	})
	if err != nil {
		return fmt.Errorf("diagram: %q: %w", c.Title, err)
	}
	at := c.At
	if at == nil {
		at = [][2]int{{0, 0}}
	}
	for i := range at {
		positions := at[i : i+1]
		if c.Together {
			positions = at
		}
		for _, a := range positions {
			if !inside(a, out) {
				return fmt.Errorf("diagram: %q: position %v of an output of %v", c.Title, a, out.Shape())
			}
		}
		grid := Grid{Shading: c.Shading, Decimals: c.Decimals}
		in, output := grid, grid
		in.Values, in.Label = c.Input, c.Labels.Input
		output.Values, output.Label = out, c.Labels.Output
		in, _, output = s.frame(positions, in, grid, output)
		p.Rows = append(p.Rows, []Part{in, arrow(c.Labels.Kernel), output})
		if c.Together {
			break
		}
	}
	return p.WriteSVG(w)
}

// arrow is an arrow to the right with words above it.
type arrow string

func (a arrow) layout() (extent, func(d *svg.Drawing, x, y float64), error) {
	list := splitLines(string(a))
	e := extent{40, 8, 8}
	for _, l := range list {
		e.width = max(e.width, svg.Width("label", l))
	}
	e.above += labelHeight * float64(len(list))
	return e, func(d *svg.Drawing, x, y float64) {
		d.Polyline("line", x, y, x+e.width-4, y)
		d.Head(x+e.width, y, 1, 0)
		for i, l := range list {
			d.Write("label", x+e.width/2, y-8-labelHeight*float64(len(list)-1-i), l)
		}
	}, nil
}

// sliding is a window that moves over a matrix.
type sliding struct {
	input    *tensor.Tensor
	size     [2]int
	window   Window
	infinite bool // padding is −∞, which maximum pooling never takes
}

func isMatrix(t *tensor.Tensor) bool { return t != nil && t.Rank() == 2 && t.Size() > 0 }

func inside(at [2]int, out *tensor.Tensor) bool {
	s := out.Shape()
	return at[0] >= 0 && at[1] >= 0 && at[0] < s[0] && at[1] < s[1]
}

func (s sliding) stride(axis int) int   { return max(s.window.Stride[axis], 1) }
func (s sliding) dilation(axis int) int { return max(s.window.Dilation[axis], 1) }

// output computes all outputs.
func (s sliding) output(f func(values []float64) float64) (*tensor.Tensor, error) {
	var size [2]int
	if s.dilation(0) != s.dilation(1) {
		return nil, fmt.Errorf("dilation %v: want the same along both axes", s.window.Dilation)
	}
	for a := range 2 {
		room := s.input.Shape()[a] + 2*s.window.Pad[a] + s.window.ExtraPad[a] - s.dilation(a)*(s.size[a]-1) - 1
		if s.size[a] < 1 || s.window.Pad[a] < 0 || s.window.ExtraPad[a] != 0 || room < 0 {
			return nil, fmt.Errorf("a window of %d×%d does not fit into %v with padding %v", s.size[0], s.size[1], s.input.Shape(), s.window.Pad)
		}
		size[a] = room/s.stride(a) + 1
	}
	out := tensor.New(size[0], size[1])
	for i := range size[0] {
		for j := range size[1] {
			out.Set(float32(f(s.values([2]int{i, j}))), i, j)
		}
	}
	return out, nil
}

// values are those of a window.
func (s sliding) values(at [2]int) []float64 {
	var list []float64
	shape := s.input.Shape()
	for i := range s.size[0] {
		for j := range s.size[1] {
			y := at[0]*s.stride(0) - s.window.Pad[0] + i*s.dilation(0)
			x := at[1]*s.stride(1) - s.window.Pad[1] + j*s.dilation(1)
			switch {
			case y >= 0 && x >= 0 && y < shape[0] && x < shape[1]:
				list = append(list, float64(s.input.At(y, x)))
			case s.infinite:
				list = append(list, math.Inf(-1))
			default:
				list = append(list, 0)
			}
		}
	}
	return list
}

// frame marks positions in the three grids.
func (s sliding) frame(positions [][2]int, in, kernel, out Grid) (Grid, Grid, Grid) {
	in.Pad = s.window.Pad
	if s.infinite {
		in.padding = "−∞"
	}
	for i, at := range positions {
		c := Color(i % int(Grey))
		in.Marks = append(in.Marks, Mark{
			Row: at[0]*s.stride(0) - s.window.Pad[0], Column: at[1]*s.stride(1) - s.window.Pad[1],
			Height: s.size[0], Width: s.size[1], Step: s.dilation(0), Color: c,
		})
		out.Marks = append(out.Marks, Mark{Row: at[0], Column: at[1], Color: c})
	}
	return in, kernel, out
}
