package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// lowerMBConv computes a depthwise convolution and the expansion before it, its source.
func lowerMBConv(c *Lowerer, o *ir.Op) {
	p, e := o.Plan.(*conv.MBConv), o.Source
	source, out := c.at(e.Args[0]), c.at(o.Out())
	c.op = e
	expand := c.filter(p.Expand(), e)
	c.op = o
	depthwise := c.filter(p.Depthwise(), o)
	p.SetPitch(e.Args[0].PixelPitch(), o.Out().PixelPitch(), o.Epilogue.Elementwise != nil)
	s := exec.Step{
		Name: "expansion, depthwise", Algorithm: p.Algorithm(), Source: e.Node, Tasks: p.Tasks(), Scratch: p.Scratch(),
		Reads: append(append(expand.bufs(), depthwise.bufs()...), source.buf), Writes: []*exec.Buffer{out.buf},
	}
	then, more := c.alone(e, &s)
	done, most := c.alone(o, &s)
	s.Scratch += max(more, most)
	s.Run = func(task int, scratch []float32) {
		p.Run(task, conv.MBOperands{
			Source: source.data(), Out: out.data(), Expand: expand.data(), Depthwise: depthwise.data(),
			Clip: [2]gemm.Clip{e.Epilogue.Clip, o.Epilogue.Clip}, Then: then, Done: done,
		}, scratch)
	}
	c.add(s)
}

// alone returns the elementwise work of an operation's epilogue, nil if there is none, and
// the scratch memory that it needs. It adds what that reads to a step.
func (c *Lowerer) alone(o *ir.Op, s *exec.Step) (run func(values, scratch []float32), size int) {
	w, self := o.Epilogue.Elementwise, o.Epilogue.Self
	if w == nil {
		return nil, 0
	}
	b := c.aloneProgram(w, self)
	for i, v := range w.Args {
		if i != self {
			s.Reads = append(s.Reads, c.at(v).buf)
		}
	}
	return func(values, scratch []float32) { b.runAlone(self, values, scratch) }, b.scratch()
}

// filter is the weights and the bias of a convolution, packed.
type filter struct{ weights, bias memory }

// filter adds the steps that pack the weights and the bias of a convolution.
func (c *Lowerer) filter(p conv.ImagePlan, o *ir.Op) (f filter) {
	f.weights = c.pack(p, o.Args[1])
	if bias := biasOf(o); bias != nil {
		f.bias = c.packBias(p.Bias(), bias)
	}
	return f
}

func (f filter) bufs() []*exec.Buffer {
	if f.bias.buf == nil {
		return []*exec.Buffer{f.weights.buf}
	}
	return []*exec.Buffer{f.weights.buf, f.bias.buf}
}

// data returns the memory during a run.
func (f filter) data() (d conv.Filter) {
	d.Weights = f.weights.data()
	if f.bias.buf != nil {
		d.Bias = f.bias.data()
	}
	return d
}
