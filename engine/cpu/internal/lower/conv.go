package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Convolutions are computed by the plan that the algorithm pass chose, see
// package conv.
var (
	conv2D = operator{
		work: "convolution",
		layout: func(l *Layouts, o *ir.Op) {
			layoutImagePlan(l, o, 0)
			for i := range o.Args[1:] {
				l.Plain(o, 1+i)
			}
		},
		ability: convAbility,
		lower: func(c *Lowerer, o *ir.Op) {
			if _, ok := o.Plan.(*conv.MBConv); ok {
				lowerMBConv(c, o)
			} else {
				lowerImagePlan(c, o, o.Args[0], o.Args[1], biasOf(o))
			}
		},
	}
	conv2DInputGrad = operator{
		work: "input gradient",
		layout: func(l *Layouts, o *ir.Op) {
			l.Plain(o, 0)
			layoutImagePlan(l, o, 1)
		},
		ability: convAbility,
		lower:   func(c *Lowerer, o *ir.Op) { lowerImagePlan(c, o, o.Args[1], o.Args[0], nil) },
	}
	conv2DWeightGrad = operator{work: "weight gradient", layout: layoutWeightPlan, lower: lowerWeightPlan}
)

// biasOf returns the bias of a convolution, nil if there is none.
func biasOf(o *ir.Op) *ir.Value {
	if len(o.Args) == 3 {
		return o.Args[2]
	}
	return nil
}

// layoutImagePlan is the layout rule for the argument and the result of an image plan:
// source is the number of the argument.
func layoutImagePlan(l *Layouts, o *ir.Op, source int) {
	if o.Plan.(conv.ImagePlan).NeedsDense() {
		l.Dense(o, source)
		l.MakeDense(o)
		return
	}
	// The channels of a picture are interleaved where they are read.
	if p, ok := o.Plan.(conv.PlanarReader); ok && p.CanReadPlanar() && l.InRowMajorOnly(o, source) {
		p.ReadPlanar()
		l.Plain(o, source)
	} else {
		l.Pixels(o, source)
	}
	l.MakePixels(o)
}

// convAbility returns what the epilogue of an image plan can do.
func convAbility(o *ir.Op) (Ability, bool) {
	if _, ok := o.Plan.(*conv.MBConv); ok {
		return Ability{Clips: gemm.ClipReLU6, Alone: true}, true
	}
	p := o.Plan.(conv.ImagePlan)
	a, ok := p.(conv.Adder)
	return Ability{Clips: p.Clips(), Scattered: p.Scattered(), Adds: ok && a.Adds()}, true
}

// lowerImagePlan computes the output of a convolution or the gradient of its
// input.
func lowerImagePlan(c *Lowerer, o *ir.Op, source, weights, bias *ir.Value) {
	p := o.Plan.(conv.ImagePlan)
	packed := c.packWeights(p, weights)
	reads := []*exec.Buffer{packed.buf}
	var b memory
	if bias != nil {
		b = c.packBias(p.Bias(), bias)
		reads = append(reads, b.buf)
	}
	if !p.NeedsDense() {
		p.SetPitch(source.PixelPitch(), o.Out().PixelPitch())
	}
	if v := o.Epilogue.Add; v != nil {
		p.(conv.Adder).SetAddPitch(v.PixelPitch())
	}
	var src memory
	if o.Source == nil {
		src = c.at(source)
		reads = append(reads, src.buf)
	}
	out := c.at(o.Out())
	var points *exec.Buffer
	if size := p.PointsSize(); size > 0 {
		points = c.alloc(size)
		c.add(exec.Step{
			Name: "winograd points", Tasks: p.PointsTasks(), Scratch: p.PointsScratch(), Reads: []*exec.Buffer{src.buf}, Writes: []*exec.Buffer{points},
			Run: func(task int, scratch []float32) { p.Points(task, points.Data, src.data(), scratch) },
		})
		reads = append(reads, points)
	}
	s := exec.Step{
		Name: p.Stage(), Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: reads, Writes: []*exec.Buffer{out.buf},
	}
	var fill func(first, end int, scratch []float32) []float32
	if o.Source != nil {
		fill = c.fill(o.Source, &s, p.(*conv.Direct).FillSize())
	}
	e := c.epilogue(o, &s, nil)
	var done func(task, lo, hi int, scratch []float32)
	if e.run != nil && e.sums == nil { // the partial sums of a task must not depend on its pieces
		done = e.done
	}
	s.Run = func(task int, scratch []float32) {
		args := conv.Operands{Packed: packed.data(), Out: out.data(), Clip: e.clip, Fill: fill, Done: done}
		if src.buf != nil {
			args.Source = src.data()
		}
		if b.buf != nil {
			args.Bias = b.data()
		}
		if points != nil {
			args.Points = points.Data
		}
		if e.add.buf != nil {
			args.Add = e.add.data()
		}
		lo, hi := p.Run(task, args, scratch)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}

// packWeights packs weights, unless they change in each run and the plan can read them as
// they are.
func (c *Lowerer) packWeights(p conv.ImagePlan, weights *ir.Value) memory {
	if s, ok := p.(conv.Streamer); ok && s.CanStream() && constant(weights) == nil {
		s.Stream()
		return c.at(weights)
	}
	return c.pack(p, weights)
}

// fill returns a function that computes pixels of an elementwise operation, the source of a
// convolution, in scratch memory of the given size. It adds what that needs to a step.
func (c *Lowerer) fill(source *ir.Op, s *exec.Step, size int) func(first, end int, scratch []float32) []float32 {
	b, channels, at := c.programTo(source, operand{}), rowOf(source.Out()), s.Scratch
	s.Scratch += size + b.scratch()
	s.Reads = append(s.Reads, c.bufsOf(source.Args...)...)
	return func(first, end int, scratch []float32) []float32 {
		pixels, rest := scratch[at:at+size], scratch[at+size:]
		b.runTo(pixels, first*channels, end*channels, rest)
		return pixels
	}
}

// layoutWeightPlan is the layout rule of the gradient of the weights.
func layoutWeightPlan(l *Layouts, o *ir.Op) {
	p := o.Plan.(conv.WeightPlan)
	denseX, denseY := p.NeedsDense()
	slackX, slackY := p.NeedsSlack()
	for i, need := range []struct{ dense, slack bool }{{denseX, slackX}, {denseY, slackY}} {
		if need.dense {
			l.Dense(o, i)
		} else {
			l.Pixels(o, i)
		}
		if need.slack {
			l.Arena(o, i)
		}
	}
	l.MakePlain(o)
	o.Anywhere = true
}

// lowerWeightPlan computes the gradient of the weights.
func lowerWeightPlan(c *Lowerer, o *ir.Op) {
	p := o.Plan.(conv.WeightPlan)
	x, dy, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	p.SetPitch(o.Args[0].PixelPitch(), o.Args[1].PixelPitch())
	to := out
	if size := p.PartialSize(); size > 0 {
		to = memory{buf: c.alloc(size)}
	}
	c.add(exec.Step{
		Name: p.Stage(), Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: []*exec.Buffer{x.buf, dy.buf}, Writes: []*exec.Buffer{to.buf},
		Run: func(task int, scratch []float32) { p.Run(task, to.data(), x.data(), dy.data(), scratch) },
	})
	if to == out {
		return
	}
	c.add(exec.Step{
		Name: p.Stage() + " sum", Tasks: p.SumTasks(), Scratch: p.SumScratch(), Reads: []*exec.Buffer{to.buf}, Writes: []*exec.Buffer{out.buf, to.buf},
		Run: func(task int, scratch []float32) { p.Sum(task, out.data(), to.data(), scratch) },
	})
}
