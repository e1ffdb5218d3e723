package gemm

import "github.com/strideml/stride/engine/cpu/internal/kernel/matrix"

// A Prefetch is up to two pieces of memory that are read soon: successive calls
// of [matrix.Outer] fetch them part by part while they compute.
type Prefetch [2][]float32

// Upcoming returns the size elements of x from position from on, cut off at the
// end of x.
func Upcoming(x []float32, from, size int) []float32 {
	from = min(from, len(x))
	return x[from:min(from+size, len(x))]
}

// Attach makes a call fetch the next part.
func (p *Prefetch) Attach(args *matrix.OuterArgs) {
	args.Prefetch = nil
	for i, rest := range p {
		if len(rest) > 0 {
			args.Prefetch = &rest[0]
			p[i] = rest[min(args.PrefetchLen(), len(rest)):]
			return
		}
	}
}
