package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/graph"
)

// biased is a matrix product and a bias vector that an Add puts on its rows.
type biased struct {
	product, bias *graph.Node
}

// findBiases finds products whose only user adds a vector along the rows.
func (c *compiler) findBiases() {
	for _, n := range c.g.Nodes() {
		if !c.needed[n.ID()] {
			continue
		}
		if op, ok := n.Op().(graph.BinaryOp); !ok || op.Func != graph.KindAdd {
			continue
		}
		for i, m := range n.Inputs() {
			op, ok := m.Op().(graph.MatMulOp)
			bias := n.Inputs()[1-i]
			if !ok || op.TransA || c.soleConsumer(m) != n || len(bias.Shape()) != 1 || bias.Shape()[0] != m.Shape()[1] {
				continue
			}
			c.biased[n.ID()] = biased{m, bias}
			c.absorbed[m.ID()] = true
			break
		}
	}
}

// lowerMatMul computes the product mm, plus a bias vector if there is one,
// into node n.
func (c *compiler) lowerMatMul(n, mm, bias *graph.Node) error {
	op := mm.Op().(graph.MatMulOp)
	a, b := mm.Inputs()[0], mm.Inputs()[1]
	if op.TransA && !op.TransB {
		c.lowerTransposedProduct(n, a, b)
		return nil
	}
	av := c.in(a, plain)
	if op.TransA {
		av = c.transposed(av)
	}
	m, cols := n.Shape()[0], n.Shape()[1]
	k := a.Shape()[1]
	if op.TransA {
		k = a.Shape()[0]
	}
	weights := c.weights(b)
	p := gemm.New(m, k, cols, op.TransB, weights.vars != nil)
	bb := weights.buf
	if !p.Streamed() {
		bb = c.addPackStep(n, weights, p)
	}
	reads := bufs(av.buf, bb)
	biasBuf := &buffer{}
	if bias != nil {
		biasBuf = c.addBias(n, c.weights(bias), p.Bias())
		reads = append(reads, biasBuf)
	}
	out := c.define(n, plain)
	t := c.setTail(out)
	t.clips, t.scattered = p.Clips(), p.Scattered()
	ab, ob := av.buf, out.buf
	c.add(step{
		name: "product", algorithm: p.Algorithm(), node: n, tasks: p.Tasks(), reads: reads, writes: bufs(ob), scratch: p.Scratch(),
		run: func(task int, scratch []float32) {
			lo, hi := p.Run(task, gemm.Operands{A: ab.data, B: bb.data, Bias: biasBuf.data, C: ob.data, Clip: t.clip}, scratch)
			t.done(task, lo, hi, scratch)
		},
	})
	return nil
}
