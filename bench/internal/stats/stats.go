// Package stats has the statistics that the benchmarks report.
package stats

import (
	"math"
	"slices"
)

// Quantile interpolates linearly between sorted values, of which there must be one at
// least; q is from 0 to 1.
func Quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[low]
	}
	part := at - float64(low)
	return sorted[low]*(1-part) + sorted[low+1]*part
}

// Median is the median of values in any order, of which there must be one at least.
func Median(values []float64) float64 {
	return Quantile(slices.Sorted(slices.Values(values)), .5)
}

// GeometricMean is that of positive values; NaN if there is none.
func GeometricMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
