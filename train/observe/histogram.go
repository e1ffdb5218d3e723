package observe

import "math"

const (
	bins = 32
	// maxValues is how many numbers of a parameter are looked at.
	maxValues = 1 << 14
)

// A Histogram says how numbers are distributed. Of more than 16,384 numbers, that many are looked at.
type Histogram struct {
	// Min, Max, Mean and Std are those of the finite ones.
	Min  Number `json:"min"`
	Max  Number `json:"max"`
	Mean Number `json:"mean"`
	Std  Number `json:"std"`
	// Counts has the number of values in each of 32 intervals of the same width, from Min to
	// Max; a single one if Min = Max. NotFinite are infinite or not numbers.
	Counts    []int `json:"counts"`
	NotFinite int   `json:"not_finite,omitempty"`
}

// newHistogram looks at all values, or at one of each group of neighbours, where a fixed
// distance could always meet the same element of a kernel.
func newHistogram(values []float32) *Histogram {
	step := (len(values) + maxValues - 1) / maxValues
	h := &Histogram{Min: Number(math.NaN()), Max: Number(math.NaN()), Mean: Number(math.NaN()), Std: Number(math.NaN())}
	low, high := math.Inf(1), math.Inf(-1)
	sum, squares, n := 0.0, 0.0, 0
	each(values, step, func(v float64) {
		if v-v != 0 {
			h.NotFinite++
			return
		}
		low, high = min(low, v), max(high, v)
		sum, squares, n = sum+v, squares+v*v, n+1
	})
	if n == 0 {
		return h
	}
	mean := sum / float64(n)
	h.Min, h.Max, h.Mean = Number(low), Number(high), Number(mean)
	h.Std = Number(math.Sqrt(max(squares/float64(n)-mean*mean, 0)))
	if low == high {
		h.Counts = []int{n}
		return h
	}
	h.Counts = make([]int, bins)
	scale := bins / (high - low)
	each(values, step, func(v float64) {
		if v-v == 0 {
			h.Counts[min(int((v-low)*scale), bins-1)]++
		}
	})
	return h
}

// each calls f for one of each step neighbours, the same ones each time.
func each(values []float32, step int, f func(v float64)) {
	if step <= 1 {
		for _, v := range values {
			f(float64(v))
		}
		return
	}
	r := uint64(1)
	for i := 0; i+step <= len(values); i += step {
		r = r*6364136223846793005 + 1442695040888963407 // Knuth's generator of MMIX
		f(float64(values[i+int(r>>33)%step]))
	}
}
