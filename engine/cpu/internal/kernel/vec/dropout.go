package vec

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/isa"
)

// Dropout computes dst = x/(1−p) where the element is kept and 0 where it is
// dropped. Element i of the slice is element start+i (modulo 2³²) of the stream
// that key and step name; with k = key XOR mix64(step) it is kept if the upper 24
// bits of
//
//	mix32(mix32((start+i) XOR low32(k)) + high32(k))
//
// are at least ⌊p·2²⁴⌋, where mix64 and mix32 are the finalisers that graph.DropoutBits
// names. p is at least 0 and below 1. The backward pass is the same call on dy.
func Dropout(dst, x []float32, p float32, key, step uint64, start uint32) {
	x = x[:len(dst)]
	scale, threshold, k := 1/(1-p), uint32(p*(1<<24)), key^mix64(step)
	lo, hi := uint32(k), uint32(k>>32)
	if isa.UseSIMD {
		dropoutSIMD(data(dst), data(x), scale, threshold, lo, hi, start, len(x))
		return
	}
	for i, v := range x {
		bits := mix32(mix32((start+uint32(i))^lo) + hi)
		v *= scale
		if bits>>8 < threshold {
			v = 0
		}
		dst[i] = v
	}
}

// mix32 is the 32-bit finaliser "lowbias32" of C. Wellons: a bijection whose
// every input bit flips every output bit with a chance close to one half.
func mix32(x uint32) uint32 {
	x ^= x >> 16
	x *= coef.Mix1
	x ^= x >> 15
	x *= coef.Mix2
	return x ^ x>>16
}

// mix64 is the output function of the SplitMix64 generator (Steele, Lea and
// Flood, 2014), applied to a single number.
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// The assembly.

//go:noescape
func dropoutSIMD(dst, x *float32, scale float32, threshold, keyLow, keyHigh, start uint32, n int)
