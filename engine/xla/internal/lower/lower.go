package lower

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// A Math says how exactly products are computed.
type Math int

const (
	// Float32 computes everything in float32.
	Float32 Math = iota
	// Fast leaves convolutions and matrix products to the device's fastest way: TF32
	// on NVIDIA's GPUs since Ampere, whose products have 11 significant bits.
	Fast
	// BF16 is mixed precision: convolutions, matrix products and the activations
	// between them in bfloat16, all else in float32. See mixed.go.
	BF16
)

// Options change how a graph is lowered. The zero value is a good default.
type Options struct {
	Math Math
	// Partitions is the number of devices that the program is partitioned over; 0
	// means 1. Inputs are split along their first axis; all other arguments and all
	// results are on each device.
	Partitions int
}

// A Module is a graph as StableHLO.
type Module struct {
	// Text is the module's text. Its function is main, its arguments and results are
	// tensors of float32 in row-major order.
	Text string
	// Arguments are the function's arguments.
	Arguments []Argument
	// Results are the function's results: the outputs, then the new values of the
	// variables that the graph assigns to, in the order of its assignments.
	Results []Result
}

// An Argument is what the function takes.
type Argument struct {
	// Node is an input, a variable, or a constant that is too large for the text.
	// Inputs and variables that nothing needs are no arguments.
	Node *graph.Node
	// Result is the number of the result that takes over the memory of the argument,
	// a variable: the caller gives its buffer away. It is −1 for others.
	Result int
	// Split says that each device gets its part of the argument, along the first axis,
	// which the number of devices divides.
	Split bool
}

// A Result is what the function returns.
type Result struct {
	// Node has the value.
	Node *graph.Node
	// Variable is the variable that the value is assigned to, nil for outputs.
	Variable *graph.Node
	// Argument is the number of the argument whose memory the result takes over, −1 for
	// others.
	Argument int
}

// LargeConstant is the number of elements from which on a constant is an argument
// instead of a part of the text. XLA would spend time on computing with it while it
// compiles.
const LargeConstant = 1024

// Lower translates what the outputs and the graph's assignments need. It is an error
// if an output is not a node of the graph, or if the graph has an operator without a
// rule.
func Lower(g *graph.Graph, outputs []*graph.Node, o Options) (m *Module, err error) {
	m = &Module{}
	for i, n := range outputs {
		if n == nil || n.Graph() != g {
			return nil, fmt.Errorf("output %d is not a node of the graph", i)
		}
		m.Results = append(m.Results, Result{Node: n, Argument: -1})
	}
	for _, a := range g.Assignments() {
		m.Results = append(m.Results, Result{Node: a.Value, Variable: a.Variable, Argument: -1})
	}
	b := &builder{Builder: stablehlo.New(), options: o, values: map[*graph.Node]value{}, singles: map[*graph.Node]value{}, narrowed: map[string]value{}}
	nodes := m.needed(g)
	if o.Math == BF16 {
		b.half = activations(nodes)
	}
	m.addArguments(b, nodes)
	for _, n := range nodes {
		if _, isArgument := b.values[n]; isArgument {
			continue
		}
		if err := b.lower(n); err != nil {
			return nil, fmt.Errorf("%v: %w", n, err)
		}
	}
	m.Text = b.Module(m.main(b, o))
	return m, nil
}

// needed lists the nodes that the results are computed from, in the graph's order.
func (m *Module) needed(g *graph.Graph) []*graph.Node {
	mark := make([]bool, len(g.Nodes()))
	for _, r := range m.Results {
		mark[r.Node.ID()] = true
	}
	var nodes []*graph.Node
	for i, n := range slices.Backward(g.Nodes()) {
		if !mark[i] {
			continue
		}
		nodes = append(nodes, n)
		for _, in := range n.Inputs() {
			mark[in.ID()] = true
		}
	}
	slices.Reverse(nodes)
	return nodes
}

// addArguments adds the arguments: inputs and variables in the graph's order, then
// large constants.
func (m *Module) addArguments(b *builder, nodes []*graph.Node) {
	add := func(n *graph.Node) *Argument {
		b.values[n] = b.Argument(stablehlo.Of(stablehlo.F32, n.Shape()...))
		m.Arguments = append(m.Arguments, Argument{Node: n, Result: -1})
		return &m.Arguments[len(m.Arguments)-1]
	}
	for _, n := range nodes {
		if _, ok := n.Op().(graph.InputOp); ok {
			add(n).Split = b.splits(n)
		}
	}
	for _, n := range nodes {
		if _, ok := n.Op().(graph.VariableOp); !ok {
			continue
		}
		a := add(n)
		for i, r := range m.Results {
			if r.Variable == n {
				a.Result, m.Results[i].Argument = i, len(m.Arguments)-1
			}
		}
	}
	for _, n := range nodes {
		if op, ok := n.Op().(graph.ConstantOp); ok && op.Value.Size() >= LargeConstant && !uniform(op.Value.Data()) {
			add(n)
		}
	}
	b.divideInputs(nodes)
}

// main describes the function to the builder.
func (m *Module) main(b *builder, o Options) stablehlo.Main {
	f := stablehlo.Main{Name: "stride", Partitions: o.Partitions}
	whole := ""
	if o.Partitions > 1 {
		whole = "{replicated}"
	}
	for _, a := range m.Arguments {
		attributes := stablehlo.Attributes{Result: a.Result + 1, Sharding: whole}
		if a.Split {
			attributes.Sharding = split(o.Partitions, len(a.Node.Shape()))
		}
		f.Arguments = append(f.Arguments, attributes)
	}
	for _, r := range m.Results {
		f.Results = append(f.Results, stablehlo.Result{Value: b.single(r.Node), Sharding: whole})
	}
	return f
}
