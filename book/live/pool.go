package live

import (
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// PoolArgs are the arguments of Pool.
type PoolArgs struct {
	X       Array  `json:"x"`
	Kernel  Pair   `json:"kernel"`
	Stride  Pair   `json:"stride"`
	Padding Pair   `json:"padding"`
	At      [2]int `json:"at"`
}

var defaultPool = PoolArgs{Kernel: Pair{2, 2}}

// PoolResult is the result of Pool.
type PoolResult struct {
	Max    Array      `json:"max"`
	Avg    Array      `json:"avg"`
	Window PoolWindow `json:"window"`
	Sides  [2]Side    `json:"sides"`
}

// A PoolWindow is what an element of the outputs is computed from.
type PoolWindow struct {
	Rows    []int     `json:"rows"`
	Columns []int     `json:"columns"`
	Values  Array     `json:"values"`
	Max     []float32 `json:"max"`
	Avg     []float32 `json:"avg"`
}

// Pool computes the maxima and the averages of the windows of a picture.
func (s *Session) Pool(args PoolArgs) (r PoolResult, err error) {
	defer graph.Catch(&err)
	x, err := args.X.tensor("x", 2, 3)
	if err != nil {
		return r, err
	}
	if args.Stride == (Pair{}) {
		args.Stride = args.Kernel
	}
	w := graph.Window{Stride: args.Stride, Pad: args.Padding, Dilation: Pair{1, 1}}
	if err := checkWindow(w, args.Kernel); err != nil {
		return r, err
	}
	g := graph.New()
	in := graph.Reshape(g.Constant(x), append([]int{1}, x.Shape()...)...)
	highest, average := graph.MaxPool2D(in, args.Kernel, w, false), graph.AvgPool2D(in, args.Kernel, w, false, true)
	size := highest.Shape()[2:]
	if err := checkAt(args.At, size); err != nil {
		return r, err
	}
	t, err := engine.Run(s.exact, nil, highest, average, windowAt(in, w, args.Kernel, args.At))
	if err != nil {
		return r, err
	}
	r.Max, r.Avg = arrayOf(t[0], t[0].Shape()[1:]...), arrayOf(t[1], t[1].Shape()[1:]...)
	r.Window = PoolWindow{Rows: taps(w, 0, args.Kernel[0], args.At[0]), Columns: taps(w, 1, args.Kernel[1], args.At[1]), Values: arrayOf(t[2])}
	for c := range x.Shape()[0] {
		r.Window.Max = append(r.Window.Max, t[0].At(0, c, args.At[0], args.At[1]))
		r.Window.Avg = append(r.Window.Avg, t[1].At(0, c, args.At[0], args.At[1]))
	}
	r.Sides = sides(x.Shape()[1:], args.Kernel, w, size)
	return r, nil
}
