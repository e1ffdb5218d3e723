package live

import (
	"context"
	"sync"
)

// A hub has a follower for each run that is open in a page.
type hub struct {
	follow func(ctx context.Context, name, dir string, show func(*view))

	mu        sync.Mutex
	followers map[string]*follower // by name
	running   sync.WaitGroup
}

// A follower follows a run for all who look at it.
type follower struct {
	cancel context.CancelFunc

	mu      sync.Mutex
	view    *view // the latest; nil before the first
	readers map[chan<- struct{}]bool
}

// watch follows a run until stop is called. After each change there is an element in wake, which must
// have room for one: whoever is slow misses some, but never the last. latest returns nil before there is a view.
func (h *hub) watch(name, dir string, wake chan<- struct{}) (latest func() *view, stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.followers[name]
	if f == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f = &follower{cancel: cancel, readers: map[chan<- struct{}]bool{}}
		h.followers[name] = f
		h.running.Go(func() { h.follow(ctx, name, dir, f.show) })
	}
	f.mu.Lock()
	f.readers[wake] = true
	f.mu.Unlock()
	return f.latest, sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if delete(f.readers, wake); len(f.readers) == 0 {
			f.cancel()
			delete(h.followers, name)
		}
	})
}

func (f *follower) latest() *view {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view
}

// show tells all readers of a view; it waits for none of them.
func (f *follower) show(v *view) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view = v
	for wake := range f.readers {
		select {
		case wake <- struct{}{}:
		default: // it is told already
		}
	}
}
