// Package cpu is the fast engine: it compiles a graph into a list of kernel
// calls on one block of memory and runs that list on a team of workers.
//
// # How a graph becomes a plan
//
// Compile walks the nodes that the outputs and assignments need, in order,
// and lowers each into zero or more steps. A step is a function that is
// called once for each of a number of tasks; tasks of a step are independent
// and go to whichever worker is free. Along the way
//
//   - images are kept as N×H×W×C ("NHWC"), so that the channels of a pixel are
//     contiguous, and converted only where somebody looks;
//   - chains of elementwise operators are fused into one pass over cache-sized
//     blocks, and into the tail of the step that produces their input;
//   - biases go into the epilogue of convolutions and products;
//   - each intermediate gets a place in one arena, shared by those whose
//     lifetimes do not overlap; an update whose variable nobody reads any more
//     is written straight into the variable.
//
// # Same bits
//
// How the work of a step is cut into tasks, and every sum into partial sums,
// depends on shapes only. Results are therefore bit-identical for any number
// of threads. They differ between instruction sets (see STRIDE_KERNELS),
// within rounding.
//
// # Caveats
//
// A Device's programs share its workers: two programs of one Device that run
// at the same time take turns. Programs of different Devices run side by side.
package cpu
