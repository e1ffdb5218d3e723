package reference

import (
	"fmt"
	"reflect"

	"github.com/strideml/stride/graph"
)

// A rule stores the result of an operator in y, which is zero at first.
type rule func(op graph.Op, y array, in []array) error

// rules holds the rule of each type of operator. The rule itself stands in the
// operator's file.
var rules = table(
	// Leaves.
	try(input), on(variable), on(constant),
	// Functions of elements.
	try(unary), try(unaryGrad), try(binary), on(where), on(fakeQuantize), on(broadcastTo), on(dropout), on(allReduce),
	// Sums and choices along axes.
	try(reduce), on(prodGrad), on(argMax), on(topK), on(cumSum), on(softmax), on(crossEntropy), on(crossEntropyGrad),
	// Convolutions and products.
	on(conv2D), on(conv2DInputGrad), on(conv2DWeightGrad), on(convTranspose2D), on(matMul),
	// Pooling.
	on(maxPool2D), on(maxPool2DGrad), on(avgPool2D), on(avgPool2DGrad), on(adaptiveAvgPool2D), on(adaptiveAvgPool2DGrad),
	on(resize2D), on(resize2DGrad),
	// Normalisation.
	on(batchStats), on(batchNorm), on(batchNormParamGrad), on(batchNormInputGrad), on(lrn), on(lrnGrad),
	on(layerNorm), on(layerNormParamGrad), on(layerNormInputGrad),
	on(groupStats), on(groupNorm), on(groupNormParamGrad), on(groupNormInputGrad),
	// Changes of shape.
	on(reshape), on(transpose), on(concat), on(slice), on(gather), on(gatherGrad), on(gatherElements), on(gatherElementsGrad), on(pad),
)

// An entry is a line of the table.
type entry struct {
	op   reflect.Type
	rule rule
}

// try makes the entry of a rule that may fail.
func try[O graph.Op](f func(op O, y array, in []array) error) entry {
	return entry{reflect.TypeFor[O](), func(op graph.Op, y array, in []array) error { return f(op.(O), y, in) }}
}

// on makes the entry of a rule that cannot fail.
func on[O graph.Op](f func(op O, y array, in []array)) entry {
	return try(func(op O, y array, in []array) error {
		f(op, y, in)
		return nil
	})
}

func table(entries ...entry) map[reflect.Type]rule {
	t := map[reflect.Type]rule{}
	for _, e := range entries {
		t[e.op] = e.rule
	}
	return t
}

// compute stores the result of an operator in y, which is zero at first.
func compute(op graph.Op, y array, in []array) error {
	f, ok := rules[reflect.TypeOf(op)]
	if !ok {
		return fmt.Errorf("unknown operator %s (%T)", op.Kind(), op)
	}
	return f(op, y, in)
}
