package nn

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// predictor holds the programs that Predict compiled, the latest used last.
type predictor struct {
	mu       sync.Mutex
	compiled []compiled
}

type compiled struct {
	device  engine.Device
	batch   int
	output  tensor.Shape
	program engine.Program
	input   *graph.Node
}

// maxPrograms bounds how many batch sizes stay compiled.
const maxPrograms = 4

// Predict runs the network in Eval mode on x, N×C×H×W for images, or a single
// image C×H×W, which counts as a batch of one. It returns the output with the
// batch as first axis. Programs are compiled for each batch size and the
// latest few are kept; [Model.Close] releases them. Calls wait for each other;
// package classify is for many goroutines.
func (m *Model) Predict(device engine.Device, x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := m.asBatch(device, x)
	if err != nil {
		return nil, fmt.Errorf("nn: predict: %w", err)
	}
	m.predictor.mu.Lock()
	defer m.predictor.mu.Unlock()
	c, err := m.program(device, x.Shape()[0])
	if err != nil {
		return nil, err
	}
	y := tensor.New(c.output...)
	if err := c.program.Run(engine.Feeds{c.input: x}, []*tensor.Tensor{y}); err != nil {
		return nil, fmt.Errorf("nn: predict: %w", err)
	}
	return y, nil
}

// asBatch makes a batch of one of a single image, and checks the arguments.
func (m *Model) asBatch(device engine.Device, x *tensor.Tensor) (*tensor.Tensor, error) {
	if device == nil {
		return nil, errors.New("there is no device to compute with")
	}
	if x.HasShape(m.input) {
		return x.Reshape(slices.Concat([]int{1}, m.input)...)
	}
	if s := x.Shape(); len(s) != len(m.input)+1 || !s[1:].Equal(m.input) || s[0] < 1 {
		return nil, fmt.Errorf("input %v: the network takes batches of %v", s, m.input)
	}
	return x, nil
}

// program returns the program for a batch size, compiling it at first use.
func (m *Model) program(device engine.Device, batch int) (compiled, error) {
	p := &m.predictor
	same := func(c compiled) bool { return c.device == device && c.batch == batch }
	if i := slices.IndexFunc(p.compiled, same); i >= 0 {
		c := p.compiled[i]
		p.compiled = append(slices.Delete(p.compiled, i, i+1), c)
		return c, nil
	}
	t, err := m.Trace(batch, Eval)
	if err != nil {
		return compiled{}, err
	}
	program, err := device.Compile(t.Graph, t.Output)
	if err != nil {
		return compiled{}, fmt.Errorf("nn: predict: %w", err)
	}
	if len(p.compiled) == maxPrograms {
		if err := p.compiled[0].program.Close(); err != nil {
			program.Close()
			return compiled{}, fmt.Errorf("nn: predict: %w", err)
		}
		p.compiled = slices.Delete(p.compiled, 0, 1)
	}
	c := compiled{device, batch, t.Output.Shape(), program, t.Input}
	p.compiled = append(p.compiled, c)
	return c, nil
}

// Close releases the programs that Predict compiled. The model stays usable.
func (m *Model) Close() error {
	p := &m.predictor
	p.mu.Lock()
	defer p.mu.Unlock()
	var first error
	for _, c := range p.compiled {
		if err := c.program.Close(); err != nil && first == nil {
			first = fmt.Errorf("nn: close: %w", err)
		}
	}
	p.compiled = nil
	return first
}
