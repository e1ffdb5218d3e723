package xla

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/pjrt"
)

// largestNodes is how many nodes an error about memory names.
const largestNodes = 5

// explain adds to an error about the device's memory what takes it: the largest
// values of the graph, and what to do.
func (d *Device) explain(err error, g *graph.Graph) error {
	if pjrt.CodeOf(err) != pjrt.ResourceExhausted {
		return err
	}
	nodes := slices.Clone(g.Nodes())
	slices.SortStableFunc(nodes, func(a, b *graph.Node) int { return cmp.Compare(b.Shape().Size(), a.Shape().Size()) })
	var list []string
	for _, n := range nodes[:min(largestNodes, len(nodes))] {
		list = append(list, fmt.Sprintf("%v %s", n, megabytes(4*int64(n.Shape().Size()))))
	}
	return fmt.Errorf("the memory of the device does not suffice: a smaller batch takes less, and so does mixed precision (bf16); the largest values are %s: %w",
		strings.Join(list, ", "), err)
}

// megabytes writes a number of bytes for people.
func megabytes(bytes int64) string {
	if bytes < 1e5 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
