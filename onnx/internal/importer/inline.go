package importer

import (
	"fmt"

	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// Bounds for functions that use functions: a file of a few lines could otherwise become any
// number of nodes.
const (
	maxCalls = 16
	maxSteps = 1 << 17
)

// An inliner replaces the calls of a file's own functions by the nodes of these.
type inliner struct {
	functions map[string]*proto.Function
	count     int
	calls     int
}

func functionKey(domain, name, overload string) string {
	return domain + "\x00" + name + "\x00" + overload
}

// steps returns the nodes of a graph or function. prefix goes before names that the nodes of
// a function give.
func (in *inliner) steps(nodes []*proto.Node, opsets map[string]int, prefix string, depth int) ([]*step, error) {
	if depth > maxCalls {
		return nil, fmt.Errorf("functions call each other more than %d deep", maxCalls)
	}
	var list []*step
	for _, n := range nodes {
		if in.count++; in.count > maxSteps {
			return nil, fmt.Errorf("the graph has more than %d nodes", maxSteps)
		}
		f := in.functions[functionKey(n.Domain, n.OpType, n.Overload)]
		if f == nil {
			domain := n.Domain
			if operators.Domain(domain) {
				domain = ""
			}
			version, ok := opsets[domain]
			if !ok && domain == "" {
				return nil, fmt.Errorf("node %s: the file does not say which version of the operators it uses", describe(n))
			}
			list = append(list, &step{node: n, version: version})
			continue
		}
		body, err := in.call(n, f, prefix, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, body...)
	}
	return list, nil
}

// call returns the nodes of a function with the arguments of the node that calls it.
func (in *inliner) call(n *proto.Node, f *proto.Function, prefix string, depth int) ([]*step, error) {
	opsets, err := versions(f.Opsets)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.Name, err)
	}
	in.calls++
	own := fmt.Sprintf("%s%s.%d/", prefix, f.Name, in.calls)
	names := map[string]string{"": ""}
	for i, name := range f.Inputs {
		names[name] = n.Input(i)
	}
	for i, name := range f.Outputs {
		if i < len(n.Outputs) && n.Outputs[i] != "" {
			names[name] = n.Outputs[i]
		}
	}
	rename := func(list []string) []string {
		r := make([]string, len(list))
		for i, name := range list {
			to, ok := names[name]
			if !ok {
				to = own + name
				names[name] = to
			}
			r[i] = to
		}
		return r
	}
	given := map[string]*proto.Attribute{}
	for _, a := range f.Defaults {
		given[a.Name] = a
	}
	for _, a := range n.Attributes {
		given[a.Name] = a
	}
	body := make([]*proto.Node, len(f.Nodes))
	for i, inner := range f.Nodes {
		c := *inner
		c.Name = own + inner.Name
		c.Inputs, c.Outputs = rename(inner.Inputs), rename(inner.Outputs)
		c.Attributes = nil
		for _, a := range inner.Attributes {
			if a.Ref == "" {
				c.Attributes = append(c.Attributes, a)
				continue
			}
			if value := given[a.Ref]; value != nil {
				named := *value
				named.Name = a.Name
				c.Attributes = append(c.Attributes, &named)
			}
		}
		body[i] = &c
	}
	return in.steps(body, opsets, own, depth+1)
}
