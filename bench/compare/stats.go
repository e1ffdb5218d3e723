package main

import (
	"math"
	"slices"
)

// A summary is how figures are spread.
type summary struct{ min, q1, median, q3, max float64 }

// summarize describes the values, of which there must be one at least.
func summarize(values []float64) summary {
	s := slices.Sorted(slices.Values(values))
	return summary{s[0], quantile(s, .25), quantile(s, .5), quantile(s, .75), s[len(s)-1]}
}

// quantile interpolates linearly between sorted values; q is from 0 to 1.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[low]
	}
	part := at - float64(low)
	return sorted[low]*(1-part) + sorted[low+1]*part
}

func median(values []float64) float64 { return summarize(values).median }

// geometricMean of positive values; NaN if there is none.
func geometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// ratios divides b by a, round by round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, min(len(a), len(b)))
	for i := range r {
		r[i] = b[i] / a[i]
	}
	return r
}
