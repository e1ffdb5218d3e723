package nn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// predictor holds the programs that Predict compiled, the latest used last.
type predictor struct {
	mu       sync.Mutex
	compiled []compiled
	keep     int // programs at most; 0 stands for DefaultPrograms
}

type compiled struct {
	device  engine.Device
	batch   int
	output  tensor.Shape
	program engine.Program
	input   *graph.Node
}

// DefaultPrograms is how many of the programs that it compiled for
// [Model.Predict] a model keeps, unless [Model.KeepPrograms] says otherwise.
const DefaultPrograms = 4

// Predict runs the network in Eval mode on x, N×C×H×W for images, or a single
// image C×H×W, which counts as a batch of one. It returns the output with the
// batch as first axis. A nil device means cpu.Default(). A NaN in x is no error:
// as in PyTorch, all outputs that depend on it are NaN, which are those of its image
// only; an infinity may also vanish, as the sigmoid of +Inf is 1.
//
// Predict compiles a program for each batch size and device and keeps those used
// last, [DefaultPrograms] of them. A batch size that is not among them is compiled
// again, which for a small network takes longer than computing the output: where more
// sizes alternate, raise the number with [Model.KeepPrograms].
// [Model.WarmUp] compiles ahead, [Model.Close] releases all. Calls wait for each
// other; package classify is for many goroutines.
func (m *Model) Predict(device engine.Device, x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := m.asBatch(x)
	if err != nil {
		return nil, fmt.Errorf("nn: predict: %w", err)
	}
	m.predictor.mu.Lock()
	defer m.predictor.mu.Unlock()
	c, err := m.program(cpu.OrDefault(device), x.Shape()[0])
	if err != nil {
		return nil, err
	}
	return c.run(x)
}

// run computes the output for a batch.
func (c compiled) run(x *tensor.Tensor) (*tensor.Tensor, error) {
	y := tensor.New(c.output...)
	if err := c.program.Run(engine.Feeds{c.input: x}, []*tensor.Tensor{y}); err != nil {
		return nil, fmt.Errorf("nn: predict: %w", err)
	}
	return y, nil
}

// asBatch makes a batch of one of a single image, and checks its shape.
func (m *Model) asBatch(x *tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil {
		return nil, errors.New("there is no input")
	}
	if x.HasShape(m.input) {
		return x.Reshape(slices.Concat([]int{1}, m.input)...)
	}
	if s := x.Shape(); len(s) != len(m.input)+1 || !s[1:].Equal(m.input) || s[0] < 1 {
		return nil, fmt.Errorf("input %v: the network takes batches of %v", s, m.input)
	}
	return x, nil
}

// KeepPrograms sets how many programs [Model.Predict] keeps, one for each batch size
// and device: at least 1; [DefaultPrograms] if it is not called. What is over is
// released, those used longest ago first.
//
// Each program has packed weights of its own, and shares the memory for values
// between layers with the device's other programs. Where Winograd's algorithm computes
// the convolutions, packed weights are larger than the parameters: the 45 MB of zoo's
// resnet18 become 65 MB for single images and 115 MB for larger batches.
func (m *Model) KeepPrograms(n int) error {
	if n < 1 {
		return fmt.Errorf("nn: keep %d programs: want at least 1", n)
	}
	m.predictor.mu.Lock()
	defer m.predictor.mu.Unlock()
	m.predictor.keep = n
	return m.predictor.release(n)
}

// kept is how many programs stay compiled.
func (p *predictor) kept() int { return cmp.Or(p.keep, DefaultPrograms) }

// release closes the programs used longest ago until n are left.
func (p *predictor) release(n int) error {
	over := max(len(p.compiled)-n, 0)
	var errs []error
	for _, c := range p.compiled[:over] {
		errs = append(errs, c.program.Close())
	}
	p.compiled = slices.Delete(p.compiled, 0, over)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("nn: release programs: %w", err)
	}
	return nil
}

// WarmUp compiles the programs of [Model.Predict] for batches of the given sizes and
// runs each once, so that the first call takes no longer than later ones. It is an
// error if there are more sizes than programs are kept. A nil device means
// cpu.Default().
func (m *Model) WarmUp(device engine.Device, batches ...int) error {
	m.predictor.mu.Lock()
	defer m.predictor.mu.Unlock()
	sizes := slices.Compact(slices.Sorted(slices.Values(batches)))
	if kept := m.predictor.kept(); len(sizes) > kept {
		return fmt.Errorf("nn: warm up for %d batch sizes: a model keeps %d programs, which KeepPrograms changes", len(sizes), kept)
	}
	for _, batch := range sizes {
		c, err := m.program(cpu.OrDefault(device), batch)
		if err != nil {
			return err
		}
		if _, err := c.run(tensor.New(slices.Concat([]int{batch}, m.input)...)); err != nil {
			return err
		}
	}
	return nil
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
	if err := p.release(p.kept() - 1); err != nil {
		return compiled{}, errors.Join(err, program.Close())
	}
	c := compiled{device, batch, t.Output.Shape(), program, t.Input}
	p.compiled = append(p.compiled, c)
	return c, nil
}

// Close releases the programs that Predict compiled. The model stays usable.
func (m *Model) Close() error {
	m.predictor.mu.Lock()
	defer m.predictor.mu.Unlock()
	return m.predictor.release(0)
}
