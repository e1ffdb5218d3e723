// Package exec runs compiled programs: it has the workers of a device, the
// memory of its programs, and the loop that runs one step after the other.
//
// The compiler makes a [Plan]: a list of steps over buffers. A [Step] is a
// number of tasks, which go to whichever worker is free (workers.go). New plans
// the memory of the buffers (memoryplan.go) and returns a [Program]. Programs of
// the same [Workers] share one arena and take turns. A program that computes a
// batch in parts may have a replica for each worker (replicas.go).
//
// Nothing here knows what a step computes.
package exec
