package zoo_test

import (
	"fmt"

	"github.com/strideml/stride/zoo"
)

func ExampleGet() {
	spec, err := zoo.Get("lenet")
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := spec.Model(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, err := model.Summary(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: batch %d, learning rate %v, %d epochs\n", spec.Title, spec.Batch, spec.LearningRate, spec.Epochs)
	for _, l := range layers {
		if l.Parameters > 0 {
			fmt.Printf("%-2s %-6s %-9v %5d parameters, %6d multiply-adds\n", l.Path, l.Kind, l.Output, l.Parameters, l.MultiplyAdds)
		}
	}
	// Output:
	// LeNet: batch 256, learning rate 0.9, 10 epochs
	// 0  Conv2D 1×6×28×28   156 parameters, 117600 multiply-adds
	// 3  Conv2D 1×16×10×10  2416 parameters, 240000 multiply-adds
	// 7  Linear 1×120     48120 parameters,  48000 multiply-adds
	// 9  Linear 1×84      10164 parameters,  10080 multiply-adds
	// 11 Linear 1×10        850 parameters,    840 multiply-adds
}

func ExampleGet_unknown() {
	_, err := zoo.Get("letnet")
	fmt.Println(err)
	// Output: unknown network "letnet": did you mean "lenet"? (known: lenet, lenet-bn)
}
