package cpu

import (
	"fmt"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A convolution is one of the three operators of a convolution layer: the
// output itself, or a gradient.
type convolution struct {
	kind    convolutionKind
	op      graph.Conv2DOp
	x, w, y tensor.Shape
}

type convolutionKind int

const (
	convolutionOutput convolutionKind = iota
	convolutionInputGrad
	convolutionWeightGrad
)

func (k convolutionKind) String() string {
	return [...]string{"output", "input gradient", "weight gradient"}[k]
}

// String identifies the convolution for a [Tuning].
func (v convolution) String() string {
	return fmt.Sprintf("%v of %v by %v, stride %d×%d, padding %d×%d, dilation %d×%d, groups %d", v.kind, v.x, v.w,
		v.op.Stride[0], v.op.Stride[1], v.op.Pad[0], v.op.Pad[1], v.op.Dilation[0], v.op.Dilation[1], v.op.Groups)
}

// A convolutionPlan is one way to compute a convolution.
type convolutionPlan struct {
	name   string
	cost   float64 // for one image; the unit is the time of eight multiply-adds of a direct sum
	direct bool    // sums up products of the operands themselves
	lower  func()
}

// choose lowers a convolution by one of some plans, of which the first is
// direct: by the cheapest direct one, or by another that costs much less.
func (c *compiler) choose(v convolution, plans []convolutionPlan) error {
	best, cost := 0, plans[0].cost
	for i, p := range plans {
		if p.direct && p.cost < cost {
			best, cost = i, p.cost
		}
	}
	cost *= limit.winogradGain
	for i, p := range plans {
		if !p.direct && !c.device.strict && p.cost < cost {
			best, cost = i, p.cost
		}
	}
	if t := c.device.tuning; t != nil && len(plans) > 1 && !c.device.strict {
		name, err := t.choose(c.device, v, plans)
		if err != nil {
			return err
		}
		for i, p := range plans {
			if p.name == name {
				best = i
			}
		}
	}
	plans[best].lower()
	return nil
}

// measure times a convolution by itself, computed by the plan of the given
// name.
func (v convolution) measure(d *Device, name string) (time.Duration, error) {
	g := graph.New()
	x, w := g.Input("x", v.x...), g.Input("w", v.w...)
	y := graph.Conv2D(x, w, nil, v.op.Window, v.op.Groups)
	result := y
	if v.kind != convolutionOutput {
		// The gradient of Σ y·dy has dy as the gradient of y.
		dy := g.Input("dy", y.Shape()...)
		of := map[convolutionKind]*graph.Node{convolutionInputGrad: x, convolutionWeightGrad: w}[v.kind]
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
