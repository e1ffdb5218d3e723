// Package kerneltest has what the tests of the kernels share: the comparison of each
// assembly kernel with its twin in pure Go (twins.go), rules that the source must keep
// (source.go), and memory in which a kernel that writes or reads too much is found
// (kerneltest.go, guard_linux.go). Only tests import it.
package kerneltest
