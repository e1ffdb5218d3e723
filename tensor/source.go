package tensor

import (
	"fmt"
	"sync"
)

// A Source has the elements of a tensor that are elsewhere, such as in the memory of
// a GPU, until somebody needs them: see [Tensor.Defer].
type Source struct {
	mu    sync.Mutex
	fetch func(into []float32) error
}

// NewSource returns a Source whose elements fetch writes to a slice of the size of the
// tensor. An error means that it could not; the slice may then hold anything. fetch may be
// called by any goroutine, though never by two at once, and must not use the tensor.
func NewSource(fetch func(into []float32) error) *Source { return &Source{fetch: fetch} }

// releasedSource marks the tensors whose elements nobody has.
var releasedSource = new(Source)

// Defer says that s has the elements that t has from now on. The first call that needs
// them, such as [Tensor.Data], fetches them into the memory of t; until then that memory,
// and all tensors and slices that share it, keep the old elements. Several goroutines may
// read t at once; one of them fetches. A later call of Defer with the same or another Source
// has t fetch again.
//
// Defer is for engines that keep variables on a device. It allocates nothing, and it panics if
// the elements of t were released.
func (t *Tensor) Defer(s *Source) {
	if t.Released() {
		t.failReleased()
	}
	s.mu.Lock() // not while s is being fetched
	t.source.Store(s)
	s.mu.Unlock()
}

// Fetch makes sure that the elements are in the tensor's memory. All methods that need
// elements do so, but panic where that fails: call Fetch before them where an error
// can be returned. It is an error, too, if the elements were released. The elements of
// most tensors are always there; Fetch then costs nothing.
func (t *Tensor) Fetch() error {
	s := t.source.Load()
	switch s {
	case nil:
		return nil
	case releasedSource:
		return fmt.Errorf("tensor: the elements of a tensor of shape %v were released", t.shape)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.source.Load() != s {
		return nil // another goroutine was first
	}
	if err := s.fetch(t.data); err != nil {
		return fmt.Errorf("tensor: fetch the elements of a tensor of shape %v: %w", t.shape, err)
	}
	t.source.Store(nil)
	return nil
}

// mustFetch is Fetch for methods that return no error. It panics with an error.
func (t *Tensor) mustFetch() {
	if t.Released() {
		t.failReleased()
	}
	if err := t.Fetch(); err != nil {
		panic(err)
	}
}
