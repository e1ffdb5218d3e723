package lower

import (
	"fmt"
	"reflect"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

type value = stablehlo.Value

// A rule adds the operations of node y with operator op to the builder and returns
// their result. in has the values of the node's arguments.
type rule func(b *builder, op graph.Op, y *graph.Node, in []value) (value, error)

// rules holds the rule of each type of operator. The rule itself stands in the
// operator's file.
var rules = table(
	// Leaves.
	try(input), try(variable), on(constant),
	// Functions of elements.
	try(unary), try(unaryGrad), try(binary), on(where), on(fakeQuantize), on(broadcastTo), on(dropout),
	// Sums and choices along axes.
	try(reduce), on(allReduce), on(prodGrad), on(argMax), on(topK), on(cumSum), on(softmax), on(crossEntropy), on(crossEntropyGrad),
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
	on(reshape), on(transpose), on(concat), on(slice), on(pad),
	on(gather), on(gatherGrad), on(gatherElements), on(gatherElementsGrad),
)

// An entry is a line of the table.
type entry struct {
	op   reflect.Type
	rule rule
}

// try makes the entry of a rule that may fail.
func try[O graph.Op](f func(b *builder, op O, y *graph.Node, in []value) (value, error)) entry {
	return entry{reflect.TypeFor[O](), func(b *builder, op graph.Op, y *graph.Node, in []value) (value, error) {
		return f(b, op.(O), y, in)
	}}
}

// on makes the entry of a rule that cannot fail.
func on[O graph.Op](f func(b *builder, op O, y *graph.Node, in []value) value) entry {
	return try(func(b *builder, op O, y *graph.Node, in []value) (value, error) { return f(b, op, y, in), nil })
}

func table(entries ...entry) map[reflect.Type]rule {
	t := map[reflect.Type]rule{}
	for _, e := range entries {
		t[e.op] = e.rule
	}
	return t
}

// lower adds the operations of a node.
func (b *builder) lower(n *graph.Node) (err error) {
	f, ok := rules[reflect.TypeOf(n.Op())]
	if !ok {
		return fmt.Errorf("unknown operator %s (%T)", n.Op().Kind(), n.Op())
	}
	defer stablehlo.Catch(&err)
	in := make([]value, len(n.Inputs()))
	for i, x := range n.Inputs() {
		in[i] = b.single(x)
	}
	y, err := f(b, n.Op(), n, in)
	if err != nil {
		return err
	}
	if want := stablehlo.Of(stablehlo.F32, n.Shape()...); !y.Type.Equal(want) {
		return fmt.Errorf("lowered to %v instead of %v", y.Type, want)
	}
	if b.half[n] {
		y = b.narrow(y)
	}
	b.values[n] = y
	return nil
}
