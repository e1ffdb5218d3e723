// Command neon writes the NEON assembly of the kernels for arm64, in Go's syntax,
// and the declarations of its functions. It is run by go generate in the kernel
// package. The kernels take the same arguments as the AVX2 ones and compute sums in
// the same order; see the programs beside this one for what they have in common.
//
// # How the program works
//
// The functions of the package emit instructions on virtual registers into the
// function at hand (function.go), which are given the processor's at its end
// (register.go). What Go's assembler knows is written with its names; the others,
// most arithmetic on vectors of floats among them, as numbers made by encode.go,
// with the instruction in Arm's notation as a comment. lanes.go names the
// instructions in the order of mathematics.
//
// # Matrix kernels: tile.go, outer.go, store.go
//
// A register tile is 24 of the 32 vector registers: 6 rows of 16 columns or 12 rows
// of 8. A multiply-add takes a lane of a register as one factor, so that a float of
// A need not be broadcast, and four terms of a row come with one load. A turn of the
// inner loop is four terms, 96 multiply-adds; beside them it has
//
//	tile    loads of A  loads of B  other  instructions
//	6×16             6          16      4           122
//	12×8            12          16      4           128
//
// In 12×8, six rows go through the four terms before the other six do, because their
// floats of A fill the registers; so B is loaded twice. A vector of B is loaded while
// the one before it is multiplied, which hides the load on processors that execute
// in order. [kernel.Outer] cannot take four terms at a time, for they lie apart. A
// term of 24 multiply-adds has 6 loads (two of them of pairs) and 5 other
// instructions in 6×16, 6 and 4 in 12×8.
//
// A processor that starts n multiply-adds a cycle, each of which takes 4 cycles,
// needs 4·n independent ones. 24 chains suffice for four a cycle (Apple M1, Neoverse
// V1); two (Neoverse N1, Cortex-A76) need 8. At 0.23 to 0.29 loads for a multiply-add,
// where those processors load three and two vectors a cycle, and at 1.3
// instructions for one in all, where they decode eight and four, neither loads nor
// decoding is the limit: multiplying is.
//
// # Row kernels: the other files
//
// Nearly every kernel is a loop over a row of floats, up to four vectors at a time.
// [overRow] emits that loop for four vectors (or as many as registers allow), for
// one, for two floats and for one, so that nothing beyond the row is read or
// written; the kernel gives only the body. The arithmetic is the same in all: an
// element gets the same bits wherever it lies. Functions of a long chain of
// instructions are computed for several vectors in step, see [weave].
package main

func main() {
	begin("tile")
	tileKernel("tileNEON", "[Tile]", wide)
	tileKernel("tileNarrowNEON", "[TileNarrow]", narrow)
	outerKernel("outerNEON", "[Outer] for more than 8 columns", wide)
	outerKernel("outerNarrowNEON", "[Outer] for at most 8 columns", narrow)
	transposeKernel()
	peakKernel()
	end()

	begin("vec")
	unaryKernels()
	binaryKernels()
	scalarKernels()
	fillKernel()
	copyKernel()
	dropoutKernel()
	reductionKernels()
	columnKernels()
	momentsKernel()
	rowKernels()
	softmaxKernels()
	poolKernels()
	depthwiseKernels()
	end()
}
