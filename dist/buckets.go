package dist

import (
	"cmp"
	"slices"

	"github.com/strideml/stride/graph"
)

// Buckets say how gradients are put together for sums over ranks: a sum of many small
// arrays costs as many times the latency, and one sum of all could only begin when the
// backward pass is over. The zero value is a good choice.
type Buckets struct {
	// Bytes is the size that a bucket has at least, except for the first and the last; 0
	// means DefaultBucketBytes.
	Bytes int
	// LastBytes is the size that the last bucket has at most, if it has more than one
	// gradient; 0 means DefaultLastBucketBytes. Nothing is left to be computed while that
	// is added up.
	LastBytes int
}

// The sizes of buckets. The first is that of PyTorch's DistributedDataParallel; smaller
// ones took longer.
const (
	DefaultBucketBytes     = 25 << 20
	DefaultLastBucketBytes = 1 << 20
)

// AllReduce adds to the graph the sums of gradients over all ranks, by graph.AllReduce, and
// returns them in the order of grads. Buckets have the gradients in the order in which
// graph.Gradients made them, so that the first can be added up while the backward pass
// goes on.
//
// A rank's gradients are those of its part of the loss: the mean over its images, times
// their share of the images of all ranks.
func (b Buckets) AllReduce(grads []*graph.Node) []*graph.Node {
	sums := make([]*graph.Node, len(grads))
	for _, bucket := range b.divide(grads) {
		flat := make([]*graph.Node, len(bucket))
		for i, k := range bucket {
			flat[i] = graph.Reshape(grads[k], grads[k].Shape().Size())
		}
		sum, at := graph.AllReduce(graph.Concat(0, flat...)), 0
		for i, k := range bucket {
			end := at + flat[i].Shape()[0]
			sums[k] = graph.Reshape(graph.Slice(sum, 0, at, end), grads[k].Shape()...)
			at = end
		}
	}
	return sums
}

// divide returns the buckets as numbers of gradients, those that are complete first first.
func (b Buckets) divide(grads []*graph.Node) (buckets [][]int) {
	order := make([]int, len(grads))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(grads[i].ID(), grads[j].ID()) })
	// From the end on, so that the last one has its size and the first may be smaller.
	least, most := cmp.Or(b.Bytes, DefaultBucketBytes), cmp.Or(b.LastBytes, DefaultLastBucketBytes)
	var bucket []int
	size := 0
	closeBucket := func() {
		buckets = append(buckets, bucket)
		bucket, size = nil, 0
	}
	for _, k := range slices.Backward(order) {
		bytes := 4 * grads[k].Shape().Size()
		if last := len(buckets) == 0; last && len(bucket) > 0 && size+bytes > most {
			closeBucket()
		}
		bucket = append(bucket, k)
		if size += bytes; size >= least && len(buckets) > 0 {
			closeBucket()
		}
	}
	if len(bucket) > 0 {
		closeBucket()
	}
	for _, bucket := range buckets {
		slices.Reverse(bucket)
	}
	slices.Reverse(buckets)
	return buckets
}
