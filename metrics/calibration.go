package metrics

import (
	"fmt"
	"math"
)

// DefaultBins is the number of bins of a reliability diagram unless it is given:
// that of Guo et al., On Calibration of Modern Neural Networks, 2017.
const DefaultBins = 15

// A Reliability compares how sure a model is with how often it is right. It
// collects images one by one and keeps only sums.
type Reliability struct {
	bins  []Bin
	total int
	nan   bool
}

// A Bin holds the images whose confidence, the probability of the predicted class,
// lies in an interval.
type Bin struct {
	// Low and High bound the interval: Low < confidence ≤ High. A confidence of 0
	// is in the first bin.
	Low, High float64
	// Images is how many there are, and Correct how many of them were predicted
	// right.
	Images, Correct int
	// Confidence is the sum of their confidences.
	Confidence float64
}

// Accuracy returns the share of the bin's images that were predicted right; 0 if
// there are none.
func (b Bin) Accuracy() float64 { return ratio(b.Correct, b.Images) }

// MeanConfidence returns the mean confidence of the bin's images; 0 if there are
// none.
func (b Bin) MeanConfidence() float64 {
	if b.Images == 0 {
		return 0
	}
	return b.Confidence / float64(b.Images)
}

// NewReliability returns an empty Reliability of bins of equal width between 0
// and 1. A number of bins below 1 stands for DefaultBins.
func NewReliability(bins int) *Reliability {
	if bins < 1 {
		bins = DefaultBins
	}
	r := &Reliability{bins: make([]Bin, bins)}
	for i := range r.bins {
		r.bins[i].Low, r.bins[i].High = float64(i)/float64(bins), float64(i+1)/float64(bins)
	}
	return r
}

// Add counts an image that was predicted with a confidence, 0 to 1. It is an error
// if the confidence is below 0 or above 1. After NaN, as of a network that has
// diverged, ECE and MCE are NaN.
func (r *Reliability) Add(confidence float64, correct bool) error {
	switch {
	case math.IsNaN(confidence):
		r.nan = true
		return nil
	case confidence < 0 || confidence > 1:
		return fmt.Errorf("confidence %v: want 0 to 1", confidence)
	}
	// Rounding may put a confidence next to a bound into the neighbour of its bin.
	i := min(max(int(math.Ceil(confidence*float64(len(r.bins))))-1, 0), len(r.bins)-1)
	if i > 0 && confidence <= r.bins[i].Low {
		i--
	} else if i < len(r.bins)-1 && confidence > r.bins[i].High {
		i++
	}
	b := &r.bins[i]
	b.Images++
	b.Confidence += confidence
	if correct {
		b.Correct++
	}
	r.total++
	return nil
}

// Bins returns the bins in order, empty ones too. The caller must not change them.
func (r *Reliability) Bins() []Bin { return r.bins }

// ECE returns the expected calibration error, 0 to 1: the mean over images of
// |accuracy − mean confidence| of their bin. It is 0 without images.
func (r *Reliability) ECE() float64 {
	if r.nan {
		return math.NaN()
	}
	sum := 0.0
	for _, b := range r.bins {
		sum += math.Abs(float64(b.Correct) - b.Confidence)
	}
	return sum / float64(max(r.total, 1))
}

// MCE returns the maximum calibration error, 0 to 1: |accuracy − mean confidence|
// of the bin where that is greatest. It is 0 without images.
func (r *Reliability) MCE() float64 {
	if r.nan {
		return math.NaN()
	}
	most := 0.0
	for _, b := range r.bins {
		most = max(most, math.Abs(b.Accuracy()-b.MeanConfidence()))
	}
	return most
}
