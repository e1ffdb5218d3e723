package metrics

import (
	"fmt"
	"sort"

	"github.com/strideml/stride/tensor"
)

// ArgMax returns the index of the greatest score, the first one of several;
// NaN counts as greatest. It returns -1 for no scores.
func ArgMax(scores []float32) int {
	best := -1
	for i, v := range scores {
		if best < 0 || before(v, scores[best]) {
			best = i
		}
	}
	return best
}

// Top returns the indices of the k greatest scores, greatest first and equal
// ones in the order of their index; all of them if there are fewer than k.
func Top(scores []float32, k int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return before(scores[order[a]], scores[order[b]]) })
	return order[:max(0, min(k, len(order)))]
}

// before says whether score a ranks strictly above b.
func before(a, b float32) bool {
	if a != a {
		return b == b
	}
	return a > b
}

// Accuracy returns the share, 0 to 1, of rows of scores (N×K) whose greatest
// element is at the index that labels (N) gives: TopK with k = 1, and with its
// errors.
func Accuracy(scores, labels *tensor.Tensor) (float64, error) {
	return TopK(scores, labels, 1)
}

// TopK returns the share, 0 to 1, of rows of scores (N×K) in which the label is
// among the k greatest elements. A k above K counts as K. It is an error if k is
// below 1, if there are no rows or no classes, if labels do not have the shape N,
// or if one is not a whole number from 0 to K−1.
func TopK(scores, labels *tensor.Tensor, k int) (float64, error) {
	s, l := scores.Shape(), labels.Shape()
	switch {
	case len(s) != 2 || s[0] < 1 || s[1] < 1:
		return 0, fmt.Errorf("scores must be N×classes with at least one row and one class, got %v", s)
	case len(l) != 1 || l[0] != s[0]:
		return 0, fmt.Errorf("scores are %v, so labels must have shape %d, got %v", s, s[0], l)
	case k < 1:
		return 0, fmt.Errorf("top-%d accuracy: want at least top-1", k)
	}
	hits := 0
	for i, value := range labels.Data() {
		label := int(value)
		if float32(label) != value || label < 0 || label >= s[1] {
			return 0, fmt.Errorf("label %v of row %d is not a whole number from 0 to %d", value, i, s[1]-1)
		}
		row := scores.Data()[i*s[1] : (i+1)*s[1]]
		if rankOf(row, label) < k {
			hits++
		}
	}
	return float64(hits) / float64(s[0]), nil
}

// rankOf returns how many scores rank above that of the label.
func rankOf(scores []float32, label int) int {
	above := 0
	for j, v := range scores {
		if before(v, scores[label]) || j < label && !before(scores[label], v) {
			above++
		}
	}
	return above
}
