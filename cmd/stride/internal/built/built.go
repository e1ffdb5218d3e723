// Package built says what the program was built without.
package built

import "fmt"

// Without is the error of a feature that a build tag would have added.
func Without(feature, tag string) error {
	return fmt.Errorf("this program was built without %s: take the archive of a release whose name ends in _xla_mpi, or build it with go install -tags %s github.com/strideml/stride/cmd/stride@latest", feature, tag)
}
