package lower

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Batch normalization: statistics, the normalization and its gradients. The sums
// pass splits statistics and the gradients of gamma and beta into partial sums
// and totals, and gives the gradients 1/√(variance+eps) as a last argument.
var (
	batchStats = operator{work: "normalisation", layout: layoutStatistics}
	batchNorm  = operator{
		work:    "normalisation",
		layout:  layoutNormalized,
		ability: func(*ir.Op) (Ability, bool) { return Ability{Clips: gemm.ClipReLU}, true },
		lower:   lowerBatchNorm,
	}
	batchNormParamGrad = operator{work: "normalisation", layout: layoutParamGrad}
	batchNormInputGrad = operator{
		work:    "normalisation",
		layout:  layoutInputGrad,
		ability: ranges,
		lower:   lowerBatchNormInputGrad,
	}
	joinStatistics = operator{lower: lowerJoinStatistics}
	deviation      = operator{lower: lowerDeviation}
)

// The layout rules of batch and group normalization, which have the same arguments:

// layoutStatistics is the rule of the statistics of x.
func layoutStatistics(l *Layouts, o *ir.Op) {
	l.Rows(o, 0)
	l.MakePlain(o)
}

// layoutNormalized is the rule of the normalization of x by statistics, gamma and beta.
func layoutNormalized(l *Layouts, o *ir.Op) {
	l.Rows(o, 0)
	for i := range 3 {
		l.Plain(o, 1+i)
	}
	l.MakeRows(o)
}

// layoutParamGrad is the rule of the gradients of gamma and beta by x, statistics and dy.
func layoutParamGrad(l *Layouts, o *ir.Op) {
	l.Rows(o, 0)
	l.Plain(o, 1)
	l.Rows(o, 2)
	l.MakePlain(o)
}

// layoutInputGrad is the rule of the gradient of x by x, statistics, gamma, the gradients
// of gamma and beta, and dy.
func layoutInputGrad(l *Layouts, o *ir.Op) {
	l.Rows(o, 0)
	for i := range 3 {
		l.Plain(o, 1+i)
	}
	l.Rows(o, 4)
	l.MakeRows(o)
}

// addRows adds the step s that computes the main result y of an operation: f computes
// the rows lo ≤ r < hi, a few at a time, and the epilogue follows.
func (c *Lowerer) addRows(o *ir.Op, s exec.Step, y rows, f func(e *epilogue, lo, hi int)) {
	tasks, chunk := y.split()
	s.Tasks, s.Writes = tasks, []*exec.Buffer{y.buf}
	e := c.epilogue(o, &s, nil)
	ch := y.channels
	piece := max(1, epilogueFloats/ch)
	s.Run = func(task int, scratch []float32) {
		first, end := work.ChunkRange(task, chunk, y.n)
		for lo := first; lo < end; lo += piece {
			hi := min(lo+piece, end)
			f(e, lo, hi)
			e.part(task, first*ch, lo*ch, hi*ch, scratch)
		}
	}
	c.add(s)
}

// addCoefficients adds a step that computes coefficients of each channel from
// some values, and returns their buffer.
func (c *Lowerer) addCoefficients(size int, from []*ir.Value, run func(coef []float32)) *exec.Buffer {
	coef := c.alloc(size)
	s := exec.Step{
		Name: "normalisation", Tasks: 1, Reads: c.bufsOf(from...), Writes: []*exec.Buffer{coef},
		Run: func(int, []float32) { run(coef.Data) },
	}
	if variables := constant(from...); variables != nil {
		c.once(&s, variables)
	}
	c.add(s)
	return coef
}

// constant returns the variables that some values depend on, if the values are leaves
// or kept between runs; otherwise nil.
func constant(values ...*ir.Value) (list []*graph.Variable) {
	for _, v := range values {
		root, _ := v.Root()
		if !v.Fixed || !root.Leaf() && root.Def.Once == nil {
			return nil
		}
		list = append(list, v.Vars...)
	}
	return list
}

// lowerBatchNorm computes x·scale + shift, with scale = gamma/√(variance+eps) and
// shift = beta − mean·scale.
func lowerBatchNorm(c *Lowerer, o *ir.Op) {
	x, y := c.rows(o.Args[0]), c.rows(o.Out())
	ch, eps := x.channels, o.Do.(graph.BatchNormOp).Eps
	stats, gamma, beta := c.at(o.Args[1]), c.at(o.Args[2]), c.at(o.Args[3])
	coef := c.addCoefficients(2*ch, o.Args[1:4], func(coef []float32) {
		for i := range ch {
			scale := float64(gamma.data()[i]) * inverseDeviation(stats.data()[ch+i], eps)
			coef[i] = float32(scale)
			coef[ch+i] = float32(float64(beta.data()[i]) - float64(stats.data()[i])*scale)
		}
	})
	c.addRows(o, exec.Step{Name: "normalise", Reads: []*exec.Buffer{x.buf, coef}}, y, func(e *epilogue, lo, hi int) {
		vec.ScaleShiftRows(y.from(lo), x.from(lo), coef.Data[:ch], coef.Data[ch:2*ch], hi-lo, ch, y.pitch, x.pitch, e.clip == gemm.ClipReLU)
	})
}

// inverseDeviation returns 1/√(variance+eps).
func inverseDeviation(variance, eps float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(eps))
}

// lowerDeviation computes 1/√(variance+eps) of each channel.
func lowerDeviation(c *Lowerer, o *ir.Op) {
	stats, inv := c.at(o.Args[0]), c.at(o.Out())
	ch, eps := o.Out().Shape[0], o.Do.(ir.Deviation).Eps
	c.add(exec.Step{
		Name: "deviation", Tasks: 1, Reads: []*exec.Buffer{stats.buf}, Writes: []*exec.Buffer{inv.buf},
		Run: func(int, []float32) {
			for i := range ch {
				inv.data()[i] = float32(inverseDeviation(stats.data()[ch+i], eps))
			}
		},
	})
}

// lowerBatchNormInputGrad computes dx = scale·(dy − a·x̂ − b), where x̂ is the
// normalised x, scale = gamma/√(variance+eps), and a and b are the mean gradients
// of gamma and beta. With given statistics there are no a and b, and x does not
// matter.
func lowerBatchNormInputGrad(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.BatchNormInputGradOp)
	x, dy, y := c.rows(o.Args[0]), c.rows(o.Args[4]), c.rows(o.Out())
	stats, gamma, grads, inv := c.at(o.Args[1]), c.at(o.Args[2]), c.at(o.Args[3]), c.at(o.Args[5])
	ch := x.channels
	coef := c.addCoefficients(3*ch, []*ir.Value{o.Args[2], o.Args[3], o.Args[5]}, func(coef []float32) {
		for i := range ch {
			coef[i] = gamma.data()[i] * inv.data()[i]
			coef[ch+i], coef[2*ch+i] = 0, 0
			if op.BatchNorm.Train {
				coef[ch+i] = grads.data()[ch+i] / float32(x.n)
				coef[2*ch+i] = grads.data()[i] / float32(x.n)
			}
		}
	})
	s := exec.Step{Name: "normalise gradient", Reads: []*exec.Buffer{x.buf, dy.buf, stats.buf, inv.buf, coef}}
	if y.pitch == ch && dy.pitch == ch {
		s.Overwrites = dy.buf
	}
	c.addRows(o, s, y, func(_ *epilogue, lo, hi int) {
		if !op.BatchNorm.Train {
			vec.ScaleShiftRows(y.from(lo), dy.from(lo), coef.Data[:ch], coef.Data[ch:2*ch], hi-lo, ch, y.pitch, dy.pitch, false)
			return
		}
		vec.BatchNormGradRows(y.from(lo), dy.from(lo), x.from(lo), stats.data()[:ch], inv.data()[:ch],
			coef.Data[:ch], coef.Data[ch:2*ch], coef.Data[2*ch:3*ch], hi-lo, ch, y.pitch, dy.pitch, x.pitch)
	})
}

// lowerJoinStatistics concatenates the means, and the variances, of parts.
func lowerJoinStatistics(c *Lowerer, o *ir.Op) {
	out, channels := c.at(o.Out()), o.Out().Shape[1]
	var from []memory
	for _, v := range o.Args {
		from = append(from, c.at(v))
	}
	c.add(exec.Step{
		Name: "join", Tasks: 1, Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf},
		Run: func(int, []float32) {
			for row, at := range []int{0, channels} {
				for i, v := range o.Args {
					k := v.Shape[1]
					at += copy(out.data()[at:], from[i].data()[row*k:(row+1)*k])
				}
			}
		},
	})
}
