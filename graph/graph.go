package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// A Graph is a computation under construction. It is not safe for use by
// several goroutines at once while it is being built; afterwards it is
// read-only.
type Graph struct {
	nodes       []*Node
	inputs      []*Node
	variables   []*Node
	byVariable  map[*Variable]*Node
	assignments []Assignment
	path        string
	observer    Observer
	values      map[any]any
}

// New returns an empty graph.
func New() *Graph {
	return &Graph{byVariable: map[*Variable]*Node{}, values: map[any]any{}}
}

// A Node is one value in a graph: an operator applied to earlier nodes.
type Node struct {
	graph  *Graph
	id     int
	op     Op
	inputs []*Node
	shape  tensor.Shape
	path   string
}

// Graph returns the graph that the node belongs to.
func (n *Node) Graph() *Graph { return n.graph }

// ID is the node's position in Graph.Nodes. Inputs have smaller IDs.
func (n *Node) ID() int { return n.id }

// Op returns the node's operator. Engines switch on its concrete type.
func (n *Node) Op() Op { return n.op }

// Inputs returns the operator's arguments. The caller must not change it.
func (n *Node) Inputs() []*Node { return n.inputs }

// Shape returns the node's shape. The caller must not change it.
func (n *Node) Shape() tensor.Shape { return n.shape }

// Path is the path of the layer that made the node, such as "features.3",
// or "" when it was made outside of any.
func (n *Node) Path() string { return n.path }

// SetPath changes the path, before the graph is compiled.
func (n *Node) SetPath(path string) { n.path = path }

// String describes the node for people: "%12 Conv2D 16×6×28×28 (features.0)".
func (n *Node) String() string {
	s := fmt.Sprintf("%%%d %s %v", n.id, n.op.Kind(), n.shape)
	if n.path != "" {
		s += " (" + n.path + ")"
	}
	return s
}

// Nodes returns all nodes in an order in which they can be computed.
func (g *Graph) Nodes() []*Node { return g.nodes }

// Inputs returns the nodes made by Input, in the order in which they were made.
// The caller must not change it.
func (g *Graph) Inputs() []*Node { return g.inputs }

// Variables returns the nodes made by Variable, in the order of first use.
func (g *Graph) Variables() []*Node { return g.variables }

// A Variable is a named tensor that outlives graphs and runs: a parameter or
// a buffer. Programs read and write Value in place; those of a device with memory of
// its own keep the contents there until somebody needs them (tensor.Tensor.Defer).
type Variable struct {
	// Name is its name in the state dict, such as "features.0.weight".
	Name string
	// Value holds its current contents. Whoever changes them outside of a
	// program must call Changed.
	Value *tensor.Tensor
	// Trainable is true for parameters and false for buffers.
	Trainable bool

	version uint64
}

// Changed tells engines that Value's contents were changed by someone other
// than a program, so that copies they derived from it (packed weights, say)
// are out of date.
func (v *Variable) Changed() { v.version++ }

// Version counts the changes. Programs that assign to the variable call
// Changed as well.
func (v *Variable) Version() uint64 { return v.version }

// An Assignment gives a variable a new value at the end of a run.
type Assignment struct {
	// Variable is a node made by Graph.Variable.
	Variable *Node
	// Value is the node whose value it takes.
	Value *Node
}

// Assign says that each run of the graph ends by storing value into the
// variable behind v, a node made by Variable. All reads of the variable in
// the same run see the old value. A later Assign to the same variable
// replaces the earlier one.
func (g *Graph) Assign(v, value *Node) {
	if _, ok := v.op.(VariableOp); !ok {
		fail(g.failurePath(), "Assign", "target %v is not a variable", v)
	}
	if !v.shape.Equal(value.shape) {
		fail(g.failurePath(), "Assign", "variable %q has shape %v, its new value %v", v.op.(VariableOp).Variable.Name, v.shape, value.shape)
	}
	for i := range g.assignments {
		if g.assignments[i].Variable == v {
			g.assignments[i].Value = value
			return
		}
	}
	g.assignments = append(g.assignments, Assignment{v, value})
}

// Assignments returns the assignments in the order of their first Assign. The
// caller must not change it.
func (g *Graph) Assignments() []Assignment { return g.assignments }

// SetPath makes path the path of the nodes that are added from now on and
// returns the one before, so that a layer can write
//
//	defer g.SetPath(g.SetPath("features.3"))
func (g *Graph) SetPath(path string) (previous string) {
	previous, g.path = g.path, path
	return previous
}

// CurrentPath returns the path last set.
func (g *Graph) CurrentPath() string { return g.path }

// An Observer is told of what is added to a graph. Package nn has one, which finds out
// in which block of a network an operator stands.
type Observer interface {
	// Added is called for each new node.
	Added(n *Node)
	// PathOfFailure returns the path for the error of a node that cannot be added.
	PathOfFailure() string
}

// SetObserver makes o the graph's observer, nil for none, and returns the one before.
func (g *Graph) SetObserver(o Observer) (previous Observer) {
	previous, g.observer = g.observer, o
	return previous
}

// failurePath is the path of what fails now.
func (g *Graph) failurePath() string {
	if g.observer != nil {
		return g.observer.PathOfFailure()
	}
	return g.path
}

// SetValue attaches a value to the graph under a key, in the manner of
// context.Context. Package nn keeps its trace state there.
func (g *Graph) SetValue(key, value any) { g.values[key] = value }

// Value returns what SetValue attached under key, or nil.
func (g *Graph) Value(key any) any { return g.values[key] }

// Input adds an input: a tensor of the given shape fed at each run. The name
// is for messages.
func (g *Graph) Input(name string, shape ...int) *Node {
	n := g.add(InputOp{Name: name, Shape: tensor.Shape(shape).Clone()})
	g.inputs = append(g.inputs, n)
	return n
}

// Variable returns the node that reads v; there is one for each variable and
// graph.
func (g *Graph) Variable(v *Variable) *Node {
	if n, ok := g.byVariable[v]; ok {
		return n
	}
	n := g.add(VariableOp{Variable: v})
	g.byVariable[v] = n
	g.variables = append(g.variables, n)
	return n
}

// Constant adds a constant. The tensor must not be changed afterwards.
func (g *Graph) Constant(t *tensor.Tensor) *Node { return g.add(ConstantOp{Value: t}) }

// Scalar adds a constant of rank 0.
func (g *Graph) Scalar(v float32) *Node { return g.Constant(tensor.Scalar(v)) }

// add appends a node, checking its shape rule.
func (g *Graph) add(op Op, inputs ...*Node) *Node {
	shapes := make([]tensor.Shape, len(inputs))
	for i, in := range inputs {
		if in == nil {
			fail(g.failurePath(), op.Kind(), "argument %d is nil", i)
		}
		if in.graph != g {
			fail(g.failurePath(), op.Kind(), "argument %d belongs to another graph", i)
		}
		shapes[i] = in.shape
	}
	shape, err := op.Infer(shapes)
	for _, d := range shape {
		if err == nil && d < 1 {
			err = fmt.Errorf("sizes must be at least 1, got %v", shape)
		}
	}
	if err != nil {
		panic(&Error{Path: g.failurePath(), Op: describe(op, shapes), Shapes: shapes, Err: err})
	}
	n := &Node{graph: g, id: len(g.nodes), op: op, inputs: inputs, shape: shape, path: g.path}
	g.nodes = append(g.nodes, n)
	if g.observer != nil {
		g.observer.Added(n)
	}
	return n
}
