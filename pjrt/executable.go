package pjrt

import (
	"fmt"
	"runtime"
	"unsafe"
)

// An Executable is a compiled program that is loaded on its devices.
type Executable struct {
	client  *Client
	h       *handle // the PJRT_LoadedExecutable
	code    *handle // its PJRT_Executable, which describes it
	name    string
	devices []*Device
	outputs []Shape
}

// describe asks for what does not change.
func (e *Executable) describe(ptr uintptr) error {
	p := e.client.plugin
	code, err := p.word(loadedExecutableGetExecutable, ptr)
	if err != nil {
		return err
	}
	e.code = newHandle(p, "executable", executableDestroy, code, e.client.h)
	runtime.AddCleanup(e, (*handle).close, e.code)
	if e.name, err = p.text(executableName, code); err != nil {
		return err
	}
	list, err := p.words(loadedExecutableAddressableDevices, ptr, 2, resultWord)
	if err != nil {
		return err
	}
	for _, d := range at[uintptr](list[0], list[1]) {
		e.devices = append(e.devices, e.client.device(d))
	}
	return e.describeOutputs(code)
}

func (e *Executable) describeOutputs(code uintptr) error {
	p := e.client.plugin
	n, err := p.word(executableNumOutputs, code)
	if err != nil || n == 0 {
		return err
	}
	types, err := p.words(executableOutputElementTypes, code, 2, resultWord)
	if err != nil {
		return err
	}
	shapes, err := p.words(executableOutputDimensions, code, 3, resultWord)
	if err != nil {
		return err
	}
	if types[1] != n || shapes[0] != n {
		return fmt.Errorf("pjrt: the plugin says that a program has %d outputs, %d types and %d shapes", n, types[1], shapes[0])
	}
	ranks := at[uintptr](shapes[2], n)
	total := uintptr(0)
	for _, r := range ranks {
		total += r
	}
	dims := at[int64](shapes[1], total)
	for i, t := range at[int32](types[0], n) {
		e.outputs = append(e.outputs, Shape{Type(t), toInts(dims[:ranks[i]])})
		dims = dims[ranks[i]:]
	}
	return nil
}

// Close releases the executable. Executions that are under way go on.
func (e *Executable) Close() {
	if e.code != nil {
		e.code.close()
	}
	e.h.close()
}

// Client is the client that the executable was made by.
func (e *Executable) Client() *Client { return e.client }

// Name is the name of the module.
func (e *Executable) Name() string { return e.name }

// Devices are the devices of this process that an execution runs on, in the order of
// its lists of arguments and results. It is empty for a program for any device.
func (e *Executable) Devices() []*Device { return append([]*Device(nil), e.devices...) }

// Outputs are the shapes of the results on each device.
func (e *Executable) Outputs() []Shape { return append([]Shape(nil), e.outputs...) }

// Fingerprint is the same text for programs that were compiled from the same input by
// the same plugin. Some plugins have none.
func (e *Executable) Fingerprint() (text string, err error) {
	err = e.code.with(func(code uintptr) (err error) {
		text, err = e.client.plugin.text(executableFingerprint, code)
		return err
	})
	return text, err
}

// Cost returns what the compiler knows of the cost of an execution, such as "flops" and
// "bytes accessed".
func (e *Executable) Cost() (cost Values, err error) {
	err = e.code.with(func(code uintptr) error {
		r, err := e.client.plugin.words(executableGetCostAnalysis, code, 2, resultWord)
		if err == nil {
			cost = values(r[1], r[0])
		}
		return err
	})
	return cost, err
}

// ProgramMemory is the memory that an execution occupies on each device, in bytes.
type ProgramMemory struct {
	Code      int64
	Arguments int64
	Outputs   int64
	Aliased   int64 // outputs that are in the memory of donated arguments
	Temporary int64
	Peak      int64 // -1 if the plugin does not say
}

// Total is what an execution occupies at most: arguments, outputs that are not in the
// memory of arguments, temporary memory, and code.
func (m ProgramMemory) Total() int64 {
	return m.Code + m.Arguments + m.Outputs - m.Aliased + m.Temporary
}

// Memory returns the memory that an execution will occupy.
func (e *Executable) Memory() (ProgramMemory, error) {
	args := &compiledMemoryArgs{peak: -1}
	args.size = unsafe.Sizeof(*args)
	err := e.code.with(func(code uintptr) error {
		args.executable = code
		return e.client.plugin.invoke(executableGetCompiledMemoryStats, unsafe.Pointer(args))
	})
	if err != nil {
		return ProgramMemory{}, err
	}
	d := args.device
	return ProgramMemory{Code: d[0], Arguments: d[1], Outputs: d[2], Aliased: d[3], Temporary: d[4], Peak: args.peak}, nil
}

// Serialize returns the compiled program for [Client.Deserialize]. It is valid for the
// same version of the plugin and the same kind of device only. A plugin that cannot do
// it returns an error with the code [Unimplemented] or one that wraps
// [errors.ErrUnsupported].
func (e *Executable) Serialize() ([]byte, error) {
	var serialized []byte
	err := e.code.with(func(code uintptr) error {
		args := &struct{ size, extension, executable, bytes, length, owner, deleter uintptr }{size: 7 * wordSize, executable: code}
		if err := e.client.plugin.invoke(executableSerialize, unsafe.Pointer(args)); err != nil {
			return err
		}
		serialized = append(serialized, at[byte](args.bytes, args.length)...)
		if args.deleter != 0 {
			e.client.plugin.call(args.deleter, pointer(args.owner))
		}
		return nil
	})
	return serialized, err
}
