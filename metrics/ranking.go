package metrics

import (
	"fmt"
	"math"
	"slices"
)

// ROCAUC returns the area under the ROC curve, 0 to 1, of scores that should be
// higher for positive images than for others: the probability that a random
// positive image scores higher than a random negative one, where equal scores
// count one half. That is the Mann-Whitney U statistic with midranks divided by
// positives × negatives, and scikit-learn's roc_auc_score. It is NaN without
// positive images, without negative ones, or if a score is NaN. It is an error if
// the slices have different lengths.
func ROCAUC(scores []float32, positive []bool) (float64, error) {
	r, err := newRanking(scores, positive)
	if err != nil {
		return 0, err
	}
	return r.rocAUC(), nil
}

// AveragePrecision returns the area under the precision-recall curve as a sum
// without interpolation, 0 to 1: over all different scores from the highest down,
// Σ (recall − recall before) · precision, as scikit-learn's
// average_precision_score. It is NaN without positive images or if a score is NaN.
// It is an error if the slices have different lengths.
func AveragePrecision(scores []float32, positive []bool) (float64, error) {
	r, err := newRanking(scores, positive)
	if err != nil {
		return 0, err
	}
	return r.averagePrecision(), nil
}

// A ranking holds for each image its score, in bits whose order is that of scores,
// and in the lowest bit whether it is positive. Lowest score first.
type ranking struct {
	keys     []uint64
	positive int
	nan      bool
}

func newRanking(scores []float32, positive []bool) (*ranking, error) {
	if len(scores) != len(positive) {
		return nil, fmt.Errorf("%d scores for %d images", len(scores), len(positive))
	}
	r := &ranking{}
	r.reset(len(scores))
	for i, s := range scores {
		r.add(s, positive[i])
	}
	r.sort()
	return r, nil
}

// reset empties the ranking and makes room for n images.
func (r *ranking) reset(n int) {
	*r = ranking{keys: slices.Grow(r.keys[:0], n)}
}

func (r *ranking) add(score float32, positive bool) {
	if score != score {
		r.nan = true
	}
	bits := math.Float32bits(score + 0) // −0 becomes 0
	if bits>>31 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 31
	}
	key := uint64(bits) << 1
	if positive {
		key |= 1
		r.positive++
	}
	r.keys = append(r.keys, key)
}

func (r *ranking) sort() { slices.Sort(r.keys) }

func (r *ranking) rocAUC() float64 {
	negative := len(r.keys) - r.positive
	if r.nan || r.positive == 0 || negative == 0 {
		return math.NaN()
	}
	sum, below := 0.0, 0 // pairs in the right order; negatives with lower scores
	for i := 0; i < len(r.keys); {
		p, n := 0, 0
		for score := r.keys[i] >> 1; i < len(r.keys) && r.keys[i]>>1 == score; i++ {
			if r.keys[i]&1 == 1 {
				p++
			} else {
				n++
			}
		}
		sum += float64(p) * (float64(below) + float64(n)/2)
		below += n
	}
	return sum / (float64(r.positive) * float64(negative))
}

func (r *ranking) averagePrecision() float64 {
	if r.nan || r.positive == 0 {
		return math.NaN()
	}
	sum, found := 0.0, 0
	for i := len(r.keys) - 1; i >= 0; {
		p := 0
		for score := r.keys[i] >> 1; i >= 0 && r.keys[i]>>1 == score; i-- {
			p += int(r.keys[i] & 1)
		}
		found += p
		sum += float64(p) * float64(found) / float64(len(r.keys)-1-i)
	}
	return sum / float64(r.positive)
}
