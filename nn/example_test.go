package nn_test

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A small network, its parameters and its output.
func Example() {
	net := nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.ReLU(),
		nn.MaxPool2D(2),
		nn.Flatten(),
		nn.Linear(10),
	)
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 1, Init: nn.HeNormal()})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range model.Parameters() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	logits, err := model.Predict(reference.New(), tensor.New(4, 1, 28, 28))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("output", logits.Shape())
	// Output:
	// 0.weight 6×1×5×5
	// 0.bias 6
	// 4.weight 10×1176
	// 4.bias 10
	// output 4×10
}

// Residual is a block with a shortcut around two convolutions.
type Residual struct{ Conv1, Conv2 nn.Layer }

func (r *Residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(r.Conv1.Forward(x))
	return graph.ReLU(graph.Add(x, r.Conv2.Forward(y)))
}

// A custom block is a struct with a Forward. Its layers are named after the
// fields.
func ExampleLayer() {
	net := nn.Sequential(&Residual{nn.Conv2D(3, 3).Pad(1), nn.Conv2D(3, 3).Pad(1)}, nn.GlobalAvgPool2D())
	model, err := nn.New(net, tensor.Shape{3, 8, 8}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, err := model.Summary(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range layers {
		fmt.Printf("%-7s %-15s %v\n", l.Path, l.Kind, l.Output)
	}
	// Output:
	// 0.conv1 Conv2D          1×3×8×8
	// 0       ReLU            1×3×8×8
	// 0.conv2 Conv2D          1×3×8×8
	// 0       Add             1×3×8×8
	// 0       ReLU            1×3×8×8
	// 1       GlobalAvgPool2D 1×3×1×1
}

// Shape errors name the layer and the rule.
func ExampleNew_error() {
	net := nn.Sequential(nn.AvgPool2D(4), nn.Conv2D(6, 5))
	_, err := nn.New(net, tensor.Shape{1, 12, 12}, nn.Options{})
	fmt.Println(err)
	// Output: 1 (Conv2D 5×5, stride 1, padding 0): input 1×3×3 is smaller than the kernel: output height ⌊(3+2·0−5)/1⌋+1 = −1; the smallest input that works is 1×20×20
}

// A trace is a graph that can be extended, here by the gradient of the output
// with respect to the image.
func ExampleModel_Trace() {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(1)), tensor.Shape{1, 2, 2}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := model.Trace(1, nn.Eval)
	if err != nil {
		fmt.Println(err)
		return
	}
	saliency := graph.Gradients(graph.Sum(t.Output), t.Input)[0]
	fmt.Println(saliency.Shape())
	// Output: 1×1×2×2
}

// A channel's scale, by its name in the state dict.
func ExampleModel_Param() {
	model, err := nn.New(nn.Sequential(nn.Conv2D(2, 3), nn.BatchNormScratch(2, 4)), tensor.Shape{1, 8, 8}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	gamma, err := model.Param("1.gamma")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(gamma.Value.Shape(), gamma.Value.Data())
	_, err = model.Param("1.gama")
	fmt.Println(err)
	// Output:
	// 1×2×1×1 [1 1]
	// nn: there is no parameter or buffer "1.gama": did you mean "1.gamma"?
}

// What the first layer of a network and a layer inside a block of it make of an
// image.
func ExampleModel_Activations() {
	model, err := nn.New(zoo.ResNet(10, zoo.ResNetConfig{Ratio: 8}), tensor.Shape{1, 32, 32}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	image := tensor.Rand(tensor.Seed(0), 1, 32, 32)
	outputs, err := model.Activations(cpu.New(cpu.Options{}), image, "0", "2.0.conv1")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, y := range outputs {
		fmt.Println(y.Shape())
	}
	// Output:
	// 1×8×8×8
	// 1×16×4×4
}

// A gate is a block that holds another block, which it applies with Apply.
type gate struct{ Inner nn.Layer }

func (g *gate) Forward(x *graph.Node) *graph.Node {
	return graph.Mul(x, graph.Sigmoid(nn.Apply(g.Inner, x)))
}

func ExampleApply() {
	net := nn.Sequential(&gate{&gate{nn.Linear(3)}})
	model, err := nn.New(net, tensor.Shape{3}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	trace, err := model.Trace(1, nn.Eval)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range trace.Layers() {
		fmt.Printf("%d %-10s %s\n", l.Depth, l.Kind, l.Path)
	}
	// Output:
	// 3 Linear     0.inner.inner
	// 2 gate       0.inner
	// 1 gate       0
	// 0 Sequential
}
