package cpu_test

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// BenchmarkDepthwise times depthwise layers of MobileNetV2 at batch 1: forward
// and, as train, the layer with both gradients.
func BenchmarkDepthwise(b *testing.B) {
	d := cpu.New(cpu.Options{Threads: 2})
	for _, l := range []struct{ c, size, stride int }{{96, 112, 2}, {144, 56, 1}, {960, 7, 1}} {
		for _, train := range []bool{false, true} {
			b.Run(fmt.Sprintf("c%d/%d/stride%d/train=%v", l.c, l.size, l.stride, train), func(b *testing.B) {
				g := graph.New()
				x := g.Variable(&graph.Variable{Name: "x", Value: tensor.Full(0.5, 1, l.c, l.size, l.size)})
				w := g.Variable(&graph.Variable{Name: "w", Value: tensor.Full(0.5, l.c, 1, 3, 3)})
				y := graph.Conv2D(x, w, nil, graph.Window{Stride: [2]int{l.stride, l.stride}, Pad: [2]int{1, 1}}, l.c)
				outputs := []*graph.Node{graph.Mean(y)}
				if train {
					loss := graph.Mean(graph.Mul(y, y))
					for _, dx := range graph.Gradients(loss, x, w) {
						outputs = append(outputs, graph.Mean(dx))
					}
				}
				p, err := d.Compile(g, outputs...)
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				results := make([]*tensor.Tensor, len(outputs))
				for i := range results {
					results[i] = tensor.New()
				}
				for b.Loop() {
					if err := p.Run(nil, results); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
