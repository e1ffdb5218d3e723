package resample

import "github.com/strideml/stride/internal/isa"

// Precision is the number of fractional bits of a weight: 32 − 8 for the sample − 2 of
// headroom.
const Precision = 22

const half = 1 << (Precision - 1)

// Taps say which samples of a line new ones are made of, and how. The positive weights of a
// new sample must sum to less than 1.5·2²² and the negative ones to more than −0.5·2²², so
// that sums fit into 32 bits.
type Taps struct {
	First   []int   // the first old sample of each new one
	Count   []int   // the number of old samples of each new one, at least 1
	Most    int     // no Count is greater
	Weights []int32 // Most of each new sample, of which the first Count count
	// Assembly multiplies numbers of 16 bits. For each two weights there are the upper
	// 16 bits of both and the lower 8 bits of both; see Split.
	halves []int16
}

// Split prepares the weights for assembly. It must be called whenever they have changed.
func (t *Taps) Split() {
	if !isa.UseSIMD {
		return
	}
	size := len(t.Count) * t.pitch()
	if cap(t.halves) < size {
		t.halves = make([]int16, size)
	}
	t.halves = t.halves[:size]
	clear(t.halves)
	for i, n := range t.Count {
		to := t.halves[i*t.pitch():]
		for j, w := range t.Weights[i*t.Most:][:n] {
			to[j/2*4+j%2], to[j/2*4+2+j%2] = int16(w>>8), int16(w&255)
		}
	}
}

// pitch is the number of halves of a new sample.
func (t *Taps) pitch() int { return (t.Most + 1) / 2 * 4 }

// part returns what is needed for new samples from … to−1.
func (t *Taps) part(from, to int) Taps {
	p := Taps{First: t.First[from:to], Count: t.Count[from:to], Most: t.Most, Weights: t.Weights[from*t.Most : to*t.Most]}
	if isa.UseSIMD {
		p.halves = t.halves[from*t.pitch() : to*t.pitch()]
	}
	return p
}

// Span returns the old samples that new samples from … to−1 are made of, [first, end).
func (t *Taps) Span(from, to int) (first, end int) {
	first = t.First[from]
	for i := from; i < to; i++ {
		first, end = min(first, t.First[i]), max(end, t.First[i]+t.Count[i])
	}
	return first, end
}

// toByte rounds a sum of bytes times weights, with half added, to a byte.
func toByte(sum int32) uint8 { return uint8(max(min(sum>>Precision, 255), 0)) }
