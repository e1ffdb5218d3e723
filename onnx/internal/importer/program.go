// Package importer makes operators of package graph of the graph of an ONNX file: it checks
// the file, decides which of its tensors are weights, and builds the graph for a batch size.
package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// A Role is what a tensor of the file is in the network.
type Role int

// The roles.
const (
	Constant  Role = iota // it never changes
	Parameter             // it is trained
	Buffer                // a running statistic of a batch normalization
)

// A Weight is a tensor of floating-point numbers in the file.
type Weight struct {
	Name  string
	Shape tensor.Shape
	Role  Role
	// Value has the elements. Whoever keeps them elsewhere may set it to nil.
	Value *tensor.Tensor
	// FanIn is the number of inputs that an output of the layer sums over, of a weight that
	// has no value.
	FanIn int

	initializer bool // it is not of a Constant node
	known       *constant.Tensor
	literal     *proto.Tensor // its elements in the file, until it is known whether it is a constant that must be known
}

// A step is one node of the file.
type step struct {
	node    *proto.Node
	op      *operators.Operator // nil if it is not supported
	version int
	path    string
	file    operators.Record
}

// A Program is a file that was checked and whose tensors were read.
type Program struct {
	// Inputs are the names of what must be given, Outputs those of the results.
	Inputs  []*proto.ValueInfo
	Outputs []string
	// FileBatch is the batch size that the shapes written in the file are for.
	FileBatch int

	steps   []*step
	weights map[string]*Weight          // by name; floating-point numbers
	known   map[string]*operators.Value // all other tensors
	order   []*Weight                   // parameters and buffers, in the order of use
	reader  *tensordata.Reader
}

// An Issue is a node that is not supported, and why.
type Issue struct {
	Node, Operator, Domain string
	operators.Problem
}

// New checks a model and reads its tensors. outputs are the names of the results that are
// wanted, all those of the file if there are none. The issues list all that is not supported,
// as far as that can be said without shapes; with an error, they are of no use.
func New(model *proto.Model, r *tensordata.Reader, outputs ...string) (*Program, []Issue, error) {
	g := model.Graph
	if g == nil {
		return nil, nil, fmt.Errorf("the file has no graph")
	}
	opsets, err := versions(model.Opsets)
	if err != nil {
		return nil, nil, err
	}
	p := &Program{weights: map[string]*Weight{}, known: map[string]*operators.Value{}, reader: r, FileBatch: 1}
	in := &inliner{functions: map[string]*proto.Function{}}
	for _, f := range model.Functions {
		in.functions[functionKey(f.Domain, f.Name, f.Overload)] = f
	}
	if p.steps, err = in.steps(g.Nodes, opsets, "", 0); err != nil {
		return nil, nil, err
	}
	p.expandQuantized()
	if err := p.findOutputs(g, outputs); err != nil {
		return nil, nil, err
	}
	if err := p.findInputs(g); err != nil {
		return nil, nil, err
	}
	if err := p.checkOrder(g); err != nil {
		return nil, nil, err
	}
	p.prune()
	issues := p.issues(g)
	if err := p.readTensors(g); err != nil {
		return nil, nil, err
	}
	if err := p.dequantizeTensors(); err != nil {
		return nil, nil, err
	}
	p.skipIdentities()
	p.findNorms()
	if err := p.assignRoles(); err != nil {
		return nil, nil, err
	}
	p.namePaths()
	p.detach()
	return p, issues, nil
}

// versions returns the version of each domain.
func versions(opsets []proto.Opset) (map[string]int, error) {
	v := map[string]int{}
	for _, o := range opsets {
		domain := o.Domain
		if operators.Domain(domain) {
			domain = ""
		}
		if _, twice := v[domain]; twice || o.Version < 0 || o.Version > 1<<20 {
			return nil, fmt.Errorf("operator set %q of version %d: want one version of each domain", o.Domain, o.Version)
		}
		v[domain] = int(o.Version)
	}
	if len(opsets) == 0 {
		v[""] = 1 // IR version 1 and 2
	}
	return v, nil
}

// findOutputs chooses the results.
func (p *Program) findOutputs(g *proto.Graph, wanted []string) error {
	if len(g.Outputs) == 0 {
		return fmt.Errorf("the graph has no outputs")
	}
	var names []string
	for _, o := range g.Outputs {
		names = append(names, o.Name)
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no output %q: there are %s", name, strings.Join(names, ", "))
		}
	}
	p.Outputs = names
	if len(wanted) > 0 {
		p.Outputs = wanted
	}
	return nil
}

// findInputs finds what is no initializer: files of IR version 3 list these, too.
func (p *Program) findInputs(g *proto.Graph) error {
	given := map[string]bool{}
	for _, t := range g.Initializers {
		if given[t.Name] || t.Name == "" {
			return fmt.Errorf("initializer %q: want a name, and no other initializer of that name", t.Name)
		}
		given[t.Name] = true
	}
	for _, in := range g.Inputs {
		if !given[in.Name] {
			given[in.Name] = true
			p.Inputs = append(p.Inputs, in)
		}
	}
	return nil
}

// checkOrder reports names that are used before something has them, or are given twice.
func (p *Program) checkOrder(g *proto.Graph) error {
	known := map[string]bool{}
	for _, t := range g.Initializers {
		known[t.Name] = true
	}
	for _, in := range p.Inputs {
		known[in.Name] = true
	}
	for _, s := range p.steps {
		for _, name := range s.node.Inputs {
			if name != "" && !known[name] {
				return fmt.Errorf("node %s uses %q, which no node before it gives", describe(s.node), name)
			}
		}
		for _, name := range s.node.Outputs {
			if name != "" && known[name] {
				return fmt.Errorf("node %s gives %q, which is there already", describe(s.node), name)
			}
			known[name] = true
		}
	}
	for _, name := range p.Outputs {
		if name == "" || !known[name] {
			return fmt.Errorf("nothing gives the output %q", name)
		}
	}
	return nil
}

func describe(n *proto.Node) string {
	if n.Name == "" {
		return n.OpType
	}
	return fmt.Sprintf("%s (%s)", n.Name, n.OpType)
}

// prune drops the nodes that the outputs do not need.
func (p *Program) prune() {
	needed := map[string]bool{}
	for _, name := range p.Outputs {
		needed[name] = true
	}
	var kept []*step
	for _, s := range slices.Backward(p.steps) {
		if !slices.ContainsFunc(s.node.Outputs, func(name string) bool { return name != "" && needed[name] }) {
			continue
		}
		kept = append(kept, s)
		for _, name := range s.node.Inputs {
			needed[name] = true
		}
	}
	slices.Reverse(kept)
	p.steps = kept
	p.Inputs = slices.DeleteFunc(p.Inputs, func(in *proto.ValueInfo) bool { return !needed[in.Name] })
}

// issues lists the nodes that are not supported.
func (p *Program) issues(g *proto.Graph) (list []Issue) {
	for _, s := range p.steps {
		for _, problem := range s.problems() {
			list = append(list, Issue{s.node.Name, s.node.OpType, s.node.Domain, problem})
		}
	}
	if g.SparseInitializers > 0 {
		list = append(list, Issue{Operator: "sparse initializer"})
	}
	return list
}

// problems lists what is not supported of a node, and sets its operator if all is.
func (s *step) problems() (list []operators.Problem) {
	n := s.node
	op := operators.Lookup(n.OpType)
	switch {
	case !operators.Domain(n.Domain):
		return []operators.Problem{{Reason: "its domain is not a standard one"}}
	case n.OpType == "Constant":
		return nil
	case op == nil:
		return []operators.Problem{{Reason: reasons[n.OpType]}}
	case s.version < op.Since:
		return []operators.Problem{{Attribute: "version", Value: fmt.Sprint(s.version), Reason: fmt.Sprintf("want at least %d", op.Since)}}
	}
	for _, a := range n.Attributes {
		if !slices.Contains(op.Attributes, a.Name) {
			list = append(list, operators.Problem{Attribute: a.Name, Value: a.String()})
		}
	}
	if len(list) == 0 {
		s.op = op
	}
	return list
}

// reasons say why operators are missing that somebody may look for.
var reasons = map[string]string{
	"If": "control flow", "Loop": "control flow", "Scan": "control flow",
	"DynamicQuantizeLinear": "activations that are quantized by what they are at the moment", "ConvInteger": "sums of integers without their scale", "MatMulInteger": "sums of integers without their scale",
	"LSTM": "recurrent networks", "GRU": "recurrent networks", "RNN": "recurrent networks",
	"SequenceConstruct": "sequences", "SequenceAt": "sequences", "SequenceInsert": "sequences", "SequenceEmpty": "sequences",
	"SplitToSequence": "sequences", "ConcatFromSequence": "sequences", "SequenceLength": "sequences",
	"NonMaxSuppression": "detection", "RoiAlign": "detection",
}

// namePaths gives each node the path of the layer that it is: the one that the names of its
// weights say, or its own name.
func (p *Program) namePaths() {
	for _, s := range p.steps {
		s.path = s.node.Name
		if s.path == "" && len(s.node.Outputs) > 0 {
			s.path = s.node.Outputs[0]
		}
		for _, name := range s.node.Inputs {
			if w := p.weights[name]; w != nil && w.Role != Constant {
				if path := layerpath.Of(name); path != "" {
					s.path = path
				}
				break
			}
		}
	}
}

// detach makes attributes independent of the bytes of the file.
func (p *Program) detach() {
	for _, s := range p.steps {
		for _, a := range s.node.Attributes {
			if a.T != nil {
				a.T.Raw = slices.Clone(a.T.Raw)
			}
		}
	}
}

// Weights returns the parameters and buffers in the order in which the network uses them.
func (p *Program) Weights() []*Weight { return p.order }
