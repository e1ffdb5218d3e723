package train_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func TestMeansOfAnEpoch(t *testing.T) {
	t.Parallel()
	config := settings("")
	var steps []train.StepInfo
	config.Callbacks.OnStep = func(s train.StepInfo) { steps = append(steps, s) }
	history, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	sizes := []float64{8, 8, 8, 4}
	for e, row := range history.Rows {
		sum, images := 0., 0.
		for i, s := range steps[4*e : 4*e+4] {
			sum, images = sum+s.BatchLoss*sizes[i], images+sizes[i]
			if math.Abs(s.Loss-sum/images) > 1e-12 || s.Accuracy < 0 || s.Accuracy > 1 || !(s.ImagesPerSecond > 0) {
				t.Errorf("%+v: want a mean loss of %v", s, sum/images)
			}
			// A count of correct images, divided.
			if correct := s.Accuracy * images; math.Abs(correct-math.Round(correct)) > 1e-9 {
				t.Errorf("accuracy %v of %v images", s.Accuracy, images)
			}
		}
		if math.Abs(row.TrainLoss-sum/28) > 1e-12 || row.TrainAccuracy != steps[4*e+3].Accuracy {
			t.Errorf("%+v: want a loss of %v", row, sum/28)
		}
	}
	want := 0.
	for _, row := range history.Rows {
		want += 1 / row.ImagesPerSecond / float64(len(history.Rows))
	}
	if math.Abs(history.ImagesPerSecond*want-1) > 1e-9 {
		t.Errorf("%v images/s in all, want %v", history.ImagesPerSecond, 1/want)
	}
}

// Weights that do not move give the same in training as in Evaluate.
func TestTrainingMeansAreThoseOfEvaluate(t *testing.T) {
	t.Parallel()
	model, set := linear(t), bars(31)
	config := settings("")
	config.Epochs, config.LearningRate = 1, 1e-30
	history, err := train.Fit(t.Context(), model, set, set, config)
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{Device: reference.New(), BatchSize: 31})
	if err != nil {
		t.Fatal(err)
	}
	if row := history.Last(); math.Abs(row.TrainLoss-e.Loss) > 1e-5 || row.TrainAccuracy != e.Accuracy || row.TestAccuracy != e.Accuracy {
		t.Errorf("trained: %+v, evaluated: loss %v, accuracy %v", row, e.Loss, e.Accuracy)
	}
}

// The test set is measured without dropout and with running statistics.
func TestAccuracyIsMeasuredInEvalMode(t *testing.T) {
	t.Parallel()
	model, set := tiny(t, 3), bars(10)
	config := settings("")
	config.Epochs = 2
	history, err := train.Fit(t.Context(), model, bars(28), set, config)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for i := range set.Len() {
		x := tensor.New(1, 6, 6)
		label, err := set.Read(i, x.Data())
		if err != nil {
			t.Fatal(err)
		}
		y, err := model.Predict(reference.New(), x)
		if err != nil {
			t.Fatal(err)
		}
		if scores := y.Data(); scores[label] == slices.Max(scores) {
			hits++
		}
	}
	if got := history.Last().TestAccuracy; got != float64(hits)/10 {
		t.Errorf("test accuracy %v, want %d of 10", got, hits)
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	t.Parallel()
	want, history := finished(t)
	for _, threads := range []int{1, 2, 3} {
		d := cpu.New(cpu.Options{Threads: threads})
		config := settings(filepath.Join(t.TempDir(), "run"))
		config.Device, config.Workers = d, threads
		got, err := fit(t, config)
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, config.Dir, want)
		sameRows(t, got, history, config.Dir)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	run := func(d engine.Device) train.Row {
		config := settings("")
		config.Epochs, config.Device = 2, d
		history, err := fit(t, config)
		if err != nil {
			t.Fatal(err)
		}
		return history.Last()
	}
	got, want := run(device), run(reference.New())
	if math.Abs(got.TrainLoss-want.TrainLoss) > 1e-3 {
		t.Errorf("%v, want %v", got, want)
	}
	// nil is the fast engine.
	if def := run(nil); def.TrainLoss != got.TrainLoss {
		t.Errorf("the default device gives %v, want %v", def, got)
	}
}

// A learning rate far too high ends with an error, not with a run of NaN.
func TestHugeLearningRate(t *testing.T) {
	t.Parallel()
	config := settings("")
	config.LearningRate = 1e30
	steps := 0
	config.Callbacks.OnStep = func(train.StepInfo) { steps++ }
	history, err := fit(t, config)
	if !errors.Is(err, train.ErrDiverged) || history == nil || len(history.Rows) > 1 || strings.Contains(err.Error(), "checkpoint") {
		t.Fatalf("%+v, %v", history, err)
	}
	if want := fmt.Sprintf("in epoch 1 at step %d", steps+1); !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), fmt.Sprintf("in epoch 1 at step %d", steps)) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

func TestNilArguments(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := train.Fit(t.Context(), nil, bars(5), nil, settings(dir)); err == nil || !strings.Contains(err.Error(), "there is no model") {
		t.Errorf("no model: got %v", err)
	}
	if _, err := train.Fit(t.Context(), linear(t), nil, nil, settings(dir)); err == nil || !strings.Contains(err.Error(), "there is no training set") {
		t.Errorf("no data: got %v", err)
	}
}

// A smaller last batch that the network cannot be trained on.
func TestLastBatchOfOne(t *testing.T) {
	t.Parallel()
	norms := nn.Sequential(nn.Flatten(), nn.Linear(3), nn.BatchNorm())
	pooled := nn.Sequential(nn.Conv2D(3, 3), nn.GlobalAvgPool2D(), nn.BatchNorm(), nn.Flatten())
	scratch := nn.Sequential(nn.Flatten(), nn.Linear(3), nn.BatchNormScratch(3, 2))
	for name, net := range map[string]nn.Layer{"N×C": norms, "1×1": pooled, "scratch": scratch} {
		for _, c := range []struct {
			images, batch int
			want          string // "" for none
		}{
			{9, 8, "the last batch of each epoch has 1 image, as 9 images make batches of 8: 2 (BatchNorm"},
			{17, 8, "the last batch of each epoch has 1 image, as 17 images make batches of 8: 2 (BatchNorm"},
			{3, 1, "training needs more than one value for each channel"}, // every batch
			{10, 8, ""},
			{8, 8, ""},
		} {
			model, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			config := settings("")
			config.Epochs, config.BatchSize = 1, c.batch
			_, err = train.Fit(t.Context(), model, bars(c.images), nil, config)
			last := err != nil && strings.HasSuffix(err.Error(), "; choose a batch size that leaves a larger last batch, or leave out 1 image")
			switch {
			case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s, %d images in batches of %d: error %v, want %q", name, c.images, c.batch, err, c.want)
			case last != strings.HasPrefix(c.want, "the last batch"):
				t.Errorf("%s, %d images in batches of %d: error %v", name, c.images, c.batch, err)
			}
		}
	}
}
