package kernel

import (
	"fmt"
	"os"
)

// EnvKernels names the environment variable that chooses the instruction set
// at program start: "" takes the best that the CPU offers, "generic" the pure
// Go twins, "avx2" the AVX2+FMA kernels.
const EnvKernels = "STRIDE_KERNELS"

// Names of the instruction sets, as [ISA] returns and [SetISA] accepts them.
const (
	ISAGeneric = "generic" // the pure Go twins
	ISAAVX2    = "avx2"    // AVX2 and FMA, amd64 only
)

// UseAVX2 says whether kernels dispatch to their AVX2+FMA form. It is set once
// at program start; only tests change it later, through [SetISA].
var UseAVX2 bool

// selectionErr is why the choice in EnvKernels could not be honoured.
var selectionErr error

func init() {
	UseAVX2, selectionErr = choose(os.Getenv(EnvKernels), haveAVX2)
}

// choose turns the value of EnvKernels into a dispatch decision.
func choose(want string, have bool) (avx2 bool, err error) {
	switch want {
	case "":
		return have, nil
	case ISAGeneric:
		return false, nil
	case ISAAVX2:
		if !have {
			return false, fmt.Errorf("%s=%s: this CPU has no AVX2 with FMA; using the %s kernels", EnvKernels, want, ISAGeneric)
		}
		return true, nil
	default:
		return have, fmt.Errorf("%s=%q: unknown instruction set, expected %q or %q", EnvKernels, want, ISAGeneric, ISAAVX2)
	}
}

// ISA returns the instruction set in use: [ISAAVX2] or [ISAGeneric].
func ISA() string {
	if UseAVX2 {
		return ISAAVX2
	}
	return ISAGeneric
}

// SelectionError returns nil, or why the instruction set asked for in the
// environment variable [EnvKernels] is not the one in use: the CPU lacks it, or
// the name is unknown. The kernels work either way; programs may print it as a
// warning.
func SelectionError() error { return selectionErr }

// SetISA makes all kernels use the named instruction set until restore is
// called. It exists for tests and benchmarks; it must not run while kernels do.
// An instruction set that is unknown or that the CPU lacks is an error.
func SetISA(name string) (restore func(), err error) {
	previous := UseAVX2
	restore = func() { UseAVX2 = previous }
	if name == "" {
		return nil, fmt.Errorf("empty instruction set name, expected %q or %q", ISAGeneric, ISAAVX2)
	}
	avx2, err := choose(name, haveAVX2)
	if err != nil {
		return nil, err
	}
	UseAVX2 = avx2
	return restore, nil
}
