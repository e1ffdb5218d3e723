// Command quantized writes the AVX2, AVX-VNNI and AVX-512 assembly of package quantized, kernels on
// integers of 8 bits. It is run by go generate there.
//
// # Dot products
//
// VPDPBUSD adds four products of bytes, a without sign times w with sign, to each lane of 32 bits,
// exactly. Four terms of a column lie side by side for it; those of a row are loaded into all lanes at
// once. The instruction could read them from memory by itself, but only as the operand with sign.
//
// Without it, VPMADDUBSW would saturate at 16 bits (255·127 + 255·127 is more than 32767). Bytes are
// widened to 16 bits instead, those of even and of odd numbers apart, and VPMADDWD adds products in pairs to
// 32 bits: 255·127·2 is far from its limits.
//
// # Tiles: shape.go, avx512.go, avx2.go
//
// A register tile has 12 rows of two vectors of 16 columns with AVX-512, 24 accumulators, 6 rows of two
// vectors of 8 with AVX-VNNI and 4 with AVX2, which needs registers for both halves of the
// operands. There is a body for each smaller number of rows: the Go function cuts the rows into tiles of nearly
// the same height, so that none is incomplete.
//
// # Results
//
// Four vectors of results are packed to one of bytes by saturating twice, at which rows and columns
// come to lie in another order within 128 bits; one permutation restores it. In a depthwise convolution,
// depthwise.go, interleaving has brought channels into that order before. The kernels of rows are in rows.go and avx2rows.go.
//
// The files vex.go and vex_test.go encode VPDPBUSD for AVX-VNNI, which Go's assembler does not know.
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
	Package("github.com/strideml/stride/engine/cpu/internal/kernel/quantized")
	ConstraintExpr("amd64,!noasm")
	tileAVX512("tileAVX512", 2)
	tileAVX512("tileNarrowAVX512", 1)
	tileAVX2("tileVNNIAVX2", 6, withDots)
	tileAVX2("tileSIMD", 4, widened)
	depthwiseAVX512("depthwise3x1AVX512", 3, 1)
	depthwiseAVX512("depthwise3x2AVX512", 3, 2)
	depthwiseAVX512("depthwise5x1AVX512", 5, 1)
	depthwiseAVX512("depthwise5x2AVX512", 5, 2)
	depthwiseAVX512("depthwise1AVX512", 1, 1)
	lookupAVX512()
	addAVX512()
	quantizeAVX512()
	dequantizeAVX512()
	maxRowAVX512()
	averageRowAVX512()
	depthwiseAVX2("depthwiseSIMD", XMM)
	depthwiseAVX2("depthwise32AVX2", YMM)
	addAVX2()
	quantizeAVX2()
	dequantizeAVX2()
	maxRowAVX2()
	averageRowAVX2()
	peakAVX512()
	peakAVX2()
	Generate()
	encodeVEX(flag.Lookup("out").Value.String())
}
