package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// A sum over the members of a group.
var allReduce = operator{work: "reduction", layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) { panic("not yet") }}
