package train

import (
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/tensor"
)

// A starter starts runs of a program whose device works on its own.
type starter struct {
	program engine.Starter
	like    []*tensor.Tensor   // have the shapes of the outputs
	idle    [][]*tensor.Tensor // outputs that no run fills
}

// newStarter returns nil if the program can only be run.
func newStarter(p engine.Program, outputs []*tensor.Tensor) *starter {
	if program, ok := p.(engine.Starter); ok {
		return &starter{program: program, like: outputs}
	}
	return nil
}

// A startedRun is a run under way.
type startedRun struct {
	of      *starter
	outputs []*tensor.Tensor
	done    chan struct{} // closed when it has ended
	ended   time.Time
	err     error
}

// start begins a run. The feeds may be changed as soon as it has returned.
func (s *starter) start(feeds engine.Feeds) (*startedRun, error) {
	if len(s.idle) == 0 {
		var outputs []*tensor.Tensor
		for _, t := range s.like {
			outputs = append(outputs, tensor.New(t.Shape()...))
		}
		s.idle = append(s.idle, outputs)
	}
	r := &startedRun{of: s, outputs: s.idle[len(s.idle)-1], done: make(chan struct{})}
	wait, err := s.program.Start(feeds, r.outputs)
	if err != nil {
		return nil, err
	}
	s.idle = s.idle[:len(s.idle)-1]
	go func() { // to know when it has ended, whatever the caller does meanwhile
		r.err = wait()
		r.ended = time.Now()
		close(r.done)
	}()
	return r, nil
}

// wait returns the error of a run that has ended. Its outputs may be read until release.
func (r *startedRun) wait() error {
	<-r.done
	return r.err
}

// release gives the outputs of a run that has ended to another one.
func (r *startedRun) release() { r.of.idle = append(r.of.idle, r.outputs) }

// Start begins what Run does. On a device whose programs are [engine.Starter], it returns
// as soon as the batch may be used for something else; on others it does the step. wait,
// which is called once, returns the loss and how many images were classified correctly.
//
// Steps that are under way are done in the order of Start. One more than is being done is
// enough to keep a device busy. An error of Start means that nothing was begun.
func (s *Stepper) Start(b *data.Batch, step uint64, rate float32) (wait func() (loss float64, correct int, err error), err error) {
	at := single(b, step, rate)
	p, err := s.compile(stepKind{batch: at.images})
	if err != nil {
		return nil, err
	}
	if p.starter == nil {
		loss, correct, err := s.run(b, at)
		if err != nil {
			return nil, err
		}
		return func() (float64, int, error) { return loss, correct, nil }, nil
	}
	r, err := s.start(b, at)
	if err != nil {
		return nil, err
	}
	return func() (float64, int, error) { return stepResults(r) }, nil
}

// start starts a step on a device that works on its own.
func (s *Stepper) start(b *data.Batch, at stepAt) (*startedRun, error) {
	p, err := s.feed(b, at)
	if err != nil {
		return nil, err
	}
	return p.starter.start(p.feeds)
}

// stepResults waits for a step.
func stepResults(r *startedRun) (loss float64, correct int, err error) {
	err = r.wait()
	if err == nil {
		loss, correct = stepOutputs(r.outputs)
	}
	r.release()
	return loss, correct, err
}

// Start begins what Run does. On a device whose programs are [engine.Starter], it returns
// as soon as x and target may be used for something else; on others it does the step.
// wait, which is called once, returns the loss.
//
// Steps that are under way are done in the order of Start. One more than is being done is
// enough to keep a device busy. An error of Start means that nothing was begun.
func (m *Minimizer) Start(rate float32, x, target *tensor.Tensor) (wait func() (loss float64, err error), err error) {
	p, err := m.feed(rate, x, target)
	if err != nil {
		return nil, err
	}
	if p.starter == nil {
		loss, err := m.run(p)
		if err != nil {
			return nil, err
		}
		return func() (float64, error) { return loss, nil }, nil
	}
	r, err := p.starter.start(p.feeds)
	if err != nil {
		return nil, err
	}
	m.steps++
	return func() (loss float64, err error) {
		if err = r.wait(); err == nil {
			loss = float64(r.outputs[0].Data()[0])
		}
		r.release()
		return loss, err
	}, nil
}
