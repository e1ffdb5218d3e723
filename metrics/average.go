package metrics

import (
	"cmp"
	"math"
	"slices"
)

// An Average is the precision, recall and F1 of all classes in one number each,
// 0 to 1.
type Average struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Macro returns the means over all classes, each with the same weight, as
// scikit-learn's average="macro" with all class indices as labels. The recall is
// also called balanced accuracy.
func (m *ConfusionMatrix) Macro() Average {
	return m.average(func(int) float64 { return 1 })
}

// Weighted returns the means over all classes, each weighted with its number of
// images, as scikit-learn's average="weighted". The recall equals Accuracy.
func (m *ConfusionMatrix) Weighted() Average {
	return m.average(func(class int) float64 { return float64(m.Support(class)) })
}

func (m *ConfusionMatrix) average(weight func(class int) float64) Average {
	var a Average
	sum := 0.0
	for i := range m.classes {
		w := weight(i)
		a.Precision += w * m.Precision(i)
		a.Recall += w * m.Recall(i)
		a.F1 += w * m.F1(i)
		sum += w
	}
	if sum == 0 {
		return Average{}
	}
	return Average{a.Precision / sum, a.Recall / sum, a.F1 / sum}
}

// A Confusion says how many images of one class were predicted as another one.
type Confusion struct {
	// Label and Predicted are indices of classes.
	Label, Predicted int
	// Count is the number of images.
	Count int
	// Share is Count divided by the number of images of class Label, 0 to 1.
	Share float64
}

// MostConfused returns the pairs of different classes that were confused, the most
// frequent first and equally frequent ones in the order of Label and Predicted; at
// most n of them. The pair (a, b) is another one than (b, a).
func (m *ConfusionMatrix) MostConfused(n int) []Confusion {
	var pairs []Confusion
	for i := range m.classes {
		support := m.Support(i)
		for j := range m.classes {
			if c := m.Count(i, j); i != j && c > 0 {
				pairs = append(pairs, Confusion{i, j, c, ratio(c, support)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Confusion) int { return cmp.Compare(b.Count, a.Count) })
	return pairs[:max(0, min(n, len(pairs)))]
}

// WilsonInterval returns the 95 % confidence interval of a share, hits of n, by
// Wilson's score method (1927), which stays within 0 and 1 for few images, too. It is
// 0 to 1 for n below 1.
func WilsonInterval(hits, n int) (low, high float64) {
	if n < 1 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, size := float64(hits)/float64(n), float64(n)
	middle := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return max(middle-half, 0), min(middle+half, 1)
}
