package live

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// MachineArgs are the arguments of Machine.
type MachineArgs struct {
	Channels int     `json:"channels"`
	Side     int     `json:"side"`
	Kernel   int     `json:"kernel"`
	Batch    int     `json:"batch"`
	Seconds  float64 `json:"seconds"`
}

// MachineResult is the result of Machine.
type MachineResult struct {
	Engine string       `json:"engine"`
	Rows   []MachineRow `json:"rows"`
}

// A MachineRow is the speed of an algorithm.
type MachineRow struct {
	Algorithm    string  `json:"algorithm"`
	Engine       string  `json:"engine"`
	Milliseconds float64 `json:"milliseconds"`
	GFLOPS       float64 `json:"gflops"`
	Error        float64 `json:"error"`
}

var defaultMachine = MachineArgs{Channels: 32, Side: 28, Kernel: 3, Batch: 1, Seconds: 0.5}

// A convolution is what Machine computes: x with w, padded so that the size stays.
type convolution struct {
	x, w *tensor.Tensor
	k    int
}

// Machine measures the algorithms that can compute a convolution.
func (s *Session) Machine(ctx context.Context, args MachineArgs, event func(any)) (r MachineResult, err error) {
	for _, check := range []error{
		within("channels", args.Channels, 1, 512), within("side", args.Side, 1, 256), within("kernel", args.Kernel, 1, 11), within("batch", args.Batch, 1, 64),
	} {
		if check != nil {
			return r, check
		}
	}
	if args.Kernel%2 == 0 {
		return r, fmt.Errorf("kernel is %d: want an odd number", args.Kernel)
	}
	if !(args.Seconds > 0 && args.Seconds <= 10) {
		return r, fmt.Errorf("seconds is %v: want more than 0 and at most 10", args.Seconds)
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return r, err
	}
	defer leave()
	c := convolution{tensor.New(args.Batch, args.Channels, args.Side, args.Side), tensor.New(args.Channels, args.Channels, args.Kernel, args.Kernel), args.Kernel}
	random := rng.New(0, "book/live/machine")
	for _, t := range []*tensor.Tensor{c.x, c.w} {
		for i := range t.Data() {
			t.Data()[i] = 2*random.Float32() - 1
		}
	}
	r.Engine = s.fast.Description()
	exact := tensor.New(c.x.Shape()...)
	limit := time.Duration(args.Seconds * float64(time.Second))
	measure := func(d engine.Device, y func(x, w *graph.Node) *graph.Node, algorithm string) error {
		if err := s.turn(ctx); err != nil {
			return err
		}
		row, out, err := s.measure(ctx, d, c, y, limit)
		if err != nil || algorithm != "" && row.Algorithm != "" && row.Algorithm != algorithm {
			return err // the algorithm does not apply to this shape
		}
		if row.Algorithm == "" {
			row.Algorithm = algorithm
		}
		if r.Rows == nil {
			exact = out
		}
		row.Error = difference(out, exact)
		r.Rows = append(r.Rows, row)
		event(row)
		return nil
	}
	if err := measure(reference.New(), c.direct, "definition, in float64"); err != nil {
		return r, err
	}
	if err := measure(s.exact, c.unfolded, "im2col and GEMM"); err != nil {
		return r, err
	}
	if err := measure(s.exact, c.direct, ""); err != nil {
		return r, err
	}
	for m := 2; m <= 8; m++ {
		name := fmt.Sprintf("Winograd F(%d×%d, %d×%d)", m, m, c.k, c.k)
		if err := measure(s.forced(c, name), c.direct, name); err != nil {
			return r, err
		}
	}
	return r, nil
}

// direct is the convolution as an operator.
func (c convolution) direct(x, w *graph.Node) *graph.Node {
	return graph.Conv2D(x, w, nil, graph.Window{Pad: [2]int{c.k / 2, c.k / 2}}, 1)
}

// unfolded is the convolution as a product of matrices: the pixels under each kernel
// position are copied into the rows of a matrix (im2col).
func (c convolution) unfolded(x, w *graph.Node) *graph.Node {
	n, channels, h, width := x.Shape()[0], x.Shape()[1], x.Shape()[2], x.Shape()[3]
	pad := []int{0, 0, c.k / 2, c.k / 2}
	padded := graph.Pad(x, pad, pad, 0)
	var taps []*graph.Node
	for a := range c.k {
		for b := range c.k {
			taps = append(taps, graph.Slice(graph.Slice(padded, 2, a, a+h), 3, b, b+width))
		}
	}
	columns := graph.Reshape(graph.Transpose(graph.Concat(1, taps...), 1, 0, 2, 3), c.k*c.k*channels, n*h*width)
	kernels := graph.Reshape(graph.Transpose(w, 0, 2, 3, 1), w.Shape()[0], c.k*c.k*channels)
	y := graph.Reshape(graph.MatMul(kernels, columns), w.Shape()[0], n, h, width)
	return graph.Transpose(y, 1, 0, 2, 3)
}

// forced returns a device that computes the convolution by the algorithm of a name, if
// that algorithm applies.
func (s *Session) forced(c convolution, algorithm string) engine.Device {
	tuning := cpu.NewTuning(nil, nil)
	d := cpu.New(cpu.Options{Tuning: tuning})
	defer d.Close()
	g := graph.New()
	p, err := d.Compile(g, c.direct(g.Input("x", c.x.Shape()...), g.Input("w", c.w.Shape()...)))
	if err == nil {
		err = p.Close()
	}
	choices := map[string]string{}
	for problem := range tuning.Choices() {
		choices[problem] = algorithm
	}
	if err != nil || len(choices) == 0 {
		return s.exact // which has direct sums only
	}
	return cpu.New(cpu.Options{Tuning: cpu.NewTuning(choices, nil)})
}

// measure runs a convolution for some time.
func (s *Session) measure(ctx context.Context, d engine.Device, c convolution, y func(x, w *graph.Node) *graph.Node, limit time.Duration) (row MachineRow, out *tensor.Tensor, err error) {
	defer graph.Catch(&err)
	row.Engine = d.Name()
	g := graph.New()
	x, w := g.Input("x", c.x.Shape()...), g.Input("w", c.w.Shape()...)
	program, err := d.Compile(g, y(x, w))
	if err != nil {
		return row, nil, err
	}
	defer program.Close()
	out = tensor.New(c.x.Shape()...)
	feeds, outputs := engine.Feeds{x: c.x, w: c.w}, []*tensor.Tensor{out}
	if err := program.Run(feeds, outputs); err != nil { // warms up
		return row, nil, err
	}
	if stop, err := engine.StartProfile(program); err == nil {
		defer func() {
			for _, stage := range stop().Stages {
				if stage.Kind == "convolution" && stage.Algorithm != "" {
					row.Algorithm = stage.Algorithm
				}
			}
		}()
	}
	best := math.Inf(1)
	for began := time.Now(); time.Since(began) < limit || math.IsInf(best, 1); {
		t := time.Now()
		if err := program.Run(feeds, outputs); err != nil {
			return row, nil, err
		}
		best = min(best, time.Since(t).Seconds())
		if err := s.turn(ctx); err != nil {
			return row, nil, err
		}
	}
	row.Milliseconds = 1e3 * best
	flops := 2 * float64(c.w.Size()) * float64(c.x.Shape()[0]*c.x.Shape()[2]*c.x.Shape()[3])
	row.GFLOPS = flops / best / 1e9
	return row, out, nil
}

// difference is the greatest difference of two tensors, divided by the greatest value
// of the second.
func difference(a, b *tensor.Tensor) float64 {
	most, value := 0.0, 0.0
	for i, v := range a.Data() {
		most = max(most, math.Abs(float64(v-b.Data()[i])))
		value = max(value, math.Abs(float64(b.Data()[i])))
	}
	return most / max(value, math.SmallestNonzeroFloat64)
}
