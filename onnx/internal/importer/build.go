package importer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// A Host is the network that a graph is built for.
type Host interface {
	operators.Host
	// Weight returns the node of a parameter or buffer.
	Weight(w *Weight, g *graph.Graph) *graph.Node
	// Section builds what one node adds to the graph, as a layer with a path and a kind.
	Section(g *graph.Graph, path, kind string, build func() *graph.Node)
}

// Build adds the network to a graph and returns the values of its outputs. inputs has a value
// for each of Inputs. A node that is not supported is no error: it and all that depends on it
// are left out, and it is among the issues; outputs that depend on it are nil.
func (p *Program) Build(g *graph.Graph, inputs map[string]*operators.Value, batch int, host Host) (outputs []*operators.Value, issues []Issue, err error) {
	values := map[string]*operators.Value{}
	for name, v := range p.known {
		copied := *v // nodes belong to one graph
		values[name] = &copied
	}
	for name, w := range p.weights {
		values[name] = p.value(w, host)
	}
	for name, v := range inputs {
		values[name] = v
	}
	for _, s := range p.steps {
		if s.op == nil {
			continue
		}
		var problem *operators.Problem
		stepErr := error(nil)
		host.Section(g, s.path, s.node.OpType, func() *graph.Node {
			var out []*operators.Value
			out, stepErr = p.step(s, g, values, batch, host)
			for i, name := range s.node.Outputs {
				if i < len(out) && name != "" {
					values[name] = out[i]
				}
			}
			if len(out) == 0 {
				return nil
			}
			return out[0].Built()
		})
		switch {
		case errors.As(stepErr, &problem):
			issues = append(issues, Issue{s.node.Name, s.node.OpType, s.node.Domain, *problem})
		case stepErr != nil:
			return nil, nil, stepErr
		}
	}
	outputs = make([]*operators.Value, len(p.Outputs))
	for i, name := range p.Outputs {
		outputs[i] = values[name]
	}
	return outputs, issues, nil
}

// value returns the value of a tensor of the file.
func (p *Program) value(w *Weight, host Host) *operators.Value {
	if w.known != nil {
		return operators.KnownValue(w.known)
	}
	v := operators.LazyValue(w.Shape, w.Role == Constant, func(g *graph.Graph) *graph.Node {
		if w.Role == Constant {
			return g.Constant(w.Value)
		}
		return host.Weight(w, g)
	})
	v.Weight = w.Name
	return v
}

// step builds one node. Without a result and an error, it depends on one that is not supported.
func (p *Program) step(s *step, g *graph.Graph, values map[string]*operators.Value, batch int, host Host) ([]*operators.Value, error) {
	c := &operators.Call{
		Node: s.node, Version: s.version, Graph: g, Host: host, Tensors: p.reader,
		Batch: batch, FileBatch: p.FileBatch, File: &s.file,
	}
	fixed := true
	for _, name := range s.node.Inputs {
		v := values[name]
		if name != "" && v == nil {
			return nil, nil
		}
		c.In = append(c.In, v)
		fixed = fixed && (v == nil || v.Fixed)
	}
	for len(c.In) > 0 && c.In[len(c.In)-1] == nil {
		c.In = c.In[:len(c.In)-1]
	}
	if batch == p.FileBatch && len(c.In) > 0 && c.In[0] != nil {
		s.file.Input = slices.Clone(c.In[0].Shape)
	}
	out, err := c.Do(s.op)
	if err != nil {
		return nil, err
	}
	for i, v := range out {
		if fixed && !v.Fixed {
			copied := *v
			copied.Fixed = true
			out[i] = &copied
		}
	}
	return out, nil
}

// InputShape returns the sizes of an input as far as the file says them, and 0 elsewhere.
func InputShape(in *proto.ValueInfo) ([]int, error) {
	if in.Kind != "" {
		return nil, fmt.Errorf("input %q is a %s, want a tensor", in.Name, in.Kind)
	}
	shape := make([]int, len(in.Dims))
	for i, d := range in.Dims {
		if d.Value < 0 || d.Value > 1<<31 {
			d.Value = 0
		}
		shape[i] = int(d.Value)
	}
	return shape, nil
}
