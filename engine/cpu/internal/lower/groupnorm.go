package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Group normalization has the kernels of batch normalization, with coefficients of
// each sample and channel. Sums over the pixels of a sample take two steps: tasks add
// up some pixels each, and then these sums are added up.
var (
	groupStats = operator{work: "normalisation", layout: layoutStatistics, lower: lowerGroupStats}
	groupNorm  = operator{
		work:    "normalisation",
		layout:  layoutNormalized,
		ability: func(*ir.Op) (Ability, bool) { return Ability{Clips: gemm.ClipReLU}, true },
		lower:   lowerGroupNorm,
	}
	groupNormParamGrad = operator{work: "normalisation", layout: layoutParamGrad, lower: lowerGroupNormParamGrad}
	groupNormInputGrad = operator{
		work:    "normalisation",
		layout:  layoutInputGrad,
		ability: ranges,
		lower:   lowerGroupNormInputGrad,
	}
)

// samples is how a value of rows × channels is cut into samples, and each sample into
// pieces of up to chunk rows.
type samples struct {
	n, rows, channels, pieces, chunk int
}

// samplesOf cuts up the rows of a value.
func samplesOf(v *ir.Value) samples {
	s := samples{n: v.Shape[0], channels: v.Shape[1]}
	s.rows = v.Shape.Size() / (s.n * s.channels)
	s.pieces, s.chunk = work.Split(s.rows, max(1, 4096/s.channels), 1)
	return s
}

// piece returns the sample and the rows lo ≤ r < hi of a piece. Rows are numbered
// through all samples.
func (s samples) piece(i int) (sample, lo, hi int) {
	sample = i / s.pieces
	lo, hi = work.ChunkRange(i%s.pieces, s.chunk, s.rows)
	return sample, sample*s.rows + lo, sample*s.rows + hi
}

// each calls run for the samples of the rows lo ≤ r < hi, with the rows of each.
func (s samples) each(lo, hi int, run func(sample, lo, hi int)) {
	for lo < hi {
		sample := lo / s.rows
		end := min(hi, (sample+1)*s.rows)
		run(sample, lo, end)
		lo = end
	}
}

// addPieces adds a step that computes size floats from each piece, with some scratch
// memory, and returns the buffer of the results. They are zero before.
func (c *Lowerer) addPieces(s samples, step exec.Step, size int, run func(dst []float32, piece int, scratch []float32)) *exec.Buffer {
	buf, n := c.alloc(s.n*s.pieces*size), s.n*s.pieces
	tasks, chunk := work.Split(n, max(1, 4096/(s.chunk*s.channels)), 1)
	c.noteOrder(step.Name, s.pieces, s.chunk)
	for _, v := range c.op.Args { // see noteRows
		c.noteOrder(v.Dense())
	}
	step.Tasks, step.Writes = tasks, []*exec.Buffer{buf}
	step.Run = func(task int, scratch []float32) {
		lo, hi := work.ChunkRange(task, chunk, n)
		for i := lo; i < hi; i++ {
			dst := buf.Data[i*size:][:size]
			clear(dst)
			run(dst, i, scratch)
		}
	}
	c.add(step)
	return buf
}

// addEachSample adds a step that calls run for each sample.
func (c *Lowerer) addEachSample(s samples, step exec.Step, run func(sample int)) {
	c.addSplit(step, s.n, max(1, 1024/(s.pieces*s.channels)), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			run(i)
		}
	})
}

// lowerGroupStats computes the mean and the squared deviations of each channel of a
// piece, and combines them as partials.moments does.
func lowerGroupStats(c *Lowerer, o *ir.Op) {
	groups, s := o.Do.(graph.GroupStatsOp).Groups, samplesOf(o.Args[0])
	x, out, ch := c.rows(o.Args[0]), c.at(o.Out()), s.channels
	moments := c.addPieces(s, exec.Step{Name: "group moments", Reads: []*exec.Buffer{x.buf}}, 2*ch, func(dst []float32, piece int, _ []float32) {
		_, lo, hi := s.piece(piece)
		vec.MergeMoments(dst[:ch], dst[ch:], x.from(lo), hi-lo, ch, x.pitch, 0)
	})
	step := exec.Step{Name: "group statistics", Reads: []*exec.Buffer{moments}, Writes: []*exec.Buffer{out.buf}}
	c.addEachSample(s, step, func(sample int) {
		size := ch / groups
		for g := range groups {
			mean, square := s.groupMoments(moments.Data, sample, g*size, (g+1)*size)
			to := out.data()[sample*2*groups+g:]
			to[0], to[groups] = float32(mean), float32(square/float64(s.rows*size))
		}
	})
}

// groupMoments returns the mean of the channels from ≤ c < to of a sample and the sum
// of the squared deviations from it, given the moments of each piece.
func (s samples) groupMoments(moments []float32, sample, from, to int) (mean, square float64) {
	each := func(add func(rows, mean, square float64)) {
		for i := sample * s.pieces; i < (sample+1)*s.pieces; i++ {
			_, lo, hi := s.piece(i)
			m := moments[i*2*s.channels:]
			for c := from; c < to; c++ {
				add(float64(hi-lo), float64(m[c]), float64(m[s.channels+c]))
			}
		}
	}
	each(func(rows, m, _ float64) { mean += rows * m })
	mean /= float64(s.rows * (to - from))
	each(func(rows, m, sq float64) { square += sq + rows*(m-mean)*(m-mean) })
	return mean, square
}

// A groupOfChannel looks up the statistics of samples' channels.
type groupOfChannel struct {
	stats        memory
	groups, size int // size is the number of channels of a group
	eps          float32
}

func (c *Lowerer) groupOfChannel(op graph.GroupNormOp, stats *ir.Value, channels int) groupOfChannel {
	return groupOfChannel{c.at(stats), op.Groups, channels / op.Groups, op.Eps}
}

// at returns the mean and 1/√(variance+eps) of a channel.
func (g groupOfChannel) at(sample, channel int) (mean float32, inv float64) {
	stats := g.stats.data()[sample*2*g.groups+channel/g.size:]
	return stats[0], inverseDeviation(stats[g.groups], g.eps)
}

// lowerGroupNorm computes x·scale + shift, as lowerBatchNorm does.
func lowerGroupNorm(c *Lowerer, o *ir.Op) {
	s, x, y := samplesOf(o.Out()), c.rows(o.Args[0]), c.rows(o.Out())
	ch := s.channels
	of := c.groupOfChannel(o.Do.(graph.GroupNormOp), o.Args[1], ch)
	gamma, beta := c.at(o.Args[2]), c.at(o.Args[3])
	coef := c.alloc(s.n * 2 * ch)
	c.addEachSample(s, exec.Step{Name: "group coefficients", Reads: c.bufsOf(o.Args[1:]...), Writes: []*exec.Buffer{coef}}, func(sample int) {
		to := coef.Data[sample*2*ch:]
		for i := range ch {
			mean, inv := of.at(sample, i)
			scale := float64(gamma.data()[i]) * inv
			to[i], to[ch+i] = float32(scale), float32(float64(beta.data()[i])-float64(mean)*scale)
		}
	})
	c.addRows(o, exec.Step{Name: "group norm", Reads: []*exec.Buffer{x.buf, coef}}, y, func(e *epilogue, lo, hi int) {
		s.each(lo, hi, func(sample, lo, hi int) {
			k := coef.Data[sample*2*ch:][:2*ch]
			vec.ScaleShiftRows(y.from(lo), x.from(lo), k[:ch], k[ch:], hi-lo, ch, y.pitch, x.pitch, e.clip == gemm.ClipReLU)
		})
	})
}

// lowerGroupNormParamGrad computes Σ dy·(x−mean) and Σ dy of each piece, and from them
// those of each sample.
func lowerGroupNormParamGrad(c *Lowerer, o *ir.Op) {
	s, x, dy, out := samplesOf(o.Args[0]), c.rows(o.Args[0]), c.rows(o.Args[2]), c.at(o.Out())
	ch := s.channels
	of := c.groupOfChannel(o.Do.(graph.GroupNormParamGradOp).GroupNorm, o.Args[1], ch)
	step := exec.Step{Name: "group sums", Reads: c.bufsOf(o.Args...), Scratch: ch}
	sums := c.addPieces(s, step, 2*ch, func(dst []float32, piece int, mean []float32) {
		sample, lo, hi := s.piece(piece)
		for i := range ch {
			mean[i], _ = of.at(sample, i)
		}
		vec.BatchNormSums(dst[:ch], dst[ch:], dy.from(lo), x.from(lo), mean, hi-lo, ch, dy.pitch, x.pitch)
	})
	c.addEachSample(s, exec.Step{Name: "group totals", Reads: append(c.bufsOf(o.Args[1]), sums), Writes: []*exec.Buffer{out.buf}}, func(sample int) {
		to, from := out.data()[sample*2*ch:][:2*ch], sums.Data[sample*s.pieces*2*ch:]
		copy(to, from)
		for piece := 1; piece < s.pieces; piece++ {
			vec.Add(to, to, from[piece*2*ch:][:2*ch])
		}
		for i := range ch {
			_, inv := of.at(sample, i)
			to[i] *= float32(inv)
		}
	})
}

// lowerGroupNormInputGrad computes dx = (gamma·dy − a − x̂·b)/√(variance+eps), where a
// and b are the means of gamma·dy and gamma·dy·x̂ in a group.
func lowerGroupNormInputGrad(c *Lowerer, o *ir.Op) {
	s, x, dy, y := samplesOf(o.Out()), c.rows(o.Args[0]), c.rows(o.Args[4]), c.rows(o.Out())
	ch := s.channels
	of := c.groupOfChannel(o.Do.(graph.GroupNormInputGradOp).GroupNorm, o.Args[1], ch)
	gamma, grads := c.at(o.Args[2]), c.at(o.Args[3])
	coef := c.alloc(s.n * 5 * ch) // mean, 1/√(variance+eps), a and b of each channel, and zeros
	c.addEachSample(s, exec.Step{Name: "group coefficients", Reads: c.bufsOf(o.Args[1:4]...), Writes: []*exec.Buffer{coef}}, func(sample int) {
		to, p := coef.Data[sample*5*ch:][:5*ch], grads.data()[sample*2*ch:]
		clear(to[4*ch:])
		for first := 0; first < ch; first += of.size {
			mean, inv := of.at(sample, first)
			a, b := 0.0, 0.0
			for i := first; i < first+of.size; i++ {
				b += float64(gamma.data()[i]) * float64(p[i])
				a += float64(gamma.data()[i]) * float64(p[ch+i])
			}
			m := float64(s.rows * of.size)
			for i := first; i < first+of.size; i++ {
				to[i], to[ch+i], to[2*ch+i], to[3*ch+i] = mean, float32(inv), float32(a/m), float32(b/m)
			}
		}
	})
	step := exec.Step{Name: "group norm gradient", Reads: []*exec.Buffer{x.buf, dy.buf, gamma.buf, coef}}
	if y.pitch == ch && dy.pitch == ch {
		step.Overwrites = dy.buf
	}
	c.addRows(o, step, y, func(_ *epilogue, lo, hi int) {
		s.each(lo, hi, func(sample, lo, hi int) {
			k := coef.Data[sample*5*ch:][:5*ch]
			mean, inv, a, b, zeros := k[:ch], k[ch:2*ch], k[2*ch:3*ch], k[3*ch:4*ch], k[4*ch:]
			vec.ScaleShiftRows(y.from(lo), dy.from(lo), gamma.data()[:ch], zeros, hi-lo, ch, y.pitch, dy.pitch, false)
			vec.BatchNormGradRows(y.from(lo), y.from(lo), x.from(lo), mean, inv, inv, a, b, hi-lo, ch, y.pitch, y.pitch, x.pitch)
		})
	})
}
