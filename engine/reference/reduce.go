package reference

import (
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func reduce(op graph.ReduceOp, y, x array) error {
	// The result with its reduced axes kept has the same elements in the
	// same order.
	kept := x.shape.Clone()
	for _, a := range op.Axes {
		kept[a] = 1
	}
	if op.Func == graph.KindMax {
		for i := range y.data {
			y.data[i] = math.Inf(-1)
		}
	}
	each(x.shape, func(i int, index []int) {
		to := &y.data[stretched(kept, index)]
		switch op.Func {
		case graph.KindSum, graph.KindMean:
			*to += x.data[i]
		case graph.KindMax:
			*to = max(*to, x.data[i]) // max keeps NaN
		}
	})
	switch op.Func {
	case graph.KindMean:
		count := float64(len(x.data) / len(y.data))
		for i := range y.data {
			y.data[i] /= count
		}
	case graph.KindSum, graph.KindMax:
	default:
		return fmt.Errorf("unknown reduction %d", op.Func)
	}
	return nil
}

func argMax(op graph.ArgMaxOp, y, x array) {
	lines(x.shape, op.Axis, func(line int, elements []int) {
		best := 0
		for k, e := range elements {
			v, b := x.data[e], x.data[elements[best]]
			if v > b || math.IsNaN(v) && !math.IsNaN(b) {
				best = k
			}
		}
		y.data[line] = float64(best)
	})
}

func softmax(op graph.SoftmaxOp, y, x array) {
	lines(x.shape, op.Axis, func(_ int, elements []int) {
		top := math.Inf(-1)
		for _, e := range elements {
			top = max(top, x.data[e])
		}
		sum := 0.0
		for _, e := range elements {
			sum += math.Exp(x.data[e] - top)
		}
		for _, e := range elements {
			if op.Log {
				y.data[e] = x.data[e] - top - math.Log(sum)
			} else {
				y.data[e] = math.Exp(x.data[e]-top) / sum
			}
		}
	})
}

func crossEntropy(y, logits, labels array) {
	logp := array{logits.shape, make([]float64, len(logits.data))}
	softmax(graph.SoftmaxOp{Axis: 1, Log: true}, logp, logits)
	for n, label := range labels.data {
		if isClass(label, logits.shape[1]) {
			y.data[n] = -logp.data[at(logits.shape, n, int(label))]
		} else {
			y.data[n] = math.NaN()
		}
	}
}

func crossEntropyGrad(dx, logits, labels, dy array) {
	p := array{logits.shape, make([]float64, len(logits.data))}
	softmax(graph.SoftmaxOp{Axis: 1}, p, logits)
	each(logits.shape, func(i int, index []int) {
		n, k := index[0], index[1]
		onehot := 0.0
		switch label := labels.data[n]; {
		case !isClass(label, logits.shape[1]):
			onehot = math.NaN()
		case k == int(label):
			onehot = 1
		}
		dx.data[i] = (p.data[i] - onehot) * dy.data[n]
	})
}

// isClass reports whether label is a whole number from 0 to classes−1.
func isClass(label float64, classes int) bool {
	return label >= 0 && label < float64(classes) && label == math.Floor(label)
}

// lines calls visit for each line of elements along an axis: its number, which
// is the row-major position in the shape without that axis, and the row-major
// numbers of its elements.
func lines(shape tensor.Shape, axis int, visit func(line int, elements []int)) {
	elements := make([]int, shape[axis])
	each(slices.Delete(shape.Clone(), axis, axis+1), func(line int, rest []int) {
		for k := range elements {
			elements[k] = at(shape, slices.Insert(slices.Clone(rest), axis, k)...)
		}
		visit(line, elements)
	})
}
