package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// InputOp is a leaf fed at each run.
type InputOp struct {
	leaf
	Name  string
	Shape tensor.Shape
}

// VariableOp is a leaf that reads a Variable.
type VariableOp struct {
	leaf
	Variable *Variable
}

// ConstantOp is a leaf with a fixed value.
type ConstantOp struct {
	leaf
	Value *tensor.Tensor
}

// Kind returns "Input".
func (InputOp) Kind() string { return "Input" }

// Kind returns "Variable".
func (VariableOp) Kind() string { return "Variable" }

// Kind returns "Constant".
func (ConstantOp) Kind() string { return "Constant" }

// Infer returns the declared shape; every size must be at least 1.
func (o InputOp) Infer([]tensor.Shape) (tensor.Shape, error) {
	for _, d := range o.Shape {
		if d < 1 {
			return nil, fmt.Errorf("input %q has shape %v: sizes must be at least 1", o.Name, o.Shape)
		}
	}
	return o.Shape, nil
}

func (o InputOp) rebatch(b batching) (Op, bool) {
	o.Shape = b.resize(o.Shape)
	return o, true
}

// Infer returns the shape of the variable's value.
func (o VariableOp) Infer([]tensor.Shape) (tensor.Shape, error) {
	if o.Variable == nil || o.Variable.Value == nil {
		return nil, fmt.Errorf("variable without a value")
	}
	return o.Variable.Value.Shape().Clone(), nil
}

// Infer returns the value's shape.
func (o ConstantOp) Infer([]tensor.Shape) (tensor.Shape, error) {
	if o.Value == nil {
		return nil, fmt.Errorf("constant without a value")
	}
	return o.Value.Shape().Clone(), nil
}

// leaf is embedded by operators without arguments.
type leaf struct{}

func (leaf) gradient(n, dy *Node) []*Node { return nil }
