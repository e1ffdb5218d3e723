package exporter

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
)

// Options are the choices of Export. All fields but Preprocess must be set.
type Options struct {
	// Opset is the version of ONNX's operators: 13 to 21.
	Opset int
	// KeepBatchNorm leaves each batch normalization as a node of its own. Without it,
	// those behind a convolution or a linear layer become part of its weights.
	KeepBatchNorm bool
	// Input and Output are the names of the file's input and output.
	Input, Output string
	// Softmax makes the output the softmax of the graph's output along its last axis.
	Softmax bool
	// Preprocess makes the input a batch of 8-bit images, N×H×W×C.
	Preprocess *Affine
}

// An Affine turns the bytes of images into the input of a network: in channel c, a
// byte v becomes v·Scale[c] + Shift[c].
type Affine struct{ Scale, Shift []float32 }

// A Traced is a network's graph for one batch size.
type Traced struct {
	Input  *graph.Node // the batch: its first axis is the sample
	Output *graph.Node
}

// irVersions has the version of the file format for each opset from 13 on: that of the
// release of ONNX in which the opset appeared, so that its contemporaries read the file.
var irVersions = [...]int64{7, 7, 8, 8, 8, 8, 9, 9, 10}

// The opsets that Export writes.
const (
	MinOpset = 13
	MaxOpset = MinOpset + len(irVersions) - 1
)

// Export writes the network as an ONNX model with one input and one output. Two traces
// of different batch sizes make the batch a symbol, "N"; the same trace twice fixes it.
//
// The model shares memory with the graph's variables and constants. It is an error if
// an operator has no form in ONNX, if something else than shapes depends on the batch
// size, or if a size is no multiple of it.
func Export(a, b Traced, opts Options) (*proto.Model, error) {
	if opts.Opset < MinOpset || opts.Opset > MaxOpset {
		return nil, fmt.Errorf("opset %d: want %d to %d", opts.Opset, MinOpset, MaxOpset)
	}
	e := &exporter{
		opts:     opts,
		twins:    map[*graph.Node]*graph.Node{},
		batches:  [2]int{a.Input.Shape()[0], b.Input.Shape()[0]},
		uses:     map[*graph.Node]int{a.Output: 1},
		fixed:    map[*graph.Node]bool{},
		values:   map[*graph.Node]string{},
		booleans: map[string]string{},
		greatest: map[*graph.Node]string{},
		output:   a.Output,
		taken:    map[string]bool{"": true}, // the name of an argument that is absent
		shared:   map[string]string{},
		input:    a.Input,
	}
	if err := errors.Join(e.pair(a.Input, b.Input), e.pair(a.Output, b.Output)); err != nil {
		return nil, err
	}
	for _, n := range a.Output.Graph().Variables() {
		if v := n.Op().(graph.VariableOp).Variable; v.Value.Released() {
			return nil, fmt.Errorf("%s: its value was released by a program for inference, which keeps it in another form", v.Name)
		}
	}
	e.reserveNames()
	e.begin()
	e.finish(a.Output)
	if e.err != nil {
		return nil, e.err
	}
	return &proto.Model{
		IRVersion: irVersions[opts.Opset-MinOpset],
		Opsets:    []proto.Opset{{Version: int64(opts.Opset)}},
		Graph:     &e.graph,
	}, nil
}

// An exporter is a file in the making.
type exporter struct {
	opts  Options
	graph proto.Graph
	err   error // the first one

	input, output *graph.Node

	twins   map[*graph.Node]*graph.Node // the same node in the graph of the second batch size
	batches [2]int
	uses    map[*graph.Node]int  // how often a node is an argument, or the output
	fixed   map[*graph.Node]bool // computed from variables and constants alone

	values   map[*graph.Node]string // the ONNX value of a node that is emitted
	booleans map[string]string      // for a value of type bool, the value of 0 and 1 made of it, if there is one
	greatest map[*graph.Node]string // for a node of graph.TopKOp, the values beside the indices
	taken    map[string]bool        // names in use
	variable map[*graph.Variable]string
	shared   map[string]string // the names of small constants, by content
	batch    string            // the value with the batch size, once it is needed
}

func (e *exporter) fail(n *graph.Node, format string, args ...any) {
	if e.err != nil {
		return
	}
	where := n.Op().Kind()
	if n.Path() != "" {
		where = n.Path() + " (" + where + ")"
	}
	e.err = fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
}

// reserveNames gives the interface and the variables their names before any node can
// take them.
func (e *exporter) reserveNames() {
	e.taken[e.opts.Input], e.taken[e.opts.Output] = true, true
	e.variable = map[*graph.Variable]string{}
	for _, n := range e.input.Graph().Variables() {
		if e.uses[n] > 0 {
			v := n.Op().(graph.VariableOp).Variable
			e.variable[v] = e.unique(v.Name)
		}
	}
}

// unique returns a name like the wanted one that nothing has yet. Names are UTF-8.
func (e *exporter) unique(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if name == "" {
		name = "value"
	}
	free := name
	for i := 1; e.taken[free]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	e.taken[free] = true
	return free
}

// begin adds the file's input and what turns it into that of the network.
func (e *exporter) begin() {
	dims := e.dims(e.input)
	info := &proto.ValueInfo{Name: e.opts.Input, Type: proto.Float, HasShape: true}
	value := e.opts.Input
	if p := e.opts.Preprocess; p != nil {
		info.Type = proto.Uint8
		dims = []dim{dims[0], dims[2], dims[3], dims[1]}
		channels := len(p.Scale)
		value = e.add("preprocessing", "Transpose", []string{value}, ints("perm", 0, 3, 1, 2))
		value = e.add("preprocessing", "Cast", []string{value}, toType(proto.Float))
		value = e.add("preprocessing", "Mul", []string{value, e.floats("preprocessing.scale", p.Scale, 1, channels, 1, 1)})
		value = e.add("preprocessing", "Add", []string{value, e.floats("preprocessing.shift", p.Shift, 1, channels, 1, 1)})
	}
	info.Dims = infoDims(dims)
	e.graph.Inputs = append(e.graph.Inputs, info)
	e.values[e.input] = value
}

// finish emits the output and gives it its name.
func (e *exporter) finish(output *graph.Node) {
	value := e.value(output)
	if e.opts.Softmax {
		value = e.add("softmax", "Softmax", []string{value}, number("axis", -1))
	}
	if e.err != nil {
		return
	}
	if !e.rename(value, e.opts.Output) { // it is the input or an initializer
		e.graph.Nodes = append(e.graph.Nodes, &proto.Node{
			Name: e.unique("Identity"), OpType: "Identity", Inputs: []string{value}, Outputs: []string{e.opts.Output},
		})
	}
	e.graph.Outputs = append(e.graph.Outputs, &proto.ValueInfo{
		Name: e.opts.Output, Type: proto.Float, HasShape: true, Dims: infoDims(e.dims(output)),
	})
}

// rename gives the result of a node another name. It returns false if no node has that
// result.
func (e *exporter) rename(from, to string) bool {
	if !slices.ContainsFunc(e.graph.Nodes, func(n *proto.Node) bool { return slices.Contains(n.Outputs, from) }) {
		return false
	}
	for _, n := range e.graph.Nodes {
		for _, names := range [][]string{n.Inputs, n.Outputs} {
			for i, name := range names {
				if name == from {
					names[i] = to
				}
			}
		}
	}
	return true
}

// value returns the name of a node's value, a float32, and emits the node if that has
// not been done.
func (e *exporter) value(n *graph.Node) string {
	value := e.result(n)
	number, isBool := e.booleans[value]
	if !isBool {
		return value
	}
	if number == "" {
		number = e.add(n.Path(), "Cast", []string{value}, toType(proto.Float))
		e.booleans[value] = number
	}
	return number
}

// result returns what the node's rule returned, which can be a bool.
func (e *exporter) result(n *graph.Node) string {
	if value, ok := e.values[n]; ok || e.err != nil {
		return value
	}
	value := e.emit(n)
	e.values[n] = value
	return value
}

func (e *exporter) emit(n *graph.Node) string {
	if _, quantized := n.Op().(graph.FakeQuantizeOp); e.fixed[n] && len(n.Inputs()) > 0 && !e.perBatch(n) && !quantized {
		return e.folded(n)
	}
	r, ok := rules[reflect.TypeOf(n.Op())]
	if !ok {
		e.fail(n, "the operator has no form in ONNX")
		return ""
	}
	return r.emit(&call{exporter: e, node: n})
}

// A call is a node that a rule emits.
type call struct {
	*exporter
	node *graph.Node
}

// in returns the value of an argument.
func (c *call) in(i int) string { return c.value(c.node.Inputs()[i]) }

// all returns the values of all arguments.
func (c *call) all() []string {
	names := make([]string, len(c.node.Inputs()))
	for i := range names {
		names[i] = c.in(i)
	}
	return names
}

// op adds an ONNX node in the layer of the call's node and returns the name of its
// result. Arguments at the end that are "" are left out.
func (c *call) op(kind string, inputs []string, attributes ...*proto.Attribute) string {
	return c.add(c.node.Path(), kind, inputs, attributes...)
}

// add adds an ONNX node with one result and returns the name of that.
func (e *exporter) add(path, kind string, inputs []string, attributes ...*proto.Attribute) string {
	if e.err != nil {
		return ""
	}
	for len(inputs) > 0 && inputs[len(inputs)-1] == "" {
		inputs = inputs[:len(inputs)-1]
	}
	name := kind
	if path != "" {
		name = path + "/" + kind
	}
	name = e.unique(name)
	e.graph.Nodes = append(e.graph.Nodes, &proto.Node{
		Name: name, OpType: kind, Inputs: inputs, Outputs: []string{name}, Attributes: attributes,
	})
	return name
}

// number is an attribute that is a whole number.
func number(name string, v int) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeInt, I: int64(v)}
}

// toType is the attribute of Cast.
func toType(t proto.DataType) *proto.Attribute { return number("to", int(t)) }

func float(name string, v float32) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeFloat, F: v}
}

func text(name, s string) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeString, S: s}
}

func ints(name string, v ...int) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeInts, Ints: int64s(v)}
}

func int64s(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}
