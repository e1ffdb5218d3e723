package pjrt

import (
	"sync"
	"testing"
	"unsafe"
)

// A fake is a plugin in Go's memory, so that most of this package can be tested
// without a plugin. Its function pointers are the functions' positions plus one; its
// objects are numbers.
type fake struct {
	api struct {
		apiHeader
		functions [130]uintptr
	}
	handlers map[function]func(args unsafe.Pointer) uintptr

	mu     sync.Mutex
	calls  map[function]int
	alive  map[uintptr]function // objects and what destroys them
	errors map[uintptr]*Error
	next   uintptr
	keep   []any // memory that was handed out as uintptr
}

// fakeWords begins a struct of an object and results.
type fakeWords struct{ size, extension, object uintptr }

// set stores results.
func (a *fakeWords) set(results ...uintptr) {
	for i, r := range results {
		*(*uintptr)(a.at(i)) = r
	}
}

func (a *fakeWords) at(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(a), unsafe.Sizeof(*a)+uintptr(i)*wordSize)
}

func newFake() *fake {
	f := &fake{calls: map[function]int{}, alive: map[uintptr]function{}, errors: map[uintptr]*Error{}, next: 1000}
	f.api.size = unsafe.Sizeof(f.api)
	f.api.major, f.api.minor = MajorVersion, 115
	for i := range f.api.functions {
		f.api.functions[i] = uintptr(i) + 1
	}
	f.handlers = map[function]func(unsafe.Pointer) uintptr{
		pluginInitialize: func(unsafe.Pointer) uintptr { return 0 },
		errorMessage: func(args unsafe.Pointer) uintptr {
			a := (*fakeWords)(args)
			a.set(f.text(f.errors[a.object].Message))
			return 0
		},
		errorGetCode: func(args unsafe.Pointer) uintptr {
			a := (*fakeWords)(args)
			*(*int32)(a.at(0)) = int32(f.errors[a.object].Code)
			return 0
		},
	}
	for _, destroy := range []function{errorDestroy, eventDestroy, clientDestroy, bufferDestroy, executableDestroy, loadedExecutableDestroy} {
		f.handlers[destroy] = func(args unsafe.Pointer) uintptr {
			object := (*fakeWords)(args).object
			if f.alive[object] != destroy {
				panic("destroyed twice, or by the wrong function: " + destroy.String())
			}
			delete(f.alive, object)
			return 0
		}
	}
	f.handlers[clientCreate] = func(args unsafe.Pointer) uintptr {
		(*clientCreateArgs)(args).client = f.object(clientDestroy)
		return 0
	}
	f.returns(clientPlatformName, func(a *fakeWords) { a.set(f.text("fake")) })
	f.returns(clientPlatformVersion, func(a *fakeWords) { a.set(f.text("1.2")) })
	f.returns(clientProcessIndex, func(*fakeWords) {})
	devices := []uintptr{70, 71}
	f.returns(clientDevices, func(a *fakeWords) { a.set(f.memory(devices)) })
	f.returns(deviceGetDescription, func(a *fakeWords) { a.set(a.object + 10) })
	f.returns(deviceDescriptionId, func(a *fakeWords) { *(*int32)(a.at(0)) = int32(a.object - 80) })
	f.returns(deviceDescriptionProcessIndex, func(*fakeWords) {})
	f.returns(deviceIsAddressable, func(a *fakeWords) { *(*bool)(a.at(0)) = a.object == 70 })
	f.returns(deviceDescriptionKind, func(a *fakeWords) { a.set(f.text("toy")) })
	f.handlers[clientBufferFromHostBuffer] = func(args unsafe.Pointer) uintptr {
		a := (*fromHostArgs)(args)
		a.buffer, a.done = f.object(bufferDestroy), f.object(eventDestroy)
		return 0
	}
	f.returns(eventAwait, func(*fakeWords) {})
	f.returns(eventIsReady, func(*fakeWords) {})
	return f
}

// returns makes a function with a struct of words.
func (f *fake) returns(name function, fill func(*fakeWords)) {
	f.handlers[name] = func(args unsafe.Pointer) uintptr { fill((*fakeWords)(args)); return 0 }
}

// fails makes a function return an error each time.
func (f *fake) fails(name function, code Code, message string) {
	f.handlers[name] = func(unsafe.Pointer) uintptr { return f.error(code, message) }
}

func (f *fake) error(code Code, message string) uintptr {
	e := f.object(errorDestroy)
	f.errors[e] = &Error{Code: code, Message: message}
	return e
}

// object makes an object.
func (f *fake) object(destroy function) uintptr {
	f.next++
	f.alive[f.next] = destroy
	return f.next
}

func (f *fake) text(s string) (p, n uintptr) { return f.memory([]byte(s)) }

// memory is memory as a plugin has it.
func (f *fake) memory(list any) (p, n uintptr) {
	f.keep = append(f.keep, list)
	switch list := list.(type) {
	case []byte:
		return uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list))
	case []uintptr:
		return uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list))
	case []namedValue:
		return uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list))
	}
	panic("memory")
}

func (f *fake) call(fn uintptr, args unsafe.Pointer) uintptr {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := function(fn - 1)
	f.calls[name]++
	if h := f.handlers[name]; h != nil {
		return h(args)
	}
	return f.error(Unimplemented, "not in the fake: "+name.String())
}

// left is the number of objects that were not destroyed.
func (f *fake) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.alive)
}

func (f *fake) count(name function) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[name]
}

func (f *fake) plugin(t testing.TB) *Plugin {
	t.Helper()
	p, err := newPlugin("fake.so", unsafe.Pointer(&f.api), f.call)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f *fake) client(t testing.TB) *Client {
	t.Helper()
	c, err := f.plugin(t).NewClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
