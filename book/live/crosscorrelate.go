package live

import (
	"cmp"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// CrossCorrelateArgs are the arguments of CrossCorrelate.
type CrossCorrelateArgs struct {
	X        Array  `json:"x"`
	Kernel   Array  `json:"kernel"`
	Stride   Pair   `json:"stride"`
	Padding  Pair   `json:"padding"`
	Dilation Pair   `json:"dilation"`
	At       [2]int `json:"at"`
	Channel  int    `json:"channel"`
}

// CrossCorrelateResult is the result of CrossCorrelate.
type CrossCorrelateResult struct {
	Output  Array   `json:"output"`
	Partial Array   `json:"partial"`
	Window  Window  `json:"window"`
	Sides   [2]Side `json:"sides"`
}

// A Window is what an output element is computed from.
type Window struct {
	Top      int       `json:"top"`
	Left     int       `json:"left"`
	Rows     []int     `json:"rows"`
	Columns  []int     `json:"columns"`
	Values   Array     `json:"values"`
	Kernel   Array     `json:"kernel"`
	Products Array     `json:"products"`
	Sums     []float32 `json:"sums"`
	Sum      float32   `json:"sum"`
}

// A Side has the numbers of the output size along an axis.
type Side struct {
	Input    int `json:"input"`
	Kernel   int `json:"kernel"`
	Stride   int `json:"stride"`
	Padding  int `json:"padding"`
	Dilation int `json:"dilation"`
	Output   int `json:"output"`
}

// CrossCorrelate computes the cross-correlation of a picture with kernels, the part of
// each input channel, and what one element of the output is computed from.
func (s *Session) CrossCorrelate(args CrossCorrelateArgs) (r CrossCorrelateResult, err error) {
	defer graph.Catch(&err)
	x, err := args.X.tensor("x", 2, 3)
	if err != nil {
		return r, err
	}
	k, err := args.Kernel.tensor("kernel", 2, 4)
	if err != nil {
		return r, err
	}
	c, o, kh, kw := x.Shape()[0], k.Shape()[0], k.Shape()[2], k.Shape()[3]
	if k.Shape()[1] != c {
		return r, fmt.Errorf("the kernel has %d input channels, the picture %d", k.Shape()[1], c)
	}
	if err := within("channel", args.Channel, 0, o-1); err != nil {
		return r, err
	}
	w := graph.Window{Stride: args.Stride, Pad: args.Padding, Dilation: args.Dilation}
	if err := checkWindow(w, Pair{kh, kw}); err != nil {
		return r, err
	}
	g := graph.New()
	in := graph.Reshape(g.Constant(x), append([]int{1}, x.Shape()...)...)
	weights := g.Constant(k)
	out := graph.Conv2D(in, weights, nil, w, 1)
	// The parts of the input channels: C groups with O kernels each.
	each := graph.Reshape(graph.Transpose(weights, 1, 0, 2, 3), c*o, 1, kh, kw)
	size := out.Shape()[2:]
	partial := graph.Transpose(graph.Reshape(graph.Conv2D(in, each, nil, w, c), c, o, size[0], size[1]), 1, 0, 2, 3)
	if err := checkAt(args.At, size); err != nil {
		return r, err
	}
	window := windowAt(in, w, Pair{kh, kw}, args.At)
	kernel := graph.Reshape(graph.Slice(weights, 0, args.Channel, args.Channel+1), c, kh, kw)
	products := graph.Mul(window, kernel)
	sums := graph.Sum(products, 1, 2)
	t, err := engine.Run(s.exact, nil, out, partial, window, kernel, products, sums, graph.Sum(sums))
	if err != nil {
		return r, err
	}
	r = CrossCorrelateResult{Output: arrayOf(t[0], t[0].Shape()[1:]...), Partial: arrayOf(t[1])}
	rows, columns := taps(w, 0, kh, args.At[0]), taps(w, 1, kw, args.At[1])
	r.Window = Window{
		Top: rows[0], Left: columns[0], Rows: rows, Columns: columns,
		Values: arrayOf(t[2]), Kernel: arrayOf(t[3]), Products: arrayOf(t[4]), Sums: t[5].Data(), Sum: t[6].Data()[0],
	}
	r.Sides = sides(x.Shape()[1:], Pair{kh, kw}, w, size)
	return r, nil
}

// taps are the input positions along an axis of the window of an output position.
func taps(w graph.Window, axis, size, at int) []int {
	list := make([]int, size)
	for i := range list {
		list[i] = at*w.Stride[axis] - w.Pad[axis] + i*w.Dilation[axis]
	}
	return list
}

// windowAt returns what the window of an output position holds, C×h×w, of an image 1×C×H×W.
func windowAt(x *graph.Node, w graph.Window, size Pair, at [2]int) *graph.Node {
	pad := []int{0, 0, w.Pad[0], w.Pad[1]}
	x = graph.Pad(x, pad, pad, 0)
	for axis := range at {
		places := taps(w, axis, size[axis], at[axis])
		for i := range places {
			places[i] += w.Pad[axis]
		}
		x = graph.Gather(x, 2+axis, places)
	}
	return graph.Reshape(x, x.Shape()[1:]...)
}

// checkWindow says which number of a window is out of range.
func checkWindow(w graph.Window, kernel Pair) error {
	for axis := range 2 {
		if kernel[axis] < 1 || w.Stride[axis] < 1 || w.Dilation[axis] < 1 || w.Pad[axis] < 0 {
			return fmt.Errorf("kernel %v, stride %v and dilation %v must be at least 1, padding %v at least 0", kernel, w.Stride, w.Dilation, w.Pad)
		}
	}
	return nil
}

// checkAt says whether there is an output position.
func checkAt(at [2]int, size []int) error {
	return cmp.Or(within("at", at[0], 0, size[0]-1), within("at", at[1], 0, size[1]-1))
}

// sides are the numbers of the output size of both axes.
func sides(in []int, kernel Pair, w graph.Window, out []int) (list [2]Side) {
	for axis := range list {
		list[axis] = Side{in[axis], kernel[axis], w.Stride[axis], w.Pad[axis], w.Dilation[axis], out[axis]}
	}
	return list
}
