package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// fold computes the weights and the bias of a convolution that is the sum of some terms.
// For each output channel a term that is multiplied by s and added to t has the weights
// w·s and the bias b·s + t.
var fold = operator{layout: (*Layouts).AllPlain, lower: lowerFold}

// lowerFold adds the step that computes the weights and the bias.
func lowerFold(c *Lowerer, o *ir.Op) {
	args := make([]memory, len(o.Args))
	for i, v := range o.Args {
		args[i] = c.at(v)
	}
	f := folder{do: o.Do.(ir.Fold), values: o.Args, args: args, weights: c.at(o.Outs[0]).buf, bias: c.at(o.Outs[1]).buf}
	shape := o.Outs[0].Shape
	f.kernel, f.sum = [4]int(shape), make([]float64, shape[1]*shape[2]*shape[3])
	// Where a convolution is read twice, as rematerialization makes it, nothing is
	// folded, and results are rounded in another way.
	c.noteOrder("fold", f.do)
	// The weights are packed right after this step, whenever it runs, and not needed
	// afterwards. The bias may be read without packing, in later runs too.
	f.bias.Persistent = len(o.Once) > 0
	c.add(exec.Step{
		Name: "fold", Tasks: 1, Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{f.weights, f.bias}, Once: exec.NewOnce(o.Once),
		Run: func(int, []float32) {
			for channel := range shape[0] {
				f.channel(channel)
			}
		},
	})
}

// A folder computes weights and bias.
type folder struct {
	do            ir.Fold
	values        []*ir.Value
	args          []memory
	kernel        [4]int // shape of the weights
	weights, bias *exec.Buffer
	sum           []float64 // weights of one output channel
}

// channel computes those of an output channel.
func (f *folder) channel(channel int) {
	clear(f.sum)
	bias := 0.0
	for _, t := range f.do.Terms {
		scale, shift := 1.0, 0.0
		if t.Bias >= 0 {
			shift = f.at(t.Bias, channel)
		}
		for _, a := range t.Then {
			scale, shift = f.apply(a, channel, scale, shift)
		}
		f.add(t, channel, scale)
		bias += shift
	}
	for i, v := range f.sum {
		f.weights.Data[channel*len(f.sum)+i] = float32(v)
	}
	f.bias.Data[channel] = float32(bias)
}

// at returns the element of an argument for a channel.
func (f *folder) at(arg, channel int) float64 {
	if f.values[arg].Shape.Size() == 1 {
		channel = 0
	}
	return float64(f.args[arg].data()[channel])
}

// apply returns what x·scale + shift becomes.
func (f *folder) apply(a ir.Affine, channel int, scale, shift float64) (float64, float64) {
	switch a.Kind {
	case ir.AffineNormalize:
		stats := f.args[a.Args[0]].data()
		s := f.at(a.Args[1], channel) * inverseDeviation(stats[f.kernel[0]+channel], a.Eps)
		return scale * s, (shift-float64(stats[channel]))*s + f.at(a.Args[2], channel)
	case ir.AffineMultiply:
		s := f.at(a.Args[0], channel)
		return scale * s, shift * s
	case ir.AffineDivide:
		s := f.at(a.Args[0], channel)
		return scale / s, shift / s
	case ir.AffineAdd:
		return scale, shift + f.at(a.Args[0], channel)
	case ir.AffineSubtract:
		return scale, shift - f.at(a.Args[0], channel)
	}
	return -scale, -shift // AffineNegate
}

// add adds scale times the weights of a term.
func (f *folder) add(t ir.FoldTerm, channel int, scale float64) {
	in, h, w := f.kernel[1], f.kernel[2], f.kernel[3]
	if t.Weights < 0 {
		own := channel % (f.kernel[0] / f.do.Groups) // its number within its group, which is that of the input channel
		f.sum[(own*h+t.At[0])*w+t.At[1]] += scale
		return
	}
	s := f.values[t.Weights].Shape
	kh, kw := s[2], s[3]
	from := f.args[t.Weights].data()[channel*in*kh*kw:]
	for i := range in {
		for y := range kh {
			for x := range kw {
				f.sum[(i*h+t.At[0]+y)*w+t.At[1]+x] += float64(from[(i*kh+y)*kw+x]) * scale
			}
		}
	}
}
