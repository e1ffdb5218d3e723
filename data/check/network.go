package check

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// NetworkFeatures returns a function for Config.Features: what the last linear layer
// of a network gets, usually the activations of its last block, averaged over the
// picture; the network's output if it has no such layer. Calls compute one after the
// other, on all of the device's threads, while other pictures are decoded; a nil device
// is cpu.Default(). close releases the memory. It is an error if the network cannot be
// compiled or p makes images of another shape than it takes.
func NetworkFeatures(net *nn.Model, p preprocess.Config, device engine.Device) (features func(*raster.Raster) ([]float32, error), close func() error, err error) {
	if device == nil {
		device = cpu.Default()
	}
	p = p.WithDefaults()
	if !p.InputSize.Equal(net.Input()) {
		return nil, nil, fmt.Errorf("check: preprocessing makes images of %v, the network takes %v", p.InputSize, net.Input())
	}
	trace, err := net.Trace(1, nn.Eval)
	if err != nil {
		return nil, nil, fmt.Errorf("check: %w", err)
	}
	node := beforeClassifier(trace.Output)
	program, err := device.Compile(trace.Graph, node)
	if err != nil {
		return nil, nil, fmt.Errorf("check: compile the network: %w", err)
	}
	var mu sync.Mutex
	closed := false
	out := tensor.New(node.Shape()...)
	features = func(picture *raster.Raster) ([]float32, error) {
		x := tensor.New(trace.Input.Shape()...)
		if err := p.FromRaster(x.Data(), picture); err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if closed {
			return nil, errors.New("check: the network is closed")
		}
		if err := program.Run(engine.Feeds{trace.Input: x}, []*tensor.Tensor{out}); err != nil {
			return nil, err
		}
		return slices.Clone(out.Data()), nil
	}
	return features, func() error {
		mu.Lock()
		defer mu.Unlock()
		closed = true
		return program.Close()
	}, nil
}

// beforeClassifier returns the input of the last matrix product with a variable that
// output depends on; output itself if there is none.
func beforeClassifier(output *graph.Node) *graph.Node {
	var last *graph.Node
	seen := map[*graph.Node]bool{}
	var visit func(n *graph.Node)
	visit = func(n *graph.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if _, ok := n.Op().(graph.MatMulOp); ok && (last == nil || n.ID() > last.ID()) {
			last = n
		}
		for _, in := range n.Inputs() {
			visit(in)
		}
	}
	visit(output)
	if last == nil {
		return output
	}
	return last.Inputs()[0]
}
