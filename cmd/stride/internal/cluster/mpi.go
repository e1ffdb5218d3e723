//go:build mpi

package cluster

import "github.com/strideml/stride/dist/mpi"

func init() {
	open = func(f *Flags) (comm, error) { return mpi.Open(mpi.Options{Timeout: f.timeout.value}) }
}
