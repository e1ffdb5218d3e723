package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Broadcast copies its argument to a larger shape, by NumPy's rules. expand does so
// for an argument of an elementwise operation.
var (
	broadcast = operator{layout: (*Layouts).AllPlain, lower: lowerBroadcast}
	expand    = operator{lower: lowerBroadcast}
)

// lowerBroadcast copies with a stride of 0 along the axes that are repeated.
func lowerBroadcast(c *Lowerer, o *ir.Op) {
	v, shape := o.Args[0], o.Out().Shape
	from := c.region(v)
	lead := len(shape) - len(v.Shape)
	strides := make([]int, len(shape))
	for i := range v.Shape {
		if v.Shape[i] != 1 {
			strides[lead+i] = from.strides[i]
		}
	}
	from.strides = strides
	c.copyBox("broadcast", c.region(o.Out()), from, shape)
}
