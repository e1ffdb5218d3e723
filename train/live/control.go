package live

import (
	"context"
	"errors"
	"sync"

	"github.com/strideml/stride/train"
)

// A Controller stops a training and saves checkpoints of it, from any goroutine.
type Controller struct {
	cancel context.CancelCauseFunc
	cause  error
	ended  <-chan struct{}
	save   chan func(path string, err error)

	mu         sync.Mutex
	afterEpoch bool
	stopping   bool
}

// ErrStopped is why the context of a training ends that a Controller has stopped.
var ErrStopped = errors.New("stopped by the user")

// Control returns a context for train.Fit, and its Controller. It sets config.Save and adds to the
// callbacks of the config. A training that is stopped is interrupted: Fit saves, and its error wraps
// train.ErrInterrupted and cause, which is ErrStopped if nil.
func Control(parent context.Context, config *train.Config, cause error) (context.Context, *Controller) {
	if cause == nil {
		cause = ErrStopped
	}
	ctx, cancel := context.WithCancelCause(parent)
	c := &Controller{cancel: cancel, cause: cause, ended: ctx.Done(), save: make(chan func(string, error))}
	config.Save = c.save
	before := config.Callbacks.OnEpoch
	config.Callbacks.OnEpoch = func(e train.EpochInfo) {
		if before != nil {
			before(e)
		}
		c.mu.Lock()
		stop := c.afterEpoch
		c.mu.Unlock()
		if stop {
			c.Stop()
		}
	}
	return ctx, c
}

// Stop ends the training after the step under way.
func (c *Controller) Stop() {
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	c.cancel(c.cause)
}

// StopAfterEpoch ends the training after the epoch under way, with its test; false takes that
// back.
func (c *Controller) StopAfterEpoch(stop bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.afterEpoch = stop
}

// errNotTraining says that no step comes any more.
var errNotTraining = errors.New("the training has ended")

// Save writes a checkpoint after the step under way, and returns its path. It waits until the test is over, if one is
// under way, and at most until the context or the training ends.
func (c *Controller) Save(ctx context.Context) (path string, err error) {
	type result struct {
		path string
		err  error
	}
	saved := make(chan result, 1)
	select {
	case c.save <- func(path string, err error) { saved <- result{path, err} }:
		r := <-saved // Fit is writing
		return r.path, r.err
	case <-c.ended:
		return "", errNotTraining
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Close says that Fit has returned: nobody needs to wait any more.
func (c *Controller) Close() { c.cancel(nil) }

// state is what a page shows: "", "epoch" or "now".
func (c *Controller) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopping:
		return stopNow
	case c.afterEpoch:
		return stopAfterEpoch
	}
	return ""
}

// When a training is to stop.
const (
	stopNow        = "now"
	stopAfterEpoch = "epoch"
	stopNever      = "never"
)
