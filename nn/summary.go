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
	fields := receptiveFields(t.Graph)
	counted := map[*graph.Node]bool{}
	var infos []LayerInfo
	for _, c := range t.rows() {
		info := LayerInfo{Path: c.path, Kind: c.kind, Output: c.output.Shape()}
		var macs int64
		for _, n := range t.Graph.Nodes()[c.first:c.last] {
			macs += multiplyAdds(n)
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
		infos = append(infos, info)
	}
	return infos, nil
}

// rows returns the calls of leaves, and between them the operators that custom
// blocks add themselves, in the order of the graph.
func (t *Trace) rows() []call {
	var rows []call
	next := 0
	loose := func(stop int) {
		for ; next < stop; next++ {
			if n := t.Graph.Nodes()[next]; len(n.Inputs()) > 0 {
				rows = append(rows, call{n.Path(), n.Op().Kind(), next, next + 1, n})
			}
		}
	}
	for _, c := range t.calls {
		loose(c.first)
		rows = append(rows, c)
		next = c.last
	}
	loose(len(t.Graph.Nodes()))
	return rows
}

// multiplyAdds counts those of one operator.
func multiplyAdds(n *graph.Node) int64 {
	switch op := n.Op().(type) {
	case graph.Conv2DOp:
		w := n.Inputs()[1].Shape() // O×(C/groups)×Kh×Kw
		return int64(n.Shape().Size()) * int64(w[1]*w[2]*w[3])
	case graph.MatMulOp:
		a := n.Inputs()[0].Shape()
		inner := a[1]
		if op.TransA {
			inner = a[0]
		}
		return int64(n.Shape().Size()) * int64(inner)
	}
	return 0
}

// A field is a receptive field along one axis: its size and the distance in
// input pixels of neighbouring outputs.
type field struct{ size, step int }

func (f field) window(kernel, stride, dilation int) field {
	return field{f.size + max(dilation, 1)*(kernel-1)*f.step, f.step * stride}
}

// region is window for adaptive pooling of n elements. Regions differ by one
// element, and so do their distances: it takes the greatest of the one and the
// smallest of the other.
func (f field) region(op graph.AdaptiveAvgPool2DOp, axis, n int) field {
	kernel := 1
	for i := range op.Output[axis] {
		start, stop := op.Region(axis, i, n)
		kernel = max(kernel, stop-start)
	}
	return f.window(kernel, max(1, n/op.Output[axis]), 1)
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
		fields[n] = widen(n, f)
	}
	return fields
}

// widen applies the window of n's operator, if it has one.
func widen(n *graph.Node, f [2]field) [2]field {
	for a := range f {
		switch op := n.Op().(type) {
		case graph.Conv2DOp:
			f[a] = f[a].window(n.Inputs()[1].Shape()[2+a], op.Stride[a], op.Dilation[a])
		case graph.MaxPool2DOp:
			f[a] = f[a].window(op.Kernel[a], op.Stride[a], op.Dilation[a])
		case graph.AvgPool2DOp:
			f[a] = f[a].window(op.Kernel[a], op.Stride[a], 1)
		case graph.AdaptiveAvgPool2DOp:
			f[a] = f[a].region(op, a, n.Inputs()[0].Shape()[2+a])
		case graph.ReduceOp:
			if in := n.Inputs()[0].Shape(); len(in) == 4 && slices.Contains(op.Axes, 2+a) {
				f[a] = f[a].window(in[2+a], 1, 1)
			}
		}
	}
	return f
}
