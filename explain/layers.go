package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/receptive"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A Layer is a layer, a block or an operator whose output is a stack of maps.
type Layer struct {
	// Name is what methods take.
	Name string `json:"name"`
	// Kind is "Conv2D", "Sequential", "Add", or the name of a custom block's type.
	Kind string `json:"kind"`
	// Output is the shape C×H×W of the output.
	Output tensor.Shape `json:"output"`
}

// A Node is a layer or an operator of a network that is drawn as a graph.
type Node struct {
	// ID is the node's place in the list, which is in an order in which nodes can be computed.
	ID int `json:"id"`
	// Name is unique. Path is the layer's path or that of the block around an operator; Kind is
	// "Conv2D", "ReLU", "Add", …, and "Input" for the first node.
	Name string `json:"name"`
	Path string `json:"path"`
	Kind string `json:"kind"`
	// Inputs are the IDs of the nodes whose results this one takes.
	Inputs []int `json:"inputs"`
	// Output is the shape of the result for one picture.
	Output tensor.Shape `json:"output"`
	// Maps says that the result is a stack of maps, C×H×W, so that Features, GradCAM and
	// ReceptiveField take the node's name.
	Maps bool `json:"maps"`
	// Filters says that Filters takes the node's name.
	Filters bool `json:"filters"`
	// Parameters, MultiplyAdds and ReceptiveField are those of nn.LayerInfo.
	Parameters     int   `json:"parameters"`
	MultiplyAdds   int64 `json:"multiply_adds"`
	ReceptiveField int   `json:"receptive_field"`
}

// An outline is what a trace has, by name.
type outline struct {
	trace  *nn.Trace
	scores *graph.Node // N×K
	rows   []row
	layers []Layer // those with maps, in the order of the trace, blocks after what is in them
	named  map[string]*graph.Node
	owner  map[*graph.Node]int // the row of each node
}

// A row is an nn.Row that depends on the input, with its name.
type row struct {
	nn.Row
	name   string
	inputs []int // rows; −1 is the input
}

// newOutline reads a trace to which nothing has been added, and adds the scores to it if the network
// ends in a softmax or in N×K×1×1.
func newOutline(t *nn.Trace) (*outline, error) {
	o := &outline{trace: t, named: map[string]*graph.Node{}, owner: map[*graph.Node]int{t.Input: -1}}
	depends := dependents(t.Input)
	uses := map[string]int{}     // how often a name occurs, or is to come
	place := map[int]int{-1: -1} // in o.rows, by that in t.Rows()
	for i, r := range t.Rows() {
		if !depends[r.Node.ID()] {
			continue
		}
		place[i] = len(o.rows)
		if len(r.Nodes) == 0 { // it does nothing, as Dropout in inference
			o.owner[r.Node] = len(o.rows)
		}
		for _, n := range r.Nodes {
			o.owner[n] = len(o.rows)
		}
		inputs := []int{}
		for _, from := range r.Inputs {
			if at, ok := place[from]; ok {
				inputs = append(inputs, at)
			}
		}
		o.rows = append(o.rows, row{Row: r, inputs: inputs})
		if !r.Operator {
			uses[r.Path]++
		}
	}
	numbers := map[string]int{}
	for i := range o.rows {
		r := &o.rows[i]
		r.name = r.Path
		if r.Operator || r.Path == "" { // an operator of a block, or a network of one layer
			r.name = strings.TrimPrefix(r.Path+"."+r.Kind, ".")
			if numbers[r.name]++; numbers[r.name] > 1 {
				r.name += "_" + strconv.Itoa(numbers[r.name])
			}
		} else if numbers[r.Path]++; numbers[r.Path] < uses[r.Path] { // the last use has the name
			r.name += "#" + strconv.Itoa(numbers[r.Path])
		}
		o.add(r.name, r.Kind, r.Node)
	}
	last := map[string]int{} // use of a block
	for i, l := range t.Layers() {
		last[l.Path] = i
	}
	for i, l := range t.Layers() {
		if l.Path != "" && last[l.Path] == i && depends[l.Node.ID()] && o.named[l.Path] == nil {
			o.add(l.Path, l.Kind, l.Node)
		}
	}
	return o, o.findScores()
}

func (o *outline) add(name, kind string, n *graph.Node) {
	o.named[name] = n
	if hasMaps(n) {
		o.layers = append(o.layers, Layer{name, kind, n.Shape()[1:]})
	}
}

func hasMaps(n *graph.Node) bool { return len(n.Shape()) == 4 }

// findScores finds the scores behind the network's output.
func (o *outline) findScores() (err error) {
	defer graph.Catch(&err)
	n := o.trace.Output
	if op, ok := n.Op().(graph.SoftmaxOp); ok && op.Axis == 1 && !op.Log {
		n = n.Inputs()[0]
	}
	s := n.Shape()
	if len(s) < 2 || s[1:].Size() != s[1] {
		return fmt.Errorf("the network's output for a picture is %v: want a score for each class", s[min(1, len(s)):])
	}
	if len(s) > 2 {
		n = graph.Flatten(n)
	}
	o.scores = n
	return nil
}

// dependents says by ID which nodes are computed from n, itself included.
func dependents(n *graph.Node) []bool {
	nodes := n.Graph().Nodes()
	depends := make([]bool, len(nodes))
	depends[n.ID()] = true
	for i, m := range nodes {
		for _, in := range m.Inputs() {
			depends[i] = depends[i] || depends[in.ID()]
		}
	}
	return depends
}

// leadsTo says by ID from which nodes n is computed, itself included.
func leadsTo(n *graph.Node) []bool {
	leads := make([]bool, n.ID()+1)
	leads[n.ID()] = true
	for i := n.ID(); i >= 0; i-- {
		if leads[i] {
			for _, in := range n.Graph().Nodes()[i].Inputs() {
				leads[in.ID()] = true
			}
		}
	}
	return leads
}

// layer returns the output of the layer with a name, which must be a stack of maps.
func (o *outline) layer(name string) (*graph.Node, error) {
	n, ok := o.named[name]
	switch {
	case !ok:
		return nil, o.unknown(name)
	case !hasMaps(n):
		return nil, fmt.Errorf("explain: the output of layer %q is %v, not maps C×H×W", name, n.Shape()[1:])
	}
	return n, nil
}

// unknown is the error for a name that is not there.
func (o *outline) unknown(name string) error {
	var names []string
	for _, l := range o.layers {
		if strings.EqualFold(l.Name, name) {
			return fmt.Errorf("explain: there is no layer %q: did you mean %q?", name, l.Name)
		}
		names = append(names, l.Name)
	}
	if near := suggest.Nearest(name, names); near != "" {
		return fmt.Errorf("explain: there is no layer %q: did you mean %q?", name, near)
	}
	var within []string // layers of which the name is a part
	for _, n := range names {
		if name != "" && strings.Contains(n, name) && len(within) < 3 {
			within = append(within, strconv.Quote(n))
		}
	}
	switch {
	case len(within) > 0:
		return fmt.Errorf("explain: there is no layer %q: there are %s", name, strings.Join(within, ", "))
	case len(names) == 0:
		return fmt.Errorf("explain: there is no layer %q: no layer of this network has maps C×H×W", name)
	}
	return fmt.Errorf("explain: there is no layer %q: there are %d, from %q to %q", name, len(names), names[0], names[len(names)-1])
}

// Layers lists what Features, GradCAM and ReceptiveField take, in the order in which it is computed; a
// block comes after the layers in it.
func (m *Model) Layers() []Layer { return append([]Layer(nil), m.outline.layers...) }

// DefaultLayer is the layer that Grad-CAM takes if none is named: the last one before the
// network's output whose maps have more than one element, which is what global pooling or the first
// linear layer takes. If several layers have that very output, such as a block and the
// last layer in it, it is the one with the shortest name. It is an error if the network has none.
func (m *Model) DefaultLayer() (string, error) {
	leads := leadsTo(m.outline.scores)
	rejected := map[*graph.Node]bool{}
	best := ""
	var node *graph.Node
	for _, l := range slices.Backward(m.outline.layers) {
		n := m.outline.named[l.Name]
		switch {
		case n.ID() >= len(leads) || !leads[n.ID()] || rejected[n] || l.Output[1]*l.Output[2] < 2:
		case node == nil || n.ID() > node.ID():
			if rejected[n] = !m.spatial(n); !rejected[n] {
				best, node = l.Name, n
			}
		case n == node && len(l.Name) <= len(best):
			best = l.Name
		}
	}
	if node == nil {
		return "", fmt.Errorf("explain: no layer of the network has maps of more than one element")
	}
	return best, nil
}

// spatial reports whether the last two axes of N×C×H×W are rows and columns of the picture, as far as can be
// found out: they are not after global pooling, nor where the channels are the last axis.
func (m *Model) spatial(n *graph.Node) bool {
	input, s := m.outline.trace.Input, n.Shape()
	// reach is what one index of an axis depends on.
	reach := func(axis, index int) receptive.Box {
		b := receptive.Full(s)
		b[axis] = receptive.Span{Lo: index, Hi: index}
		return receptive.TrackBack(n, input, b, receptive.Mode{Local: true, Unclipped: true})
	}
	if reach(1, 0) == nil {
		return false
	}
	differs := func(axis, of int) bool {
		first, last := reach(axis, 0), reach(axis, s[axis]-1)
		return first != nil && last != nil && first[of] != last[of]
	}
	return differs(2, 2) || !differs(1, 2)
}

// Nodes returns the network as a graph. The first node is the input.
func (m *Model) Nodes() []Node {
	o := m.outline
	input := m.net.Input()
	nodes := []Node{{Name: "input", Kind: "Input", Inputs: []int{}, Output: input, ReceptiveField: 1}}
	for i, r := range o.rows {
		n := Node{
			ID: i + 1, Name: r.name, Path: r.Path, Kind: r.Kind, Inputs: []int{}, Output: r.Node.Shape()[1:], Maps: hasMaps(r.Node),
			Filters: convolution(r.Nodes) != nil, Parameters: r.Parameters, MultiplyAdds: r.MultiplyAdds, ReceptiveField: r.ReceptiveField,
		}
		for _, in := range r.inputs {
			n.Inputs = append(n.Inputs, in+1)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// convolution returns the only convolution among some nodes, or nil.
func convolution(nodes []*graph.Node) (conv *graph.Node) {
	for _, n := range nodes {
		switch n.Op().(type) {
		case graph.Conv2DOp, graph.ConvTranspose2DOp:
			if conv != nil {
				return nil
			}
			conv = n
		}
	}
	return conv
}
