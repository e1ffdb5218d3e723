package operators

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// split cuts argument 0 along an axis, into pieces of the given sizes or of equal ones.
func split(c *Call) []*Value {
	axis := c.axis(c.Int("axis", 0))
	n := c.dims()[axis]
	sizes := c.ints("split")
	if c.Version >= 13 || c.Version == 1 && sizes == nil {
		sizes = c.integers(1, "split")
	}
	if sizes == nil {
		pieces := len(c.Outputs)
		if v := c.Int("num_outputs", int64(pieces)); v != int64(pieces) {
			c.fail("num_outputs is %d, but it has %d results", v, pieces)
		}
		each := (n + pieces - 1) / pieces
		for left := n; len(sizes) < pieces; left -= each {
			sizes = append(sizes, min(each, left))
		}
	}
	if len(sizes) != len(c.Outputs) || slices.Min(sizes) < 0 {
		c.fail("sizes %v for %d results", sizes, len(c.Outputs))
	}
	out := make([]*Value, len(sizes))
	at := 0
	for i, size := range sizes {
		if at+size > n {
			c.fail("sizes %v are more than the %d elements of axis %d", sizes, n, axis)
		}
		out[i] = c.slice(c.In[0], axis, constant.Range{Start: at, Count: size, Step: 1})
		at += size
	}
	if at != n {
		c.fail("sizes %v are fewer than the %d elements of axis %d", sizes, n, axis)
	}
	return out
}

// slice takes a range along an axis.
func (c *Call) slice(v *Value, axis int, r constant.Range) *Value {
	switch {
	case r.Count == v.Shape[axis] && r.Step == 1:
		return v
	case v.Known != nil:
		return KnownValue(c.must(constant.Slice(v.Known, axis, r)))
	case r.Count == 0:
		c.unsupported("range", "empty", "")
	}
	indices := make([]int, r.Count)
	for i := range indices {
		indices[i] = r.Start + i*r.Step
	}
	return NodeValue(gatherAxis(v.Node(c.Graph), axis, indices), v.Type)
}

// slices are attributes before version 10 and arguments from there on.
func sliceOf(c *Call) []*Value {
	starts, ends := c.intsOf("starts", 10, 1), c.intsOf("ends", 10, 2)
	axes, steps := c.ints("axes"), []int(nil)
	if c.Version >= 10 {
		axes, steps = c.integers(3, "axes"), c.integers(4, "steps")
	}
	if axes == nil {
		for a := range starts {
			axes = append(axes, a)
		}
	}
	if steps == nil {
		steps = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		c.fail("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	axes = c.axes(axes, c.rank())
	v := c.In[0]
	for i, axis := range axes {
		n := v.Shape[axis]
		if axis == 0 && c.scaled(v.Shape) { // the whole batch that the file was written for is the whole batch
			r, err := constant.SliceRange(int64(starts[i]), int64(ends[i]), int64(steps[i]), c.File.Input[0])
			if err == nil && r.Count == c.File.Input[0] && r.Step == 1 {
				continue
			}
		}
		r, err := constant.SliceRange(int64(starts[i]), int64(ends[i]), int64(steps[i]), n)
		if err != nil {
			c.fail("%w", err)
		}
		v = c.slice(v, axis, r)
	}
	return []*Value{v}
}

// gather takes parts along an axis; the indices must be known.
func gather(c *Call) []*Value {
	axis := c.axis(c.Int("axis", 0))
	v, indices := c.In[0], c.tensor(1, "indices")
	if v.Known != nil {
		t, err := constant.Gather(v.Known, axis, indices)
		return c.constant(t, err)
	}
	at, err := constant.Indices(indices, v.Shape[axis])
	if err != nil {
		c.fail("%w", err)
	}
	if len(at) == 0 {
		c.unsupported("indices", "none", "")
	}
	shape := slices.Concat(v.Shape[:axis], indices.Shape, v.Shape[axis+1:])
	if axis == 0 && len(indices.Shape) > 0 && c.Batch%c.FileBatch == 0 && c.scaled(v.Shape) {
		// The indices are for the batch of the file: they are repeated for each further one.
		times := c.Batch / c.FileBatch
		one := at
		for i := range times - 1 {
			for _, k := range one {
				at = append(at, k+(i+1)*c.File.Input[0])
			}
		}
		shape[0] *= times
	}
	y := gatherAxis(v.Node(c.Graph), axis, at)
	return c.one(graph.Reshape(y, shape...))
}

// gatherAxis takes the elements with the given indices along an axis, as a slice where they
// follow each other.
func gatherAxis(x *graph.Node, axis int, indices []int) *graph.Node {
	first, n := indices[0], len(indices)
	for i, k := range indices {
		if k != first+i {
			return graph.Gather(x, axis, indices)
		}
	}
	return graph.Slice(x, axis, first, first+n)
}

// gatherElements takes one element of argument 0 along an axis for each index, from the line
// that the index is in. Lines without indices are left out.
func gatherElements(c *Call) []*Value {
	axis, x := c.axis(c.Int("axis", 0)), c.x()
	indices := c.In[1]
	if len(indices.Shape) != c.rank() {
		c.fail("indices %v must have as many axes as the input %v", indices.Shape, c.dims())
	}
	for a, n := range indices.Shape {
		if a != axis && n < x.Shape()[a] {
			x = graph.Slice(x, a, 0, n)
		}
	}
	size := x.Shape()[axis]
	if indices.Known == nil { // negative ones count from the end
		i := c.arg(1)
		i = graph.Add(i, graph.Mul(graph.Less(i, c.scalar(0)), c.scalar(float64(size))))
		return c.one(graph.GatherElements(x, axis, i))
	}
	at, err := constant.Indices(indices.Known, size)
	if err != nil {
		c.fail("%w", err)
	}
	t := &constant.Tensor{Type: proto.Int64, Shape: indices.Shape, Ints: make([]int64, len(at))}
	for i, k := range at {
		t.Ints[i] = int64(k)
	}
	return c.one(graph.GatherElements(x, axis, KnownValue(t).Node(c.Graph)))
}

// gatherND takes what lies at places of argument 0: the last axis of the indices, which must be
// known, has the coordinates of one place on the first axes. The first batch_dims axes are those
// of both arguments.
func gatherND(c *Call) []*Value {
	indices, shape, batched := c.tensor(1, "indices"), c.dims(), int(c.Int("batch_dims", 0))
	rank := len(indices.Shape)
	if rank == 0 || batched < 0 || batched >= rank || batched+indices.Shape[rank-1] > len(shape) || !slices.Equal(shape[:batched], indices.Shape[:batched]) {
		c.fail("indices %v do not fit the input %v with batch_dims = %d", indices.Shape, shape, batched)
	}
	depth, places := indices.Shape[rank-1], indices.Shape[:rank-1]
	if indices.IsFloat() || indices.Size() == 0 {
		c.unsupported("indices", indices.Shape, "want integers, at least one")
	}
	inBatch := tensor.Shape(places[batched:]).Size()
	flat := make([]int, tensor.Shape(places).Size())
	for i := range flat {
		at := i / inBatch // the first axes count as one
		for a, size := range shape[batched:][:depth] {
			k := int(indices.Ints[i*depth+a])
			if k < 0 {
				k += size
			}
			if k < 0 || k >= size {
				c.fail("index %d of an axis of %d elements", indices.Ints[i*depth+a], size)
			}
			at = at*size + k
		}
		flat[i] = at
	}
	rest := shape[batched+depth:]
	rows := graph.Reshape(c.x(), slices.Concat([]int{shape[:batched+depth].Size()}, rest)...)
	return c.one(graph.Reshape(gatherAxis(rows, 0, flat), slices.Concat(places, rest)...))
}

// pad has its numbers as attributes before version 11. Negative ones cut off.
func pad(c *Call) []*Value {
	pads := c.intsOf("pads", 11, 1)
	if c.Version < 2 {
		pads = c.ints("paddings")
	}
	value := float64(c.Float("value", 0))
	if c.Version >= 11 {
		value = c.number(2, "constant_value", 0)
	}
	axes := c.integers(3, "axes")
	if !c.has(3) {
		for a := range c.rank() {
			axes = append(axes, a)
		}
	}
	axes = c.axes(axes, c.rank())
	if len(pads) != 2*len(axes) {
		c.fail("pads has %d numbers, want %d", len(pads), 2*len(axes))
	}
	before, after := make([]int, c.rank()), make([]int, c.rank())
	for i, a := range axes {
		before[a], after[a] = pads[i], pads[len(axes)+i]
		if max(before[a], after[a]) > 1<<20 {
			c.unsupported("pads", pads, "more than a million")
		}
	}
	mode := c.Text("mode", "constant")
	x := c.x()
	for a := range before {
		if cut := [2]int{max(-before[a], 0), max(-after[a], 0)}; cut != [2]int{} {
			n := x.Shape()[a]
			if cut[0]+cut[1] >= n {
				c.fail("pads %v leave nothing of axis %d of %v", pads, a, c.dims())
			}
			x = graph.Slice(x, a, cut[0], n-cut[1])
			before[a], after[a] = max(before[a], 0), max(after[a], 0)
		}
	}
	if slices.Max(before) == 0 && slices.Max(after) == 0 {
		return c.one(x)
	}
	if mode == "constant" {
		return c.one(graph.Pad(x, before, after, float32(value)))
	}
	for a := range before {
		if before[a]+after[a] > 0 {
			x = gatherAxis(x, a, c.padded(mode, x.Shape()[a], before[a], after[a]))
		}
	}
	return c.one(x)
}

// padded returns which elements of an axis of n the padded one has.
func (c *Call) padded(mode string, n, before, after int) []int {
	indices := make([]int, 0, before+n+after)
	for i := -before; i < n+after; i++ {
		k := i
		switch mode {
		case "edge":
			k = min(max(i, 0), n-1)
		case "wrap":
			k = (i%n + n) % n
		case "reflect":
			if n == 1 {
				k = 0
				break
			}
			period := 2 * (n - 1)
			k = (i%period + period) % period
			k = min(k, period-k)
		default:
			c.unsupported("mode", mode, "")
		}
		indices = append(indices, k)
	}
	return indices
}

// depthToSpace moves blocks of channels to pixels.
func depthToSpace(c *Call) []*Value {
	s, b := c.dims(), c.blockSize()
	if s[1]%(b*b) != 0 {
		c.fail("%d channels are not divided by blocks of %d×%d", s[1], b, b)
	}
	depth := s[1] / (b * b)
	var x *graph.Node
	switch mode := c.Text("mode", "DCR"); mode {
	case "DCR":
		x = graph.Transpose(graph.Reshape(c.x(), s[0], b, b, depth, s[2], s[3]), 0, 3, 4, 1, 5, 2)
	case "CRD":
		x = graph.Transpose(graph.Reshape(c.x(), s[0], depth, b, b, s[2], s[3]), 0, 1, 4, 2, 5, 3)
	default:
		c.unsupported("mode", mode, "")
	}
	return c.one(graph.Reshape(x, s[0], depth, s[2]*b, s[3]*b))
}

func spaceToDepth(c *Call) []*Value {
	s, b := c.dims(), c.blockSize()
	if s[2]%b != 0 || s[3]%b != 0 {
		c.fail("%d×%d pixels are not divided by blocks of %d×%d", s[2], s[3], b, b)
	}
	x := graph.Reshape(c.x(), s[0], s[1], s[2]/b, b, s[3]/b, b)
	x = graph.Transpose(x, 0, 3, 5, 1, 2, 4)
	return c.one(graph.Reshape(x, s[0], s[1]*b*b, s[2]/b, s[3]/b))
}

func (c *Call) blockSize() int {
	b := c.Int("blocksize", 0)
	if c.rank() != 4 || b < 1 || b > math.MaxInt16 {
		c.fail("input %v and blocks of %d, want N×C×H×W and at least 1", c.dims(), b)
	}
	return int(b)
}
