package lower

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

var (
	gatherElements     = operator{layout: (*Layouts).AllPlain, lower: lowerGatherElements}
	gatherElementsGrad = operator{layout: (*Layouts).AllPlain, lower: lowerGatherElementsGrad}
)

func lowerGatherElements(c *Lowerer, o *ir.Op) {
	axis := o.Do.(graph.GatherElementsOp).Axis
	g := gatheringOf(graph.GatherOp{Axis: axis}, o.Args[0])
	x, indices, y := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	block := o.Out().Shape[axis] * g.inner
	c.addSplit(exec.Step{Name: "gather", Reads: []*exec.Buffer{x.buf, indices.buf}, Writes: []*exec.Buffer{y.buf}},
		g.outer*block, 1<<13, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				y.data()[i] = float32(math.NaN())
				if k, ok := g.number(indices.data()[i]); ok {
					y.data()[i] = x.data()[(i/block*g.size+k)*g.inner+i%g.inner]
				}
			}
		})
}

// lowerGatherElementsGrad adds up the derivatives of each outer index in a task.
func lowerGatherElementsGrad(c *Lowerer, o *ir.Op) {
	axis := o.Do.(graph.GatherElementsGradOp).Axis
	g := gatheringOf(graph.GatherOp{Axis: axis}, o.Out())
	indices, dy, dx := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	block := o.Args[0].Shape[axis] * g.inner
	c.addSplit(exec.Step{Name: "gather gradient", Reads: []*exec.Buffer{indices.buf, dy.buf}, Writes: []*exec.Buffer{dx.buf}},
		g.outer, max(1, (1<<13)/(g.size*g.inner)), 1, func(lo, hi int) {
			clear(dx.data()[lo*g.size*g.inner : hi*g.size*g.inner])
			for i := lo * block; i < hi*block; i++ {
				if k, ok := g.number(indices.data()[i]); ok {
					dx.data()[(i/block*g.size+k)*g.inner+i%g.inner] += dy.data()[i]
				}
			}
		})
}

// number returns an index of an element. ok is false if there is no such element.
func (g gathering) number(index float32) (k int, ok bool) {
	if !(index >= 0 && index < float32(g.size)) {
		return 0, false
	}
	k = int(index)
	return k, float32(k) == index
}
