package zoo_test

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
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
	// Output: unknown network "letnet": did you mean "lenet"?
}

// A custom network from the blocks of the zoo.
func ExampleResidual() {
	net := nn.Sequential(
		zoo.VGGBlock(1, 16),
		zoo.NewResidual(16),
		zoo.NewResidual(32).Use1x1(2),
		zoo.NewInception(16, [2]int{24, 32}, [2]int{4, 8}, 8),
		zoo.NewDenseBlock(2, 16),
		zoo.Transition(48),
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10),
	)
	model, err := nn.New(net, tensor.Shape{3, 32, 32}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, err := model.Summary(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, l := range layers {
		block := func(path string) string { return strings.Split(path, ".")[0] }
		if i+1 == len(layers) || block(layers[i+1].Path) != block(l.Path) {
			fmt.Println(block(l.Path), l.Output)
		}
	}
	// Output:
	// 0 1×16×16×16
	// 1 1×16×16×16
	// 2 1×32×8×8
	// 3 1×64×8×8
	// 4 1×96×8×8
	// 5 1×48×4×4
	// 6 1×48×1×1
	// 7 1×48
	// 8 1×10
}

// VGG-16 for small images in color, an eighth as wide.
func ExampleVGG() {
	net := zoo.VGG(100, zoo.VGGConfig{Depth: 16, Ratio: 8, Hidden: 256})
	model, err := nn.New(net, tensor.Shape{3, 32, 32}, nn.Options{Init: nn.HeNormal()})
	if err != nil {
		fmt.Println(err)
		return
	}
	parameters := 0
	for _, p := range model.Parameters() {
		parameters += p.Value.Size()
	}
	fmt.Println(parameters, "parameters")

	_, err = nn.New(net, tensor.Shape{3, 28, 28}, nn.Options{})
	fmt.Println(err)
	// Output:
	// 338700 parameters
	// 4.6 (MaxPool2D 2×2, stride 2, padding 0): input 64×1×1 is smaller than the kernel: output height ⌊(1+2·0−2)/2⌋+1 = 0; the smallest input that works is 3×32×32
}
