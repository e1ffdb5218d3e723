package lower

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/graph"
)

// XLA's partitioner (GSPMD) cuts a program along the shardings of some of its values and
// finds those of all others. Here inputs are cut along their first axis, which is the
// batch, and variables are on each device. What a program means does not depend on
// shardings, so nothing is wrong if an input's first axis is something else.

// splits reports whether each device is given a part of an input.
func (b *builder) splits(input *graph.Node) bool {
	k := b.options.Partitions
	return k > 1 && len(input.Shape()) > 0 && input.Shape()[0]%k == 0
}

// divideInputs cuts the inputs whose first size the number of devices does not divide. Each
// device is given such an input whole, and computes with parts of equal size, of which the
// last ones are filled up.
func (b *builder) divideInputs(nodes []*graph.Node) {
	k := b.options.Partitions
	for _, n := range nodes {
		if _, ok := n.Op().(graph.InputOp); ok && k > 1 && len(n.Shape()) > 0 && n.Shape()[0] > k && !b.splits(n) {
			b.values[n] = b.Sharded(b.values[n], split(k, len(n.Shape())))
		}
	}
}

// split is the sharding of a tensor that is spread over k devices along its first axis.
func split(k, rank int) string {
	return fmt.Sprintf("{devices=[%d%s]<=[%d]}", k, strings.Repeat(",1", rank-1), k)
}
