package live

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTrainLeNet(t *testing.T) {
	s := session(t)
	args := defaultTrainLeNet
	args.Activation, args.BatchNorm, args.Images, args.TestImages, args.Epochs = "relu", true, 400, 100, 2
	var steps []LeNetStep
	var epochs []LeNetEpoch
	started := false
	r, err := s.TrainLeNet(t.Context(), args, func(e any) {
		switch e := e.(type) {
		case LeNetStart:
			started = e.Batches == (400+args.BatchSize-1)/args.BatchSize && e.Images == 400 && e.TestImages == 100
		case LeNetStep:
			steps = append(steps, e)
		case LeNetEpoch:
			epochs = append(epochs, e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !started || len(epochs) != 2 || len(steps) < 2 {
		t.Fatalf("started %v, %d steps, %d epochs", started, len(steps), len(epochs))
	}
	last := epochs[1]
	sum := float32(0)
	for _, v := range last.Confusion.Data {
		sum += v
	}
	if sum != 100 || len(last.Examples) < 10 || last.SecondsLeft != 0 || last.TestAccuracy != r.TestAccuracy || r.Parameters != 61_706+2*(6+16+120+84) {
		t.Errorf("%v images in the confusion matrix, %d examples, %v s left, result %+v", sum, len(last.Examples), last.SecondsLeft, r)
	}
	if end := steps[len(steps)-1]; end.At != 2 || end.Batch != end.Batches || math.IsNaN(end.SecondsLeft) || end.SecondsLeft < 0 {
		t.Errorf("last step %+v", end)
	}
	p, err := s.PredictDrawing(PredictDrawingArgs{Image: last.Examples[0].Image, Network: "auto"})
	if err != nil || p.Network != "trained" || p.Prediction != last.Examples[0].Prediction || math.Abs(float64(p.Probabilities[p.Prediction]-last.Examples[0].Probability)) > 1e-4 {
		t.Errorf("network %s, prediction %d of %v, error %v, want %d with %v", p.Network, p.Prediction, p.Probabilities, err, last.Examples[0].Prediction, last.Examples[0].Probability)
	}
}

// TestTrainLeNetDefault reaches what the page promises.
func TestTrainLeNetDefault(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds, and a minute in a browser")
	}
	r, err := session(t).TrainLeNet(t.Context(), defaultTrainLeNet, func(any) {})
	if err != nil || r.TestAccuracy < 0.75 {
		t.Errorf("test accuracy %v, error %v", r.TestAccuracy, err)
	}
	t.Logf("%+v", r)
}

func TestTrainLeNetStops(t *testing.T) {
	s := session(t)
	args := defaultTrainLeNet
	args.TestImages, args.Images = 10, 500
	stopped := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := s.TrainLeNet(ctx, args, func(e any) {
		if _, ok := e.(LeNetStep); ok {
			cancel(stopped)
		}
	})
	if !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
	if p, err := s.PredictDrawing(PredictDrawingArgs{Image: Array{[]int{28, 28}, make([]float32, 784)}, Network: "trained"}); err != nil || p.Network != "trained" {
		t.Errorf("the network of the stopped training: %v", err)
	}
	for want, change := range map[string]func(a *TrainLeNetArgs){
		"no activation":     func(a *TrainLeNetArgs) { a.Activation = "gelu" },
		"no optimizer":      func(a *TrainLeNetArgs) { a.Optimizer = "lamb" },
		"odd numbers":       func(a *TrainLeNetArgs) { a.Kernels = [2]int{4, 5} },
		"epochs is 0":       func(a *TrainLeNetArgs) { a.Epochs = 0 },
		"learningRate is":   func(a *TrainLeNetArgs) { a.LearningRate = -1 },
		"images is 100000:": func(a *TrainLeNetArgs) { a.Images = 100_000 },
	} {
		args := defaultTrainLeNet
		change(&args)
		if _, err := s.TrainLeNet(t.Context(), args, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestPretrained(t *testing.T) {
	s := session(t)
	images, err := s.images(t.Context(), testFile)
	if err != nil {
		t.Fatal(err)
	}
	right, n := 0, 300
	for i := range n {
		picture, err := read(images, i)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.PredictDrawing(PredictDrawingArgs{Image: picture.Image, Network: "auto"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Prediction == picture.Label {
			right++
		}
		if i > 0 {
			continue
		}
		if r.Network != "pretrained" || len(r.Probabilities) != 10 || !slices.Equal(r.Layers[0].Output.Shape, []int{8, 28, 28}) || !slices.Equal(r.Kernels.Shape, []int{8, 1, 5, 5}) {
			t.Errorf("network %s, %d probabilities, layers %v, kernels %v", r.Network, len(r.Probabilities), r.Layers[0].Output.Shape, r.Kernels.Shape)
		}
	}
	if accuracy := float64(right) / float64(n); accuracy < 0.87 {
		t.Errorf("accuracy %v of %d images", accuracy, n)
	}
}

func TestDrawingIsFitted(t *testing.T) {
	x := Array{[]int{28, 28}, make([]float32, 784)}
	for y := 10; y < 20; y++ {
		for column := 3; column < 8; column++ {
			x.Data[y*28+column] = 1
		}
	}
	r, err := session(t).PredictDrawing(PredictDrawingArgs{Image: x, Network: "pretrained", Fit: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range r.Image.Data {
		// 10×5 pixels become 28×14; its edges are smooth.
		if column := i % 28; (column < 5 || column > 22) && v != 0 || column > 8 && column < 19 && i/28 > 1 && i/28 < 26 && v != 1 {
			t.Fatalf("row %d, column %d is %v", i/28, i%28, v)
		}
	}
	for want, args := range map[string]PredictDrawingArgs{
		"no network was trained": {Image: x, Network: "trained"},
		"there is no network":    {Image: x, Network: "nix"},
		"image is missing":       {Network: "auto"},
		"want 28×28":             {Image: Array{[]int{2, 2}, make([]float32, 4)}, Network: "auto"},
		"has the value 2":        {Image: Array{[]int{28, 28}, slices.Repeat([]float32{2}, 784)}, Network: "auto"},
	} {
		if _, err := session(t).PredictDrawing(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestCompareTraining(t *testing.T) {
	for _, what := range []string{"batchNorm", "shortcuts"} {
		args := defaultCompareTraining
		args.What, args.Steps, args.Depth = what, 6, 7
		var steps []CompareStep
		var start CompareStart
		r, err := session(t).CompareTraining(t.Context(), args, func(e any) {
			switch e := e.(type) {
			case CompareStart:
				start = e
			case CompareStep:
				steps = append(steps, e)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) != 3 || len(start.Networks) != 2 || len(start.Networks[0].Layers) != 7 || r.Networks[1].Name != "with" {
			t.Fatalf("%s: %d events of steps, networks %+v", what, len(steps), start.Networks)
		}
		without, with := steps[0].Networks[0].Layers[0], steps[0].Networks[1].Layers[0]
		if !(with.GradientNorm > 5*without.GradientNorm) || without.GradientNorm < 0 {
			t.Errorf("%s: gradient norms of the first layer %v without, %v with", what, without.GradientNorm, with.GradientNorm)
		}
		if what == "batchNorm" && (math.Abs(float64(with.Mean)) > 0.01 || math.Abs(float64(with.Deviation)-1) > 0.01) {
			t.Errorf("after batch normalization: mean %v, deviation %v", with.Mean, with.Deviation)
		}
		sum := float32(0)
		for _, share := range with.Histogram {
			sum += share
		}
		if math.Abs(float64(sum)-1) > 1e-3 || !slices.IsSorted(with.Quantiles) || with.Quantiles[0] != with.Low || with.Quantiles[6] != with.High {
			t.Errorf("%s: histogram adds up to %v, quantiles %v from %v to %v", what, sum, with.Quantiles, with.Low, with.High)
		}
	}
	args := defaultCompareTraining
	args.What = "dropout"
	if _, err := session(t).CompareTraining(t.Context(), args, nil); err == nil || !strings.Contains(err.Error(), "no comparison") {
		t.Errorf("error %v", err)
	}
}

// TestDrawings shows the pretrained network what a reader may draw.
func TestDrawings(t *testing.T) {
	s := session(t)
	for label, parts := range map[int][][4]int{ // filled rectangles: rows from, to, columns from, to
		0: {{3, 25, 8, 20}, {3, 11, 2, 26}},                                  // t-shirt
		1: {{2, 26, 8, 13}, {2, 26, 15, 20}, {2, 8, 8, 20}},                  // trouser
		3: {{1, 27, 11, 17}, {14, 27, 9, 19}},                                // dress
		8: {{10, 25, 3, 25}, {4, 6, 9, 19}, {4, 10, 9, 11}, {4, 10, 17, 19}}, // bag
		9: {{4, 24, 3, 12}, {16, 24, 3, 26}},                                 // ankle boot
	} {
		x := Array{[]int{28, 28}, make([]float32, 784)}
		for _, p := range parts {
			for y := p[0]; y < p[1]; y++ {
				for column := p[2]; column < p[3]; column++ {
					x.Data[y*28+column] = 1
				}
			}
		}
		for _, fit := range []bool{false, true} {
			r, err := s.PredictDrawing(PredictDrawingArgs{Image: x, Network: "pretrained", Fit: fit})
			if err != nil || r.Prediction != label {
				t.Errorf("class %d, fitted %v: taken for %d with %v, error %v", label, fit, r.Prediction, r.Probabilities[r.Prediction], err)
			}
		}
	}
}
