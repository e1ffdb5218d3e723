package randgraph

import (
	"slices"
)

// A Case is a recipe: a list of nodes and the programs that are made of them.
// It holds no graph, so that parts of it can be removed and the rest built
// again.
type Case struct {
	// Seed is the number that Generate made the case of.
	Seed uint64
	// Steps are the nodes. Arguments come before the nodes that use them.
	Steps []Step
	// Programs share the variables among the steps.
	Programs []Program
	// Schedule is the order in which the programs run, by their index.
	Schedule []int
	// Drop, if it is not nil, makes the first program also run with some
	// values computed again, as under a memory budget.
	Drop *Drop
}

// A Step describes one node.
type Step struct {
	// Op is the operator's name in the table, or that of a leaf: Input,
	// Variable or Constant; or Gradient, the derivative of the scalar
	// Args[0] with respect to Args[1].
	Op string
	// Args are the indices of the arguments among the steps.
	Args []int
	// Ints and Floats are the attributes, in the order that the operator's
	// entry in the table defines. For a leaf Ints is the shape.
	Ints   []int
	Floats []float32
	// Fill says what a leaf is filled with.
	Fill Fill
}

// A Fill names the values of a leaf; see Values.
type Fill struct {
	Kind string
	Seed uint64
}

// A Program is one graph made of the steps.
type Program struct {
	// Outputs and the values of Assigns are indices of steps.
	Outputs []int
	Assigns []Assign
	// Whole adds all steps to the graph, not only those that are needed.
	Whole bool
	// Batch, if it is not 0, builds the program for this number of samples,
	// which graph.Rebatched must allow.
	Batch int
}

// An Assign stores the value of one step into the variable of another.
type Assign struct{ Variable, Value int }

// A Drop chooses values that are dropped and computed again.
type Drop struct {
	// Depth is what graph.Rematerializable takes.
	Depth int
	// Count is how many of the candidates are dropped, the largest first; 0
	// means all.
	Count int
}

func isLeaf(op string) bool { return op == "Input" || op == "Variable" || op == "Constant" }

// clone returns a deep copy.
func (c *Case) clone() *Case {
	d := *c
	d.Steps = slices.Clone(c.Steps)
	for i, s := range d.Steps {
		s.Args, s.Ints, s.Floats = slices.Clone(s.Args), slices.Clone(s.Ints), slices.Clone(s.Floats)
		d.Steps[i] = s
	}
	d.Programs = slices.Clone(c.Programs)
	for i, p := range d.Programs {
		p.Outputs, p.Assigns = slices.Clone(p.Outputs), slices.Clone(p.Assigns)
		d.Programs[i] = p
	}
	d.Schedule = slices.Clone(c.Schedule)
	if c.Drop != nil {
		drop := *c.Drop
		d.Drop = &drop
	}
	return &d
}

// needed marks the steps that a program consists of.
func (c *Case) needed(p Program) []bool {
	marked := make([]bool, len(c.Steps))
	for _, n := range p.Outputs {
		marked[n] = true
	}
	for _, a := range p.Assigns {
		marked[a.Variable], marked[a.Value] = true, true
	}
	for i, s := range slices.Backward(c.Steps) {
		marked[i] = marked[i] || p.Whole
		if marked[i] {
			for _, a := range s.Args {
				marked[a] = true
			}
		}
	}
	return marked
}
