// Command conv is the chapter on the convolution of images: cross-correlation,
// edges, a kernel that is learnt, feature maps and receptive fields.
package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

var page = &chapter.Chapter{
	Name: "conv",
	Sections: []chapter.Section{
		{Name: "by-hand", Run: byHand},
		{Name: "own-layer", Run: ownLayer},
		{Name: "edges", Run: edges},
		{Name: "transposed", Run: transposed},
		{Name: "learn", Run: learn},
		{Name: "true", Run: trueConvolution},
		{Name: "field", Run: field},
		{Name: "lenet-field", Run: leNetField},
		{Name: "seen", Run: seen},
		{Name: "diagonal", Run: diagonal},
		{Name: "windows", Run: windows},
		{Name: "design", Run: design},
		{Name: "learn-flipped", Run: learnFlipped},
		{Name: "deep-field", Run: deepField},
		{Name: "learn-own", Run: learnOwn},
	},
	Figures: figures,
}

func main() { chapter.Main(page) }

//region corr2d

// corr2d computes the two-dimensional cross-correlation of picture x and kernel k.
func corr2d(x, k *tensor.Tensor) *tensor.Tensor {
	h, w := k.Shape()[0], k.Shape()[1]
	y := tensor.New(x.Shape()[0]-h+1, x.Shape()[1]-w+1)
	for i := range y.Shape()[0] {
		for j := range y.Shape()[1] {
			var sum float32
			for a := range h {
				for b := range w {
					sum += x.At(i+a, j+b) * k.At(a, b)
				}
			}
			y.Set(sum, i, j)
		}
	}
	return y
}

//endregion

func byHand() error {
	//region by-hand
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2))
	fmt.Println(corr2d(x, k))
	//endregion
	return nil
}

//region conv

// Conv is a convolutional layer with one input channel and one output channel.
type Conv struct {
	Weight *nn.Param // the kernel, h×w
	Bias   *nn.Param // one number
}

// NewConv returns a layer with a kernel of h×w random numbers.
func NewConv(h, w int) *Conv {
	return &Conv{nn.Parameter(h, w).Init(nn.PyTorchDefault()), nn.Parameter(1)}
}

// Forward adds the layer to the graph of x, N×1×H×W: the sum of shifted
// pictures, each times one element of the kernel.
func (c *Conv) Forward(x *graph.Node) *graph.Node {
	k, y := c.Weight.Value(x), c.Bias.Value(x)
	h, w := k.Shape()[0], k.Shape()[1]
	rows, columns := x.Shape()[2]-h+1, x.Shape()[3]-w+1
	for a := range h {
		for b := range w {
			shifted := graph.Slice(graph.Slice(x, 2, a, a+rows), 3, b, b+columns)
			weight := graph.Slice(graph.Slice(k, 0, a, a+1), 1, b, b+1)
			y = graph.Add(y, graph.Mul(shifted, weight))
		}
	}
	return y
}

//endregion

func ownLayer() error {
	//region own-layer
	model, err := nn.New(NewConv(2, 2), tensor.Shape{1, 3, 3}, nn.Options{})
	if err != nil {
		return err
	}
	defer model.Close()
	for _, p := range model.Parameters() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	kernel, err := model.Param("weight")
	if err != nil {
		return err
	}
	copy(kernel.Value.Data(), []float32{0, 1, 2, 3})
	kernel.Changed()
	y, err := model.Predict(nil, tensor.Must(tensor.Arange(0, 9, 1).Reshape(1, 1, 3, 3)))
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}

//region edge-picture

// edgePicture returns 6×8 pixels: white, black, white.
func edgePicture() *tensor.Tensor {
	white, black := tensor.Full(1, 6, 2), tensor.New(6, 4)
	return tensor.Must(tensor.Concat(1, white, black, white))
}

//endregion

func edges() error {
	//region edges
	x := edgePicture()
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	fmt.Println(x)
	fmt.Println(corr2d(x, k))
	//endregion
	return nil
}

//region boot

// boot returns four pictures of 28×28 pixels: a boot from Fashion-MNIST, its
// vertical edges, its horizontal edges, and the boot out of focus. In edges, grey
// stands for 0.
func boot() (*tensor.Tensor, error) {
	options := fashionmnist.Options{Dir: fashionmnist.SampleDir}
	set, err := fashionmnist.Load(context.Background(), options)
	if err != nil {
		return nil, err
	}
	x := tensor.New(1, 1, 28, 28)
	if _, err := set.Test.Read(0, x.Data()); err != nil {
		return nil, err
	}
	vertical := tensor.Must(tensor.FromSlice([]float32{
		1, 0, -1,
		1, 0, -1,
		1, 0, -1,
	}, 1, 1, 3, 3))
	horizontal := tensor.Must(vertical.Transpose(0, 1, 3, 2))
	mean := tensor.Full(1.0/9, 1, 1, 3, 3)
	g := graph.New()
	var outputs []*graph.Node
	for _, k := range []*tensor.Tensor{vertical, horizontal, mean} {
		window := graph.Window{Pad: [2]int{1, 1}} // zeros around keep the size
		y := graph.Conv2D(g.Constant(x), g.Constant(k), nil, window, 1)
		outputs = append(outputs, y)
	}
	y, err := engine.Run(cpu.Default(), nil, outputs...)
	if err != nil {
		return nil, err
	}
	for i := range 2 {
		y[i] = y[i].MulScalar(1.0 / 6).AddScalar(0.5) // −3…3 becomes 0…1
	}
	return tensor.Concat(0, x, y[0], y[1], y[2])
}

//endregion

func transposed() error {
	//region transposed
	x := tensor.Must(edgePicture().Transpose())
	k := tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2))
	kT := tensor.Must(k.Transpose())
	fmt.Println("kernel 1×2: sum of absolute values", corr2d(x, k).Abs().Sum())
	fmt.Println("kernel 2×1: sum of absolute values", corr2d(x, kT).Abs().Sum())
	//endregion
	return nil
}

func learn() error {
	//region learn
	x := edgePicture()
	y := corr2d(x, tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 2)))
	layer := nn.Conv2D(1, 1).Kernel(1, 2).NoBias()
	model, err := nn.New(layer, tensor.Shape{1, 6, 8}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	loss := func(x, y *graph.Node) *graph.Node { // the sum of the squared errors
		difference := graph.Sub(model.Forward(x, nn.Train), y)
		return graph.Sum(graph.Mul(difference, difference))
	}
	step := train.NewMinimizer(nil, optim.SGD{}, model.Parameters(), loss)
	defer step.Close()
	input := tensor.Must(x.Reshape(1, 1, 6, 8))
	target := tensor.Must(y.Reshape(1, 1, 6, 7))
	for i := range 10 {
		loss, err := step.Run(0.03, input, target) // learning rate 0.03
		if err != nil {
			return err
		}
		if (i+1)%2 == 0 {
			fmt.Printf("step %2d, loss %.3f\n", i+1, loss)
		}
	}
	fmt.Printf("kernel %.2f\n", model.Parameters()[0].Value.Data())
	//endregion
	return nil
}

//region flip

// flip rotates a kernel by 180 degrees: all elements are in reverse order.
func flip(k *tensor.Tensor) *tensor.Tensor {
	f := tensor.New(k.Shape()...)
	n := k.Size()
	for i, v := range k.Data() {
		f.Data()[n-1-i] = v
	}
	return f
}

//endregion

func trueConvolution() error {
	//region true
	x, k := tensor.New(5, 5), tensor.Must(tensor.Arange(1, 10, 1).Reshape(3, 3))
	x.Set(1, 2, 2) // one white pixel in the centre
	fmt.Println(corr2d(x, k))
	fmt.Println(corr2d(x, flip(k)))
	//endregion
	return nil
}

func field() error {
	//region field
	var chain []d2l.Window
	for n := 1; n <= 5; n++ {
		chain = append(chain, d2l.Window{Kernel: 3})
		size, _ := d2l.ReceptiveField(chain...)
		fmt.Printf("layers: %d, receptive field: %2d×%d, ", n, size, size)
		fmt.Printf("weights: %d, of one layer: %d\n", n*3*3, size*size)
	}
	//endregion
	return nil
}

func leNetField() error {
	//region lenet-field
	model, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return err
	}
	layers, err := model.Summary(1)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if l.ReceptiveField > 0 { // layers before Flatten
			r := l.ReceptiveField
			fmt.Printf("%-9s %-10v receptive field %2d×%d\n", l.Kind, l.Output, r, r)
		}
	}
	//endregion
	return nil
}

func seen() error {
	//region seen
	g := graph.New()
	x := g.Input("x", 1, 1, 7, 7)
	ones := g.Constant(tensor.Full(1, 1, 1, 3, 3))
	y := graph.Conv2D(x, ones, nil, graph.Window{}, 1)      // 5×5
	y = graph.Conv2D(y, ones, nil, graph.Window{}, 1)       // 3×3
	centre := graph.Slice(graph.Slice(y, 2, 1, 2), 3, 1, 2) // 1×1
	gradient := graph.Gradients(graph.Sum(centre), x)       // with respect to x
	feeds := engine.Feeds{x: tensor.New(1, 1, 7, 7)}        // any picture will do
	values, err := engine.Run(cpu.Default(), feeds, gradient...)
	if err != nil {
		return err
	}
	fmt.Println(tensor.Must(values[0].Index(0, 0)))
	//endregion
	return nil
}
