// Package cpu is the fast engine: it compiles a graph into a list of kernel
// calls on one block of memory and runs that list on a team of workers.
//
// # How a graph becomes a program
//
// The compiler turns the nodes that the outputs and assignments need into
// operations of an intermediate form (internal/ir), takes that through a list of
// passes (internal/passes has the list), and turns each operation into steps
// (internal/lower). A step is a function that is called once for each of a number
// of tasks; tasks of a step are independent and go to whichever worker is free
// (internal/exec). Among other things,
//
//   - images are kept as N×H×W×C ("NHWC"), so that the channels of a pixel are
//     contiguous, and converted at inputs and outputs of the graph;
//   - chains of elementwise operators are fused into one operation over
//     cache-sized blocks, and into the epilogue of the operation that makes their
//     argument;
//   - in inference, the expansion of an inverted bottleneck (MBConv) is computed some
//     rows at a time for the depthwise convolution that reads it, and is never in memory
//     as a whole; so are elementwise operations that only a 1×1 convolution reads;
//   - sums over the pixels of an image (statistics of batch normalization, and
//     the gradients of its parameters and of biases) are gathered in the epilogue
//     of the operation that makes the image, while each range is in cache;
//   - the parts of a concatenation along the channels are written straight into
//     its result, and slices of an image's channels are views of it;
//   - each convolution gets an algorithm by a cost model of its shapes: direct
//     sums, a matrix product, Winograd's, or one for depthwise ones. Options
//     can forbid all but direct sums, or measure instead of estimating;
//   - an update of a variable is scheduled as soon as its gradient is ready, and
//     computed in the memory of the variable if nothing reads that any more;
//   - a sum over the members of a group (Options.Reducer) begins as soon as its argument
//     is made and is waited for just before it is read, and gradients are computed where
//     they are added up from;
//   - each intermediate gets a place in memory, shared by those whose
//     lifetimes do not overlap, and by all programs of the Device.
//
// Options.Dump prints the form after each pass, as "stride bench NET --plan" does.
//
// # Where to look
//
//	which passes are there, in which order?        internal/passes/passes.go; a file a pass
//	what is an operation, a value, an epilogue?    internal/ir/op.go, value.go
//	what may no pass do?                           internal/ir/check.go
//	how is operator X computed?                    internal/lower/X.go, by the name it has in package graph
//	in which layouts does it work?                 its layout rule there; layouts.go
//	what can be fused into it?                     its ability there; internal/passes/epilogue.go
//	which algorithm gets a convolution, and why?   internal/conv/choose.go, costs.go
//	how does an algorithm work?                    internal/conv/direct.go, winograd.go, depthwise.go, mbconv.go, col2im.go, weightgrad.go
//	how are matrices multiplied?                   internal/gemm
//	how large is a task?                           internal/work/limits.go
//	who runs a task?                               internal/exec/workers.go; replicas.go for parts of a batch
//	who lies where in memory?                      internal/exec/memoryplan.go; internal/passes/place.go for parts of others
//	what is computed again to save memory?         graph.Rematerializable; train decides
//	where does the time go, and the memory?        internal/inspect
//	the innermost loops                            internal/kernel: matrix, winograd and vec, in Go and in assembly from its gen folder
//
// # Same bits
//
// How the work of a step is cut into tasks, and every sum into partial sums,
// depends on the graph and its shapes only. Results are therefore bit-identical
// for any number of threads. They differ between instruction sets (see
// STRIDE_KERNELS) and between choices of a [Tuning], within rounding.
//
// # Looking inside
//
// Programs implement engine.Profiler, which measures their steps, engine.Tracer,
// which records which worker did which task when, and engine.MemoryPlanner, which
// says what needs the memory. They cost nothing when not in use.
//
// # Caveats
//
// A program that infers may compute a batch in parts ("microbatches"), so that the
// values between layers stay in the processor's cache. Workers then take whole
// parts, each with memory of its own: where there are more workers, it needs more
// memory.
//
// A Device's programs share its workers: two programs of one Device that run
// at the same time take turns. Programs of different Devices run side by side; they
// share packed weights if one is made of the other (engine.Replicator).
package cpu
