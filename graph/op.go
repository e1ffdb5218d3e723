package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/tensor"
)

// An Op is an operator with its attributes: one of the struct types of this
// package, by value.
type Op interface {
	// Kind is the operator's name, such as "Conv2D".
	Kind() string
	// Infer returns the shape of the result for arguments of the given
	// shapes, or an error that says which rule they break.
	Infer(in []tensor.Shape) (tensor.Shape, error)
	// gradient returns, for each argument of n, the derivative of a scalar
	// with respect to it, given the derivative dy with respect to n; nil
	// where there is none.
	gradient(n, dy *Node) []*Node
}

// An Error is a broken rule found while a graph is built.
type Error struct {
	// Path is the layer's path, or "".
	Path string
	// Op describes the operator: "Conv2D 5×5, stride 1, padding 0".
	Op string
	// Shapes are those of the arguments.
	Shapes []tensor.Shape
	// Err is the rule that is broken.
	Err error
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s (%s): %v", e.Path, e.Op, e.Err)
}

// Unwrap returns the broken rule.
func (e *Error) Unwrap() error { return e.Err }

// Fail stops the building of a graph with an *Error at the graph's current
// path. Layers outside of this package use it for their own rules.
func (g *Graph) Fail(op, format string, args ...any) { fail(g.path, op, format, args...) }

func fail(path, op, format string, args ...any) {
	panic(&Error{Path: path, Op: op, Err: fmt.Errorf(format, args...)})
}

// Catch is deferred by functions that build graphs: it stores an *Error that
// a building function panicked with in *err, and lets any other panic pass.
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

// describe is the operator's name with the attributes that matter in a
// message.
func describe(op Op, in []tensor.Shape) string {
	if d, ok := op.(interface{ describe([]tensor.Shape) string }); ok {
		return d.describe(in)
	}
	return op.Kind()
}

// arity checks the number of arguments.
func arity(in []tensor.Shape, want int) error {
	if len(in) != want {
		return fmt.Errorf("takes %d arguments, got %d", want, len(in))
	}
	return nil
}

func rank(what string, s tensor.Shape, want int, form string) error {
	if len(s) != want {
		return fmt.Errorf("%s must have rank %d (%s), got %v", what, want, form, s)
	}
	return nil
}

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

// noGradient is embedded by operators that have no derivative of their own:
// those that are piecewise constant, and those that compute gradients.
type noGradient struct{}

func (noGradient) gradient(n, dy *Node) []*Node {
	if strings.Contains(n.op.Kind(), "Grad") {
		fail(n.path, n.op.Kind(), "second derivatives are not defined")
	}
	return make([]*Node, len(n.inputs))
}

// normalAxes resolves negative axes, sorts them and rejects bad ones. No axes
// mean all of them.
func normalAxes(axes []int, rank int) ([]int, error) {
	if len(axes) == 0 {
		all := make([]int, rank)
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	out := make([]int, 0, len(axes))
	for _, a := range axes {
		b := a
		if b < 0 {
			b += rank
		}
		if b < 0 || b >= rank {
			return nil, fmt.Errorf("axis %d is out of range for rank %d", a, rank)
		}
		if slices.Contains(out, b) {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		out = append(out, b)
	}
	slices.Sort(out)
	return out, nil
}

// checkedAxes is normalAxes for building functions: it fails at the graph's
// current path.
func checkedAxes(x *Node, op string, axes []int) []int {
	out, err := normalAxes(axes, len(x.shape))
	if err != nil {
		fail(x.graph.path, op, "%w", err)
	}
	return out
}
