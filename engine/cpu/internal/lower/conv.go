package lower

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// Convolutions are carried out by the plan that the algorithm pass chose, see
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
			var bias *ir.Value
			if len(o.Args) == 3 {
				bias = o.Args[2]
			}
			lowerImagePlan(c, o, o.Args[0], o.Args[1], bias)
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

	// fold computes the weights w·s and the bias (b−mean)·s + beta of a
	// convolution that a batch normalization is folded into, s =
	// gamma/√(variance+eps).
	fold = operator{layout: (*Layouts).AllPlain, lower: lowerFold}
)

func layoutImagePlan(l *Layouts, o *ir.Op, source int) {
	if o.Plan.(conv.ImagePlan).NeedsDense() {
		l.Dense(o, source)
		l.MakeDense(o)
		return
	}
	l.Pixels(o, source)
	l.MakePixels(o)
}

func convAbility(o *ir.Op) (Ability, bool) {
	p := o.Plan.(conv.ImagePlan)
	return Ability{p.Clips(), p.Scattered()}, true
}

// pack adds the step that packs an operand, and returns the packed buffer. What
// the program never changes is packed again only after it has been changed.
func (c *Lowerer) pack(p gemm.Packer, v *ir.Value) memory {
	from, size := c.at(v), p.PackedSize()
	b := c.alloc(size)
	s := exec.Step{
		Name: "pack", Tasks: 1, Scratch: p.PackScratch(), Reads: []*exec.Buffer{from.buf}, Writes: []*exec.Buffer{b},
		Run: func(_ int, scratch []float32) {
			for i := range p.PackTasks() {
				p.Pack(b.Data, from.data(), scratch, i)
			}
		},
	}
	if size > work.Grain(1<<14) {
		s.Tasks = p.PackTasks()
		s.Run = func(task int, scratch []float32) { p.Pack(b.Data, from.data(), scratch, task) }
	}
	if v.Fixed {
		c.once(&s, v.Vars)
	}
	c.add(s)
	return memory{buf: b}
}

// packBias packs a bias if the plan asks for it.
func (c *Lowerer) packBias(p gemm.Bias, v *ir.Value) memory {
	if p.PackedSize() == 0 {
		return c.at(v)
	}
	return c.pack(p, v)
}

// lowerImagePlan computes the output of a convolution or the gradient of its
// input.
func lowerImagePlan(c *Lowerer, o *ir.Op, source, weights, bias *ir.Value) {
	p := o.Plan.(conv.ImagePlan)
	packed := c.pack(p, weights)
	reads := []*exec.Buffer{c.at(source).buf, packed.buf}
	var b memory
	if bias != nil {
		b = c.packBias(p.Bias(), bias)
		reads = append(reads, b.buf)
	}
	if !p.NeedsDense() {
		p.SetPitch(source.PixelPitch(), o.Out().PixelPitch())
	}
	src, out := c.at(source), c.at(o.Out())
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
	e := c.epilogue(o, &s, nil)
	s.Run = func(task int, scratch []float32) {
		args := conv.Operands{Source: src.data(), Packed: packed.data(), Out: out.data(), Clip: e.clip}
		if b.buf != nil {
			args.Bias = b.data()
		}
		if points != nil {
			args.Points = points.Data
		}
		lo, hi := p.Run(task, args, scratch)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}

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
}

// lowerWeightPlan computes the gradient of the weights.
func lowerWeightPlan(c *Lowerer, o *ir.Op) {
	p := o.Plan.(conv.WeightPlan)
	x, dy, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out()).buf
	p.SetPitch(o.Args[0].PixelPitch(), o.Args[1].PixelPitch())
	to := out
	if size := p.PartialSize(); size > 0 {
		to = c.alloc(size)
	}
	c.add(exec.Step{
		Name: p.Stage(), Algorithm: p.Algorithm(), Tasks: p.Tasks(), Scratch: p.Scratch(), Reads: []*exec.Buffer{x.buf, dy.buf}, Writes: []*exec.Buffer{to},
		Run: func(task int, scratch []float32) { p.Run(task, to.Data, x.data(), dy.data(), scratch) },
	})
	if to == out {
		return
	}
	c.add(exec.Step{
		Name: p.Stage() + " sum", Tasks: p.SumTasks(), Scratch: p.SumScratch(), Reads: []*exec.Buffer{to}, Writes: []*exec.Buffer{out, to},
		Run: func(task int, scratch []float32) { p.Sum(task, out.Data, to.Data, scratch) },
	})
}

func lowerFold(c *Lowerer, o *ir.Op) {
	w, stats, gamma, beta := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Args[2]), c.at(o.Args[3])
	var b memory
	if len(o.Args) == 5 {
		b = c.at(o.Args[4])
	}
	weights, bias := c.at(o.Outs[0]).buf, c.at(o.Outs[1]).buf
	eps := o.Do.(ir.Fold).Eps
	channels, size := bias.Size, weights.Size
	// The weights are packed at once, whenever this step runs, and not needed
	// afterwards; the bias may be read as it is.
	bias.Persistent = true
	c.add(exec.Step{
		Name: "fold", Tasks: 1, Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{weights, bias}, Once: exec.NewOnce(o.Out().Vars),
		Run: func(int, []float32) {
			per := size / channels
			for o := range channels {
				s := float64(gamma.data()[o]) * inverseDeviation(stats.data()[channels+o], eps)
				for i, v := range w.data()[o*per : (o+1)*per] {
					weights.Data[o*per+i] = float32(float64(v) * s)
				}
				shift := -float64(stats.data()[o])
				if b.buf != nil {
					shift += float64(b.data()[o])
				}
				bias.Data[o] = float32(shift*s + float64(beta.data()[o]))
			}
		},
	})
}

func inverseDeviation(variance, eps float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(eps))
}
