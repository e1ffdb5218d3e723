package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/graph"
)

// If the argmax pass has added a second result, max pooling writes there which tap of
// the window each maximum comes from. Its gradient then reads that in place of the
// input.
var (
	maxPool2D     = operator{work: "pooling", layout: layoutPool, ability: ranges, lower: lowerMaxPool}
	maxPool2DGrad = operator{work: "pooling", layout: layoutMaxPoolGrad, ability: ranges, lower: lowerMaxPoolGrad}
)

func layoutMaxPoolGrad(l *Layouts, o *ir.Op) {
	if hasArgmax(o) {
		o.Needs[0].Layout = ir.Plain
	} else {
		l.Dense(o, 0)
	}
	l.Pixels(o, 1)
	l.MakeDense(o)
}

// hasArgmax reports whether the gradient of a max pooling reads the argmax in place of
// the input.
func hasArgmax(o *ir.Op) bool { return argmaxOf(o.Args[0].Def) == o.Args[0] }

// argmaxOf returns the argmax of a max pooling: the second result, nil if there is
// none. Sums of the epilogue are results too, but come later.
func argmaxOf(o *ir.Op) *ir.Value {
	if o == nil || len(o.Outs) == 1 {
		return nil
	}
	if _, ok := o.Do.(graph.MaxPool2DOp); !ok || len(o.Epilogue.Sums) == len(o.Outs)-1 {
		return nil
	}
	return o.Outs[1]
}

func lowerMaxPool(c *Lowerer, o *ir.Op) {
	x, y := o.Args[0], o.Out()
	p := pool.New(o.Do.(graph.MaxPool2DOp).Pool, nil, x.Shape, y.Shape, x.PixelPitch(), y.PixelPitch())
	src, dst := c.at(x), c.at(y)
	s := exec.Step{Name: "pool", Tasks: p.Tasks(), Scratch: p.RowScratch(), Reads: []*exec.Buffer{src.buf}}
	second := argmaxOf(o)
	if second == nil {
		c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) { return p.Max(task, dst.data(), src.data(), scratch) })
		return
	}
	argmax := c.at(second).buf
	s.Writes = []*exec.Buffer{argmax}
	c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) {
		return p.MaxArgmax(task, dst.data(), exec.BytesOf(argmax.Data), src.data(), scratch)
	})
}

func lowerMaxPoolGrad(c *Lowerer, o *ir.Op) {
	dy, dx := o.Args[1], o.Out()
	p := pool.New(o.Do.(graph.MaxPool2DGradOp).Pool, nil, dx.Shape, dy.Shape, dx.PixelPitch(), dy.PixelPitch())
	x, from, to := c.at(o.Args[0]), c.at(dy), c.at(dx)
	s := exec.Step{Name: "pool gradient", Tasks: p.Tasks(), Scratch: p.RowScratch(), Reads: []*exec.Buffer{from.buf, x.buf}}
	if hasArgmax(o) {
		c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) {
			return p.ArgmaxGrad(task, to.data(), exec.BytesOf(x.data()), from.data(), scratch)
		})
		return
	}
	s.Scratch *= 2
	c.addPool(o, s, func(task int, scratch []float32) (lo, hi int) {
		return p.MaxGrad(task, to.data(), x.data(), from.data(), scratch)
	})
}
