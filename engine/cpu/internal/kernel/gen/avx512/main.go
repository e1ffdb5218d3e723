// Command avx512 writes the AVX-512 assembly of the matrix kernels. It is run by
// go generate in the kernel package.
//
// # How the kernels work
//
// They are those of gen/tile in vectors of 16 floats: a panel of 16 columns is one
// vector, and a register tile has up to 24 rows of one accumulator each. A
// multiply-add broadcasts its float of A by itself, straight from memory.
//
// Where a core works on 256 bits at a time, like a Zen 4, the peak is the same as
// with AVX2. What is gained is traffic: a vector of B, which often comes from the
// second-level cache, serves 12 to 24 rows and not 6. Each element of a result is
// the same chain of multiply-adds as with AVX2, so it has the same bits.
//
// The file shape.go has what the kernels share, tile.go the kernel for packed
// panels, outer.go that for outer products, store.go the way that a finished tile
// takes to memory.
package main

import (
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
	Package("github.com/strideml/stride/engine/cpu/internal/kernel")
	ConstraintExpr("amd64")
	tileKernel()
	outerKernel()
	Generate()
}
