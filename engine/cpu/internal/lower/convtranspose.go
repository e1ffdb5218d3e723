package lower

import "github.com/strideml/stride/engine/cpu/internal/ir"

// A transposed convolution is computed as the gradient of a convolution's input.
var convTranspose2D = operator{
	work: "convolution",
	layout: func(l *Layouts, o *ir.Op) {
		layoutImagePlan(l, o, 0)
		l.Plain(o, 1)
	},
	ability: convAbility,
	lower:   func(c *Lowerer, o *ir.Op) { lowerImagePlan(c, o, o.Args[0], o.Args[1], nil) },
}
