package graph_test

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// The two-line cross-correlation: a graph, and an engine that runs it.
func ExampleConv2D() {
	g := graph.New()
	x, k := g.Input("x", 1, 1, 3, 3), g.Input("k", 1, 1, 2, 2)
	y := graph.Conv2D(x, k, nil, graph.Window{}, 1)
	fmt.Println(y)

	image := tensor.Must(tensor.Arange(0, 9, 1).Reshape(1, 1, 3, 3))
	kernel := tensor.Must(tensor.Arange(0, 4, 1).Reshape(1, 1, 2, 2))
	out, err := engine.Run(reference.New(), engine.Feeds{x: image, k: kernel}, y)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Data())
	// Output:
	// %2 Conv2D 1×1×2×2
	// [19 25 37 43]
}

// The derivatives of f(a, b) = Σ a·σ(b).
func ExampleGradients() {
	g := graph.New()
	a, b := g.Input("a", 2), g.Input("b", 2)
	f := graph.Sum(graph.Mul(a, graph.Sigmoid(b)))
	d := graph.Gradients(f, a, b)

	va := tensor.Must(tensor.FromSlice([]float32{1, 2}, 2))
	vb := tensor.Must(tensor.FromSlice([]float32{0, 0}, 2))
	out, err := engine.Run(reference.New(), engine.Feeds{a: va, b: vb}, f, d[0], d[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range out {
		fmt.Println(x.Data())
	}
	// Output:
	// [1.5]
	// [0.5 0.5]
	// [0.25 0.5]
}

// Gradient descent on (v − 3)² as a graph that updates its variable.
func ExampleGraph_Assign() {
	g := graph.New()
	variable := &graph.Variable{Name: "v", Value: tensor.Scalar(0), Trainable: true}
	v := g.Variable(variable)
	off := graph.Sub(v, g.Scalar(3))
	loss := graph.Mul(off, off)
	g.Assign(v, graph.Sub(v, graph.Mul(g.Scalar(0.25), graph.Gradients(loss, v)[0])))

	program, err := reference.New().Compile(g, loss)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer program.Close()
	out := []*tensor.Tensor{tensor.New()}
	for range 3 {
		if err := program.Run(nil, out); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("loss", out[0].Data()[0], "v", variable.Value.Data()[0])
	}
	// Output:
	// loss 9 v 1.5
	// loss 2.25 v 2.25
	// loss 0.5625 v 2.625
}

// A function that builds a graph returns broken rules as errors.
func ExampleCatch() {
	build := func() (err error) {
		defer graph.Catch(&err)
		g := graph.New()
		x := g.Input("x", 1, 16, 3, 3)
		g.SetPath("features.3")
		graph.Conv2D(x, g.Input("w", 32, 16, 5, 5), nil, graph.Window{}, 1)
		return nil
	}
	fmt.Println(build())
	// Output:
	// features.3 (Conv2D 5×5, stride 1, padding 0): input 16×3×3 is smaller than the kernel: output height ⌊(3+2·0−5)/1⌋+1 = −1
}
