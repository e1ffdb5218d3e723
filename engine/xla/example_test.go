package xla_test

import (
	"fmt"
	"log"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A graph that counts on an accelerator. It is not run here, as it needs one.
func Example() {
	device, err := xla.New(xla.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	fmt.Println(device.Description())

	g := graph.New()
	total := &graph.Variable{Name: "total", Value: tensor.New(2)}
	x, v := g.Input("x", 2), g.Variable(total)
	g.Assign(v, graph.Add(v, x))
	program, err := device.Compile(g, graph.Sum(x))
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()

	feeds, sum := engine.Feeds{x: tensor.Full(1, 2)}, []*tensor.Tensor{tensor.New()}
	for range 3 {
		if err := program.Run(feeds, sum); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(total.Value) // comes from the device now: [3. 3.]
	fmt.Println(device.Traffic())
}
