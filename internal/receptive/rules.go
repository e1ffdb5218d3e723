package receptive

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// argument returns the box of argument i of a node that a box of its result is computed from, nil for none.
func argument(n *graph.Node, i int, b Box, how Mode) Box {
	s := n.Inputs()[i].Shape()
	if len(n.Inputs()[i].Inputs()) == 0 && !isInput(n.Inputs()[i]) {
		return nil // a variable or a constant
	}
	if from, ok := windowed(n, i, b, s, how.Unclipped); ok {
		return from
	}
	if graph.Elementwise(n.Op()) {
		from := broadcast(b, n.Shape(), s)
		if how.Unclipped {
			return from
		}
		return from.clipped(s)
	}
	if !how.Unclipped || needsIndices(n.Op()) {
		if b = b.clipped(n.Shape()); b == nil {
			return nil
		}
	}
	from := unwindowed(n, i, b, how)
	switch op, ok := n.Op().(graph.ConcatOp); {
	case from == nil:
		return nil
	case !how.Unclipped:
		return from.clipped(s)
	case ok: // which part of the result comes from this argument
		r := &from[op.Axis]
		*r = Span{max(r.Lo, 0), min(r.Hi, s[op.Axis]-1)}
		if r.Lo > r.Hi {
			return nil
		}
	}
	return from
}

// needsIndices reports whether unwindowed takes the indices of a span for those of elements that are there.
func needsIndices(op graph.Op) bool {
	switch op.(type) {
	case graph.AdaptiveAvgPool2DOp, graph.Resize2DOp, graph.GatherOp:
		return true
	}
	return false
}

func isInput(n *graph.Node) bool {
	_, ok := n.Op().(graph.InputOp)
	return ok
}

// windowed is argument for operators that move a window over images, and for batch and local response
// normalization.
func windowed(n *graph.Node, i int, b Box, s tensor.Shape, unclipped bool) (from Box, ok bool) {
	window := func(w graph.Window, kernel [2]int, channels Span) (Box, bool) {
		from := Box{b[0], channels, {}, {}}
		for a := range 2 {
			from[2+a], ok = elements(w, a, kernel[a], b[2+a], s[2+a], unclipped)
			if !ok {
				return nil, true // padding only
			}
		}
		return from, true
	}
	switch op := n.Op().(type) {
	case graph.Conv2DOp:
		if k := n.Inputs()[1].Shape(); i == 0 {
			return window(op.Window, [2]int{k[2], k[3]}, Span{0, s[1] - 1})
		}
	case graph.MaxPool2DOp:
		return window(op.Window, op.Kernel, b[1])
	case graph.AvgPool2DOp:
		return window(op.Window, op.Kernel, b[1])
	case graph.BatchNormOp:
		if i == 0 {
			return slices.Clone(b), true
		}
	case graph.LRNOp:
		from := slices.Clone(b)
		from[1] = Span{0, s[1] - 1}
		return from, true
	}
	return nil, false
}

// elements returns the span of the elements of an axis that a span of windows covers, without those outside of
// 0 ≤ i < size unless they count too; ok is false if there is none. The window of a dilated convolution has gaps,
// so that its first element inside may lie some way from the border.
func elements(w graph.Window, axis, kernel int, windows Span, size int, unclipped bool) (covered Span, ok bool) {
	stride, dilation := max(w.Stride[axis], 1), max(w.Dilation[axis], 1)
	covered = Span{windows.Lo*stride - w.Pad[axis], windows.Hi*stride - w.Pad[axis] + dilation*(kernel-1)}
	if unclipped || covered.Lo >= 0 && covered.Hi < size {
		return covered, true
	}
	covered = Span{size, -1}
	for i := windows.Lo; i <= windows.Hi; i++ {
		for k := range kernel {
			if at := i*stride - w.Pad[axis] + k*dilation; at >= 0 && at < size {
				covered = Span{min(covered.Lo, at), max(covered.Hi, at)}
			}
		}
	}
	return covered, covered.Lo <= covered.Hi
}

// broadcast returns the box of an argument of an elementwise operator, whose shape is aligned at the right.
func broadcast(b Box, result, s tensor.Shape) Box {
	from := make(Box, len(s))
	for i := range s {
		j := i + len(result) - len(s)
		from[i] = b[j]
		if s[i] == 1 && result[j] != 1 {
			from[i] = Span{0, 0}
		}
	}
	return from
}

// unwindowed is argument for all other operators; what it does not know depends on everything.
func unwindowed(n *graph.Node, i int, b Box, how Mode) Box {
	s := n.Inputs()[i].Shape()
	from := Full(s)
	switch op := n.Op().(type) {
	case graph.ConvTranspose2DOp:
		if i == 0 {
			k := n.Inputs()[1].Shape()
			from[2], from[3] = transposed(op.Window, 0, k[2], b[2]), transposed(op.Window, 1, k[3], b[3])
		}
	case graph.AdaptiveAvgPool2DOp:
		from[1] = b[1]
		for a := range 2 {
			Lo, _ := op.Region(a, b[2+a].Lo, s[2+a])
			_, Hi := op.Region(a, b[2+a].Hi, s[2+a])
			from[2+a] = Span{Lo, Hi - 1}
		}
	case graph.Resize2DOp:
		from[1] = b[1]
		for a := range 2 {
			terms := op.Terms(a, s[2+a])
			first, last := terms[b[2+a].Lo], terms[b[2+a].Hi]
			from[2+a] = Span{first[0].Index, last[len(last)-1].Index}
		}
	case graph.ReduceOp:
		return reduced(op, s, b, how)
	case graph.BroadcastOp:
		return broadcast(b, n.Shape(), s)
	case graph.ConcatOp:
		copy(from, b)
		before := 0
		for _, in := range n.Inputs()[:i] {
			before += in.Shape()[op.Axis]
		}
		from[op.Axis] = Span{b[op.Axis].Lo - before, b[op.Axis].Hi - before}
	case graph.SliceOp:
		copy(from, b)
		from[op.Axis] = Span{b[op.Axis].Lo + op.Start, b[op.Axis].Hi + op.Start}
	case graph.GatherOp:
		copy(from, b)
		used := op.Indices[b[op.Axis].Lo : b[op.Axis].Hi+1]
		from[op.Axis] = Span{slices.Min(used), slices.Max(used)}
	case graph.PadOp:
		for a := range from {
			from[a] = Span{b[a].Lo - op.Before[a], b[a].Hi - op.Before[a]}
		}
	case graph.TransposeOp:
		for a, p := range op.Perm {
			from[p] = b[a]
		}
	case graph.ReshapeOp:
		return reshaped(b, n.Shape(), s)
	case graph.SoftmaxOp:
		copy(from, b)
		from[op.Axis] = Span{0, s[op.Axis] - 1}
	case graph.CumSumOp:
		copy(from, b)
		from[op.Axis] = Span{0, s[op.Axis] - 1}
	case graph.LayerNormOp, graph.GroupNormOp:
		return normalized(n, i, b, how)
	case graph.GroupStatsOp:
		if how.Local {
			return nil
		}
	case graph.MatMulOp: // a linear layer at each pixel
		if i == 0 && !op.TransA && len(s) == len(b) {
			copy(from, b[:len(b)-1])
		}
	}
	return from
}

// transposed returns which elements a transposed convolution spreads over a span.
func transposed(w graph.Window, axis, kernel int, b Span) Span {
	stride, dilation := max(w.Stride[axis], 1), max(w.Dilation[axis], 1)
	first := b.Lo + w.Pad[axis] - dilation*(kernel-1)
	Lo := first / stride
	if first > 0 && first%stride != 0 {
		Lo++
	}
	return Span{Lo, (b.Hi + w.Pad[axis]) / stride}
}

// reduced is unwindowed for reductions. One over whole maps is not local.
func reduced(op graph.ReduceOp, s tensor.Shape, b Box, how Mode) Box {
	maps := len(s) == 4 && slices.Contains(op.Axes, 2) && slices.Contains(op.Axes, 3) && s[2]*s[3] > 1
	if how.Local && maps {
		return nil
	}
	from := Full(s)
	at := 0
	for a := range s {
		gone := slices.Contains(op.Axes, a)
		if !gone {
			from[a] = b[at]
		}
		if !gone || op.KeepDims {
			at++
		}
	}
	return from
}

// normalized is unwindowed for normalizations of a sample, whose statistics are not local if they are those
// of whole maps.
func normalized(n *graph.Node, i int, b Box, how Mode) Box {
	s := n.Inputs()[i].Shape()
	from := Full(s)
	switch op := n.Op().(type) {
	case graph.LayerNormOp:
		last := len(s) - op.Axes // axes before it are those of rows
		for a := range from {
			if i == 0 && (a < last || how.Local && len(s) == 4 && a >= 2 && op.Axes > 1) {
				from[a] = b[a]
			}
		}
	case graph.GroupNormOp:
		switch {
		case i == 0 && how.Local:
			copy(from, b)
			from[1] = Span{0, s[1] - 1}
		case i > 0 && how.Local:
			return nil
		}
	}
	return from
}

// reshaped is unwindowed for another shape of the same elements. Both shapes are cut into the shortest groups of
// axes with the same number of elements; a group of one axis in both keeps its span, as the height and the
// width of images whose channels are cut into groups do. All else depends on its whole group, unless that
// is of whole axes beside axes of one element.
func reshaped(b Box, result, s tensor.Shape) Box {
	from := Full(s)
	i, j := len(s), len(result)
	for i > 0 && j > 0 {
		stopI, stopJ := i, j
		i, j = i-1, j-1
		sizeI, sizeJ := s[i], result[j]
		for sizeI != sizeJ {
			if sizeI < sizeJ {
				i--
				sizeI *= s[i]
			} else {
				j--
				sizeJ *= result[j]
			}
		}
		if stopI-i == 1 && stopJ-j == 1 {
			from[i] = b[j]
		}
	}
	return from
}
