package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// halves are images whose targets are the mean brightness of their upper and lower
// halves.
func halves(n int) data.Targeted {
	images := bars(n)
	return data.WithTargets(images, tensor.Shape{2}, func(i int, target []float32) error {
		target[0], target[1] = 0, 0
		for j, b := range images.Bytes(i) {
			target[j/18] += float32(b) / 255 / 18
		}
		return nil
	})
}

// oneLayer maps an image to a few numbers.
func oneLayer(t *testing.T, outputs int) *nn.Model {
	t.Helper()
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(outputs)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// regression trains on halves.
func regression(dir string) train.Config {
	return train.Config{
		Epochs: 12, BatchSize: 8, LearningRate: 0.1, Optimizer: optim.SGD{Momentum: 0.9}, Loss: nn.MSELoss, Seed: 1,
		Dir: dir, Net: "linear", Data: "halves", Device: device, Workers: 1,
	}
}

func TestRegression(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	config := regression(dir)
	var lines []string
	config.Log = func(line string) { lines = append(lines, line) }
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if !math.IsNaN(s.Accuracy) {
			t.Errorf("step %d has the accuracy %v", s.Step, s.Accuracy)
		}
	}
	model := oneLayer(t, 2)
	history, err := train.Fit(t.Context(), model, halves(60), halves(20), config)
	if err != nil {
		t.Fatal(err)
	}
	first, last := history.Rows[0], history.Last()
	if !(last.TestLoss < first.TrainLoss/20) || !math.IsNaN(last.TrainAccuracy) || !math.IsNaN(last.TestAccuracy) {
		t.Errorf("epochs %+v", history.Rows)
	}
	e, err := train.Evaluate(t.Context(), model, halves(20), train.EvalConfig{Loss: nn.MSELoss, Device: device, BatchSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(e.Accuracy) || e.Confusion != nil || e.Images != 20 || math.Abs(e.Loss-last.TestLoss) > 1e-9 {
		t.Errorf("evaluation %+v, the last epoch's %+v", e, last)
	}
	// The loss is what its formula says.
	sum := 0.
	for i := range 20 {
		pixels, target := make([]float32, 36), make([]float32, 2)
		if _, err := halves(20).Read(i, pixels); err != nil {
			t.Fatal(err)
		}
		if err := halves(20).ReadTarget(i, target); err != nil {
			t.Fatal(err)
		}
		y, err := model.Predict(device, tensor.Must(tensor.FromSlice(pixels, 1, 6, 6)))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range target {
			d := float64(y.At(0, k) - v)
			sum += d * d / 40
		}
	}
	if math.Abs(e.Loss-sum) > 1e-5*sum {
		t.Errorf("mean squared error %v, want %v", e.Loss, sum)
	}
	if line := lines[len(lines)-1]; !strings.Contains(line, ", test loss 0.00") || strings.Contains(line, "accuracy") {
		t.Errorf("last line %q", line)
	}
	csv, _ := os.ReadFile(filepath.Join(dir, "metrics.csv"))
	if row := strings.Split(strings.Split(string(csv), "\n")[12], ","); len(row) != 7 || row[2] != "" || row[3] != "" || row[6] == "" {
		t.Errorf("metrics.csv:\n%s", csv)
	}
	run, err := runfolder.Read(dir)
	if err != nil || len(run.History.Rows) != 12 || run.History.Last().TestLoss != last.TestLoss || !math.IsNaN(run.History.Last().TrainAccuracy) ||
		!run.Settings.Loss || !run.Settings.Target.Equal(tensor.Shape{2}) {
		t.Errorf("the run reads %+v, %v", run, err)
	}
}

// A run on targets resumes to the same bits, too, and only with a loss and the same
// targets.
func TestRegressionResumes(t *testing.T) {
	t.Parallel()
	whole := oneLayer(t, 2)
	if _, err := train.Fit(t.Context(), whole, halves(60), halves(20), regression("")); err != nil {
		t.Fatal(err)
	}
	config := regression(filepath.Join(t.TempDir(), "run"))
	ctx, cancel := context.WithCancel(t.Context())
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 11 {
			cancel()
		}
	}
	if _, err := train.Fit(ctx, oneLayer(t, 2), halves(60), halves(20), config); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	config.Resume = true
	two := func(d data.Dataset) data.Dataset {
		return data.WithTargets(d, tensor.Shape{2}, func(int, []float32) error { return nil })
	}
	for want, set := range map[string]func(n int) data.Dataset{
		"the run was started with target shape 2, not scalar": func(n int) data.Dataset { return bars(n) },
		"the run was started with other training images":      func(n int) data.Dataset { return two(bars(n)) },
	} {
		other := config
		other.Loss = func(y, _ *graph.Node) *graph.Node { return graph.Mean(graph.Mul(y, y)) } // of any targets
		if _, err := train.Fit(t.Context(), oneLayer(t, 2), set(60), set(20), other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	resumed := oneLayer(t, 2)
	if _, err := train.Fit(t.Context(), resumed, halves(60), halves(20), config); err != nil {
		t.Fatal(err)
	}
	for i, e := range whole.State() {
		if !resumed.State()[i].Tensor.Equal(e.Tensor) {
			t.Errorf("%s differs", e.Name)
		}
	}
}

// An autoencoder learns to make images of themselves.
func TestAutoencoder(t *testing.T) {
	t.Parallel()
	model, err := nn.New(nn.Sequential(
		nn.Flatten(), nn.Linear(8), nn.ReLU(), nn.Linear(36),
		nn.Func("Unflatten", func(x *graph.Node) *graph.Node { return graph.Reshape(x, x.Shape()[0], 1, 6, 6) }),
	), tensor.Shape{1, 6, 6}, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	images := func(n int) data.Dataset {
		d := bars(n)
		return data.WithTargets(d, d.ImageShape(), func(i int, target []float32) error {
			_, err := d.Read(i, target)
			return err
		})
	}
	config := regression("")
	config.Loss, config.Epochs, config.LearningRate = nn.L1Loss, 15, 0.5
	history, err := train.Fit(t.Context(), model, images(60), data.Limit(images(60), 21), config)
	if err != nil {
		t.Fatal(err)
	}
	// The noise in the images, up to 60 levels, is what no code of 8 numbers holds.
	if first, last := history.Rows[0].TrainLoss, history.Last().TestLoss; !(last < first/3) || last > 0.1 {
		t.Errorf("mean absolute error %v, then %v", first, last)
	}
}

// A custom loss on class labels keeps the accuracy where the output names a
// class.
func TestOwnLossOnLabels(t *testing.T) {
	t.Parallel()
	config := regression("")
	config.LearningRate, config.Loss = 0.3, func(output, labels *graph.Node) *graph.Node {
		uniform := graph.Neg(graph.Mean(graph.LogSoftmax(output, 1)))
		g := output.Graph()
		return graph.Add(graph.Mul(g.Scalar(0.9), nn.CrossEntropyLoss(output, labels)), graph.Mul(g.Scalar(0.1), uniform))
	}
	history, err := train.Fit(t.Context(), oneLayer(t, 3), bars(60), bars(20), config)
	if err != nil {
		t.Fatal(err)
	}
	if last := history.Last(); last.TestAccuracy < 0.9 || !(last.TestLoss > 0.1*math.Log(3)) {
		t.Errorf("with smoothed labels %+v", last)
	}
	config.LearningRate, config.Loss = 0.05, func(output, labels *graph.Node) *graph.Node {
		return nn.MSELoss(graph.Reshape(output, labels.Shape()...), labels)
	}
	if history, err = train.Fit(t.Context(), oneLayer(t, 1), bars(60), nil, config); err != nil {
		t.Fatal(err)
	}
	if last := history.Last(); !math.IsNaN(last.TrainAccuracy) || !math.IsNaN(last.TestLoss) || !(last.TrainLoss < history.Rows[0].TrainLoss/2) {
		t.Errorf("labels as numbers %+v", last)
	}
}

func TestObjectiveErrors(t *testing.T) {
	t.Parallel()
	wide := data.WithTargets(bars(20), tensor.Shape{3}, func(int, []float32) error { return nil })
	for want, c := range map[string]struct {
		train, test data.Dataset
		loss        func(output, target *graph.Node) *graph.Node
	}{
		"the loss function returned shape 8×2: want a single number": {halves(20), nil, func(y, target *graph.Node) *graph.Node { return graph.Sub(y, target) }},
		"the loss function returned nil":                             {halves(20), nil, func(y, target *graph.Node) *graph.Node { return nil }},
		"MSELoss: output 8×2 and target 8×3 must have the same":      {wide, nil, nn.MSELoss},
		"MSELoss: output 8×2 and target 8 must have the same":        {bars(20), nil, nn.MSELoss},
		"targets have shape 3 in the test set, targets have shape 2": {halves(20), wide, nn.MSELoss},
		"targets are labels of 3 classes in the test set, targets h": {halves(20), bars(20), nn.MSELoss},
		"the training set has targets of shape 2: a loss for them":   {halves(20), nil, nil},
		"the network has 2 outputs, the training set 3 classes":      {bars(20), nil, nil},
	} {
		config := regression(filepath.Join(t.TempDir(), "run"))
		config.Loss = c.loss
		_, err := train.Fit(t.Context(), oneLayer(t, 2), c.train, c.test, config)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Fit: error %v, want %q", err, want)
		}
		if _, err := os.Stat(config.Dir); err == nil {
			t.Errorf("%s: a run folder was made", want)
		}
		if c.test != nil || strings.Contains(want, "training set") {
			continue
		}
		if _, err := train.Evaluate(t.Context(), oneLayer(t, 2), c.train, train.EvalConfig{Loss: c.loss, BatchSize: 8}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Evaluate: error %v, want %q", err, want)
		}
	}
}

// badImage is a dataset of which one image holds NaN.
type badImage struct {
	data.Dataset
	item int
}

func (d badImage) Read(i int, pixels []float32) (int, error) {
	label, err := d.Dataset.Read(i, pixels)
	if i == d.item {
		pixels[3] = float32(math.NaN())
	}
	return label, err
}

// NaN in the images, the targets or the first weights is not a matter of the
// learning rate: the error says where it is.
func TestDamagedInput(t *testing.T) {
	t.Parallel()
	targets := data.WithTargets(bars(20), tensor.Shape{2}, func(i int, target []float32) error {
		target[0], target[1] = 0, 0
		if i == 11 {
			target[1] = float32(math.Inf(-1))
		}
		return nil
	})
	good, damaged := oneLayer(t, 2), oneLayer(t, 2)
	damaged.Parameters()[0].Value.Data()[1] = float32(math.NaN())
	classes := regression("")
	classes.Loss = nil
	for want, c := range map[string]struct {
		model  *nn.Model
		set    data.Dataset
		config train.Config
	}{
		"image 7 of the dataset holds":                            {oneLayer(t, len(bars(20).Classes())), badImage{bars(20), 7}, classes},
		"the target of image 11 of the dataset holds":             {good, targets, regression("")},
		"tensor " + damaged.State()[0].Name + " has 1 NaN among ": {damaged, halves(20), regression("")},
	} {
		_, err := train.Fit(t.Context(), c.model, c.set, nil, c.config)
		if err == nil || errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "learning rate") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A custom loss that is not finite is traced to its cause.
func TestOwnLossDiverges(t *testing.T) {
	t.Parallel()
	config := regression("")
	config.Loss = func(output, target *graph.Node) *graph.Node {
		return graph.Log(graph.Sub(nn.MSELoss(output, target), output.Graph().Scalar(9)))
	}
	_, err := train.Fit(t.Context(), oneLayer(t, 2), halves(20), nil, config)
	if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "in step 1 the loss holds NaN") {
		t.Errorf("error %v", err)
	}
}

// NaN is null in JSON and comes back; files without a test loss are read.
func TestHistoryJSON(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	b, err := json.Marshal([]any{train.Row{Epoch: 2, TrainLoss: 0.5, TrainAccuracy: nan, TestLoss: 0.25, TestAccuracy: nan}, train.Point{Epochs: 0.5, Loss: 2, Accuracy: nan}})
	if want := `[{"epoch":2,"train_loss":0.5,"train_accuracy":null,"test_accuracy":null,"images_per_second":0,"seconds":0,"test_loss":0.25},` +
		`{"epochs":0.5,"train_loss":2,"train_accuracy":null}]`; err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
	var row train.Row
	if err := json.Unmarshal([]byte(`{"epoch":1,"train_loss":0.5,"train_accuracy":0.75,"test_accuracy":null,"images_per_second":8,"seconds":2}`), &row); err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(row.TestLoss) || !math.IsNaN(row.TestAccuracy) || row.TrainAccuracy != 0.75 {
		t.Errorf("row %+v", row)
	}
	var point train.Point
	if err := json.Unmarshal([]byte(`{"epochs":0.5,"train_loss":2,"train_accuracy":null}`), &point); err != nil || !math.IsNaN(point.Accuracy) || point.Loss != 2 {
		t.Errorf("point %+v, %v", point, err)
	}
}
