package lower

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// contentOf describes the memory of a value that is kept between runs: what the operations are
// that compute it, and from which variables. Two programs that have the same description compute
// the same. It is "" where the operations are others than those between a variable and its packed
// form, or read constants.
func contentOf(v *ir.Value) string {
	var b strings.Builder
	if !describe(&b, v, 0) {
		return ""
	}
	return b.String()
}

// describe appends the description, and reports whether there is one.
func describe(b *strings.Builder, v *ir.Value, depth int) bool {
	const deepest = 4
	root, offset := v.Root()
	if depth > deepest || v.Pitch != 0 {
		return false
	}
	if root.Leaf() {
		o, ok := root.Node.Op().(graph.VariableOp)
		if ok {
			// The address stands for the variable: whoever compares descriptions has it.
			fmt.Fprintf(b, "%p+%d", o.Variable, offset)
		}
		return ok
	}
	o := root.Def
	switch o.Do.(type) {
	case ir.Fold, graph.ConcatOp, graph.ReshapeOp:
	default:
		return false
	}
	if o.Once == nil {
		return false
	}
	fmt.Fprintf(b, "%T%+v:%v", o.Do, o.Do, root.Layout)
	for i, out := range o.Outs {
		if out == root {
			fmt.Fprintf(b, "#%d", i)
		}
	}
	fmt.Fprintf(b, "%v+%d(", root.Shape, offset)
	for _, arg := range o.Args {
		if r, _ := arg.Root(); r == root || !describe(b, arg, depth+1) {
			return false
		}
		fmt.Fprintf(b, "%v,", arg.Shape)
	}
	b.WriteString(")")
	return true
}
