package zoo_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// draw makes the layers of the networks with random sizes.
type draw struct{ *rapid.T }

func (d draw) int(from, to int, what string) int { return rapid.IntRange(from, to).Draw(d.T, what) }

// layer returns one of the blocks or layers that the networks consist of.
func (d draw) layer() nn.Layer {
	c := d.int(1, 20, "channels")
	switch kind := rapid.SampledFrom([]string{
		"stem", "lenet stage", "vgg", "nin", "inception", "residual", "bottleneck", "dense", "transition", "head", "dropout",
	}).Draw(d.T, "kind"); kind {
	case "stem":
		k := rapid.SampledFrom([]int{7, 11}).Draw(d.T, "kernel")
		return nn.Sequential(nn.Conv2D(c, k).Stride(d.int(2, 4, "stride")).Pad(d.int(1, 3, "padding")), nn.BatchNorm(), nn.ReLU(),
			nn.MaxPool2D(3).Stride(2).Pad(1))
	case "lenet stage":
		return nn.Sequential(nn.Conv2D(c, 5).Pad(d.int(0, 2, "padding")), nn.Sigmoid(), nn.AvgPool2D(2))
	case "vgg":
		return zoo.VGGBlock(d.int(1, 2, "convolutions"), c)
	case "nin":
		return zoo.NiNBlock(c, rapid.SampledFrom([]int{3, 5}).Draw(d.T, "kernel"), d.int(1, 2, "stride"), d.int(1, 2, "padding"))
	case "inception":
		return zoo.NewInception(c, [2]int{d.int(1, 9, "c2"), d.int(1, 17, "c2")}, [2]int{d.int(1, 9, "c3"), d.int(1, 17, "c3")}, d.int(1, 9, "c4"))
	case "residual":
		return nn.Sequential(zoo.NewResidual(c).Use1x1(d.int(1, 2, "stride")), zoo.NewResidual(c))
	case "bottleneck":
		return zoo.NewBottleneck(c).Use1x1(d.int(1, 2, "stride"))
	case "dense":
		return zoo.NewDenseBlock(d.int(1, 3, "convolutions"), c)
	case "transition":
		return zoo.Transition(c)
	case "head":
		return nn.Sequential(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(c), nn.BatchNorm(), nn.ReLU(), nn.Linear(d.int(1, 40, "outputs")))
	case "dropout":
		return nn.Sequential(nn.Flatten(), nn.Linear(c), nn.ReLU(), nn.Dropout(0.5), nn.Linear(d.int(1, 17, "outputs")))
	default:
		panic(kind)
	}
}

// Every layer of every network, at random shapes, gives on the fast engine
// what it gives on the reference engine: outputs, gradients with respect to
// images and parameters, and running statistics.
func TestLayersAgreeWithReference(t *testing.T) {
	device := cpu.New(cpu.Options{Threads: 2})
	defer device.Close()
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{rt}
		layer := d.layer()
		shape := tensor.Shape{d.int(1, 12, "input channels"), d.int(9, 15, "height"), d.int(9, 15, "width")}
		batch, mode := d.int(2, 4, "batch"), rapid.SampledFrom([]nn.Mode{nn.Train, nn.Eval}).Draw(rt, "mode")
		model, err := nn.New(layer, shape, nn.Options{Seed: uint64(d.int(0, 9, "seed"))})
		if err != nil {
			rt.Skip(err)
		}
		trace, err := model.Trace(batch, mode)
		if err != nil {
			rt.Skip(err)
		}
		outputs, err := withGradients(model, trace)
		if err != nil {
			rt.Fatal(err)
		}
		r := rng.New(uint64(batch), "property test")
		feeds := engine.Feeds{}
		for _, n := range trace.Graph.Inputs() {
			x := tensor.New(n.Shape()...)
			if n == trace.Step {
				x.Data()[1] = 3
			} else {
				rng.Normal(r, x.Data(), 0, 1)
			}
			feeds[n] = x
		}
		enginetest.Graph(rt, device, feeds, outputs...)
	})
}

// withGradients returns the output of a trace and the gradients of its
// weighted sum.
func withGradients(model *nn.Model, trace *nn.Trace) (outputs []*graph.Node, err error) {
	defer graph.Catch(&err)
	g := trace.Graph
	weights := tensor.New(trace.Output.Shape()...)
	rng.Normal(rng.New(1, "property test weights"), weights.Data(), 0, 1)
	wrt := []*graph.Node{trace.Input}
	for _, p := range model.Parameters() {
		wrt = append(wrt, g.Variable(p))
	}
	loss := graph.Sum(graph.Mul(trace.Output, g.Constant(weights)))
	grads := graph.Gradients(loss, wrt...)
	if len(grads) != len(wrt) {
		return nil, fmt.Errorf("%d gradients for %d nodes", len(grads), len(wrt))
	}
	return append([]*graph.Node{trace.Output}, grads...), nil
}
