package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx/internal/importer"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// A Network is the network of an ONNX file. It is a layer, of which nn.New makes a model:
//
//	net, err := onnx.Load("model.onnx", onnx.Options{})
//	…
//	model, err := nn.New(net, net.Input(), nn.Options{})
//
// The weights of the model are those of the file, under the names that they have there:
// "layer1.0.conv1.weight" in most files of PyTorch. Trained are the weights and biases of
// convolutions, linear layers and normalizations, and vectors that results of such layers are
// scaled with; the running statistics of batch normalizations are buffers, which are moved in
// Train mode as those of nn.BatchNorm; all else are constants. A Dropout of the file is active
// in Train mode.
//
// The first model takes the tensors of the network, without a copy. Its methods may be called
// by several goroutines at once, but for ReplaceHead and DropSoftmax.
type Network struct {
	program  *importer.Program
	input    tensor.Shape
	output   tensor.Shape
	children []nn.Child
	params   map[string]*nn.Param
	dropouts map[string]*nn.DropoutLayer

	outputName string // of the file
	further    []FurtherOutput
	dropped    bool // DropSoftmax has left out a softmax

	metadata      map[string]string
	labels        []string
	preprocessing preprocess.Config
}

// Input returns the shape of one input, without the batch: C×H×W for images.
func (n *Network) Input() tensor.Shape { return n.input.Clone() }

// Output returns the shape of the result for one input, without the batch: the number of
// classes for most classifiers.
func (n *Network) Output() tensor.Shape { return n.output.Clone() }

// InputName returns the file's name for its input.
func (n *Network) InputName() string { return n.program.Inputs[0].Name }

// OutputName returns the file's name for the output that the network gives.
func (n *Network) OutputName() string { return n.outputName }

// A FurtherOutput is an output of a file beside the one that is the network's result.
type FurtherOutput struct {
	// Name is that of the file, and Shape that of the result for one input, without the batch.
	Name  string
	Shape tensor.Shape
	// Type is the type of its elements in the file: "float", "int64", "int32" or "bool". In the graph
	// all are float32.
	Type string
}

// FurtherOutputs returns the outputs of the file beside the first one, in its order, if [Options].AllOutputs asked for
// them. Left out are those that are constants, or have another first axis than the batch, or another type.
func (n *Network) FurtherOutputs() []FurtherOutput { return slices.Clone(n.further) }

// furtherKey is the key under which a graph has the nodes of a network's further outputs.
type furtherKey struct{ *Network }

// FurtherNodes returns the nodes of FurtherOutputs in a graph to which Forward has added the network last; nil if it
// has not.
func (n *Network) FurtherNodes(g *graph.Graph) []*graph.Node {
	nodes, _ := g.Value(furtherKey{n}).([]*graph.Node)
	return nodes
}

// SoftmaxDropped reports whether DropSoftmax has left out a softmax: the output that the file calls
// OutputName is then the softmax of what the network gives.
func (n *Network) SoftmaxDropped() bool { return n.dropped }

// Classes returns the number of classes of a classifier, whose result for an input is a vector;
// 0 for other networks.
func (n *Network) Classes() int {
	if classes := n.output.Size(); len(n.output) > 0 && slices.Max(n.output) == classes {
		return classes
	}
	return 0
}

// Metadata returns the metadata_props of the file.
func (n *Network) Metadata() map[string]string { return maps.Clone(n.metadata) }

// Labels returns the names of the classes that the metadata have, nil if there are none.
func (n *Network) Labels() []string { return slices.Clone(n.labels) }

// Preprocessing returns how a picture becomes the input, as [Save] has written it to the
// metadata; ok says that it is there.
func (n *Network) Preprocessing() (c preprocess.Config, ok bool) {
	return n.preprocessing, len(n.preprocessing.InputSize) > 0
}

// Children implements nn.Container: the parameters and buffers in the order in which the
// network uses them, and the dropouts.
func (n *Network) Children() []nn.Child { return slices.Clone(n.children) }

// Forward adds the network to the graph of x, a batch of inputs.
func (n *Network) Forward(x *graph.Node) *graph.Node {
	g := x.Graph()
	shape := x.Shape()
	if len(shape) != len(n.input)+1 {
		g.Fail("ONNX", "input %v: want a batch of %v", shape, n.input)
	}
	outputs, issues, err := n.build(g, x, shape[0], host{n})
	if err == nil {
		err = unsupported(issues)
	}
	var rule *graph.Error
	switch {
	case errors.As(err, &rule):
		panic(rule)
	case err != nil:
		g.Fail("ONNX", "%w", err)
	}
	if len(n.further) > 0 {
		var nodes []*graph.Node
		for _, v := range outputs[1:] {
			nodes = append(nodes, v.Node(g))
		}
		g.SetValue(furtherKey{n}, nodes)
	}
	return outputs[0].Node(g)
}

func (n *Network) build(g *graph.Graph, x *graph.Node, batch int, h importer.Host) ([]*operators.Value, []importer.Issue, error) {
	name := n.program.Inputs[0].Name
	return n.program.Build(g, map[string]*operators.Value{name: operators.NodeValue(x, proto.Float)}, batch, h)
}

// check builds the network for the batch size of the file, without weights, and makes its
// layers.
func (n *Network) check() ([]importer.Issue, error) {
	g := graph.New()
	batch := n.program.FileBatch
	x := g.Input("images", slices.Concat([]int{batch}, n.input)...)
	d := &dryHost{dropouts: map[string]*nn.DropoutLayer{}, weights: map[string]*graph.Node{}}
	outputs, issues, err := n.build(g, x, batch, d)
	if err != nil || len(issues) > 0 || outputs[0] == nil {
		return issues, err
	}
	n.output = slices.Clone(outputs[0].Shape)
	if len(n.output) == 0 || n.output[0] != batch {
		return nil, fmt.Errorf("the output has the shape %v for a batch of %d: its first axis must be the batch", n.output, batch)
	}
	n.output = n.output[1:]
	n.further = nil
	for i, v := range outputs[1:] {
		name := n.program.Outputs[1+i]
		if v == nil {
			return nil, fmt.Errorf("the output %q cannot be computed", name)
		}
		kind := outputTypes[v.Type]
		if v.Fixed || kind == "" || len(v.Shape) == 0 || v.Shape[0] != batch {
			return nil, fmt.Errorf("the output %q cannot be computed", name)
		}
		n.further = append(n.further, FurtherOutput{name, v.Shape[1:].Clone(), kind})
	}
	n.children, n.params, n.dropouts = nil, map[string]*nn.Param{}, map[string]*nn.DropoutLayer{}
	for _, w := range n.program.Weights() {
		n.params[w.Name] = param(w)
		n.children = append(n.children, nn.Child{Name: w.Name, Layer: n.params[w.Name]})
	}
	for _, name := range d.order {
		unique := name
		for n.params[unique] != nil {
			unique += "_"
		}
		n.dropouts[name] = d.dropouts[name]
		n.children = append(n.children, nn.Child{Name: unique, Layer: d.dropouts[name]})
	}
	return nil, nil
}

// outputTypes are those of FurtherOutput.
var outputTypes = map[proto.DataType]string{
	proto.Float: "float", proto.Float16: "float", proto.Double: "float", proto.Int64: "int64", proto.Int32: "int32", proto.Bool: "bool",
}

// param makes the layer that has a weight.
func param(w *importer.Weight) *nn.Param {
	p := nn.Parameter(w.Shape...)
	if w.Role == importer.Buffer {
		p = nn.Buffer(w.Shape...)
	}
	if w.Value == nil {
		return p.Init(fans{w.FanIn})
	}
	return p.Holding(w.Value)
}

// A dryHost stands in the place of a network while a file is checked: weights have only
// shapes.
type dryHost struct {
	weights  map[string]*graph.Node
	dropouts map[string]*nn.DropoutLayer
	order    []string // of the dropouts
}

func (d *dryHost) TrainsStatistics(*graph.Node) bool { return false }

func (d *dryHost) UpdateBuffer(*operators.Value, *graph.Node, func(old *graph.Node) *graph.Node) {}

func (d *dryHost) Dropout(name string, x *graph.Node, ratio float32) *graph.Node {
	if d.dropouts[name] == nil {
		d.dropouts[name] = nn.Dropout(ratio)
		d.order = append(d.order, name)
	}
	return x
}

func (d *dryHost) Weight(w *importer.Weight, g *graph.Graph) *graph.Node {
	if d.weights[w.Name] == nil {
		d.weights[w.Name] = g.Input(w.Name, w.Shape...)
	}
	return d.weights[w.Name]
}

func (d *dryHost) Section(g *graph.Graph, path, _ string, build func() *graph.Node) {
	defer g.SetPath(g.SetPath(path))
	build()
}

// A host is a network in a trace.
type host struct{ *Network }

func (h host) TrainsStatistics(x *graph.Node) bool { return nn.TrainsStatistics(x) }

func (h host) UpdateBuffer(v *operators.Value, x *graph.Node, update func(old *graph.Node) *graph.Node) {
	if p := h.params[v.Weight]; p != nil {
		p.Update(x, update)
	}
}

func (h host) Dropout(name string, x *graph.Node, _ float32) *graph.Node {
	return h.dropouts[name].Forward(x)
}

func (h host) Weight(w *importer.Weight, g *graph.Graph) *graph.Node {
	return h.params[w.Name].Value(g.Nodes()[0])
}

func (h host) Section(g *graph.Graph, path, kind string, build func() *graph.Node) {
	nn.Section(g, path, kind, build)
}
