//go:build !((linux || darwin) && (amd64 || arm64))

package mpi

import (
	"fmt"
	"runtime"

	"github.com/strideml/stride/dist"
)

// Open returns an error: this platform is not supported.
func Open(Options) (dist.Comm, error) {
	return nil, fmt.Errorf("mpi: not available on %s/%s: it needs Linux or macOS on amd64 or arm64", runtime.GOOS, runtime.GOARCH)
}
