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
func DeadReLUs(model *nn.Model, device engine.Device, images *tensor.Tensor) (shares []DeadShare, err error) {
	if images.Rank() == 0 {
		return nil, fmt.Errorf("images of shape %v: want N×C×H×W", images.Shape())
	}
	trace, err := model.Trace(images.Shape()[0], nn.Eval)
	if err != nil {
		return nil, err
	}
	defer graph.Catch(&err)
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
		shares = append(shares, share)
		outputs = append(outputs, top)
	}
	if len(outputs) == 0 {
		return nil, nil
	}
	results, err := engine.Run(cpu.OrDefault(device), engine.Feeds{trace.Input: images}, outputs...)
	if err != nil {
		return nil, fmt.Errorf("count dead units: %w", err)
	}
	for i, r := range results {
		for _, v := range r.Data() {
			if v == 0 {
				shares[i].Dead++
			}
		}
	}
	return shares, nil
}
