// Command matrix writes the AVX2+FMA and AVX-512 assembly of package matrix. It is run
// by go generate there.
//
// # How the kernels work
//
// A register tile is a small block of the result that stays in 12 of the 16
// vector registers while the sum runs: 6 rows of 2 vectors (16 columns), or 12
// rows of 1 vector (8 columns). Each term of the sum takes the vectors of B once,
// broadcasts one float of A for each row, and does 12 multiply-adds. Twelve
// independent chains hide the latency of a multiply-add (at 4 cycles and 2 a
// cycle, 8 are needed), and the 8 loads of a wide tile's term leave the load
// units idle a third of the time.
//
// A call walks a whole column of register tiles, because entering assembly from
// Go costs about as much as ten terms. What the inner loop does not need is
// loaded from the arguments or the stack frame when its turn comes: the inner
// loop of the 12-row tile needs all 15 general registers.
//
// The file shape.go has what the kernels share, tile.go the kernels for packed
// panels, outer.go those for outer products, store.go the ways that a finished
// tile takes to memory, transpose.go and peak.go the rest. The files avx512* have the
// AVX-512 forms of Tile and Outer, and bf16.go those for bfloat16, which the argument bf16
// asks for.
package main

import (
	"flag"
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	// The argument types are read from the package as it is on an architecture
	// without assembly, that is without the files that the generators write.
	for name, value := range map[string]string{"GOOS": "js", "GOARCH": "wasm"} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	Package("github.com/strideml/stride/engine/cpu/internal/kernel/matrix")
	ConstraintExpr("amd64,!noasm")
	if flag.Parse(); flag.Arg(0) == "bf16" {
		generateBF16()
		return
	}
	zeros := zeroRow()
	tileKernel("tileSIMD", wide, zeros)
	tileKernel("tileNarrowSIMD", narrow, zeros)
	outerKernel("outerSIMD", wide)
	outerKernel("outerNarrowSIMD", narrow)
	transposeKernel()
	interleaveAVX512()
	peakKernel()
	tileAVX512("tileAVX512")
	rowAVX512("rowAVX512")
	outerAVX512("outerAVX512")
	Generate()
}
