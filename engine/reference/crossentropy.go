package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

func crossEntropy(_ graph.CrossEntropyOp, y array, in []array) {
	logits, labels := in[0], in[1]
	logp := array{logits.shape, make([]float64, len(logits.data))}
	softmax(graph.SoftmaxOp{Axis: 1, Log: true}, logp, in[:1])
	for n, label := range labels.data {
		if isClass(label, logits.shape[1]) {
			y.data[n] = -logp.data[at(logits.shape, n, int(label))]
		} else {
			y.data[n] = math.NaN()
		}
	}
}

func crossEntropyGrad(_ graph.CrossEntropyGradOp, dx array, in []array) {
	logits, labels, dy := in[0], in[1], in[2]
	p := array{logits.shape, make([]float64, len(logits.data))}
	softmax(graph.SoftmaxOp{Axis: 1}, p, in[:1])
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
