package pjrt

import (
	"runtime"
	"sync"
	"unsafe"
)

// An Event is something that the device is still doing. It needs no Close.
type Event struct {
	s       *eventState
	cleanup runtime.Cleanup
}

// eventState is what an Event owns. It is apart from the Event so that memory that the
// plugin reads or writes outlives an Event that nobody waits for.
type eventState struct {
	plugin *Plugin
	client *handle
	pin    *runtime.Pinner // of the memory that the plugin uses until then; or nil
	once   sync.Once
	mu     sync.Mutex // guards ptr
	ptr    uintptr    // 0 after the wait
	done   chan struct{}
	err    error
}

// newEvent takes ownership of the event ptr and of pin. A ptr of 0 has happened.
func (c *Client) newEvent(ptr uintptr, pin *runtime.Pinner) *Event {
	s := &eventState{plugin: c.plugin, client: c.h, pin: pin, ptr: ptr, done: make(chan struct{})}
	e := &Event{s: s}
	if ptr == 0 {
		s.once.Do(func() { s.finish(nil) })
		return e
	}
	c.h.mu.Lock()
	c.h.uses++
	c.h.mu.Unlock()
	// Waiting blocks, which a cleanup must not do.
	e.cleanup = runtime.AddCleanup(e, func(s *eventState) { go func() { _ = s.await() }() }, s)
	return e
}

// Await returns when what the event stands for is done, or has failed. It may be
// called several times. While it waits it occupies a thread of the operating system.
func (e *Event) Await() error {
	err := e.s.await()
	e.cleanup.Stop()
	return err
}

func (s *eventState) await() error {
	s.once.Do(func() {
		err := s.plugin.do(eventAwait, s.ptr)
		s.mu.Lock()
		ptr := s.ptr
		s.ptr = 0
		s.mu.Unlock()
		_ = s.plugin.do(eventDestroy, ptr)
		s.finish(err)
		s.client.release()
	})
	return s.err
}

func (s *eventState) finish(err error) {
	if s.pin != nil {
		s.pin.Unpin()
	}
	s.err = err
	close(s.done)
}

// Ready reports whether Await would return without waiting.
func (e *Event) Ready() bool {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	if e.s.ptr == 0 {
		return true
	}
	ready, err := e.s.plugin.truth(eventIsReady, e.s.ptr)
	return ready || err != nil
}

// Done returns a channel that is closed when the event is done, for use in a select;
// Await then returns at once. It costs a callback from the plugin.
func (e *Event) Done() <-chan struct{} {
	e.OnReady(func(error) {})
	return e.s.done
}

// OnReady calls f with the result of Await when the event is done: at once if it is
// already, else in a goroutine of its own. It does not block.
func (e *Event) OnReady(f func(error)) {
	s := e.s
	s.mu.Lock()
	if s.ptr == 0 {
		s.mu.Unlock()
		<-s.done
		f(s.err)
		return
	}
	// The plugin's thread must not be held up, and may hold locks of the plugin.
	id := callbacks.add(func(ptr uintptr) {
		if ptr != 0 {
			s.plugin.free(ptr) // await gets the same error
		}
		go func() { f(s.await()) }()
	})
	args := &onReadyArgs{event: s.ptr, callback: onReadyPointer(), arg: id}
	args.size = unsafe.Sizeof(*args)
	err := s.plugin.invoke(eventOnReady, unsafe.Pointer(args))
	s.mu.Unlock()
	if err != nil { // a plugin without callbacks
		callbacks.take(id)
		go func() { f(s.await()) }()
	}
}

// callbacks holds the functions that plugins are to call, by the number that is given
// to the plugin in place of a pointer.
var callbacks callbackTable

type callbackTable struct {
	sync.Mutex
	next uintptr
	byID map[uintptr]func(err uintptr)
}

func (t *callbackTable) add(f func(err uintptr)) uintptr {
	t.Lock()
	defer t.Unlock()
	if t.byID == nil {
		t.byID = map[uintptr]func(uintptr){}
	}
	t.next++
	t.byID[t.next] = f
	return t.next
}

func (t *callbackTable) take(id uintptr) func(err uintptr) {
	t.Lock()
	defer t.Unlock()
	f := t.byID[id]
	delete(t.byID, id)
	return f
}

// onReady is called by a thread of the plugin.
func onReady(err, id uintptr) {
	if f := callbacks.take(id); f != nil {
		f(err)
	}
}
