package pjrt

import (
	"fmt"
	"unsafe"
)

// ExecuteOptions are those of one execution.
type ExecuteOptions struct {
	// Keep has the positions of arguments that must not be donated, although the
	// program would allow it; the plugin then copies them.
	Keep []int
	// Device is where a program that was compiled for any device is run.
	Device *Device
}

// Run executes a program for one device and returns its results without waiting for
// them.
func (e *Executable) Run(arguments ...*Buffer) ([]*Buffer, error) {
	results, _, err := e.Execute([][]*Buffer{arguments}, ExecuteOptions{})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// Execute begins an execution: arguments and results have a list for each of
// [Executable.Devices]. Results can be used as arguments before they are there. An
// event for each device says when it has finished; its error is that of the execution.
//
// An argument whose parameter has the attribute tf.aliasing_output is donated: its
// memory becomes that of the result, and the Buffer can only be closed afterwards. It
// must not occur twice among the arguments.
func (e *Executable) Execute(arguments [][]*Buffer, options ExecuteOptions) (results [][]*Buffer, done []*Event, err error) {
	devices := e.devices
	if options.Device != nil {
		if options.Device.client != e.client {
			return nil, nil, fmt.Errorf("pjrt: the device %v is of another client than the program", options.Device)
		}
		devices = []*Device{options.Device}
	}
	if len(arguments) != len(devices) {
		return nil, nil, fmt.Errorf("pjrt: arguments for %d devices, but the program runs on %d", len(arguments), len(devices))
	}
	lists := make([]unsafe.Pointer, len(devices))
	for i, list := range arguments {
		if len(list) != len(arguments[0]) {
			return nil, nil, fmt.Errorf("pjrt: %d arguments for one device and %d for another", len(arguments[0]), len(list))
		}
		pointers := make([]uintptr, len(list))
		for j, b := range list {
			if b == nil || b.client != e.client {
				return nil, nil, fmt.Errorf("pjrt: argument %d is nil or of another client than the program", j)
			}
			if pointers[j], err = b.h.acquire(); err != nil {
				return nil, nil, fmt.Errorf("argument %d: %w", j, err)
			}
			defer b.h.release()
		}
		lists[i] = unsafe.Pointer(unsafe.SliceData(pointers))
	}
	outputs := make([][]uintptr, len(devices))
	outputLists := make([]unsafe.Pointer, len(devices))
	for i := range outputs {
		outputs[i] = make([]uintptr, len(e.outputs))
		outputLists[i] = unsafe.Pointer(unsafe.SliceData(outputs[i]))
	}
	complete := make([]uintptr, len(devices))
	keep := toInt64s(options.Keep)
	o := &executeOptions{nonDonatable: unsafe.SliceData(keep), numNonDonatable: uintptr(len(keep))}
	o.size = unsafe.Sizeof(*o)
	args := &executeArgs{
		options: o, arguments: unsafe.SliceData(lists), numDevices: uintptr(len(devices)),
		outputs: unsafe.SliceData(outputLists), complete: unsafe.SliceData(complete),
	}
	args.size = unsafe.Sizeof(*args)
	if len(arguments) > 0 {
		args.numArgs = uintptr(len(arguments[0]))
	}
	if options.Device != nil {
		args.device = options.Device.ptr
	}
	err = e.h.with(func(ptr uintptr) error {
		args.executable = ptr
		if err := e.client.plugin.invoke(loadedExecutableExecute, unsafe.Pointer(args)); err != nil {
			return err
		}
		for i, d := range devices {
			list := make([]*Buffer, len(e.outputs))
			for j, ptr := range outputs[i] {
				list[j] = e.client.newBuffer(ptr, d, e.outputs[j])
			}
			results = append(results, list)
			done = append(done, e.client.newEvent(complete[i], nil))
		}
		return nil
	})
	return results, done, err
}
