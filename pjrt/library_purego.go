//go:build (linux || darwin) && (amd64 || arm64)

package pjrt

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// canLoad is whether plugins can be loaded here.
const canLoad = true

// open loads the shared library at path and returns its PJRT_Api.
func open(path string) (api unsafe.Pointer, err error) {
	// A name without a folder would be searched for in the linker's folders.
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("pjrt: %w", err)
	}
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("pjrt: %s cannot be loaded: %w", path, err)
	}
	get, err := purego.Dlsym(library, "GetPjrtApi")
	if err != nil {
		_ = purego.Dlclose(library)
		return nil, fmt.Errorf("pjrt: %s is not a PJRT plugin: it has no function GetPjrtApi", path)
	}
	r, _, _ := purego.SyscallN(get)
	if r == 0 {
		return nil, fmt.Errorf("pjrt: GetPjrtApi of %s returned nothing", path)
	}
	return pointer(r), nil
}

// preload loads libraries, those that can be loaded.
func preload(paths []string) {
	for _, path := range paths {
		_, _ = purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	}
}

// call calls a C function with one pointer. args is on the heap, as a callback may
// move this goroutine's stack.
func call(fn uintptr, args unsafe.Pointer) uintptr {
	r, _, _ := purego.SyscallN(fn, uintptr(args))
	return r
}

// onReadyPointer is the C form of [onReady]. There is one for the whole process
// because callbacks cannot be freed.
var onReadyPointer = sync.OnceValue(func() uintptr {
	return purego.NewCallback(func(err, arg uintptr) uintptr {
		onReady(err, arg)
		return 0
	})
})
