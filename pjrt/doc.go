// Package pjrt runs programs on accelerators through the PJRT C API, the interface
// between machine learning frameworks and the compilers and drivers of devices. A
// plugin, a shared library that implements the API, exists for NVIDIA, AMD, Intel and
// Apple GPUs, for Google's TPUs, and for CPUs. The package needs no C compiler: it
// opens the plugin with github.com/ebitengine/purego. It knows nothing of the rest of
// Stride and may be used alone.
//
// The way from a file to a result:
//
//	plugin, err := pjrt.Load("pjrt_c_api_cpu_plugin.so")
//	client, err := plugin.NewClient(nil)
//	program, err := client.Compile(stableHLO, pjrt.CompileOptions{})
//	x, err := pjrt.BufferOf(client.Devices()[0], []float32{1, 2, 3}, 3)
//	outputs, err := program.Run(x)
//	y, err := pjrt.Read[float32](outputs[0])
//
// Programs are StableHLO (https://openxla.org/stablehlo/spec) in its text form. The
// API is described at https://openxla.org/xla/pjrt and in pjrt_c_api.h of OpenXLA.
//
// # Asynchrony
//
// [Executable.Execute] returns as soon as the work is queued. Its outputs are buffers
// that the device has yet to fill; they may be used at once as inputs of further
// executions. An [Event] says when something is done, and with which error.
//
// # Lifetime
//
// Clients, executables and buffers occupy memory that Go's garbage collector does not
// see, so they have a Close. Without it the memory is released some time after the
// value became unreachable. Close in any order: a client lives until its last buffer,
// executable and event are gone. A plugin stays loaded until the process ends.
//
// # Concurrency
//
// Everything in this package is safe for concurrent use. A Close while another
// goroutine uses the same value takes effect when that use ends.
//
// # Platforms
//
// Plugins can be loaded on Linux and macOS on amd64 and arm64. Elsewhere [Load]
// returns an error that wraps [errors.ErrUnsupported]. A binary that imports this
// package is linked dynamically on Linux.
package pjrt
