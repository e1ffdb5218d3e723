package exporter

import (
	"reflect"

	"github.com/strideml/stride/graph"
)

// A rule emits the nodes of an operator and returns the name of the result.
type rule struct {
	emit func(c *call) string
	// both says that emit looks at the attributes for both batch sizes. Otherwise they
	// must be equal.
	both bool
}

// rules has the rule of each operator, by its type. Operators of training have none.
var rules map[reflect.Type]rule

func init() { // a map that its own functions use cannot be initialised at its declaration
	rules = map[reflect.Type]rule{}
	both(input)
	both(variable)
	both(constant)

	of(unary)
	of(binary)
	of(conv2D)
	of(convTranspose2D)
	of(matMul)
	of(maxPool2D)
	of(avgPool2D)
	of(adaptiveAvgPool2D)
	of(resize2D)
	of(batchNorm)
	of(batchStats)
	of(layerNorm)
	of(groupNorm)
	of(groupStats)
	of(lrn)
	of(softmax)
	of(reduce)
	of(argMax)
	of(topK)
	of(gatherElements)
	of(cumSum)
	both(reshape)
	both(broadcast)
	both(slice)
	of(transpose)
	of(concat)
	of(pad)
	of(gather)
	of(where)
	of(fakeQuantize)
}

func of[T graph.Op](emit func(c *call, op T) string)   { register(emit, false) }
func both[T graph.Op](emit func(c *call, op T) string) { register(emit, true) }

func register[T graph.Op](emit func(c *call, op T) string, both bool) {
	rules[reflect.TypeFor[T]()] = rule{func(c *call) string { return emit(c, c.node.Op().(T)) }, both}
}
