package train

import (
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train/internal/step"
)

// A Stepper runs single training steps of a classifier, for measurements and for
// loops other than Fit's; a Minimizer has any loss. It compiles a program for each batch
// size; the programs share the model's variables and the optimizer's state. It is not safe
// for concurrent use.
type Stepper struct {
	training *step.Training
	single   *step.Single
}

// NewStepper returns a Stepper that changes the model on the device; nil means
// cpu.Default(). A nil optimizer means plain SGD.
func NewStepper(model *nn.Model, device engine.Device, optimizer optim.Optimizer) *Stepper {
	if optimizer == nil {
		optimizer = optim.SGD{}
	}
	t := &step.Training{Model: model, Device: cpu.OrDefault(device), Optimizer: optimizer}
	return &Stepper{training: t, single: step.NewSingle(t)}
}

// SetMemoryBudget limits the memory of the steps compiled from now on, as
// Memory counts it, to so many bytes; 0 takes the limit away. Where a step
// needs more, values that are cheap to compute are dropped after the forward
// pass and computed again in the backward pass, as few as will do. That costs
// time and changes no bit of the results. A step that cannot be made to fit
// fails with ErrBudget.
func (s *Stepper) SetMemoryBudget(bytes int64) { s.training.Budget = bytes }

// Run does one step, of the given number from 0, with the given learning rate: forward
// pass, mean cross-entropy, gradients and update. It returns the loss and how
// many images were classified correctly, both from before the update. Of the
// batch it uses Images and Labels, which must be class indices. Once a batch
// size has been run, Run allocates nothing.
func (s *Stepper) Run(b *data.Batch, number uint64, rate float32) (loss float64, correct int, err error) {
	return s.single.Run(b, step.Alone(b, number, rate))
}

// Start begins what Run does. On a device whose programs are [engine.Starter], it returns
// as soon as the batch may be used for something else; on others it does the step. wait,
// which is called once, returns the loss and how many images were classified correctly.
//
// Steps that are under way are done in the order of Start. One more than is being done is
// enough to keep a device busy. An error of Start means that nothing was begun.
func (s *Stepper) Start(b *data.Batch, number uint64, rate float32) (wait func() (loss float64, correct int, err error), err error) {
	at := step.Alone(b, number, rate)
	if _, _, err := s.single.Program(at.Images); err != nil {
		return nil, err
	}
	if !s.single.Starts() {
		loss, correct, err := s.single.Run(b, at)
		if err != nil {
			return nil, err
		}
		return func() (float64, int, error) { return loss, correct, nil }, nil
	}
	r, err := s.single.Start(b, at)
	if err != nil {
		return nil, err
	}
	return func() (float64, int, error) { return step.Wait(r) }, nil
}

// Memory predicts the memory of a step for batches of the given size, within
// the budget if there is one. It compiles the step but does not run it; on
// systems that give memory out when it is written first, as Linux does, that
// takes little.
func (s *Stepper) Memory(batch int) (Memory, error) {
	p, recomputed, err := s.single.Program(batch)
	if err != nil {
		return Memory{}, err
	}
	m := memoryOf(s.training, batch)
	m.Recomputed = recomputed
	var ok bool
	if m.Program, ok = step.Planned(p); !ok {
		return m, fmt.Errorf("device %s does not plan its memory", s.training.Device.Name())
	}
	return m, nil
}

// Program returns the compiled step for a batch size, for measurements such as
// engine.StartProfile. The Stepper closes it.
func (s *Stepper) Program(batch int) (engine.Program, error) {
	p, _, err := s.single.Program(batch)
	return p, err
}

// Close releases the programs.
func (s *Stepper) Close() { s.single.Close() }
