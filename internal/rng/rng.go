package rng

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// domain separates these keys from any other use of SHA-256 and carries the
// version of the encoding.
const domain = "stride/rng/v1"

// New returns the stream named by the seed, the purpose and the indices. The
// same name always gives the same stream; names that differ in any part give
// unrelated streams. The generator is ChaCha8 keyed by SHA-256 of an encoding
// of the name in which every part has its length in front, so no two names
// share an encoding.
//
// The returned generator is not safe for use by several goroutines; make one
// per goroutine and name it by what it is for.
func New(seed uint64, purpose string, index ...uint64) *rand.Rand {
	return rand.New(rand.NewChaCha8(key(seed, purpose, index)))
}

// key hashes a name: domain, seed, length of the purpose, purpose, number of
// indices, indices; all numbers as 64-bit little endian.
func key(seed uint64, purpose string, index []uint64) [32]byte {
	b := make([]byte, 0, len(domain)+len(purpose)+8*(3+len(index)))
	b = append(b, domain...)
	b = binary.LittleEndian.AppendUint64(b, seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(purpose)))
	b = append(b, purpose...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(index)))
	for _, i := range index {
		b = binary.LittleEndian.AppendUint64(b, i)
	}
	return sha256.Sum256(b)
}

// Uniform fills dst with values drawn evenly from [lo, hi). A value that
// rounds up to hi in float32 is drawn again, so hi itself appears only if
// lo == hi, where all values are lo. It panics if hi < lo or either is not
// finite.
func Uniform(r *rand.Rand, dst []float32, lo, hi float32) {
	width := float64(hi) - float64(lo)
	if !(width >= 0) || width > 2*maxFloat32 {
		panic("rng: uniform: bounds must be finite with lo ≤ hi")
	}
	for i := range dst {
		if width == 0 {
			dst[i] = lo
			continue
		}
		// The conversion of the product keeps compilers from fusing it with
		// the sum, which would round differently on some platforms.
		v := hi
		for v >= hi {
			v = float32(float64(lo) + float64(width*r.Float64()))
		}
		dst[i] = v
	}
}

const maxFloat32 = 0x1p127 * (1 + (1 - 0x1p-23))

// Normal fills dst with values from the normal distribution with the given
// mean and standard deviation. Values are computed in float64 and rounded
// once.
func Normal(r *rand.Rand, dst []float32, mean, std float32) {
	for i := range dst {
		dst[i] = float32(float64(mean) + float64(float64(std)*r.NormFloat64()))
	}
}

// Perm returns the numbers 0 to n-1 in random order, each order equally
// likely. It panics if n is negative.
func Perm(r *rand.Rand, n int) []int {
	p := make([]int, n)
	PermInto(r, p)
	return p
}

// PermInto fills dst with the numbers 0 to len(dst)-1 in random order, the
// same order that [Perm] would return.
func PermInto(r *rand.Rand, dst []int) {
	for i := range dst {
		// Inside-out Fisher-Yates: place i at a random spot among the first i+1.
		j := int(r.Uint64N(uint64(i) + 1))
		dst[i] = dst[j]
		dst[j] = i
	}
}
