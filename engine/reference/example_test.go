package reference_test

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The cross-correlation of a 3×3 image with a 2×2 kernel.
func ExampleNew() {
	g := graph.New()
	x := g.Input("x", 1, 1, 3, 3)
	k := g.Constant(tensor.Must(tensor.Arange(0, 4, 1).Reshape(1, 1, 2, 2)))
	y := graph.Conv2D(x, k, nil, graph.Window{}, 1)

	image := tensor.Must(tensor.Arange(0, 9, 1).Reshape(1, 1, 3, 3))
	out, err := engine.Run(reference.New(), engine.Feeds{x: image}, y)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Data())
	// Output: [19 25 37 43]
}

// The derivative of x·log x at 2, from its graph and from a central
// difference in float64.
func ExampleEval() {
	g := graph.New()
	x := g.Input("x")
	y := graph.Mul(x, graph.Log(x))
	dx := graph.Gradients(y, x)[0]

	value := func(n *graph.Node, at float64) float64 {
		v, err := reference.Eval([]*graph.Node{n}, map[*graph.Node][]float64{x: {at}})
		if err != nil {
			panic(err)
		}
		return v[0][0]
	}
	const eps = 1e-6
	fmt.Printf("%.6f\n", value(dx, 2))
	fmt.Printf("%.6f\n", (value(y, 2+eps)-value(y, 2-eps))/(2*eps))
	// Output:
	// 1.693147
	// 1.693147
}
