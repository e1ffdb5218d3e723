package accelerator

import (
	"fmt"
	"math"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// checkTolerance is how much a value may differ from that of the reference engine. The
// values are below 1, and devices may compute with the 8 significant bits of bfloat16.
const checkTolerance = 0.01

// Check runs a small program on a device, one step of training a convolution, and
// compares the results with those of the reference engine. Its error says what fails or
// is wrong.
func Check(d engine.Device) error {
	want, err := checkStep(reference.New())
	if err != nil {
		return err
	}
	got, err := checkStep(d)
	if err != nil {
		return fmt.Errorf("a small program fails: %w", err)
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i]-w)) <= checkTolerance) { // NaN is wrong, too
			return fmt.Errorf("a small program computes %v, want %v: the device or its driver is at fault", got[i], w)
		}
	}
	return nil
}

// checkStep returns a loss and the weights after a step.
func checkStep(d engine.Device) ([]float32, error) {
	kernel := &graph.Variable{Name: "kernel", Value: tensor.New(2, 3, 3, 3), Trainable: true}
	images := tensor.New(2, 3, 8, 8)
	for _, t := range []*tensor.Tensor{kernel.Value, images} {
		for i := range t.Data() {
			t.Data()[i] = float32(math.Sin(float64(i))) / 2
		}
	}
	loss, feeds, err := checkGraph(kernel, images)
	if err != nil {
		return nil, err
	}
	results, err := engine.Run(d, feeds, loss)
	if err != nil {
		return nil, err
	}
	if err := kernel.Value.Fetch(); err != nil {
		return nil, err
	}
	return append(results[0].Clone().Data(), kernel.Value.Data()...), nil
}

func checkGraph(kernel *graph.Variable, images *tensor.Tensor) (loss *graph.Node, feeds engine.Feeds, err error) {
	defer graph.Catch(&err)
	g := graph.New()
	x, k := g.Input("images", images.Shape()...), g.Variable(kernel)
	y := graph.Conv2D(x, k, nil, graph.Window{Pad: [2]int{1, 1}}, 1)
	loss = graph.Mean(graph.Mul(y, y))
	g.Assign(k, graph.Sub(k, graph.Mul(graph.Gradients(loss, k)[0], g.Scalar(0.1))))
	return loss, engine.Feeds{x: images}, nil
}
