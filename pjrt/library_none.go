//go:build !((linux || darwin) && (amd64 || arm64))

package pjrt

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

const canLoad = false

func open(path string) (unsafe.Pointer, error) {
	return nil, fmt.Errorf("pjrt: %s cannot be loaded: plugins are for Linux and macOS on amd64 and arm64, not for %s/%s: %w",
		path, runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
}

func preload([]string) {}

func call(uintptr, unsafe.Pointer) uintptr { panic("pjrt: no plugin can be loaded here") }

func onReadyPointer() uintptr { panic("pjrt: no plugin can be loaded here") }
