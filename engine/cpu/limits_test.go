package cpu

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
)

// The conformance suite again, with work and sums cut as finely as possible,
// so that small shapes take the paths of large ones: several blocks of rows,
// of images, of terms, of panels; several partial sums.
func TestConformanceCutUp(t *testing.T) {
	defer func(was limits) { limit = was }(limit)
	for name, l := range map[string]limits{
		"fine":   {blockTerms: 4, pixelTerms: 3, frameFloats: 64, taskFMAs: 64, minimalTasks: 8, maxChunks: 3, partialLimit: 1 << 12, grainShift: 14},
		"medium": {blockTerms: 48, streamedFloats: 1 << 18, pixelTerms: 20, frameFloats: 1 << 10, taskFMAs: 1 << 12, minimalTasks: 3, maxChunks: 2, partialLimit: 1 << 21, grainShift: 8},
	} {
		t.Run(name, func(t *testing.T) {
			limit = l
			enginetest.Run(t, New(Options{Threads: 2}))
			enginetest.Golden(t, New(Options{Threads: 2}))
			enginetest.Determinism(t, func(threads int) engine.Device { return New(Options{Threads: threads}) })
		})
	}
}
