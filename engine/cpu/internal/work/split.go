package work

const (
	// SlackFloats is how many floats after the end of a buffer kernels may read.
	SlackFloats = 16
	// AlignFloats is the alignment of buffers in floats: a cache line.
	AlignFloats = 16
)

// RoundUp returns the smallest multiple of to that is at least n.
func RoundUp(n, to int) int { return (n + to - 1) / to * to }

// Grain returns how many elements make a task, given the usual number.
func Grain(usual int) int { return max(1, usual>>Limit.GrainShift) }

// maxTasks is how many tasks [Split] makes at most.
const maxTasks = 64

// Split cuts n items into tasks of chunk items each, but the last: about
// perTask items, a multiple of unit, and at most 64 tasks. There is at least
// one task.
func Split(n, perTask, unit int) (tasks, chunk int) {
	chunk = RoundUp(max(Grain(perTask), (n+maxTasks-1)/maxTasks), unit)
	return max(1, (n+chunk-1)/chunk), chunk
}

// ChunkRange returns the items lo ≤ i < hi of a task that [Split] made.
func ChunkRange(task, chunk, n int) (lo, hi int) {
	lo = task * chunk
	return lo, min(lo+chunk, n)
}
