package lower

import (
	"errors"

	"github.com/strideml/stride/graph"
)

// Inputs, variables and large constants are arguments, which Lower adds first.

func input(*builder, graph.InputOp, *graph.Node, []value) (value, error) {
	return value{}, errors.New("an input that is no argument")
}

func variable(*builder, graph.VariableOp, *graph.Node, []value) (value, error) {
	return value{}, errors.New("a variable that is no argument")
}

func constant(b *builder, op graph.ConstantOp, _ *graph.Node, _ []value) value {
	return b.Floats(op.Value.Shape(), op.Value.Data())
}
