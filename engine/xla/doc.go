// Package xla runs graphs on any device that has a PJRT plugin: GPUs of NVIDIA, AMD,
// Intel and Apple, Google's TPUs, and the CPU by XLA's own compiler. It translates a
// graph to StableHLO, which the plugin compiles.
//
//	device, err := xla.New(xla.Options{})
//	defer device.Close()
//	program, err := device.Compile(g, loss)
//
// # What moves
//
// Variables stay on the device from run to run. A run that assigns to a variable writes
// the new value into the memory of the old one (the buffer is donated). So a training step
// moves the batch to the device, its outputs to the host, and nothing else. The
// variable's tensor fetches the value when somebody reads it ([tensor.Tensor.Defer]), so
// saving a checkpoint, drawing a histogram and evaluating on another engine need no special
// care. Who changes a variable and calls its Changed has it copied to the device for the
// next run. [Device.Traffic] counts what moved.
//
// Programs are [engine.Starter]s: the device computes while the caller prepares the next
// batch.
//
// # Errors
//
// A device that has failed can be used again. A run that fails leaves the variables
// as they were if the host has their values, because nothing changed them since somebody read
// them; and that is so in the first run of each program, where a lack of memory shows.
// Other variables that the run would have assigned to are lost: their buffers had been
// given away. Reading one is an error that says so until it is set again, from a
// checkpoint for example.
//
// # Same bits
//
// On one device and plugin, programs compute the same bits in each run and each time they are
// compiled. With Fast and BF16, GPUs may choose other algorithms when a program is compiled
// again, by measuring them; a program from Options.Cache keeps its own. Results differ
// from those of other engines, devices and versions of plugins by rounding.
//
// # Several devices
//
// With more than one device, XLA's partitioner splits programs: each device takes its part of
// the batch and has a copy of the variables, and XLA adds the sums over the batch between the
// devices. What a program means does not change: batch normalization has the
// statistics of the whole batch, and results differ from those of one device by the order of
// sums. An input whose first size the number of devices does not divide, such as the
// smaller last batch of an epoch, goes to each device whole, which then computes its part
// of it.
package xla
