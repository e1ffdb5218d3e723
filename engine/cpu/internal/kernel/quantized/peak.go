package quantized

import "github.com/strideml/stride/internal/isa"

// PeakTerms is the number of multiply-adds in an iteration of [PeakDot].
const PeakTerms = 12 * 64

// PeakDot runs iters iterations of independent dot products of bytes that touch no memory, PeakTerms multiply-adds each: the speed
// limit of one core, against which [Tile] is measured. It returns one of the sums. Without instructions for dot products it
// uses those that [Tile] does without them.
func PeakDot(iters int) int32 {
	switch {
	case isa.UseAVX512VNNI:
		return peakAVX512(iters)
	case isa.UseAVX2, isa.UseDotProd:
		return peakSIMD(iters)
	}
	var s0, s1, s2, s3 int32
	for i := range iters * PeakTerms / 4 {
		x := int32(uint8(i))
		s0 += x * 1
		s1 += x * 2
		s2 += x * 3
		s3 += x * 5
	}
	return s0 + s1 + s2 + s3
}

// The assembly.

func peakAVX512(iters int) int32

func peakSIMD(iters int) int32
