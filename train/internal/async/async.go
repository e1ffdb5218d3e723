// Package async runs programs on devices that work on their own: a run is started, and the
// host does something else until it needs the results.
package async

import (
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/tensor"
)

// A Starter starts runs of a program whose device works on its own. It is not safe for
// concurrent use.
type Starter struct {
	program engine.Starter
	like    []*tensor.Tensor   // have the shapes of the outputs
	idle    [][]*tensor.Tensor // outputs that no run fills
}

// New returns nil if the program can only be run. The outputs have the shapes of its
// results; each run under way has outputs of its own.
func New(p engine.Program, outputs []*tensor.Tensor) *Starter {
	if program, ok := p.(engine.Starter); ok {
		return &Starter{program: program, like: outputs}
	}
	return nil
}

// A Run is a run under way.
type Run struct {
	// Outputs are its results. They may be read after Wait and until Release.
	Outputs []*tensor.Tensor

	of    *Starter
	done  chan struct{} // closed when it has ended
	ended time.Time
	err   error
}

// Start begins a run. The feeds may be changed as soon as it has returned.
func (s *Starter) Start(feeds engine.Feeds) (*Run, error) {
	if len(s.idle) == 0 {
		var outputs []*tensor.Tensor
		for _, t := range s.like {
			outputs = append(outputs, tensor.New(t.Shape()...))
		}
		s.idle = append(s.idle, outputs)
	}
	r := &Run{of: s, Outputs: s.idle[len(s.idle)-1], done: make(chan struct{})}
	wait, err := s.program.Start(feeds, r.Outputs)
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

// Wait waits for the end of the run and returns its error.
func (r *Run) Wait() error {
	<-r.done
	return r.err
}

// Release gives the outputs of a run that has ended to another one.
func (r *Run) Release() { r.of.idle = append(r.of.idle, r.Outputs) }

// A Clock measures runs that are done one after the other and may be started before the one
// before has ended: each takes the time from its start, or from the end of the one before
// if that is later, to its end.
type Clock struct{ ended time.Time }

// Took returns how long a run took that has ended and was begun at a moment.
func (c *Clock) Took(r *Run, began time.Time) time.Duration {
	if c.ended.After(began) {
		began = c.ended
	}
	c.ended = r.ended
	return c.ended.Sub(began)
}
