package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/graph"
)

var (
	adaptiveAvgPool2D = operator{work: "pooling", layout: layoutPool, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		x, y := o.Args[0], o.Out()
		lowerAverage(c, o, pool.NewAdaptive(o.Do.(graph.AdaptiveAvgPool2DOp), x.Shape, y.Shape, x.PixelPitch(), y.PixelPitch()))
	}}
	adaptiveAvgPool2DGrad = operator{work: "pooling", layout: layoutPoolGrad, ability: ranges, lower: func(c *Lowerer, o *ir.Op) {
		op, dy, dx := o.Do.(graph.AdaptiveAvgPool2DGradOp), o.Args[0], o.Out()
		lowerAverageGrad(c, o, pool.NewAdaptive(op.Pool, op.InputShape, dy.Shape, dx.PixelPitch(), dy.PixelPitch()))
	}}
)
