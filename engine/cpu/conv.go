package cpu

import (
	"fmt"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// addPackStep adds the step that packs weights, and returns the packed buffer. Weights that
// the program never assigns are packed again only after they have changed.
func (c *compiler) addPackStep(n *graph.Node, weights source, p gemm.Packer) *buffer {
	w := weights.buf
	b := c.alloc(p.PackedSize())
	panels := p.PackTasks()
	s := step{
		name: "pack", node: n, reads: bufs(w), writes: bufs(b), tasks: 1, scratch: p.PackScratch(),
		run: func(_ int, scratch []float32) {
			for i := range panels {
				p.Pack(b.data, w.data, scratch, i)
			}
		},
	}
	if p.PackedSize() > work.Grain(1<<14) {
		s.tasks = panels
		s.run = func(task int, scratch []float32) { p.Pack(b.data, w.data, scratch, task) }
	}
	s.pack = newPackState(weights.vars)
	b.persistent = s.pack != nil
	c.add(s)
	return b
}

// addBias returns the buffer of a bias, packed as asked.
func (c *compiler) addBias(n *graph.Node, bias source, p gemm.Bias) *buffer {
	if p.PackedSize() == 0 {
		return bias.buf
	}
	return c.addPackStep(n, bias, p)
}

func (c *compiler) lowerConv(n *graph.Node, op graph.Conv2DOp) error {
	in := n.Inputs()
	var bias *source
	if len(in) == 3 {
		b := c.weights(in[2])
		bias = &b
	}
	return c.lowerConvolution(n, op, in[0], in[1].Shape(), c.weights(in[1]), bias)
}

// lowerConvolution computes the convolution of x with weights of the given
// shape and a bias, if it is not nil, into node n.
func (c *compiler) lowerConvolution(n *graph.Node, op graph.Conv2DOp, x *graph.Node, shape tensor.Shape, weights source, bias *source) error {
	return c.lowerImagePlan(n, conv.Problem{Kind: conv.Output, Op: op, X: x.Shape(), W: shape, Y: n.Shape()}, x, weights, bias)
}

func (c *compiler) lowerConvInputGrad(n *graph.Node, op graph.Conv2DInputGradOp) error {
	w, dy := n.Inputs()[0], n.Inputs()[1]
	p := conv.Problem{Kind: conv.InputGrad, Op: op.Conv, X: op.InputShape, W: w.Shape(), Y: dy.Shape()}
	return c.lowerImagePlan(n, p, dy, c.weights(w), nil)
}

// choose returns the plan of a problem.
func (c *compiler) choose(p conv.Problem) (conv.Plan, error) {
	o := conv.Options{Strict: c.device.strict}
	if c.device.tuning != nil {
		o.Tuner = tuner{c.device.tuning, c.device}
	}
	return conv.Choose(p, o)
}

// lowerImagePlan adds the steps that compute a problem from the image from into n.
func (c *compiler) lowerImagePlan(n *graph.Node, problem conv.Problem, from *graph.Node, weights source, bias *source) error {
	plan, err := c.choose(problem)
	if err != nil {
		return err
	}
	p := plan.(conv.ImagePlan)
	var src *value
	if p.NeedsDense() {
		src = c.in(from, nhwc)
	} else {
		src = c.pixels(from)
	}
	packed := c.addPackStep(n, weights, p)
	reads := bufs(src.buf, packed)
	biasBuf, points := &buffer{}, &buffer{}
	if bias != nil {
		biasBuf = c.addBias(n, *bias, p.Bias())
		reads = append(reads, biasBuf)
	}
	var out *value
	if p.PointsSize() > 0 {
		points = c.alloc(p.PointsSize())
		reads = append(reads, points)
		p.SetPitch(src.distance(), problem.Y[1]) // for the points
		c.add(step{
			name: "winograd points", node: n, tasks: p.PointsTasks(), scratch: p.PointsScratch(), reads: bufs(src.buf), writes: bufs(points),
			run: func(task int, scratch []float32) { p.Points(task, points.data, src.data(), scratch) },
		})
	}
	if p.NeedsDense() {
		out = c.define(n, nhwc)
	} else {
		out = c.definePixels(n)
	}
	p.SetPitch(src.distance(), out.distance())
	t := c.setTail(out)
	t.clips, t.scattered = p.Clips(), p.Scattered()
	c.add(step{
		name: p.Stage(), algorithm: p.Algorithm(), node: n, tasks: p.Tasks(), scratch: p.Scratch(),
		reads: reads, writes: bufs(out.buf),
		run: func(task int, scratch []float32) {
			o := conv.Operands{Source: src.data(), Packed: packed.data, Bias: biasBuf.data, Points: points.data, Out: out.data(), Clip: t.clip}
			lo, hi := p.Run(task, o, scratch)
			t.done(task, lo, hi, scratch)
		},
	})
	return nil
}

func (c *compiler) lowerConvWeightGrad(n *graph.Node, op graph.Conv2DWeightGradOp) error {
	x, dy := n.Inputs()[0], n.Inputs()[1]
	plan, err := c.choose(conv.Problem{Kind: conv.WeightGrad, Op: op.Conv, X: x.Shape(), W: op.WeightShape, Y: dy.Shape()})
	if err != nil {
		return err
	}
	p := plan.(conv.WeightPlan)
	image := func(n *graph.Node, dense, slack bool) *value {
		v := c.pixels(n)
		if dense {
			v = c.in(n, nhwc)
		}
		if slack {
			v = c.resident(v)
		}
		return v
	}
	denseX, denseDY := p.NeedsDense()
	slackX, slackDY := p.NeedsSlack()
	xv, dyv := image(x, denseX, slackX), image(dy, denseDY, slackDY)
	p.SetPitch(xv.distance(), dyv.distance())
	main := step{
		name: p.Stage(), algorithm: p.Algorithm(), node: n, tasks: p.Tasks(), scratch: p.Scratch(), reads: bufs(xv.buf, dyv.buf),
	}
	if p.PartialSize() == 0 {
		out := c.define(n, plain).buf
		main.writes = bufs(out)
		main.run = func(task int, scratch []float32) { p.Run(task, out.data, xv.data(), dyv.data(), scratch) }
		c.add(main)
		return nil
	}
	partial := c.alloc(p.PartialSize())
	main.writes = bufs(partial)
	main.run = func(task int, scratch []float32) { p.Run(task, partial.data, xv.data(), dyv.data(), scratch) }
	c.add(main)
	out := c.define(n, plain).buf
	c.add(step{
		name: p.Stage() + " sum", node: n, tasks: p.SumTasks(), scratch: p.SumScratch(), reads: bufs(partial), writes: bufs(out, partial),
		run: func(task int, scratch []float32) { p.Sum(task, out.data, partial.data, scratch) },
	})
	return nil
}

// measure times a problem by itself, computed by the plan of the given name.
func measure(v conv.Problem, d *Device, name string) (time.Duration, error) {
	g := graph.New()
	x, w := g.Input("x", v.X...), g.Input("w", v.W...)
	y := graph.Conv2D(x, w, nil, v.Op.Window, v.Op.Groups)
	result := y
	if v.Kind != conv.Output {
		// The gradient of Σ y·dy has dy as the gradient of y.
		dy := g.Input("dy", y.Shape()...)
		of := map[conv.Kind]*graph.Node{conv.InputGrad: x, conv.WeightGrad: w}[v.Kind]
		result = graph.Gradients(graph.Sum(graph.Mul(y, dy)), of)[0]
	}
	// The same workers, told what to do.
	only := &Device{team: d.team, tuning: NewTuning(map[string]string{v.String(): name}, nil)}
	p, err := only.Compile(g, result)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	feeds := engine.Feeds{}
	for _, n := range g.Inputs() {
		feeds[n] = tensor.Full(0.5, n.Shape()...)
	}
	outputs := []*tensor.Tensor{tensor.New(result.Shape()...)}
	const runs = 4 // the first warms up
	best := time.Duration(1<<63 - 1)
	for range runs {
		start := time.Now()
		if err := p.Run(feeds, outputs); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start))
	}
	return best, nil
}

// A tuner lets a Tuning decide, by measuring on a device.
type tuner struct {
	tuning *Tuning
	device *Device
}

// Choose implements [conv.Tuner].
func (t tuner) Choose(p conv.Problem, names []string) (string, error) {
	return t.tuning.choose(p.String(), names, func(name string) (time.Duration, error) {
		took, err := measure(p, t.device, name)
		if err != nil {
			err = fmt.Errorf("measure %v by %s: %w", p, name, err)
		}
		return took, err
	})
}
