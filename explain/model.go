package explain

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"golang.org/x/sync/semaphore"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// Options are the choices of New. The zero value is a good default.
type Options struct {
	// CPU configures the cpu engine; its Threads are GOMAXPROCS if they are 0.
	CPU cpu.Options
	// Device, if it is not nil, computes in place of an engine of the Model's own. Close
	// does not close it.
	Device engine.Device
	// Batch is how many samples Occlusion, IntegratedGradients, SmoothGrad and Exciting
	// compute at a time at most; 0 means 4, which is the fastest for networks of ImageNet on two cores. Memory grows with
	// it.
	Batch int
	// Programs is how many compiled programs are kept, 0 means 8; each is for a layer, a
	// batch size and a kind of computation. ProgramBytes bounds the memory that they keep, such
	// as packed weights; 0 means 768 MiB. A program of gradients with respect to the input keeps 300 MB for
	// ResNet-18, one of Grad-CAM 60. What is over is released, those used longest ago
	// first, but for the newest.
	Programs     int
	ProgramBytes int64
}

// A Model is a network that is looked into. It is safe for concurrent use.
type Model struct {
	name          string
	net           *nn.Model
	classes       []string
	preprocessing preprocess.Config
	batch         int
	outline       *outline // of a batch of one

	state *state
}

// New makes a Model of a model, whose weights must not be changed as long as it is in use. It is an
// error if the network's output is not a score for each class.
func New(model *modelfolder.Model, o Options) (*Model, error) {
	m, err := NewNetwork(model.Net, model.Classes, model.Preprocessing, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", model.Path, err)
	}
	m.name = model.Path
	return m, nil
}

// NewNetwork is New for a network with the names of its classes and its preprocessing. nil
// classes get the names "class 0", "class 1" and so on. Preprocessing is only what
// Model.Preprocessing returns; its zero value stands for preprocess.Plain.
func NewNetwork(net *nn.Model, classes []string, p preprocess.Config, o Options) (*Model, error) {
	if own, ok := o.Device.(*cpu.Device); ok && own == nil {
		o.Device = nil
	}
	switch {
	case net == nil:
		return nil, errors.New("explain: there is no network")
	case o.Batch < 0 || o.Programs < 0 || o.ProgramBytes < 0:
		return nil, fmt.Errorf("explain: batch %d, programs %d, program bytes %d: want at least 1, or 0 for the default", o.Batch, o.Programs, o.ProgramBytes)
	}
	if len(net.Input()) != 3 {
		return nil, fmt.Errorf("explain: the network takes inputs of %v: want images C×H×W", net.Input())
	}
	if len(p.InputSize) == 0 {
		p = preprocess.Plain(net.Input())
	} else if err := p.Check(); err != nil {
		return nil, fmt.Errorf("explain: preprocessing: %w", err)
	}
	if !p.InputSize.Equal(net.Input()) {
		return nil, fmt.Errorf("explain: preprocessing makes inputs of %v, the network takes %v", p.InputSize, net.Input())
	}
	t, err := net.Trace(1, nn.Eval)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	outline, err := newOutline(t)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	scores := outline.scores.Shape().Size()
	if classes == nil {
		for i := range scores {
			classes = append(classes, "class "+strconv.Itoa(i))
		}
	}
	if len(classes) != scores {
		return nil, fmt.Errorf("explain: %d names of classes for a network with %d outputs", len(classes), scores)
	}
	m := &Model{net: net, classes: classes, preprocessing: p, batch: orDefault(o.Batch, 4), outline: outline}
	m.state = &state{turn: semaphore.NewWeighted(1), device: o.Device, programs: orDefault(o.Programs, 8), bytes: orDefault(o.ProgramBytes, 768<<20)}
	if m.state.device == nil {
		m.state.own = cpu.New(o.CPU)
		m.state.device = m.state.own
	}
	// A Model that nobody uses any more takes its memory with it.
	runtime.AddCleanup(m, func(s *state) { _ = s.close() }, m.state)
	return m, nil
}

func orDefault[T int | int64](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// Classes returns the names of the classes, by index. The caller must not change it.
func (m *Model) Classes() []string { return m.classes }

// Preprocessing returns how pictures become the network's input.
func (m *Model) Preprocessing() preprocess.Config { return m.preprocessing.WithDefaults() }

// Input returns the shape of one input, C×H×W.
func (m *Model) Input() tensor.Shape { return m.net.Input() }

// Close waits for the call that computes and releases the memory. A call that comes later
// fails.
func (m *Model) Close() error { return m.state.close() }

// state is what calls take turns with.
type state struct {
	turn     *semaphore.Weighted
	device   engine.Device
	own      *cpu.Device // to be closed; nil for a device of the caller
	programs int
	bytes    int64

	kept   []*program // those used longest ago first
	times  []float64
	closed bool
}

var errClosed = errors.New("explain: the model is closed")

// enter waits for the turn.
func (s *state) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := s.turn.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	if s.closed {
		s.leave()
		return errClosed
	}
	return nil
}

func (s *state) leave() { s.turn.Release(1) }

func (s *state) close() (err error) {
	// This cannot fail: the context does not end.
	_ = s.turn.Acquire(context.Background(), 1)
	defer s.leave()
	if s.closed {
		return nil
	}
	s.closed = true
	for _, p := range s.kept {
		err = errors.Join(err, p.program.Close())
	}
	s.kept = nil
	if s.own != nil {
		err = errors.Join(err, s.own.Close())
	}
	return err
}

// asInput returns x as a batch of one input.
func (m *Model) asInput(x *tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil {
		return nil, errors.New("explain: there is no input")
	}
	want := append(tensor.Shape{1}, m.net.Input()...)
	switch s := x.Shape(); {
	case s.Equal(want):
		return x, nil
	case s.Equal(want[1:]):
		return tensor.FromSlice(x.Data(), want...)
	default:
		return nil, fmt.Errorf("explain: an input of %v: the network takes %v", s, want[1:])
	}
}
