package metrics

import "math"

// Softmax returns the probabilities of a row of scores, exp(xᵢ) / Σⱼ exp(xⱼ), computed in float64 without
// overflow. If a score is NaN or +Inf, all are NaN.
func Softmax(scores []float32) []float64 {
	p := make([]float64, len(scores))
	softmax(p, scores)
	return p
}

// softmax writes the probabilities of scores to p. It returns the greatest score and the sum
// of the exponentials of all scores less it.
func softmax(p []float64, scores []float32) (most, sum float64) {
	most = math.Inf(-1)
	for _, s := range scores {
		most = max(most, float64(s)) // NaN if one is NaN
	}
	for i, s := range scores {
		p[i] = math.Exp(float64(s) - most)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return most, sum
}
