package lower

import "github.com/strideml/stride/engine/cpu/internal/ir"

// Reshape becomes a view of the same elements in row-major order.
var reshape = operator{layout: func(l *Layouts, o *ir.Op) {
	l.AllPlain(o)
	o.Do = ir.View{}
}}
