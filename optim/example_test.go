package optim_test

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// Gradient descent on (p−3)², from p = 0, with half the learning rate after two steps.
func ExampleSGD() {
	p := &graph.Variable{Name: "p", Value: tensor.Scalar(0), Trainable: true}

	g := graph.New()
	lr, node := g.Input("lr"), g.Variable(p)
	e := graph.Sub(node, g.Scalar(3))
	loss := graph.Mul(e, e)
	params := []*graph.Node{node}
	var state optim.State
	optim.SGD{}.Update(g, lr, params, graph.Gradients(loss, params...), &state)

	program, err := reference.New().Compile(g, loss)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer program.Close()
	schedule, length := optim.Step{Every: 2, Factor: 0.5}, optim.Run{Steps: 4, StepsPerEpoch: 1}
	for step := range uint64(4) {
		rate := float32(schedule.Rate(0.25, step, length))
		l := tensor.Scalar(0)
		if err := program.Run(engine.Feeds{lr: tensor.Scalar(rate)}, []*tensor.Tensor{l}); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("loss %.4f, then p = %.4f\n", l.At(), p.Value.At())
	}
	// Output:
	// loss 9.0000, then p = 1.5000
	// loss 2.2500, then p = 2.2500
	// loss 0.5625, then p = 2.4375
	// loss 0.3164, then p = 2.5781
}
