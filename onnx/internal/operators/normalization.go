package operators

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// batchNormalization takes part in training: see trainBatchNorm.
func batchNormalization(c *Call) []*Value {
	if c.Version < 9 && c.Int("spatial", 1) == 0 {
		c.unsupported("spatial", 0, "")
	}
	x := c.x()
	shape := c.dims()
	if len(shape) < 2 {
		c.fail("input must be N×C×…, got %v", shape)
	}
	if len(shape) != 2 && len(shape) != 4 {
		x = graph.Reshape(x, shape[0], shape[1], 1, -1)
	}
	eps := c.Float("epsilon", 1e-5)
	var y *graph.Node
	var extra []*Value
	switch {
	case c.flag("training_mode"):
		stats := graph.BatchStats(x)
		y = graph.BatchNorm(x, stats, c.arg(1), c.arg(2), eps)
		extra = c.movedStatistics(stats, shape[1])
	case c.Host != nil && c.Host.TrainsStatistics(x):
		y = c.trainBatchNorm(x, eps)
	default:
		stats := graph.Concat(0, graph.Reshape(c.arg(3), 1, shape[1]), graph.Reshape(c.arg(4), 1, shape[1]))
		y = graph.BatchNormInference(x, stats, c.arg(1), c.arg(2), eps)
	}
	return append(c.one(graph.Reshape(y, shape...)), extra...)
}

// trainBatchNorm normalises with the statistics of the batch and moves the running ones as
// nn.BatchNorm does: the new variance is the unbiased one. ONNX's momentum is the weight of
// the old value.
func (c *Call) trainBatchNorm(x *graph.Node, eps float32) *graph.Node {
	n, channels := x.Shape().Size()/x.Shape()[1], x.Shape()[1]
	if n < 2 {
		c.fail("training needs more than one value for each channel, input %v has one: use a larger batch", x.Shape())
	}
	stats := graph.BatchStats(x)
	keep := c.Float("momentum", 0.9)
	move := func(v *Value, row int, factor float64) {
		batch := graph.Slice(stats, 0, row, row+1)
		if factor != 1 {
			batch = graph.Mul(batch, c.scalar(factor))
		}
		batch = graph.Reshape(batch, channels)
		c.Host.UpdateBuffer(v, x, func(old *graph.Node) *graph.Node {
			return graph.Add(graph.Mul(old, c.Graph.Scalar(keep)), graph.Mul(batch, c.Graph.Scalar(1-keep)))
		})
	}
	move(c.In[3], 0, 1)
	move(c.In[4], 1, float64(n)/float64(n-1))
	return graph.BatchNorm(x, stats, c.arg(1), c.arg(2), eps)
}

// movedStatistics are the further results of a normalization in training mode.
func (c *Call) movedStatistics(stats *graph.Node, channels int) []*Value {
	if len(c.Outputs) < 2 || c.Version < 14 {
		return nil
	}
	keep := c.Float("momentum", 0.9)
	moved := make([]*Value, 2)
	for row := range moved {
		batch := graph.Reshape(graph.Slice(stats, 0, row, row+1), channels)
		moved[row] = NodeValue(graph.Add(graph.Mul(c.arg(3+row), c.Graph.Scalar(keep)), graph.Mul(batch, c.Graph.Scalar(1-keep))), proto.Float)
	}
	return moved
}

func lrn(c *Call) []*Value {
	size := int(c.Int("size", 0))
	if size%2 == 0 {
		c.unsupported("size", size, "only odd ones are")
	}
	return c.one(graph.LRN(c.x(), size, c.Float("alpha", 1e-4), c.Float("beta", 0.75), c.Float("bias", 1)))
}

// softmax builds Softmax, LogSoftmax and Hardmax's axis rule: before version 13 the axes from
// axis on count as one.
func softmax(f func(x *graph.Node, axis int) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		x, shape := c.x(), c.dims()
		if c.Version >= 13 {
			return c.one(f(x, c.axis(c.Int("axis", -1))))
		}
		axis := c.axis(c.Int("axis", 1))
		if shape[axis:].Size() == shape[axis] {
			return c.one(f(x, axis))
		}
		rows := graph.Reshape(x, shape[:axis].Size(), shape[axis:].Size())
		return c.one(graph.Reshape(f(rows, 1), shape...))
	}
}

// hardmax is 1 at the first of the greatest elements along an axis and 0 elsewhere.
func hardmax(x *graph.Node, axis int) *graph.Node {
	shape, numbers := x.Shape().Clone(), make([]float32, x.Shape()[axis])
	for i := range numbers {
		numbers[i] = float32(i)
	}
	shape[axis] = 1
	line := slices.Repeat([]int{1}, len(shape))
	line[axis] = len(numbers)
	positions := x.Graph().Constant(tensor.Must(tensor.FromSlice(numbers, line...)))
	return graph.Equal(positions, graph.Reshape(graph.ArgMax(x, axis), shape...))
}

// meanVarianceNormalization is (x−mean)/(deviation+1e-9) over axes.
func meanVarianceNormalization(c *Call) []*Value {
	axes := c.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	axes = c.axes(axes, c.rank())
	x := c.x()
	centred := graph.Sub(x, graph.MeanKeep(x, axes...))
	deviation := graph.Sqrt(graph.MeanKeep(graph.Mul(centred, centred), axes...))
	return c.one(graph.Div(centred, graph.Add(deviation, c.scalar(1e-9))))
}

// lpNormalization divides by the L¹ or L² norm along an axis.
func lpNormalization(c *Call) []*Value {
	x, axis := c.x(), c.axis(c.Int("axis", -1))
	switch p := c.Int("p", 2); p {
	case 1:
		return c.one(graph.Div(x, reduceL1(c, x, []int{axis})))
	case 2:
		return c.one(graph.Div(x, reduceL2(c, x, []int{axis})))
	default:
		c.unsupported("p", p, "want 1 or 2")
		return nil
	}
}

// channelwise gives a vector of C elements the shape in which it is broadcast over N×C×….
func channelwise(v *graph.Node, rank int) *graph.Node {
	shape := slices.Repeat([]int{1}, rank)
	shape[1] = v.Shape().Size()
	return graph.Reshape(v, shape...)
}

func instanceNormalization(c *Call) []*Value {
	c.spatialAxes() // must be there
	return c.one(graph.InstanceNorm(c.x(), c.arg(1), c.arg(2), c.Float("epsilon", 1e-5)))
}

// groupNormalization has a scale and a shift for each group before version 21.
func groupNormalization(c *Call) []*Value {
	groups := int(c.Int("num_groups", 0))
	shape := c.dims()
	if len(shape) < 2 || groups < 1 || shape[1]%groups != 0 {
		c.fail("%d groups must divide the channels of %v", groups, shape)
	}
	scale, shift := c.arg(1), c.arg(2)
	if c.Version < 21 {
		scale, shift = perChannel(scale, shape[1]/groups), perChannel(shift, shape[1]/groups)
	}
	return c.one(graph.GroupNorm(c.x(), groups, scale, shift, c.Float("epsilon", 1e-5)))
}

// DecomposedGroupNorm is a group normalization that a file has as several nodes. Its attributes
// are num_groups and epsilon, and it has a scale and a shift, which may be absent, of any shape
// that is broadcast to the one of argument 0. Argument 3, if it is there, is what argument 0 was
// before it was reshaped: the groups are those of its samples.
var DecomposedGroupNorm = &Operator{Name: "GroupNormalization", Arguments: 1, Weights: []int{1, 2}, build: decomposedGroupNorm}

func decomposedGroupNorm(c *Call) []*Value {
	groups, eps := int(c.Int("num_groups", 0)), c.Float("epsilon", 0)
	shape := c.dims()
	rows := shape
	if len(c.In) > 3 {
		rows = c.In[3].Shape
	}
	if len(shape) < 2 || len(rows) < 1 || rows[0] == 0 || shape.Size()%(rows[0]*groups) != 0 {
		c.fail("%d groups must divide the channels of %v", groups, rows)
	}
	scale, fits := c.onlyAxes(c.arg(1), []int{1})
	shift, alsoFits := c.onlyAxes(c.arg(2), []int{1})
	ofChannels := rows[0] == shape[0] && shape[1]%groups == 0
	if fits && alsoFits && ofChannels {
		return c.one(graph.GroupNorm(c.x(), groups, scale, shift, eps))
	}
	var y *graph.Node
	if ofChannels {
		y = graph.GroupNorm(c.x(), groups, nil, nil, eps)
	} else {
		y = graph.GroupNorm(graph.Reshape(c.x(), rows[0], groups, shape.Size()/(rows[0]*groups)), groups, nil, nil, eps)
		y = graph.Reshape(y, shape...)
	}
	if c.has(1) {
		y = graph.Mul(y, c.arg(1))
	}
	if c.has(2) {
		y = graph.Add(y, c.arg(2))
	}
	return c.one(y)
}

// perChannel repeats each element of v.
func perChannel(v *graph.Node, times int) *graph.Node {
	n := v.Shape().Size()
	return graph.Reshape(graph.Broadcast(graph.Reshape(v, n, 1), n, times), n*times)
}

// layerNormalization normalises the axes from axis on.
func layerNormalization(c *Call) []*Value {
	first := c.axis(c.Int("axis", -1))
	axes := make([]int, 0, c.rank())
	for a := first; a < c.rank(); a++ {
		axes = append(axes, a)
	}
	scale, shift := c.likeAxes(c.arg(1), first), c.likeAxes(c.arg(2), first)
	eps := c.Float("epsilon", 1e-5)
	out := c.one(graph.LayerNorm(c.x(), scale, shift, eps, axes...))
	if len(c.Outputs) > 1 { // the mean and 1/√(variance+eps)
		mean := graph.MeanKeep(c.x(), axes...)
		centred := graph.Sub(c.x(), mean)
		variance := graph.MeanKeep(graph.Mul(centred, centred), axes...)
		out = append(out, NodeValue(mean, proto.Float), NodeValue(graph.Pow(graph.Add(variance, c.Graph.Scalar(eps)), -0.5), proto.Float))
	}
	return out
}

// likeAxes gives a scale or shift the shape of the axes from first on, to which ONNX
// broadcasts it.
func (c *Call) likeAxes(v *graph.Node, first int) *graph.Node {
	if v == nil {
		return nil
	}
	shape := c.dims()[first:]
	for len(v.Shape()) > len(shape) && v.Shape()[0] == 1 {
		v = graph.Reshape(v, v.Shape()[1:]...)
	}
	return graph.Broadcast(v, shape...)
}

// DecomposedLayerNorm is a layer normalization that a file has as several nodes. Its attributes
// are axes and epsilon, and it has a scale and a shift, which may be absent, of any shape that
// is broadcast to the one of argument 0.
var DecomposedLayerNorm = &Operator{Name: "LayerNormalization", Arguments: 1, Weights: []int{1, 2}, build: decomposedLayerNorm}

func decomposedLayerNorm(c *Call) []*Value {
	axes, eps := c.axes(c.ints("axes"), c.rank()), c.Float("epsilon", 0)
	slices.Sort(axes)
	scale, fits := c.onlyAxes(c.arg(1), axes)
	shift, alsoFits := c.onlyAxes(c.arg(2), axes)
	if fits && alsoFits {
		return c.one(graph.LayerNorm(c.x(), scale, shift, eps, axes...))
	}
	y := graph.LayerNorm(c.x(), nil, nil, eps, axes...)
	if c.has(1) {
		y = graph.Mul(y, c.arg(1))
	}
	if c.has(2) {
		y = graph.Add(y, c.arg(2))
	}
	return c.one(y)
}

// onlyAxes gives a scale or shift, nil if it is absent, the shape of the axes. It is false if
// its own shape has other axes, or does not have these whole.
func (c *Call) onlyAxes(v *graph.Node, axes []int) (*graph.Node, bool) {
	if v == nil {
		return nil, true
	}
	missing := c.rank() - len(v.Shape())
	if missing < 0 {
		return nil, false
	}
	whole := slices.Concat(slices.Repeat([]int{1}, missing), v.Shape())
	var sizes []int
	for a, size := range c.dims() {
		switch {
		case !slices.Contains(axes, a) && whole[a] != 1, slices.Contains(axes, a) && whole[a] != size:
			return nil, false
		case slices.Contains(axes, a):
			sizes = append(sizes, size)
		}
	}
	return graph.Reshape(v, sizes...), true
}
