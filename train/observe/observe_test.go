package observe_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/observe"
)

// fit trains, observed or not, and returns the history.
func fit(t *testing.T, ctx context.Context, config train.Config, observed bool, o observe.Options) *train.History {
	t.Helper()
	model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
	var recorder *observe.Recorder
	if observed {
		var err error
		if recorder, err = observe.Attach(&config, model, trainSet, testSet, o); err != nil {
			t.Fatal(err)
		}
	}
	history, err := train.Fit(ctx, model, trainSet, testSet, config)
	if err != nil && !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	if observed {
		if err := recorder.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range history.Rows {
		history.Rows[i].Seconds, history.Rows[i].ImagesPerSecond = 0, 0
	}
	return history
}

// often observes after each epoch, whatever it takes.
var often = observe.Options{Share: 1e9}

// A training has the same bits whether it is observed or not, and also if it is interrupted in between.
func TestSameBits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := traintest.Config(filepath.Join(dir, "plain"))
	want := fit(t, t.Context(), plain, false, observe.Options{})
	watched := traintest.Config(filepath.Join(dir, "watched"))
	got := fit(t, t.Context(), watched, true, often)
	resumed := traintest.Config(filepath.Join(dir, "resumed"))
	ctx, cancel := context.WithCancel(t.Context())
	resumed.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 6 {
			cancel()
		}
	}
	fit(t, ctx, resumed, true, often)
	resumed.Callbacks.OnStep, resumed.Resume = nil, true
	again := fit(t, t.Context(), resumed, true, often)
	for _, other := range []struct {
		dir     string
		history *train.History
	}{{watched.Dir, got}, {resumed.Dir, again}} {
		for _, name := range []string{"model.safetensors", "optimizer-16.safetensors"} {
			if traintest.HashOf(t, filepath.Join(other.dir, name)) != traintest.HashOf(t, filepath.Join(plain.Dir, name)) {
				t.Errorf("%s of %s differs from that of a run that was not observed", name, other.dir)
			}
		}
		if !slices.Equal(other.history.Rows, want.Rows) {
			t.Errorf("rows %v, want %v", other.history.Rows, want.Rows)
		}
	}
}

// What the files say is what the training has shown.
func TestFiles(t *testing.T) {
	t.Parallel()
	config := traintest.Config(filepath.Join(t.TempDir(), "run"))
	var steps []train.StepInfo
	config.Callbacks.OnStep = func(s train.StepInfo) { steps = append(steps, s) }
	var tests []*train.Evaluation
	config.Callbacks.OnEpoch = func(e train.EpochInfo) { tests = append(tests, e.Test) }
	o := often
	o.Name = func(item int) string { return fmt.Sprintf("bars\n%d", item) }
	fit(t, t.Context(), config, true, o)
	for what, list := range map[string]func(string) ([]int, error){"epochs": observe.Epochs, "probes": observe.Probes} {
		if found, err := list(config.Dir); err != nil || !slices.Equal(found, []int{1, 2, 3, 4}) {
			t.Errorf("%s %v, %v", what, found, err)
		}
	}
	chosen, err := observe.ReadChosen(config.Dir)
	if err != nil || len(chosen) != 8 {
		t.Fatalf("%d chosen images, %v", len(chosen), err)
	}
	for i, c := range chosen {
		if c.Item != i || c.Label != i%3 || c.Name != fmt.Sprintf(`bars\n%d`, c.Item) {
			t.Errorf("chosen image %d is %+v", i, c)
		}
		encoded, ok := strings.CutPrefix(c.Picture, "data:image/png;base64,")
		file, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !ok {
			t.Fatal(c.Picture, err)
		}
		if picture, _, err := image.Decode(bytes.NewReader(file)); err != nil || picture.Bounds().Size() != image.Pt(6, 6) {
			t.Errorf("the picture of image %d: %v", c.Item, err)
		}
	}
	for n := 1; n <= 4; n++ {
		e, err := observe.ReadEpoch(config.Dir, n)
		if err != nil {
			t.Fatal(err)
		}
		matrix, wrong := tests[n-1].Confusion, 0
		for i := range 3 {
			for j := range 3 {
				if e.Confusion.Counts[i][j] != matrix.Count(i, j) || e.Confusion.Support[i] != matrix.Support(i) {
					t.Errorf("epoch %d: %+v, want %v", n, e.Confusion, matrix)
				}
				if i != j {
					wrong += matrix.Count(i, j)
				}
			}
		}
		if len(e.Worst) != wrong || len(e.Chosen) != 8 || len(e.Chosen[0].Top) != 3 {
			t.Errorf("epoch %d: %d mistakes of %d, %d predictions", n, len(e.Worst), wrong, len(e.Chosen))
		}
		for i, w := range e.Worst {
			if w.Label == w.Predicted || w.Picture == "" || i > 0 && w.Loss > e.Worst[i-1].Loss {
				t.Errorf("epoch %d, mistake %d: %+v", n, i, w)
			}
		}
		p, err := observe.ReadProbe(config.Dir, n)
		if err != nil || len(p.Parameters) != 6 || p.All != 6 || p.Images != 10 || len(p.Dead) != 1 || p.Dead[0].Units != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, one := range p.Parameters {
			for what, h := range map[string]*observe.Histogram{"weights": one.Weights, "gradients": one.Gradients} {
				size, sum := tensor.Shape(one.Shape).Size(), 0
				for _, c := range h.Counts {
					sum += c
				}
				if sum != size || h.Min > h.Max {
					t.Errorf("%s of %s: %+v", what, one.Name, h)
				}
			}
		}
	}
	s, err := observe.ReadSteps(config.Dir)
	if err != nil || s.Every != 1 || s.Batches != 4 || s.Len() != 16 || s.Now != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	right := 0.0
	for i, step := range steps {
		if s.Step[i] != i+1 || math.Abs(float64(s.Loss[i])-step.BatchLoss) > 1e-5*step.BatchLoss || math.Abs(float64(s.Rate[i])-.2) > 1e-6 {
			t.Errorf("point %d is %v %v", i, s.Step[i], s.Loss[i])
		}
		images := []float64{8, 8, 8, 4}[i%4]
		if right += float64(s.Accuracy[i]) * images; i%4 == 3 {
			if math.Abs(right/28-step.Accuracy) > 1e-4 {
				t.Errorf("accuracies of epoch %d are %v together, want %v", i/4+1, right/28, step.Accuracy)
			}
			right = 0
		}
	}
}

// A run that is resumed goes on with its curves, and forgets what it does again.
func TestResume(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	config := traintest.Config(dir)
	config.CheckpointEvery = 2
	left := filepath.Join(t.TempDir(), "left")
	var recorder *observe.Recorder
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 14 { // what a process that dies here leaves: a checkpoint of step 8, observations of epoch 3
			for range 100 {
				if found, _ := observe.Epochs(dir); slices.Contains(found, 3) {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			traintest.CopyDir(t, left, dir)
		}
	}
	model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
	recorder, err := observe.Attach(&config, model, trainSet, testSet, often)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), model, trainSet, testSet, config); err != nil {
		t.Fatal(err)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := observe.ReadSteps(dir)
	if err != nil {
		t.Fatal(err)
	}
	// Its steps.json may be older or newer than the checkpoint.
	half := *want
	half.Points = observe.Points{Step: want.Step[:11], Loss: want.Loss[:11], Accuracy: want.Accuracy[:11], Rate: want.Rate[:11], Speed: want.Speed[:11]}
	writeJSON(t, filepath.Join(left, observe.Folder, "steps.json"), half)
	writeJSON(t, filepath.Join(left, observe.Folder, ".epoch-4.json.1234.tmp"), "half")
	config.Dir, config.Resume = left, true
	config.Callbacks = train.Callbacks{}
	removed := false
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 9 { // before the epoch is done again
			for range 100 {
				if found, _ := observe.Epochs(left); slices.Equal(found, []int{1, 2}) {
					removed = true
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	fit(t, t.Context(), config, true, often)
	got, err := observe.ReadSteps(left)
	if err != nil || !slices.Equal(got.Step, want.Step) || !slices.Equal(got.Loss, want.Loss) || got.Started == want.Started || !removed {
		t.Errorf("%v, %v, removed %v", got, err, removed)
	}
	if found, err := observe.Epochs(left); err != nil || !slices.Equal(found, []int{1, 2, 3, 4}) {
		t.Errorf("epochs %v, %v", found, err)
	}
	if left, err := filepath.Glob(filepath.Join(left, observe.Folder, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Who waits for a state is told of the next one, and no training waits for those who do not ask.
func TestState(t *testing.T) {
	t.Parallel()
	config := traintest.Config(filepath.Join(t.TempDir(), "run"))
	model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
	recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	states := make(chan observe.State, 1000)
	go func() {
		defer close(states)
		for version := -1; ; {
			s := recorder.State(context.Background(), version)
			states <- s
			if version = s.Version; s.Finished {
				return
			}
		}
	}()
	if _, err := train.Fit(t.Context(), model, trainSet, testSet, config); err != nil {
		t.Fatal(err)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	var last observe.State
	for s := range states {
		if s.Steps.Len() < last.Steps.Len() || len(s.Rows) < len(last.Rows) || s.Version <= last.Version && s.Version > 0 {
			t.Errorf("%+v after %+v", s, last)
		}
		last = s
	}
	if last.Steps.Len() != 16 || len(last.Rows) != 4 || last.Now.Step != 16 || last.Now.Left != 0 {
		t.Errorf("%+v", last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s := recorder.State(ctx, last.Version); s.Version != last.Version {
		t.Errorf("version %d, want %d", s.Version, last.Version)
	}
}

// Errors of observing end no training, and are told once.
func TestTroubleIsTold(t *testing.T) {
	t.Parallel()
	config := traintest.Config(filepath.Join(t.TempDir(), "run"))
	var said []string
	config.Log = func(line string) {
		if strings.HasPrefix(line, "observing ") {
			said = append(said, line)
		}
	}
	o := often
	o.Picture = func(int) (image.Image, error) { return nil, errors.New("no such photo") }
	fit(t, t.Context(), config, true, o)
	if len(said) != 1 || !strings.Contains(said[0], "no such photo") {
		t.Errorf("said %q", said)
	}
	if e, err := observe.ReadEpoch(config.Dir, 4); err != nil || e.Confusion == nil {
		t.Errorf("%v, %v", e, err)
	}
	if _, err := observe.Attach(&train.Config{}, nil, nil, nil, observe.Options{}); err == nil {
		t.Error("no folder is no error")
	}
}

// Of a network that estimates numbers there are weights and gradients, and without a test set, too.
func TestNoClasses(t *testing.T) {
	t.Parallel()
	images := traintest.Bars(28)
	targets := data.WithTargets(images, tensor.Shape{1}, func(i int, target []float32) error {
		target[0] = float32(images.Label(i))
		return nil
	})
	for _, testSet := range []data.Dataset{targets, nil} {
		model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(4), nn.ReLU(), nn.Linear(1)), tensor.Shape{1, 6, 6}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		config := traintest.Config(filepath.Join(t.TempDir(), "run"))
		config.LearningRate = 0.01
		config.Loss = func(output, target *graph.Node) *graph.Node { return nn.MSELoss(output, target) }
		recorder, err := observe.Attach(&config, model, targets, testSet, often)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Fit(t.Context(), model, targets, testSet, config); err != nil {
			t.Fatal(err)
		}
		if err := recorder.Close(); err != nil {
			t.Fatal(err)
		}
		p, err := observe.ReadProbe(config.Dir, 4)
		if err != nil || len(p.Parameters) != 4 || p.Parameters[0].Gradients == nil || len(p.Dead) != 1 {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := observe.ReadEpoch(config.Dir, 4); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
		if s, err := observe.ReadSteps(config.Dir); err != nil || s.Len() != 16 || !math.IsNaN(float64(s.Accuracy[0])) {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	images := traintest.Bars(24)
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), images.ImageShape(), nn.Options{})
	if err != nil {
		panic(err)
	}
	config := train.Config{Epochs: 3, BatchSize: 8, LearningRate: 0.1, Dir: dir}
	recorder, err := observe.Attach(&config, model, images, images, observe.Options{})
	if err != nil {
		panic(err)
	}
	_, err = train.Fit(context.Background(), model, images, images, config)
	if err := errors.Join(err, recorder.Close()); err != nil {
		panic(err)
	}
	probe, err := observe.ReadProbe(dir, 3)
	if err != nil {
		panic(err)
	}
	for _, p := range probe.Parameters {
		fmt.Println(p.Name, p.Shape, p.Gradients != nil)
	}
	// Output:
	// 1.weight [3 36] true
	// 1.bias [3] true
}
