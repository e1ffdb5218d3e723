package matrix

import "github.com/strideml/stride/internal/isa"

// PeakFlops is the number of floating-point operations that one iteration of
// [PeakFMA] does: 96 multiply-adds, that is 12 vectors of 8 floats or 24 of 4.
const PeakFlops = 2 * 96

// PeakFMA runs iters iterations of independent multiply-adds that touch no
// memory, PeakFlops operations each: PeakFlops·iters divided by the time it takes
// is the speed limit of one core, against which all other kernels are measured.
// It returns one of the sums. A hundred thousand iterations take about 200 µs
// with AVX2, and should not be exceeded: assembly cannot be preempted.
func PeakFMA(iters int) float32 {
	if isa.UseSIMD {
		return peakSIMD(iters)
	}
	// Eight scalar chains, as many as the other twins use.
	const m, c = 0.5, 1
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for range iters * (PeakFlops / 2 / 8) {
		s0 = s0*m + c
		s1 = s1*m + c
		s2 = s2*m + c
		s3 = s3*m + c
		s4 = s4*m + c
		s5 = s5*m + c
		s6 = s6*m + c
		s7 = s7*m + c
	}
	return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
}

// The assembly.

func peakSIMD(iters int) float32
