package cpu

import (
	"github.com/strideml/stride/graph"
)

// A source is where a packing step reads weights.
type source struct {
	buf *buffer
	// vars are the variables that the weights are made of, none of which the
	// program assigns; nil if the weights may differ from run to run.
	vars []*graph.Variable
}

// weights returns the value of n as weights.
func (c *compiler) weights(n *graph.Node) source {
	vars, _ := c.fixedVariables(n)
	return source{c.in(n, plain).buf, vars}
}

// fixedVariables returns the variables that nodes are computed from, and
// whether nothing else matters: no input, and no variable that the program
// assigns.
func (c *compiler) fixedVariables(nodes ...*graph.Node) (vars []*graph.Variable, ok bool) {
	seen := map[*graph.Node]bool{}
	var visit func(n *graph.Node) bool
	visit = func(n *graph.Node) bool {
		if seen[n] {
			return true
		}
		seen[n] = true
		switch op := n.Op().(type) {
		case graph.InputOp:
			return false
		case graph.VariableOp:
			vars = append(vars, op.Variable)
			return !c.mutable[op.Variable]
		}
		for _, in := range n.Inputs() {
			if !visit(in) {
				return false
			}
		}
		return true
	}
	for _, n := range nodes {
		if !visit(n) {
			return nil, false
		}
	}
	return vars, len(vars) > 0
}

// findFolds finds batch normalizations with given statistics whose argument is
// a convolution that nobody else uses, and whose coefficients and weights are
// the same in all runs. They become part of the convolution's weights and
// bias.
func (c *compiler) findFolds() {
	for _, n := range c.g.Nodes() {
		op, ok := n.Op().(graph.BatchNormOp)
		if !ok || op.Train || !c.needed[n.ID()] {
			continue
		}
		conv := n.Inputs()[0]
		if _, ok := conv.Op().(graph.Conv2DOp); !ok || c.soleConsumer(conv) != n {
			continue
		}
		if _, ok := c.fixedVariables(append(conv.Inputs()[1:], n.Inputs()[1:]...)...); ok {
			c.folds[n.ID()] = conv
			c.absorbed[conv.ID()] = true
		}
	}
}

// lowerFolded computes the normalization n of a convolution as a convolution
// with weights w·s and bias (b−mean)·s + beta, s = gamma/√(variance+eps).
func (c *compiler) lowerFolded(n, conv *graph.Node, op graph.BatchNormOp) error {
	in := conv.Inputs()
	shape := in[1].Shape()
	vars, _ := c.fixedVariables(append(in[1:], n.Inputs()[1:]...)...)
	w := c.in(in[1], plain).buf
	stats, gamma, beta := c.in(n.Inputs()[1], plain).buf, c.in(n.Inputs()[2], plain).buf, c.in(n.Inputs()[3], plain).buf
	reads := bufs(w, stats, gamma, beta)
	var b *buffer
	if len(in) == 3 {
		b = c.in(in[2], plain).buf
		reads = append(reads, b)
	}
	// The weights are packed at once, whenever this step runs, and not needed
	// afterwards; the bias may be read as it is.
	weights, bias := c.alloc(shape.Size()), c.alloc(shape[0])
	bias.persistent = true
	c.add(step{
		name: "fold", node: n, tasks: 1, reads: reads, writes: bufs(weights, bias), pack: newPackState(vars),
		run: func(int, []float32) {
			channels := shape[0]
			per := shape.Size() / channels
			for o := range channels {
				s := float64(gamma.data[o]) * inverseDeviation(stats.data[channels+o], op.Eps)
				for i, v := range w.data[o*per : (o+1)*per] {
					weights.data[o*per+i] = float32(float64(v) * s)
				}
				shift := -float64(stats.data[o])
				if b != nil {
					shift += float64(b.data[o])
				}
				bias.data[o] = float32(shift*s + float64(beta.data[o]))
			}
		},
	})
	return c.lowerConvolution(n, conv.Op().(graph.Conv2DOp), in[0], shape, source{weights, vars}, &source{bias, vars})
}
