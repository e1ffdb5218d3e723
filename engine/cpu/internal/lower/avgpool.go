package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/graph"
)

var (
	avgPool2D = operator{work: "pooling", layout: layoutPool, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		op, x, y := o.Do.(graph.AvgPool2DOp), o.Args[0], o.Out()
		lowerAverage(c, o, pool.New(op.Pool, &op, x.Shape, y.Shape, x.PixelPitch(), y.PixelPitch()))
	}}
	avgPool2DGrad = operator{work: "pooling", layout: layoutPoolGrad, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		op, dy, dx := o.Do.(graph.AvgPool2DGradOp), o.Args[0], o.Out()
		lowerAverageGrad(c, o, pool.New(op.Pool.Pool, &op.Pool, op.InputShape, dy.Shape, dx.PixelPitch(), dy.PixelPitch()))
	}}
)

// lowerAverage computes the mean of each window.
func lowerAverage(c *Lowerer, o *ir.Op, p *pool.Plan) {
	src, dst := c.at(o.Args[0]), c.at(o.Out())
	s := exec.Step{Name: "pool", Tasks: p.Tasks(), Scratch: p.RowScratch(), Reads: []*exec.Buffer{src.buf}}
	c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) {
		return p.Average(task, dst.data(), src.data(), scratch)
	})
}

// lowerAverageGrad spreads each gradient over its window.
func lowerAverageGrad(c *Lowerer, o *ir.Op, p *pool.Plan) {
	dy, dx := c.at(o.Args[0]), c.at(o.Out())
	s := exec.Step{Name: "pool gradient", Tasks: p.Tasks(), Scratch: p.RowScratch(), Reads: []*exec.Buffer{dy.buf}}
	c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) {
		return p.AverageGrad(task, dx.data(), dy.data(), scratch)
	})
}
