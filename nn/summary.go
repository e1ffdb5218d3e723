package nn

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A LayerInfo describes one use of a layer in a network, or one operator that
// a custom block adds by itself, such as the addition of a residual block.
type LayerInfo struct {
	// Path is the layer's path, or that of the block around an operator.
	Path string `json:"path"`
	// Kind is "Conv2D", "AvgPool2D", … or an operator's kind.
	Kind string `json:"kind"`
	// Output is the shape of the result, with the batch.
	Output tensor.Shape `json:"output"`
	// Parameters counts the trainable numbers. A layer used again shares those
	// of its first use and has none there.
	Parameters int `json:"parameters"`
	// MultiplyAdds counts the multiplications (each with its addition) of
	// convolutions, c_out·(c_in/groups)·k_h·k_w·h_out·w_out, and matrix
	// products, in·out, for one image. Everything else counts as 0.
	MultiplyAdds int64 `json:"multiply_adds"`
	// ReceptiveField is how many input pixels, along the longer side, an
	// output pixel depends on: from r = j = 1, each window makes it
	// r + d·(k−1)·j and then j·s. A layer with several inputs has the greatest
	// of theirs. 0 where it has no meaning, as after Flatten.
	ReceptiveField int `json:"receptive_field"`
}

// Summary lists the network's layers in the order in which they are applied,
// in Eval mode, for batches of the given size.
func (m *Model) Summary(batch int) ([]LayerInfo, error) {
	t, err := m.Trace(batch, Eval)
	if err != nil {
		return nil, err
	}
	var infos []LayerInfo
	for _, r := range t.Rows() {
		infos = append(infos, r.LayerInfo)
	}
	return infos, nil
}

// A Row is a row of [Model.Summary] with the nodes of its trace.
type Row struct {
	LayerInfo
	// Node is the result. It is not one of Nodes if the layer does nothing in this mode.
	Node *graph.Node
	// Nodes are what the layer has added to the graph, in its order.
	Nodes []*graph.Node
	// Operator says that this is an operator that a custom block has added by itself, and
	// Path that of the block.
	Operator bool
	// Inputs are the rows whose results this one is computed from, by their place in the list, in
	// the order in which it takes them; −1 is the network's input. Values that do not depend on the
	// input, such as parameters, are left out.
	Inputs []int
}

// Rows lists the layers and operators of the trace as [Model.Summary] does, before anything is
// added to its graph.
func (t *Trace) Rows() []Row {
	batch := t.Input.Shape()[0]
	fields := receptiveFields(t.Graph)
	counted := map[*graph.Node]bool{}
	var rows []Row
	for _, c := range t.rows() {
		info := LayerInfo{Path: c.path, Kind: c.kind, Output: c.output.Shape()}
		var macs int64
		for _, n := range t.Graph.Nodes()[c.first:c.last] {
			macs += n.MultiplyAdds()
			for _, v := range slices.Concat([]*graph.Node{n}, n.Inputs()) {
				if op, ok := v.Op().(graph.VariableOp); ok && op.Variable.Trainable && !counted[v] {
					counted[v] = true
					info.Parameters += v.Shape().Size()
				}
			}
		}
		info.MultiplyAdds = macs / int64(batch)
		if f, ok := fields[c.output]; ok {
			info.ReceptiveField = max(f[0].size, f[1].size)
		}
		rows = append(rows, Row{LayerInfo: info, Node: c.output, Nodes: t.Graph.Nodes()[c.first:c.last], Operator: c.operator})
	}
	t.link(rows)
	return rows
}

// link finds the inputs of rows.
func (t *Trace) link(rows []Row) {
	depends := t.dependents()
	owner := map[*graph.Node]int{t.Input: -1}
	for i := range rows {
		r := &rows[i]
		r.Inputs = []int{}
		take := func(n *graph.Node) {
			if from, ok := owner[n]; ok && from != i && depends[n.ID()] && !slices.Contains(r.Inputs, from) {
				r.Inputs = append(r.Inputs, from)
			}
		}
		if len(r.Nodes) == 0 { // it does nothing, as Dropout in Eval mode
			take(r.Node)
			owner[r.Node] = i
		}
		for _, n := range r.Nodes {
			owner[n] = i
		}
		for _, n := range r.Nodes {
			for _, in := range n.Inputs() {
				take(in)
			}
		}
	}
}

// dependents says by ID which nodes are computed from the input, itself included.
func (t *Trace) dependents() []bool {
	nodes := t.Graph.Nodes()
	depends := make([]bool, len(nodes))
	depends[t.Input.ID()] = true
	for i, n := range nodes {
		for _, in := range n.Inputs() {
			depends[i] = depends[i] || depends[in.ID()]
		}
	}
	return depends
}

// rows returns the calls of leaves, and between them the operators that custom
// blocks add themselves, in the order of the graph.
func (t *Trace) rows() []call {
	var rows []call
	next := 0
	loose := func(stop int) {
		for ; next < stop; next++ {
			if n := t.Graph.Nodes()[next]; len(n.Inputs()) > 0 {
				rows = append(rows, call{path: n.Path(), kind: n.Op().Kind(), operator: true, first: next, last: next + 1, output: n})
			}
		}
	}
	for _, c := range t.calls {
		loose(c.first)
		if c.loose && c.output.ID() >= c.first {
			c.path = c.output.Path()
		}
		rows = append(rows, c)
		next = c.last
	}
	loose(len(t.Graph.Nodes()))
	return rows
}

// A field is a receptive field along one axis: its size and the distance in
// input pixels of neighbouring outputs.
type field struct{ size, step int }

// behind is the field of what has windows on this one.
func (f field) behind(size, stride int) field {
	return field{f.size + (size-1)*f.step, f.step * stride}
}

// receptiveFields computes the fields {vertical, horizontal} of all nodes that
// are images.
func receptiveFields(g *graph.Graph) map[*graph.Node][2]field {
	fields := map[*graph.Node][2]field{}
	for _, n := range g.Nodes() {
		if len(n.Shape()) != 4 {
			continue
		}
		var f [2]field
		if _, ok := n.Op().(graph.InputOp); ok {
			f = [2]field{{1, 1}, {1, 1}}
		}
		for _, in := range n.Inputs() {
			for a, of := range fields[in] {
				f[a] = field{max(f[a].size, of.size), max(f[a].step, of.step)}
			}
		}
		if f[0].size == 0 {
			continue // computed from variables only
		}
		for a := range f {
			f[a] = f[a].behind(n.Window(a))
		}
		fields[n] = f
	}
	return fields
}
