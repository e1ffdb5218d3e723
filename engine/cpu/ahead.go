package cpu

import "github.com/strideml/stride/engine/cpu/internal/kernel"

// An ahead is memory that is read soon, which calls of [kernel.Outer] fetch
// while they compute.
type ahead [2][]float32

// aheadOf returns the part of x from a position on, cut off at the end of x.
func aheadOf(x []float32, from, size int) []float32 {
	from = min(from, len(x))
	return x[from:min(from+size, len(x))]
}

// take makes a call fetch the next part.
func (h *ahead) take(args *kernel.OuterArgs) {
	args.Prefetch = nil
	for i, rest := range h {
		if len(rest) > 0 {
			args.Prefetch = &rest[0]
			h[i] = rest[min(args.PrefetchLen(), len(rest)):]
			return
		}
	}
}
