// Package dist trains on many machines: processes, called ranks, that run the same
// program, each on its part of every batch, and add up their gradients.
//
// A [Comm] is what ranks speak through. Package dist/mpi has the one for clusters,
// package dist/local one for goroutines of a single process, for tests.
package dist
