package pjrt_test

import (
	"fmt"
	"log"

	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/plugins"
)

// Adds two vectors on the best device that is found.
func Example() {
	found := plugins.Find()
	if len(found) == 0 {
		log.Fatal("no plugin: try pip install lammps-jax-pjrt-cpu")
	}
	plugin, err := pjrt.Load(found[0].Path)
	if err != nil {
		log.Fatal(err)
	}
	client, err := plugin.NewClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	program, err := client.Compile(`
		func.func public @main(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
			%sum = stablehlo.add %x, %y : tensor<3xf32>
			return %sum : tensor<3xf32>
		}`, pjrt.CompileOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()

	x, err := pjrt.BufferOf(client.Devices()[0], []float32{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	results, err := program.Run(x, x)
	if err != nil {
		log.Fatal(err)
	}
	sum, err := pjrt.Read[float32](results[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum) // [2 4 6]
}

// Trains in place: the first argument is donated to the result, so that a weight
// occupies its memory once, and no step is waited for.
func ExampleExecutable_Execute() {
	var client *pjrt.Client // from Plugin.NewClient
	program, err := client.Compile(`
		func.func public @main(%w: tensor<2xf32> {tf.aliasing_output = 0 : i32}, %g: tensor<2xf32>) -> tensor<2xf32> {
			%new = stablehlo.subtract %w, %g : tensor<2xf32>
			return %new : tensor<2xf32>
		}`, pjrt.CompileOptions{})
	if err != nil {
		log.Fatal(err)
	}
	weight, err := pjrt.BufferOf(program.Devices()[0], []float32{5, 6})
	if err != nil {
		log.Fatal(err)
	}
	gradient, err := pjrt.BufferOf(program.Devices()[0], []float32{0.5, 0.5})
	if err != nil {
		log.Fatal(err)
	}
	var last *pjrt.Event
	for range 100 {
		results, done, err := program.Execute([][]*pjrt.Buffer{{weight, gradient}}, pjrt.ExecuteOptions{})
		if err != nil {
			log.Fatal(err)
		}
		weight.Close()
		weight, last = results[0][0], done[0]
	}
	if err := last.Await(); err != nil {
		log.Fatal(err)
	}
}
