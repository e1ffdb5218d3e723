package pjrt

import (
	"fmt"
	"sync"
)

// A handle owns an object of the plugin. The object is destroyed when the handle is
// closed and nobody uses the object any more, be it a call that is under way or an
// object that belongs to it.
type handle struct {
	plugin  *Plugin
	what    string   // for errors, such as "buffer"
	destroy function // frees the object
	parent  *handle  // is kept from being destroyed before this one; may be nil

	mu     sync.Mutex
	ptr    uintptr
	uses   int
	closed bool
}

// newHandle takes ownership of the object ptr. The caller has acquired parent.
func newHandle(p *Plugin, what string, destroy function, ptr uintptr, parent *handle) *handle {
	if parent != nil {
		parent.mu.Lock()
		parent.uses++
		parent.mu.Unlock()
	}
	return &handle{plugin: p, what: what, destroy: destroy, ptr: ptr, parent: parent}
}

// acquire returns the object and keeps it alive until release.
func (h *handle) acquire() (uintptr, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, fmt.Errorf("pjrt: the %s %w", h.what, ErrClosed)
	}
	h.uses++
	return h.ptr, nil
}

func (h *handle) release() {
	h.mu.Lock()
	h.uses--
	last := h.closed && h.uses == 0
	h.mu.Unlock()
	if last {
		h.free()
	}
}

// close has no effect the second time.
func (h *handle) close() {
	h.mu.Lock()
	last := !h.closed && h.uses == 0
	h.closed = true
	h.mu.Unlock()
	if last {
		h.free()
	}
}

// free destroys the object. An error has nobody to go to and nothing that could be
// done about it.
func (h *handle) free() {
	_ = h.plugin.do(h.destroy, h.ptr)
	if h.parent != nil {
		h.parent.release()
	}
}

// with calls f with the object.
func (h *handle) with(f func(ptr uintptr) error) error {
	ptr, err := h.acquire()
	if err != nil {
		return err
	}
	defer h.release()
	return f(ptr)
}
