package work

// Limits are the sizes by which plans cut up work and sums. All sizes count
// float32 elements unless stated otherwise.
type Limits struct {
	BlockTerms     int // terms of a sum in one kernel call: 64 KB of weights, which stream from the second-level cache
	PixelTerms     int // pixels summed in one call for a weight gradient: their operands stay in the first-level cache
	FrameFloats    int // scratch memory for zero-padded sources, about
	TaskFMAs       int // multiply-adds that a task should have at least
	MinimalTasks   int // tasks that a stage should have if there is enough work
	StreamedFloats int // size from which a product's second operand is streamed
	MaxChunks      int // partial sums of a weight gradient
	PartialFloats  int // size of all partial sums of a weight gradient, about

	WinogradTiles  int     // tiles of a block, at most (but at least a row of them)
	WinogradFloats int     // products of a group of panels
	WinogradShared int     // size of weights up to which each of many small blocks may read all of them
	WinogradTurn   int     // points of the tiles that a weight gradient transforms at a time
	WinogradGain   float64 // Winograd's algorithm must cost less than this share of direct sums; 0 never, infinity always

	CacheFloats int // intermediates of the samples that inference computes at a time, at most; 0 computes the whole batch at once

	GrainShift int // divides the usual size of a task by 2 to this power, see [Grain]
}

// Limit holds the limits in force. It is a variable for tests only: with the
// real limits, shapes small enough for the reference engine take few of the
// paths.
var Limit = Limits{
	BlockTerms:     1024,
	PixelTerms:     128,
	FrameFloats:    1 << 16,
	TaskFMAs:       1 << 20,
	MinimalTasks:   8,
	StreamedFloats: 1 << 18,
	MaxChunks:      16,
	PartialFloats:  1 << 21,

	WinogradTiles:  48,
	WinogradFloats: 1 << 16,
	WinogradShared: 3 << 16,
	WinogradTurn:   1 << 18,
	WinogradGain:   0.85,

	CacheFloats: 3 << 20,
}
