package cpu

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A layout is the order in which a value's elements lie in memory.
type layout int

const (
	plain    layout = iota // row-major, as the graph sees it
	nhwc                   // rank 4 only: channels innermost
	embedded               // nhwc with other things between the pixels' channels: part of a larger image
	layouts
)

// A value is the result of a node in one layout.
type value struct {
	node   *graph.Node
	shape  tensor.Shape
	layout layout
	buf    *buffer
	pitch  int   // embedded: floats from pixel to pixel
	offset int   // and the first in the buffer
	ready  int   // index of the step that completes it; −1 if it is there from the start
	tail   *tail // where work on the value can be attached, or nil
	// borrowed values are part of another value: they cannot be written over.
	borrowed bool
}

// strides returns the distance in memory between neighbours along each axis.
func (v *value) strides() []int {
	s := stridesOf(v.shape, v.layout)
	if v.layout == embedded {
		w := v.shape[3] * v.pitch
		s[0], s[1], s[2], s[3] = v.shape[2]*w, 1, w, v.pitch
	}
	return s
}

func stridesOf(shape tensor.Shape, l layout) []int {
	s := make([]int, len(shape))
	if l == nhwc {
		c, h, w := shape[1], shape[2], shape[3]
		s[0], s[1], s[2], s[3] = h*w*c, 1, w*c, c
		return s
	}
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = step
		step *= shape[i]
	}
	return s
}

// copyPlain stores the value into dst, row-major.
func (v *value) copyPlain(dst []float32) { copy(dst, v.buf.data[:len(dst)]) }

// compiler lowers a graph to steps.
type compiler struct {
	device  *Device
	g       *graph.Graph
	outputs []*graph.Node

	needed    []bool
	consumers [][]*graph.Node     // of each node, among the needed ones
	kept      []bool              // outputs and assigned values: must exist as such
	groups    []*group            // the elementwise group of each node, or nil
	biased    map[int]biased      // by ID of the Add: product and bias in one
	folds     map[int]*graph.Node // by ID of the normalization: the convolution it is folded into
	absorbed  []bool              // products and convolutions that their user computes

	statistics map[*graph.Node]*value // mean and variance of each channel, 2×C, where they are known
	deviations map[deviation]*buffer
	slots      map[*graph.Node]*slot
	masks      map[*graph.Node]*graph.Node // by gradient that ReLUs mask as a whole: the concatenation of their results
	masked     map[*graph.Node]bool        // those that are
	argmax     map[*graph.Node]*buffer     // by gradient of maximum pooling: where the maxima come from

	values  [][layouts]*value // of each node
	steps   []step
	arena   []*buffer
	inputs  map[*graph.Node]*buffer
	vars    map[*graph.Node]*buffer
	mutable map[*graph.Variable]bool // assigned by the program

	partition uint64 // of the sums so far, see ReductionOrder
}

func newCompiler(d *Device, g *graph.Graph, outputs []*graph.Node) *compiler {
	n := len(g.Nodes())
	return &compiler{
		device: d, g: g, outputs: outputs,
		needed: make([]bool, n), consumers: make([][]*graph.Node, n), kept: make([]bool, n),
		groups: make([]*group, n), biased: map[int]biased{}, folds: map[int]*graph.Node{}, absorbed: make([]bool, n),
		values: make([][layouts]*value, n), masks: map[*graph.Node]*graph.Node{}, masked: map[*graph.Node]bool{}, slots: map[*graph.Node]*slot{}, argmax: map[*graph.Node]*buffer{},
		inputs: map[*graph.Node]*buffer{}, vars: map[*graph.Node]*buffer{},
		mutable: map[*graph.Variable]bool{},

		statistics: map[*graph.Node]*value{}, deviations: map[deviation]*buffer{},
	}
}

// lower turns the needed nodes into steps.
func (c *compiler) lower() error {
	c.analyse()
	c.findBiases()
	c.findFolds()
	c.findGroups()
	c.findSlots()
	c.findMasks()
	for _, n := range c.g.Nodes() {
		if !c.needed[n.ID()] || c.absorbed[n.ID()] {
			continue
		}
		if err := c.lowerNode(n); err != nil {
			return fmt.Errorf("%v: %w", n, err)
		}
	}
	return nil
}

// analyse finds the nodes that must be computed, and who uses them.
func (c *compiler) analyse() {
	for _, n := range c.outputs {
		c.needed[n.ID()], c.kept[n.ID()] = true, true
	}
	for _, a := range c.g.Assignments() {
		c.needed[a.Value.ID()], c.kept[a.Value.ID()] = true, true
		c.needed[a.Variable.ID()] = true
		c.mutable[a.Variable.Op().(graph.VariableOp).Variable] = true
	}
	nodes := c.g.Nodes()
	for i := len(nodes) - 1; i >= 0; i-- {
		if !c.needed[i] {
			continue
		}
		for _, in := range nodes[i].Inputs() {
			c.needed[in.ID()] = true
			c.consumers[in.ID()] = append(c.consumers[in.ID()], nodes[i])
		}
	}
}

// soleConsumer returns the only user of n, or nil if there are several or n
// must exist as such.
func (c *compiler) soleConsumer(n *graph.Node) *graph.Node {
	if u := c.consumers[n.ID()]; len(u) == 1 && !c.kept[n.ID()] {
		return u[0]
	}
	return nil
}

func (c *compiler) lowerNode(n *graph.Node) error {
	if b, ok := c.biased[n.ID()]; ok {
		return c.lowerMatMul(n, b.product, b.bias)
	}
	if gr := c.groups[n.ID()]; gr != nil {
		if gr.root == n {
			c.lowerGroup(gr)
		}
		return nil
	}
	switch op := n.Op().(type) {
	case graph.InputOp:
		b := &buffer{size: n.Shape().Size()}
		c.inputs[n] = b
		c.setValue(&value{node: n, shape: n.Shape(), buf: b, ready: -1})
	case graph.VariableOp:
		b := &buffer{size: n.Shape().Size()}
		c.vars[n] = b
		c.setValue(&value{node: n, shape: n.Shape(), buf: b, ready: -1})
	case graph.ConstantOp:
		b := &buffer{size: n.Shape().Size(), data: op.Value.Clone().Data()}
		c.setValue(&value{node: n, shape: n.Shape(), buf: b, ready: -1})
	case graph.Conv2DOp:
		return c.lowerConv(n, op)
	case graph.Conv2DInputGradOp:
		return c.lowerConvInputGrad(n, op)
	case graph.Conv2DWeightGradOp:
		return c.lowerConvWeightGrad(n, op)
	case graph.MatMulOp:
		return c.lowerMatMul(n, n, nil)
	case graph.MaxPool2DOp:
		c.lowerMaxPool(n, op)
	case graph.AvgPool2DOp:
		c.lowerAvgPool(n, func(pitch, out int) *pool.Plan {
			return pool.New(op.Pool, &op, n.Inputs()[0].Shape(), n.Shape(), pitch, out)
		})
	case graph.AdaptiveAvgPool2DOp:
		c.lowerAvgPool(n, func(pitch, out int) *pool.Plan {
			return pool.NewAdaptive(op, n.Inputs()[0].Shape(), n.Shape(), pitch, out)
		})
	case graph.MaxPool2DGradOp:
		c.lowerMaxPoolGrad(n, op)
	case graph.AvgPool2DGradOp:
		c.lowerAvgPoolGrad(n, func(pitch, out int) *pool.Plan {
			return pool.New(op.Pool.Pool, &op.Pool, op.InputShape, n.Inputs()[0].Shape(), pitch, out)
		})
	case graph.AdaptiveAvgPool2DGradOp:
		c.lowerAvgPoolGrad(n, func(pitch, out int) *pool.Plan {
			return pool.NewAdaptive(op.Pool, op.InputShape, n.Inputs()[0].Shape(), pitch, out)
		})
	case graph.BatchStatsOp:
		c.lowerBatchStats(n)
	case graph.BatchNormOp:
		if conv := c.folds[n.ID()]; conv != nil {
			return c.lowerFolded(n, conv, op)
		} else {
			c.lowerBatchNorm(n, op)
		}
	case graph.BatchNormParamGradOp:
		c.lowerBatchNormParamGrad(n, op)
	case graph.BatchNormInputGradOp:
		c.lowerBatchNormInputGrad(n, op)
	case graph.SoftmaxOp:
		c.lowerSoftmax(n, op)
	case graph.CrossEntropyOp:
		c.lowerCrossEntropy(n)
	case graph.CrossEntropyGradOp:
		c.lowerCrossEntropyGrad(n)
	case graph.ReduceOp:
		c.lowerReduce(n, op)
	case graph.ArgMaxOp:
		c.lowerArgMax(n, op)
	case graph.DropoutOp:
		c.lowerDropout(n, op)
	case graph.ReshapeOp:
		c.lowerReshape(n)
	case graph.TransposeOp:
		c.lowerTranspose(n, op)
	case graph.BroadcastOp:
		c.lowerBroadcast(n)
	case graph.ConcatOp:
		c.lowerConcat(n, op)
	case graph.SliceOp:
		c.lowerSlice(n, op)
	case graph.PadOp:
		c.lowerPad(n, op)
	default:
		return fmt.Errorf("operator %s is not supported", n.Op().Kind())
	}
	return nil
}

// setValue makes v known under its node and layout. Where the two layouts of
// a shape coincide it is known under both.
func (c *compiler) setValue(v *value) {
	c.values[v.node.ID()][v.layout] = v
	if len(v.shape) == 4 && v.layout != embedded && (v.shape[1] == 1 || v.shape[2]*v.shape[3] == 1) {
		w := *v
		w.layout = 1 - v.layout
		c.values[v.node.ID()][w.layout] = &w
	}
}

// some returns the value of n in the layout it was made in, with nothing
// between its elements.
func (c *compiler) some(n *graph.Node) *value {
	if c.isImage(n) {
		return c.in(n, nhwc)
	}
	return c.values[n.ID()][plain]
}

// in returns the value of n in the given layout, converting it if nobody has.
func (c *compiler) in(n *graph.Node, l layout) *value {
	if v := c.values[n.ID()][l]; v != nil {
		return v
	}
	from := c.values[n.ID()][plain]
	if c.isImage(n) {
		from = c.pixels(n)
	}
	to := c.define(n, l)
	c.convert(to, from)
	return to
}

// define gives node n a fresh value in the arena; the step added next
// completes it.
func (c *compiler) define(n *graph.Node, l layout) *value {
	v := &value{node: n, shape: n.Shape(), layout: l, buf: c.alloc(n.Shape().Size()), ready: len(c.steps)}
	c.setValue(v)
	return v
}

// alloc returns a new buffer in the arena.
func (c *compiler) alloc(size int) *buffer {
	b := &buffer{size: size, arena: true}
	c.arena = append(c.arena, b)
	return b
}

// resident returns v with its elements in the arena, where kernels may read
// past the end.
func (c *compiler) resident(v *value) *value {
	if v.buf.arena {
		return v
	}
	w := *v
	w.buf = c.alloc(v.shape.Size())
	w.ready = len(c.steps)
	from, to := v.buf, w.buf
	tasks, chunk := work.Split(v.shape.Size(), 1<<15, 1)
	c.add(step{
		name: "copy", node: v.node, tasks: tasks, reads: bufs(from), writes: bufs(to),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, len(to.data))
			copy(to.data[lo:hi], from.data[lo:hi])
		},
	})
	c.setValue(&w)
	return &w
}

func (c *compiler) add(s step) {
	if s.tasks > maxTasks {
		panic(fmt.Sprintf("cpu: step %s has %d tasks", s.name, s.tasks))
	}
	c.steps = append(c.steps, s)
}

func bufs(b ...*buffer) []*buffer { return b }
