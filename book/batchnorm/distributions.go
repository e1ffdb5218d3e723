package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

//region sigmoid-inputs

// sigmoidInputs returns what goes into each sigmoid for a batch, in training mode. It
// runs a copy of the model, whose running statistics may move.
func sigmoidInputs(model *nn.Model, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	duplicate, err := nn.New(model.Net(), model.Input(), nn.Options{})
	if err != nil {
		return nil, err
	}
	if err := duplicate.LoadState(model.State()); err != nil {
		return nil, err
	}
	trace, err := duplicate.Trace(x.Shape()[0], nn.Train)
	if err != nil {
		return nil, err
	}
	var nodes []*graph.Node
	for _, layer := range trace.Layers() {
		if layer.Kind == "Sigmoid" {
			nodes = append(nodes, layer.Node.Inputs()[0])
		}
	}
	return engine.Run(d2l.TryGPU(0), engine.Feeds{trace.Input: x}, nodes...)
}

//endregion

// spread is the distribution of some values: quantiles 5, 25, 50, 75 and 95 %.
type spread [5]float64

// watched are the distributions of the first feature or channel that goes into each
// of the four sigmoids of a network, by step.
type watched struct {
	steps   []int
	spreads [4][]spread
}

// watchedNets are those with and without batch normalization.
var watchedNets [2]watched

// steps of the training in distributions, and between two looks at the values.
const steps, every = 60, 5

func distributions() error {
	//region distributions
	trainSet, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	var probe *tensor.Tensor // the first test images
	for batch, err := range testSet.Epoch(context.Background(), 0, 0) {
		if err != nil {
			return err
		}
		probe = batch.Images.Clone()
		break
	}
	for i, net := range []nn.Layer{lenet(), lenetWithout()} {
		model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
		if err != nil {
			return err
		}
		objective := func(x, y *graph.Node) *graph.Node {
			return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y)
		}
		step := train.NewMinimizer(d2l.TryGPU(0), optim.SGD{}, model.Parameters(), objective)
		defer step.Close()
		fmt.Println([]string{"with batch normalization", "without"}[i])
		for n, epoch := 0, 0; n <= steps; epoch++ {
			for batch, err := range trainSet.Epoch(context.Background(), epoch, 0) {
				if err != nil {
					return err
				}
				if n%every == 0 && n <= steps {
					inputs, err := sigmoidInputs(model, probe)
					if err != nil {
						return err
					}
					watchedNets[i].add(n, inputs)
					if n == 0 || n == steps {
						report(n, inputs)
					}
				}
				if n++; n > steps {
					break
				}
				if _, err := step.Run(1, batch.Images, batch.Labels); err != nil {
					return err
				}
			}
		}
	}
	//endregion
	return nil
}

//region report

// report prints for each sigmoid by how much its inputs differ from image to image (their
// standard deviation), and the mean slope of the sigmoid there, which is at most 0.25.
func report(step int, inputs []*tensor.Tensor) {
	fmt.Printf("step %2d  deviations", step)
	for _, v := range inputs {
		off := v.Sub(v.MeanKeep(0))
		fmt.Printf(" %.3f", off.Mul(off).Mean(0).Sqrt().Mean().At())
	}
	fmt.Print("  slopes")
	for _, v := range inputs {
		slope := v.Map(func(x float32) float32 {
			s := 1 / (1 + math.Exp(-float64(x)))
			return float32(s * (1 - s))
		})
		fmt.Printf(" %.2f", slope.Mean().At())
	}
	fmt.Println()
}

//endregion

func (w *watched) add(step int, inputs []*tensor.Tensor) {
	w.steps = append(w.steps, step)
	for i, v := range inputs {
		values := slices.Clone(tensor.Must(v.Slice(1, 0, 1)).Data())
		slices.Sort(values)
		var s spread
		for j, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
			s[j] = float64(values[int(q*float64(len(values)-1))])
		}
		w.spreads[i] = append(w.spreads[i], s)
	}
}
