package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// fold computes the weights w·s and the bias (b−mean)·s + beta of a convolution that
// a batch normalization is folded into, with s = gamma/√(variance+eps).
var fold = operator{layout: (*Layouts).AllPlain, lower: lowerFold}

// lowerFold adds the step that computes the weights and the bias.
func lowerFold(c *Lowerer, o *ir.Op) {
	w, stats, gamma, beta := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Args[2]), c.at(o.Args[3])
	var b memory
	if len(o.Args) == 5 {
		b = c.at(o.Args[4])
	}
	weights, bias := c.at(o.Outs[0]).buf, c.at(o.Outs[1]).buf
	eps := o.Do.(ir.Fold).Eps
	channels, size := bias.Size, weights.Size
	// Where the convolution is read twice, as rematerialization makes it, nothing is
	// folded, and results are rounded in another way.
	c.noteOrder("fold")
	// The weights are packed right after this step, whenever it runs, and not needed
	// afterwards. The bias may be read without packing, in later runs too.
	bias.Persistent = len(o.Once) > 0
	c.add(exec.Step{
		Name: "fold", Tasks: 1, Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{weights, bias}, Once: exec.NewOnce(o.Once),
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
