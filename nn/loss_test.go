package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func TestCrossEntropyAgreesWithPyTorch(t *testing.T) {
	var golden struct {
		N, K                          int
		Logits, Labels, Probabilities []float32
		Cases                         []struct {
			nn.CrossEntropy
			Soft     bool
			Loss     float64
			Gradient []float64
		}
	}
	b, err := os.ReadFile("testdata/loss.json")
	if err == nil {
		err = json.Unmarshal(b, &golden)
	}
	if err != nil || len(golden.Cases) != 12 {
		t.Fatal(len(golden.Cases), err)
	}
	for _, device := range devices {
		for _, c := range golden.Cases {
			targets := tensor.Must(tensor.FromSlice(golden.Labels, golden.N))
			if c.Soft {
				targets = tensor.Must(tensor.FromSlice(golden.Probabilities, golden.N, golden.K))
			}
			g := graph.New()
			x, y := g.Input("logits", golden.N, golden.K), g.Input("targets", targets.Shape()...)
			loss := c.CrossEntropy.Loss(x, y)
			feeds := engine.Feeds{x: tensor.Must(tensor.FromSlice(golden.Logits, golden.N, golden.K)), y: targets}
			got, err := engine.Run(device, feeds, loss, graph.Gradients(loss, x)[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range append([]float64{c.Loss}, c.Gradient...) {
				v := got[0].Data()[0]
				if i > 0 {
					v = got[1].Data()[i-1]
				}
				if math.Abs(float64(v)-want) > 1e-6*max(1, math.Abs(want)) {
					t.Errorf("%s, %+v, soft %v: value %d is %v, PyTorch has %v", device.Name(), c.CrossEntropy, c.Soft, i, v, want)
				}
			}
		}
	}
}

func TestCrossEntropyErrors(t *testing.T) {
	for _, c := range []struct {
		loss    nn.CrossEntropy
		logits  tensor.Shape
		targets tensor.Shape
		want    string
	}{
		{nn.CrossEntropy{LabelSmoothing: 2}, tensor.Shape{2, 3}, tensor.Shape{2}, "label smoothing must be from 0 to 1, got 2"},
		{nn.CrossEntropy{LabelSmoothing: 0.1}, tensor.Shape{2, 3, 1}, tensor.Shape{2}, "logits must be N×classes"},
		{nn.CrossEntropy{LabelSmoothing: 0.1}, tensor.Shape{2, 3}, tensor.Shape{4}, "labels must have shape 2, got 4"},
		{nn.CrossEntropy{}, tensor.Shape{2, 3}, tensor.Shape{2, 4}, "targets must be labels 2 or probabilities 2×3, got 2×4"},
		{nn.CrossEntropy{Weights: []float32{1}}, tensor.Shape{2, 3}, tensor.Shape{2}, "1 class weights for 3 classes"},
		{nn.CrossEntropy{Weights: []float32{1, -1, 1}}, tensor.Shape{2, 3}, tensor.Shape{2}, "the weight of class 1 must be a number of at least 0, got -1"},
		{nn.CrossEntropy{Weights: []float32{0, 0, 0}}, tensor.Shape{2, 3}, tensor.Shape{2}, "the weights of all classes are 0"},
	} {
		err := func() (err error) {
			defer graph.Catch(&err)
			g := graph.New()
			c.loss.Loss(g.Input("logits", c.logits...), g.Input("targets", c.targets...))
			return nil
		}()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
