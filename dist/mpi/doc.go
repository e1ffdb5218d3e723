// Package mpi lets the ranks of a training speak through MPI, the message passing
// interface of clusters, without cgo: [Open] loads the MPI library of the machine
// while the program runs, and returns a [dist.Comm].
//
//	mpirun -n 8 --hostfile hosts PROGRAM
//
// starts eight processes; in each of them Open returns the same group with another
// rank. It works with Open MPI 4 and 5, with MPICH 4 and 5 and what has its binary
// interface (Intel MPI, MVAPICH, Cray MPICH), and with any library of the MPI
// standard's own binary interface (libmpi_abi), on Linux and macOS.
//
// # Sums
//
// The MPI standard recommends, but does not promise, that MPI_Allreduce adds in the
// same order each time, and libraries choose the algorithm by the length of the
// message and by which ranks share a machine. So this package only moves numbers by
// MPI (MPI_Isend, MPI_Irecv) and adds them itself, in the order of [dist.Sum]: each
// rank gets one segment of the numbers from all others, adds it, and sends the sum to
// all. That moves 2·(n−1)/n times the data to and from each rank, as the best
// algorithms do, and gives the same bits with every library, network and placement.
//
// # Waiting
//
// A rank that waits asks MPI again and again whether something has come, with pauses
// that grow from a few microseconds to [Options.Pause]: communication runs beside the
// computation of the same process and must leave the processor to it. For the same
// reason GOMAXPROCS should be one more than the threads that compute.
//
// All calls of MPI are made by one operating system thread, so that any library will
// do that supports MPI_THREAD_FUNNELED.
//
// # Failures
//
// An error is final: the group is unusable then, and the only thing to do is Abort.
// Where a rank neither sends nor receives for [Options.Timeout], the others get an
// error that names it. When a rank dies, mpirun ends the others. No decision is made
// by the clocks of the machines; they may be hours apart.
package mpi
