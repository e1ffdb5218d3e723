// Command corr2d walks through the chapter "Convolutions for Images" of Dive
// into Deep Learning: the cross-correlation of an image with a kernel, several
// channels, an edge detector, and a kernel learnt from examples by gradient
// descent.
//
//	go run ./examples/corr2d
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "corr2d:", err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	device := cpu.New(cpu.Options{})
	for _, section := range []func(io.Writer, engine.Device) error{correlate, channels, edges, learn} {
		if err := section(w, device); err != nil {
			return err
		}
	}
	return nil
}

// corr2D slides the kernels (out×in×Kh×Kw) over the image (in×H×W) and adds up
// the products under each of them: out×H'×W'.
func corr2D(device engine.Device, image, kernels *tensor.Tensor) (y *tensor.Tensor, err error) {
	defer graph.Catch(&err) // a shape that does not fit
	g := graph.New()
	x := g.Input("image", image.Shape()...)
	k := g.Input("kernels", kernels.Shape()...)
	batch := graph.Reshape(x, append([]int{1}, image.Shape()...)...) // a batch of one
	node := graph.Conv2D(batch, k, nil, graph.Window{}, 1)
	results, err := engine.Run(device, engine.Feeds{x: image, k: kernels}, node)
	if err != nil {
		return nil, err
	}
	return results[0].Index(0)
}

// numbers is a tensor of the given shape that counts up from first.
func numbers(first float32, shape ...int) *tensor.Tensor {
	size := tensor.Shape(shape).Size()
	return tensor.Must(tensor.Arange(first, first+float32(size), 1).Reshape(shape...))
}

func correlate(w io.Writer, device engine.Device) error {
	y, err := corr2D(device, numbers(0, 1, 3, 3), numbers(0, 1, 1, 2, 2))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Cross-correlation of 0…8 with 0…3:\n%v\n\n", y)
	return nil
}

// channels has two input channels, 0…8 and 1…9, and three output channels,
// whose kernels are K = (0…3, 1…4), K+1 and K+2.
func channels(w io.Writer, device engine.Device) error {
	image := tensor.Must(tensor.Stack(0, numbers(0, 3, 3), numbers(1, 3, 3)))
	k := tensor.Must(tensor.Stack(0, numbers(0, 2, 2), numbers(1, 2, 2)))
	kernels := tensor.Must(tensor.Stack(0, k, k.AddScalar(1), k.AddScalar(2)))
	y, err := corr2D(device, image, kernels)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Two input channels, three output channels:\n%v\n\n", y)
	return nil
}

// picture is white with a black bar in columns 2 to 5.
func picture() *tensor.Tensor {
	white, black := tensor.Full(1, 1, 6, 2), tensor.New(1, 6, 4)
	return tensor.Must(tensor.Concat(2, white, black, white))
}

// edgeKernel is 1 where a pixel is lighter than its right neighbour, −1 where
// it is darker and 0 where they are equal.
func edgeKernel() *tensor.Tensor {
	return tensor.Must(tensor.FromSlice([]float32{1, -1}, 1, 1, 1, 2))
}

func edges(w io.Writer, device engine.Device) error {
	x := picture()
	y, err := corr2D(device, x, edgeKernel())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Vertical edges of a black bar on white:\n%v\n\n", y)
	turned, err := x.Transpose(0, 2, 1)
	if err != nil {
		return err
	}
	if y, err = corr2D(device, turned, edgeKernel()); err != nil {
		return err
	}
	fmt.Fprintf(w, "Sum of squares of what it finds when the bar lies down: %v\n\n", y.Mul(y).Sum().At())
	return nil
}

// learn finds the edge kernel from the picture and its edges.
func learn(w io.Writer, device engine.Device) error {
	y, err := corr2D(device, picture(), edgeKernel())
	if err != nil {
		return err
	}
	image, edges := tensor.Must(picture().Reshape(1, 1, 6, 8)), tensor.Must(y.Reshape(1, 1, 6, 7))
	// Any start will do. The book draws one at random; this one leads to the
	// kernel that it prints.
	kernel := tensor.Must(tensor.FromSlice([]float32{0.0377, 0.2147}, 1, 1, 1, 2))
	fmt.Fprintln(w, "Learning the kernel:")
	if err := fit(w, device, kernel, image, edges); err != nil {
		return err
	}
	fmt.Fprintf(w, "kernel %.4f, %.4f\n", kernel.At(0, 0, 0, 0), kernel.At(0, 0, 0, 1))
	return nil
}

// fit changes the kernel so that it finds the edges in the image: 10 steps of
// gradient descent on the squared error, with a learning rate of 0.03.
func fit(w io.Writer, device engine.Device, kernel, image, edges *tensor.Tensor) error {
	k := &graph.Variable{Name: "kernel", Value: kernel, Trainable: true}
	step := train.NewMinimizer(device, optim.SGD{}, []*graph.Variable{k}, func(x, y *graph.Node) *graph.Node {
		d := graph.Sub(graph.Conv2D(x, x.Graph().Variable(k), nil, graph.Window{}, 1), y)
		return graph.Sum(graph.Mul(d, d))
	})
	defer step.Close()
	for i := 1; i <= 10; i++ {
		loss, err := step.Run(0.03, image, edges)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "step %2d, loss %.3f\n", i, loss)
	}
	return nil
}
