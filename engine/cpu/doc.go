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
//   - sums over the pixels of an image (statistics of batch normalization, and
//     the gradients of its parameters and of biases) are gathered in the tail of
//     the step that makes the image, while each range is in cache;
//   - the parts of a concatenation along the channels are written straight into
//     its result, and slices of an image's channels are views of it;
//   - each convolution gets an algorithm by a cost model of its shapes: direct
//     sums, a matrix product, Winograd's, or one for depthwise ones. Options
//     can forbid all but direct sums, or measure instead of estimating;
//   - biases go into the epilogue of convolutions and products;
//   - an update is moved to where its gradient is there, and written straight
//     into the variable if nobody reads that any more;
//   - each intermediate gets a place in memory, shared by those whose
//     lifetimes do not overlap, and by all programs of the Device.
//
// # Same bits
//
// How the work of a step is cut into tasks, and every sum into partial sums,
// depends on the graph and its shapes only. Results are therefore bit-identical for any number
// of threads. They differ between instruction sets (see STRIDE_KERNELS) and
// between choices of a [Tuning], within rounding.
//
// # Looking inside
//
// Programs implement engine.Profiler, which measures their steps, engine.Tracer,
// which records which worker did which task when, and engine.MemoryPlanner, which
// says what needs the memory. They cost nothing when not in use.
//
// # Caveats
//
// A program that infers may compute a batch in parts, so that the values between
// layers stay in the processor's cache. Workers then take whole parts, each with
// memory of its own: where there are more workers, it needs more memory.
//
// A Device's programs share its workers: two programs of one Device that run
// at the same time take turns. Programs of different Devices run side by side.
package cpu
