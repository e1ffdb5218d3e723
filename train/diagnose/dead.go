package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// DeadShare says how many units of a ReLU are 0 for all images of a batch. A
// dead unit gets no gradient from them; one that is dead for all data never
// learns again.
type DeadShare struct {
	// Path is the path of the layer, or of the block whose Forward calls
	// graph.ReLU.
	Path string
	// After is the path of the layer or block whose output it is given, which
	// tells the ReLUs of one block apart; "" if that is the block itself.
	After string
	// Units is the number of channels of an N×C×H×W output, or of elements of
	// a sample of any other; Dead of them are 0 everywhere.
	Units, Dead int
}

// Share is Dead / Units.
func (d DeadShare) Share() float64 { return float64(d.Dead) / float64(d.Units) }

// Name says which ReLU of the network it is: its path, or for one in a block's own
// Forward the layer of the block before it, as in "after 4.0.p1_1".
func (d DeadShare) Name() string {
	if d.Path == "" && d.After != "" || strings.HasPrefix(d.After, d.Path+".") {
		return "after " + d.After
	}
	return d.Path
}

// String is a line for people: "4: 12 of 96 units dead (12.5 %)".
func (d DeadShare) String() string {
	return fmt.Sprintf("%s: %d of %d units dead (%.1f %%)", d.Name(), d.Dead, d.Units, 100*d.Share())
}

// DeadReLUs counts the dead units of each ReLU and ReLU6 of a model, in Eval
// mode, for a batch of images (N×C×H×W), in the order of the network. The more
// images, the fewer units look dead: use a hundred or more. A nil device means
// cpu.Default().
func DeadReLUs(model *nn.Model, device engine.Device, images *tensor.Tensor) ([]DeadShare, error) {
	if images.Rank() == 0 {
		return nil, fmt.Errorf("images of shape %v: want N×C×H×W", images.Shape())
	}
	c, err := NewDeadCounter(model, device, images.Shape()[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // the counts are there
	return c.Count(images)
}

// A DeadCounter is DeadReLUs, compiled once, for a model whose weights change meanwhile. It
// is not safe for concurrent use.
type DeadCounter struct {
	program engine.Program // nil if the model has no ReLU
	input   *graph.Node
	shares  []DeadShare
	tops    []*tensor.Tensor
}

// NewDeadCounter compiles a DeadCounter for batches of so many images. A nil device means
// cpu.Default().
func NewDeadCounter(model *nn.Model, device engine.Device, images int) (c *DeadCounter, err error) {
	trace, err := model.Trace(images, nn.Eval)
	if err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
	c = &DeadCounter{input: trace.Input}
	var outputs []*graph.Node
	for _, n := range slices.Clone(trace.Graph.Nodes()) {
		op, ok := n.Op().(graph.UnaryOp)
		if !ok || op.Func != graph.KindReLU && op.Func != graph.KindReLU6 {
			continue
		}
		axes := []int{0}
		if len(n.Shape()) == 4 {
			axes = []int{0, 2, 3}
		}
		top := graph.Max(n, axes...)
		share := DeadShare{Path: n.Path(), Units: top.Shape().Size()}
		if before := n.Inputs()[0].Path(); before != share.Path {
			share.After = before
		}
		c.shares, outputs = append(c.shares, share), append(outputs, top)
		c.tops = append(c.tops, tensor.New(top.Shape()...))
	}
	if len(outputs) == 0 {
		return c, nil
	}
	if c.program, err = cpu.OrDefault(device).Compile(trace.Graph, outputs...); err != nil {
		return nil, fmt.Errorf("count dead units: %w", err)
	}
	return c, nil
}

// Count counts the dead units for images, N×C×H×W; none if the model has no ReLU.
func (c *DeadCounter) Count(images *tensor.Tensor) ([]DeadShare, error) {
	if c.program == nil {
		return nil, nil
	}
	if err := c.program.Run(engine.Feeds{c.input: images}, c.tops); err != nil {
		return nil, fmt.Errorf("count dead units: %w", err)
	}
	shares := slices.Clone(c.shares)
	for i, top := range c.tops {
		for _, v := range top.Data() {
			if v == 0 {
				shares[i].Dead++
			}
		}
	}
	return shares, nil
}

// Close releases the program.
func (c *DeadCounter) Close() error {
	if c.program == nil {
		return nil
	}
	return c.program.Close()
}
