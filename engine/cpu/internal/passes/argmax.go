package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Argmax adds a second result to max poolings whose gradient is computed too: which
// tap of the window each maximum comes from, a byte each. The gradient then reads
// that in place of the input, and need not search for the maxima again.
func Argmax(f *ir.Func) error {
	type key struct {
		x    *ir.Value
		pool graph.Pool
	}
	noted := map[key]*ir.Value{}
	pools := map[key]*ir.Op{}
	for _, o := range f.Ops {
		switch op := o.Do.(type) {
		case graph.MaxPool2DOp:
			if k := (key{o.Args[0], op.Pool}); pools[k] == nil {
				pools[k] = o
			}
		case graph.MaxPool2DGradOp:
			k := key{o.Args[0], op.Pool}
			pool := pools[k]
			if pool == nil || !vec.MaxPoolArgmaxFast() || op.Pool.Kernel[0]*op.Pool.Kernel[1] > vec.MaxPoolArgmaxTaps {
				continue
			}
			if noted[k] == nil {
				v := f.NewValue(pool.Node, tensor.Shape{pool.Out().Shape.Size()/4 + 1}) // bytes in floats
				v.Def, v.Layout = pool, ir.Plain
				pool.Outs = append(pool.Outs, v)
				noted[k] = v
			}
			o.Args[0] = noted[k]
		}
	}
	return nil
}
