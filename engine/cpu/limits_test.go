package cpu

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/engine/enginetest"
)

// The conformance suite again, with work and sums cut as finely as possible,
// so that small shapes take the paths of large ones: several blocks of rows,
// of images, of terms, of panels; several partial sums.
func TestConformanceCutUp(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	every := 1
	if testing.Short() { // with the race detector
		every = 3
	}
	for name, l := range map[string]work.Limits{
		"fine":   {BlockTerms: 4, PixelTerms: 3, FrameFloats: 64, TaskFMAs: 64, MinimalTasks: 8, MaxChunks: 3, PartialFloats: 1 << 12, GrainShift: 14},
		"medium": {BlockTerms: 48, StreamedFloats: 1 << 18, PixelTerms: 20, FrameFloats: 1 << 10, TaskFMAs: 1 << 12, MinimalTasks: 3, MaxChunks: 2, PartialFloats: 1 << 21, GrainShift: 8},
	} {
		t.Run(name, func(t *testing.T) {
			work.Limit = l
			enginetest.RunEvery(t, New(Options{Threads: 2}), every)
			enginetest.Golden(t, New(Options{Threads: 2}))
			enginetest.Determinism(t, func(threads int) engine.Device { return New(Options{Threads: threads}) })
		})
	}
}
