// Command winograd writes the AVX2+FMA assembly of the transforms of Winograd
// convolutions, package winograd. It is run by go generate there.
//
// # How the kernels work
//
// A transform computes M·X·Mᵀ of a small matrix X for eight channels at a
// time, one in each lane: first M times each column of X, into the stack
// frame, then the rows of that times Mᵀ, to memory. The product of M with one
// vector is unrolled, without its zeros, and with what rows or columns of M
// have in common computed once (package linear): the points ±p make pairs of them
// that differ only in signs.
package main

import (
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"

	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

func main() {
	// The argument types are read from the package as it is on an architecture
	// without assembly, that is without the files that the generators write.
	for name, value := range map[string]string{"GOOS": "js", "GOARCH": "wasm"} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	Package("github.com/strideml/stride/engine/cpu/internal/kernel/winograd")
	ConstraintExpr("amd64,!noasm")
	matrices.Transforms(transform)
	Generate()
}
