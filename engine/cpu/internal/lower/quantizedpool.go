package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// quantizedMaxPool is the maximum of bytes.
var quantizedMaxPool = operator{work: "pooling", layout: layoutPool, lower: lowerQuantizedMaxPool}

// quantizedAverage is the mean of bytes.
var quantizedAverage = operator{work: "pooling", layout: layoutBytes(0), lower: lowerQuantizedAverage}

func lowerQuantizedMaxPool(c *Lowerer, o *ir.Op) {
	x, y := o.Args[0], o.Out()
	p := pool.New(o.Do.(ir.QuantizedMaxPool).Pool, nil, x.Shape, y.Shape, x.PixelPitch(), y.PixelPitch())
	src, dst := c.at(x), c.at(y)
	c.add(exec.Step{
		Name: "pool", Tasks: p.Tasks(), Reads: []*exec.Buffer{src.buf}, Writes: []*exec.Buffer{dst.buf},
		Run: func(task int, _ []float32) { p.MaxBytes(task, dst.bytes(), src.bytes()) },
	})
}

func lowerQuantizedAverage(c *Lowerer, o *ir.Op) {
	do, x, y := o.Do.(ir.QuantizedAverage), o.Args[0], o.Out()
	var p *pool.Plan
	if do.Global {
		to := tensor.Shape{x.Shape[0], x.Shape[1], 1, 1}
		p = pool.NewAdaptive(graph.AdaptiveAvgPool2DOp{Output: [2]int{1, 1}}, x.Shape, to, x.PixelPitch(), y.RowPitch())
	} else {
		p = pool.New(do.Pool.Pool, &do.Pool, x.Shape, y.Shape, x.PixelPitch(), y.PixelPitch())
	}
	src, dst := c.at(x), c.at(y)
	from, to := c.quantization(do.In, o.Args[1:]), c.quantization(do.Out, o.Args[3:])
	c.add(exec.Step{
		Name: "pool", Tasks: p.Tasks(), Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{dst.buf},
		Run: func(task int, _ []float32) {
			in, out := from(), to()
			low, high := out.limits(minusInf, plusInf)
			p.AverageBytes(task, dst.bytes(), src.bytes(), in.zero, quantized.Average{
				Scale: in.scale / out.scale, Low: low, High: high, Zero: out.zero,
			})
		},
	})
}
