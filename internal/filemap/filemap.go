// Package filemap gives the bytes of a file as a slice, without reading it whole where the
// system can map it into memory.
//
// The slice is read-only. If another process makes the file shorter, touching what is
// gone is a fault, which [Guard] turns into an error.
package filemap

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// Map returns the bytes of a regular file of at least one byte. Call Close on the result
// when nothing uses them any longer.
func Map(f *os.File) (*Mapping, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", f.Name())
	case info.Size() == 0:
		return &Mapping{}, nil
	case int64(int(info.Size())) != info.Size():
		return nil, fmt.Errorf("%s: %d bytes are too many for this system", f.Name(), info.Size())
	}
	return mapFile(f, int(info.Size()))
}

// A Mapping is a mapped file.
type Mapping struct {
	// Bytes are those of the file; nobody may write to them.
	Bytes []byte
	unmap func([]byte) error
}

// Close gives the memory back. Bytes must not be used afterwards.
func (m *Mapping) Close() error {
	b := m.Bytes
	m.Bytes = nil
	if b == nil || m.unmap == nil {
		return nil
	}
	return m.unmap(b)
}

// Release says that a part of Bytes is not needed for now: the system may take back its
// memory, and reads the file again where it is needed after all. It does nothing with other
// slices, or where the file is not mapped.
func (m *Mapping) Release(part []byte) {
	if m == nil || m.unmap == nil || len(part) == 0 || len(m.Bytes) == 0 {
		return
	}
	begin := uintptr(unsafe.Pointer(&m.Bytes[0]))
	at := uintptr(unsafe.Pointer(&part[0])) - begin
	if at >= uintptr(len(m.Bytes)) || len(part) > len(m.Bytes)-int(at) {
		return
	}
	page := os.Getpagesize()
	from, to := (int(at)+page-1)/page*page, (int(at)+len(part))/page*page
	if to > from {
		release(m.Bytes[from:to])
	}
}

// Guard calls read and returns its error. A fault in a mapped file that has become
// shorter is an error, too, as long as read does not leave its goroutine.
func Guard(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error:
			if _, ok := r.(interface{ Addr() uintptr }); !ok {
				panic(r)
			}
			err = errors.New("the file became shorter while it was read")
		default:
			panic(r)
		}
	}()
	return read()
}
