package cpu

// limits are the sizes by which plans cut up work and sums. They are
// variables only so that a test can shrink them: with the real ones, shapes
// small enough for the reference engine take few of the paths.
type limits struct {
	blockTerms     int // terms of a sum in one kernel call: 64 KB of weights, which stream from the second-level cache
	pixelTerms     int // pixels summed in one call for a weight gradient: what they touch stays in the first-level cache
	frameFloats    int // scratch memory for padded sources, about
	taskFMAs       int // multiply-adds that a task should have at least
	minimalTasks   int // tasks that a stage should have if it has work for them
	streamedFloats int // size from which a product's second operand is streamed
	maxChunks      int // partial sums of a weight gradient
	partialLimit   int // floats of all partial sums of a weight gradient, about

	winogradTiles  int     // tiles of a block, at most (but for a row of them)
	winogradFloats int     // products of a group
	winogradShared int     // weights of which each of many small blocks may read all
	winogradTurn   int     // points of the tiles that a weight gradient takes in one turn
	winogradGain   float64 // Winograd's algorithm must cost less than this share of the direct sums; 0 never, infinity always

	cacheFloats int // what inference may keep of the samples that it computes at a time; 0 computes all at once

	grainShift int // divides the elements that a task has at least by a power of two
}

var limit = limits{
	blockTerms:     1024,
	pixelTerms:     128,
	frameFloats:    1 << 16,
	taskFMAs:       1 << 20,
	minimalTasks:   8,
	streamedFloats: 1 << 18,
	maxChunks:      16,
	partialLimit:   1 << 21,

	winogradTiles:  48,
	winogradFloats: 1 << 16,
	winogradShared: 3 << 16,
	winogradTurn:   1 << 18,
	winogradGain:   0.85,

	cacheFloats: 3 << 20,
}

// grain returns how many elements make a task, given the number that is
// usual.
func grain(usual int) int { return max(1, usual>>limit.grainShift) }

// split cuts n items into tasks of about the given number, a multiple of
// unit, and at most 64 of them. It depends on nothing but its arguments.
func split(n, perTask, unit int) (tasks, chunk int) {
	chunk = roundUp(max(grain(perTask), (n+63)/64), unit)
	return max(1, (n+chunk-1)/chunk), chunk
}

func chunkRange(task, chunk, n int) (lo, hi int) {
	lo = task * chunk
	return lo, min(lo+chunk, n)
}
