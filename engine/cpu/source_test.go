package cpu

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest/randgraph"
	"github.com/strideml/stride/graph"
)

// excited is squeeze-and-excitation and a 1×1 convolution after it. It returns the
// result, the image, its factors and their product.
func excited(batch, channels, height, width int) (y, x, factors, scaled *graph.Node) {
	x = graph.New().Input("x", batch, channels, height, width)
	factors = graph.HardSigmoid(graph.Reshape(graph.Mean(x, 2, 3), batch, channels, 1, 1))
	scaled = graph.Mul(x, factors)
	w := x.Graph().Variable(&graph.Variable{Name: "w", Value: randgraph.Values("weights", 1, 12, channels, 1, 1)})
	return graph.Conv2D(scaled, w, nil, graph.Window{}, 1), x, factors, scaled
}

// A 1×1 convolution has the same bits whether the products with the factors are computed as it
// needs them or, as they are an output as well, in a step of their own.
func TestSourceKeepsBits(t *testing.T) {
	for _, s := range [][4]int{{1, 24, 28, 30}, {3, 40, 7, 7}, {2, 960, 5, 4}, {2, 1100, 3, 4}, {9, 7, 6, 5}, {1, 1, 40, 41}} {
		run := func(all bool) (dump string, outputs [][]float32) {
			var b bytes.Buffer
			d := New(Options{Threads: 2, Dump: &b})
			defer d.Close()
			y, x, factors, scaled := excited(s[0], s[1], s[2], s[3])
			nodes := []*graph.Node{y, factors}
			if all {
				nodes = append(nodes, scaled)
			}
			values, err := engine.Run(d, engine.Feeds{x: randgraph.Values("normal", 2, x.Shape()...)}, nodes...)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				outputs = append(outputs, v.Data())
			}
			return b.String(), outputs
		}
		dump, got := run(false)
		if !strings.Contains(dump, ", where") {
			t.Errorf("%v: the products are computed in a step of their own", s)
		}
		dump, want := run(true)
		if strings.Contains(dump, ", where") {
			t.Errorf("%v: a convolution computes products that are an output", s)
		}
		for i, v := range got[0] {
			if math.Float32bits(v) != math.Float32bits(want[0][i]) {
				t.Fatalf("%v: element %d is %v, with products in memory %v", s, i, v, want[0][i])
			}
		}
		in, area := randgraph.Values("normal", 2, s[:]...).Data(), s[2]*s[3]
		for i, v := range want[2] {
			if product := in[i] * want[1][i/area]; v != product {
				t.Fatalf("%v: product %d is %v, want %v", s, i, v, product)
			}
		}
	}
}
