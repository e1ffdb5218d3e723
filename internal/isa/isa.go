package isa

import (
	"fmt"
	"os"
	"slices"
)

// EnvKernels names the environment variable that chooses the instruction set
// at program start: "" takes the best that the CPU offers, "generic" the pure
// Go twins, "avx2" the AVX2+FMA kernels of amd64, "avx512" these with those of the
// kernels that have AVX-512 forms, "neon" the NEON kernels of arm64.
const EnvKernels = "STRIDE_KERNELS"

// Names of the instruction sets, as [Current] returns and [Set] accepts them.
const (
	Generic = "generic" // the pure Go twins
	AVX2    = "avx2"    // AVX2 and FMA, amd64 only
	AVX512  = "avx512"  // AVX-512 F, VL and DQ, amd64 only; has the bits of AVX2
	NEON    = "neon"    // NEON, also named Advanced SIMD, which every arm64 CPU has
)

// current is the name of the instruction set. It is set once at program start; only
// tests change it later, through [Set]. Kernels look at the flags that use sets,
// which are in the file of the architecture.
var current string

// withoutDot is set by WithoutDot.
var withoutDot bool

// selectionErr is why the choice in EnvKernels could not be honoured.
var selectionErr error

func init() {
	var isa string
	isa, selectionErr = choose(os.Getenv(EnvKernels), Available())
	use(isa)
}

// Available returns the instruction sets that this CPU has, best first.
func Available() []string {
	switch {
	case haveAVX512:
		return []string{AVX512, AVX2, Generic}
	case haveAVX2:
		return []string{AVX2, Generic}
	case HaveNEON:
		return []string{NEON, Generic}
	}
	return []string{Generic}
}

// choose turns the value of EnvKernels into one of the available instruction sets.
func choose(want string, available []string) (isa string, err error) {
	switch want {
	case "":
		return available[0], nil
	case Generic, AVX2, AVX512, NEON:
		if !slices.Contains(available, want) {
			return Generic, fmt.Errorf("%s=%s: %s", EnvKernels, want, missing[want])
		}
		return want, nil
	default:
		return available[0], fmt.Errorf("%s=%q: unknown instruction set, expected %s", EnvKernels, want, names)
	}
}

// missing says why an instruction set is not available.
var missing = map[string]string{
	AVX2:   "this CPU has no AVX2 with FMA" + orNoAssembly,
	AVX512: "this CPU has no AVX-512 with VL and DQ" + orNoAssembly,
	NEON:   "this CPU has no NEON" + orNoAssembly,
}

const orNoAssembly = ", or the program was built without assembly"

// names lists the instruction sets for error messages.
const names = `"` + Generic + `", "` + AVX2 + `", "` + AVX512 + `" or "` + NEON + `"`

// Current returns the instruction set in use: [AVX512], [AVX2], [NEON] or
// [Generic].
func Current() string { return current }

// SelectionError returns nil, or why the instruction set asked for in the
// environment variable [EnvKernels] is not the one in use: the CPU lacks it, or
// the name is unknown. The kernels work either way; programs may print it as a
// warning.
func SelectionError() error { return selectionErr }

// Set makes all kernels use the named instruction set until restore is
// called. It exists for tests and benchmarks; it must not run while kernels do.
// An instruction set that is unknown or that the CPU lacks is an error.
func Set(name string) (restore func(), err error) {
	previous := Current()
	if name == "" {
		return nil, fmt.Errorf("empty instruction set name, expected %s", names)
	}
	isa, err := choose(name, Available())
	if err != nil {
		return nil, err
	}
	use(isa)
	return func() { use(previous) }, nil
}

// WithoutDot makes kernels do without instructions for dot products of bytes (VNNI, SDOT), as on an
// older CPU, until restore is called. Like [Set], it exists for tests and benchmarks.
func WithoutDot() (restore func()) {
	previous := withoutDot
	withoutDot = true
	use(Current())
	return func() {
		withoutDot = previous
		use(Current())
	}
}
