package results

import (
	"slices"

	"github.com/strideml/stride/bench/internal/stats"
)

// A summary is how figures are spread.
type summary struct{ min, q1, median, q3, max float64 }

// summarize describes the values, of which there must be one at least.
func summarize(values []float64) summary {
	s := slices.Sorted(slices.Values(values))
	return summary{s[0], stats.Quantile(s, .25), stats.Quantile(s, .5), stats.Quantile(s, .75), s[len(s)-1]}
}

// ratios divides b by a, round by round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, min(len(a), len(b)))
	for i := range r {
		r[i] = b[i] / a[i]
	}
	return r
}
