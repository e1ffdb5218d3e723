// Command neon writes the NEON assembly of the kernels for arm64, in Go's syntax:
//
//	neon -out FILE PACKAGE
//
// writes that of package matrix, vec, winograd or quantized, of jpeg, which is
// data/jpeg/internal/kernel, of png, data/png/internal/kernel, or of resample, data/raster/internal/resample. It is run by go generate in these packages. The kernels take the same arguments as the AVX2 ones and compute sums in
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
// in order. [matrix.Outer] cannot take four terms at a time, for they lie apart. A
// term of 24 multiply-adds has 6 loads (two of them of pairs) and 5 other
// instructions in 6×16, 6 (one of a pair) and 4 in 12×8.
//
// A processor that starts n multiply-adds a cycle, each of which takes 4 cycles,
// needs 4·n independent ones: 16 of the 24 chains on an Apple M1, 8 on a Neoverse N1.
// A multiply-add comes with 0.23 to 0.33 loads, and they make up all but a third of
// the instructions. The M1 can do four of them, three loads and eight instructions
// in all in a cycle, the N1 two, two and four: so multiplying is the limit, neither
// loading nor decoding. llvm-mca 16, which simulates a processor by its tables
// without caches, says the same: multiply-adds a cycle in the inner loops are
//
//	            peak loop  6×16  12×8  Outer
//	Cortex-A57        1.0   1.0   1.0    1.0  out of order
//	Neoverse N2       2.0   2.0   2.0    2.0
//	Apple M1          3.0   3.0   3.0    3.0
//	Cortex-A55        1.6   1.4   1.3    0.7  in order
//
// # Row kernels: the other files
//
// Nearly every kernel is a loop over a row of floats, up to four vectors at a time.
// [overRow] emits that loop for four vectors (or as many as registers allow), for
// one, for two floats and for one, so that nothing beyond the row is read or
// written; the kernel gives only the body. The arithmetic is the same in all: an
// element gets the same bits wherever it lies. Functions of a long chain of
// instructions are computed for several vectors in step, see [weave].
//
// # Winograd transforms: winograd.go
//
// As in the AVX2 program; eight channels are two vectors, one after the other.
//
// # Pictures of 8 bits: bytes.go, pictures.go, idct.go, resample.go, unfilter.go
//
// As in the AVX2 program, except that a block of an inverse DCT is transformed alone, and
// that products of 16 bits are added to 32 bits one by one.
//
// # Integers of 8 bits: quantized.go, quantizedrows.go
//
// SDOT adds four products of bytes with sign to each lane of 32 bits, and takes the four bytes of one operand from a lane. The
// activations have no sign: 128 is subtracted by inverting their highest bit, and 128 times the sums of the
// weights, which lie before them, are added to the bias.
package main

import (
	"flag"
	"log"

	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

func main() {
	file := flag.String("out", "", "file that the assembly is written to")
	flag.Parse()
	begin()
	switch name := flag.Arg(0); name {
	case "matrix":
		matrixKernels()
	case "vec":
		vecKernels()
	case "jpeg":
		jpegKernels()
	case "png":
		pngKernels()
	case "resample":
		resampleKernels()
	case "quantized":
		quantizedKernels()
	case "winograd":
		matrices.Transforms(transform)
	default:
		log.Fatalf("no kernels for package %q", name)
	}
	end(*file)
}

func matrixKernels() {
	tileKernel("tileSIMD", wide)
	tileKernel("tileNarrowSIMD", narrow)
	outerKernel("outerSIMD", wide)
	outerKernel("outerNarrowSIMD", narrow)
	transposeKernel()
	peakKernel()
}

func quantizedKernels() {
	dotTileKernel()
	depthwiseDotKernel()
	addBytesKernel()
	quantizeKernel()
	dequantizeKernel()
	maxRowKernel()
	averageRowKernel()
	peakDotKernel()
}

func vecKernels() {
	unaryKernels()
	ternaryKernels()
	binaryKernels()
	scalarKernels()
	activationKernels()
	fillKernel()
	dropoutKernel()
	sumKernel()
	columnKernels()
	momentsKernel()
	rowKernels()
	softmaxKernels()
	layerNormKernels()
	poolKernels()
	depthwiseKernels()
}
