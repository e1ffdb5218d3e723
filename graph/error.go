package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

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
func (g *Graph) Fail(op, format string, args ...any) { fail(g.failurePath(), op, format, args...) }

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
