package dist_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Two ranks, each with its part of a batch, get the gradient of the whole batch.
func ExampleBuckets() {
	weights := tensor.Full(1, 1, 2) // of a linear layer
	step := func(c dist.Comm, images *tensor.Tensor) error {
		group := dist.NewGroup(c, dist.Float32)
		defer group.Close()
		device := cpu.New(cpu.Options{Threads: 1, Reducer: group})
		defer device.Close()

		g := graph.New()
		x, w := g.Input("x", images.Shape()...), g.Variable(&graph.Variable{Name: "w", Value: weights.Clone()})
		loss := graph.Mean(graph.MatMulT(x, w, false, true))
		loss = graph.Div(loss, g.Scalar(float32(group.Size()))) // the part of all images that this rank has
		sums := dist.Buckets{}.AllReduce(graph.Gradients(loss, w))
		results, err := engine.Run(device, engine.Feeds{x: images}, sums...)
		if err == nil && c.Rank() == 0 {
			fmt.Println(results[0].Data())
		}
		return err
	}
	var wait sync.WaitGroup
	for rank, c := range local.New(2, local.Options{}) {
		wait.Go(func() {
			images := tensor.Full(float32(1+rank), 3, 2) // of 3 images with 2 features
			if err := step(c, images); err != nil {
				fmt.Println(err)
			}
		})
	}
	wait.Wait()
	// Output: [1.5 1.5]
}

// bucketed returns how many sums there are and their lengths, for gradients of the given
// lengths, which are made in reverse order.
func bucketed(b dist.Buckets, lengths ...int) (sizes []int) {
	g := graph.New()
	grads := make([]*graph.Node, len(lengths))
	for i := range slices.Backward(lengths) {
		grads[i] = graph.Neg(g.Input(fmt.Sprint(i), lengths[i], 1))
	}
	for i, s := range b.AllReduce(grads) {
		if !s.Shape().Equal(grads[i].Shape()) {
			return nil
		}
	}
	for _, n := range g.Nodes() {
		if n.Op() == (graph.AllReduceOp{}) {
			sizes = append(sizes, n.Shape().Size())
		}
	}
	return sizes
}

func TestBucketSizes(t *testing.T) {
	small := dist.Buckets{Bytes: 40, LastBytes: 12}
	for _, c := range []struct {
		b       dist.Buckets
		lengths []int
		want    []int
	}{
		{small, []int{1, 2, 3, 4, 5, 6}, []int{6, 12, 3}},
		{small, []int{100}, []int{100}},
		{small, []int{100, 1, 100, 1}, []int{1, 101, 100}},
		{small, []int{1, 1, 1, 1}, []int{1, 3}},
		{dist.Buckets{}, []int{1, 2, 3}, []int{6}},
		{dist.Buckets{}, []int{1 << 17, 1 << 17, 1, 1 << 19, 1 << 20, 1 << 19}, []int{1<<21 + 1, 1 << 18}},
		{small, nil, nil},
	} {
		if got := bucketed(c.b, c.lengths...); !slices.Equal(got, c.want) {
			t.Errorf("%+v, gradients of %v: buckets of %v, want %v", c.b, c.lengths, got, c.want)
		}
	}
}
