package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// mixup mixes each image with the next one.
type mixup struct{ most float64 }

func (m mixup) String() string { return fmt.Sprint("mixup ", m.most) }

func (m mixup) Mix(r *rand.Rand, b *data.Batch, targets *tensor.Tensor) {
	share := float32(r.Float64() * m.most)
	for _, t := range []*tensor.Tensor{b.Images, targets} {
		values := t.Data()
		size := len(values) / b.Len()
		first := slices.Clone(values[:size])
		for i := range b.Len() {
			next := first
			if i+1 < b.Len() {
				next = values[(i+1)*size : (i+2)*size]
			}
			for j, v := range next {
				values[i*size+j] += share * (v - values[i*size+j])
			}
		}
	}
}

// everything has all that a fine-tuning may have. tiny's layers are 0 (convolution), 1
// (normalization) and 6 (linear).
func everything(dir string) train.Config {
	config := settings(dir)
	config.Epochs, config.LearningRate = 4, 0.02
	config.Optimizer = optim.ClipNorm{Max: 1, Of: optim.Groups{
		Of: optim.AdamW{WeightDecay: 0.1}, NoDecay: true, Rates: []optim.LayerRate{{Layers: "0", Rate: 0.1}},
	}}
	config.Schedule = optim.Warmup{Epochs: 0.5, Then: optim.Cosine{Min: 0.01}}
	config.Plateau = &train.Plateau{Plateau: optim.Plateau{Factor: 0.5}}
	config.Freeze = []train.Freeze{{Except: []string{"6"}, Epochs: 1}, {Statistics: true, Epochs: 3}}
	config.Accumulate = 3 // of 4 batches: updates from 3 and from 1
	config.EMA = optim.EMA{Decay: 0.9, Warmup: true}
	config.LabelSmoothing, config.ClassWeights = 0.1, []float32{1, 2, 1}
	config.Mix = mixup{0.3}
	config.Best = runfolder.TestLoss
	config.EarlyStop = train.EarlyStop{Patience: 4}
	return config
}

// A run with everything ends with the same bits wherever it is stopped or killed, and
// with any number of threads.
func TestEverythingResumes(t *testing.T) {
	t.Parallel()
	whole := everything(filepath.Join(t.TempDir(), "whole"))
	want, err := fit(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names(t, whole.Dir), "best.safetensors") || want.BestEpoch == 0 {
		t.Errorf("best epoch %d; the folder has %v", want.BestEpoch, names(t, whole.Dir))
	}
	same := func(t *testing.T, config train.Config, got *train.History, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, config.Dir, whole.Dir)
		sameRows(t, got, want, config.Dir)
		if got.BestEpoch != want.BestEpoch || got.StoppedEarly != want.StoppedEarly {
			t.Errorf("best epoch %d, want %d", got.BestEpoch, want.BestEpoch)
		}
	}
	t.Run("stopped again and again", func(t *testing.T) {
		config := everything(filepath.Join(t.TempDir(), "run"))
		for first := 2; first < want.Steps; first += 3 { // each place in an update
			ctx, cancel := context.WithCancel(t.Context())
			config.Callbacks.OnStep = func(s train.StepInfo) {
				if s.Step >= first {
					cancel()
				}
			}
			if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config); !errors.Is(err, train.ErrInterrupted) {
				t.Fatal(err)
			}
			config.Resume = true
		}
		config.Callbacks = train.Callbacks{}
		got, err := fit(t, config)
		same(t, config, got, err)
	})
	t.Run("killed", func(t *testing.T) {
		dir := t.TempDir()
		config := everything(filepath.Join(dir, "run"))
		config.CheckpointEvery = 2
		left := []string{}
		snapshot := func() {
			left = append(left, filepath.Join(dir, fmt.Sprint("left", len(left))))
			copyDir(t, left[len(left)-1], config.Dir)
		}
		config.Callbacks.OnStep = func(s train.StepInfo) {
			if s.Step%7 == 2 {
				snapshot()
			}
		}
		config.Callbacks.OnEpoch = func(train.EpochInfo) { snapshot() }
		got, err := fit(t, config)
		same(t, config, got, err)
		config.Callbacks, config.Resume = train.Callbacks{}, true
		for _, config.Dir = range left {
			got, err := fit(t, config)
			same(t, config, got, err)
		}
	})
	t.Run("one thread", func(t *testing.T) {
		config := everything(filepath.Join(t.TempDir(), "run"))
		config.Device = cpu.New(cpu.Options{Threads: 1})
		got, err := fit(t, config)
		same(t, config, got, err)
	})
	// Each setting is recorded, and a run is not resumed with another one.
	for name, change := range map[string]func(c *train.Config){
		"optimizer adamw":                  func(c *train.Config) { c.Optimizer = optim.AdamW{WeightDecay: 0.1} },
		"schedule warm-up":                 func(c *train.Config) { c.Schedule = optim.Warmup{Epochs: 1} },
		"cosine over":                      func(c *train.Config) { c.Epochs++ },
		"plateau test loss":                func(c *train.Config) { c.Plateau = nil },
		"frozen layers all but 6":          func(c *train.Config) { c.Freeze = nil },
		"batches an update 3, not 1":       func(c *train.Config) { c.Accumulate = 0 },
		"moving average of the weights":    func(c *train.Config) { c.EMA = optim.EMA{} },
		"label smoothing 0.1, not 0":       func(c *train.Config) { c.LabelSmoothing = 0 },
		"class weights [1 2 1]":            func(c *train.Config) { c.ClassWeights[0] = 2 },
		"mixing of images mixup 0.3":       func(c *train.Config) { c.Mix = nil },
		"best epoch test loss, not none":   func(c *train.Config) { c.Best = "" },
		"early stopping test loss, patien": func(c *train.Config) { c.EarlyStop.Patience++ },
	} {
		config := everything(whole.Dir)
		config.Resume = true
		change(&config)
		if _, err := fit(t, config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("resumed with another setting: %v, want %q", err, name)
		}
	}
}

// The model after Fit, the model file and the best weights are what was tested: with
// a moving average, that.
func TestWhatIsSavedWasTested(t *testing.T) {
	t.Parallel()
	for _, ema := range []optim.EMA{{}, {Decay: 0.9, Warmup: true}} {
		config := everything(filepath.Join(t.TempDir(), "run"))
		config.EMA = ema
		config.Best = runfolder.TrainAccuracy // not the last
		model := tiny(t, 3)
		history, err := train.Fit(t.Context(), model, bars(28), bars(10), config)
		if err != nil {
			t.Fatal(err)
		}
		loss := func(entries []safetensors.Entry) float64 {
			m := tiny(t, 9)
			if err := m.LoadState(entries); err != nil {
				t.Fatal(err)
			}
			e, err := train.Evaluate(t.Context(), m, bars(10), train.EvalConfig{BatchSize: 8, Device: device})
			if err != nil {
				t.Fatal(err)
			}
			return e.Loss
		}
		last, err := runfolder.Read(config.Dir)
		if err != nil {
			t.Fatal(err)
		}
		best, err := runfolder.ReadBest(config.Dir)
		if err != nil || !strings.HasSuffix(best.WeightsFile, "best.safetensors") || best.History.BestEpoch != history.BestEpoch {
			t.Fatal(best, err)
		}
		want := history.Last().TestLoss
		if got := loss(model.State()); got != want {
			t.Errorf("%v: the model has a loss of %v, tested was %v", ema, got, want)
		}
		if got := loss(last.Weights.Entries); got != want {
			t.Errorf("%v: the model file has a loss of %v, tested was %v", ema, got, want)
		}
		if got, want := loss(best.Weights.Entries), history.Rows[history.BestEpoch-1].TestLoss; got != want {
			t.Errorf("%v: the best weights have a loss of %v, tested was %v", ema, got, want)
		}
	}
	dir, _ := finished(t)
	if _, err := runfolder.ReadBest(dir); !errors.Is(err, runfolder.ErrNoBest) {
		t.Errorf("a run without a best epoch: %v", err)
	}
}

// Frozen parameters and statistics keep their bits; thawed ones do not.
func TestFreeze(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		freeze []train.Freeze
		epochs int
		same   []string
	}{
		{"head alone", []train.Freeze{{Except: []string{"6"}}}, 2, []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"}},
		{"thawed", []train.Freeze{{Except: []string{"6"}, Epochs: 1}}, 2, nil},
		{"not yet", []train.Freeze{{Layers: []string{"0", "1"}, Epochs: 3}}, 2, []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"}},
		{"in the middle", []train.Freeze{{Layers: []string{"1"}}}, 1, []string{"1.weight", "1.bias", "1.running_mean", "1.running_var"}},
		{"head frozen", []train.Freeze{{Layers: []string{"6"}}}, 1, []string{"6.weight", "6.bias"}},
		{"statistics", []train.Freeze{{Statistics: true}}, 2, []string{"1.running_mean", "1.running_var"}},
		{"statistics at first", []train.Freeze{{Statistics: true, Epochs: 1}}, 2, nil},
	} {
		model, before := tiny(t, 3), tiny(t, 3).State()
		config := settings("")
		config.Freeze, config.Epochs, config.Optimizer = c.freeze, c.epochs, optim.SGD{Momentum: 0.9, WeightDecay: 0.1}
		if _, err := train.Fit(t.Context(), model, bars(28), nil, config); err != nil {
			t.Fatal(err)
		}
		for i, e := range model.State() {
			if same := e.Tensor.Equal(before[i].Tensor); same != slices.Contains(c.same, e.Name) {
				t.Errorf("%s: %s is the same: %v", c.name, e.Name, same)
			}
		}
	}
}

// Without batch normalization, an update from several batches is that from one batch
// of all their images.
func TestAccumulate(t *testing.T) {
	t.Parallel()
	weights := func(size, accumulate int) []float32 {
		config := settings("")
		config.Epochs, config.BatchSize, config.Accumulate = 2, size, accumulate
		var rates []float32
		config.Schedule = optim.Cosine{}
		config.Callbacks.OnStep = func(s train.StepInfo) { rates = append(rates, s.LearningRate) }
		model := linear(t)
		if _, err := train.Fit(t.Context(), model, bars(30), nil, config); err != nil {
			t.Fatal(err)
		}
		if len(rates) != 2*((30+size-1)/size) || rates[0] != rates[accumulate-1] || rates[0] == rates[accumulate] {
			t.Errorf("rates %v", rates)
		}
		return model.State()[0].Tensor.Data()
	}
	for _, c := range [][2]int{{4, 3}, {6, 2}, {1, 12}} { // 30 images: updates from 12, 12 and 6
		got, want := weights(c[0], c[1]), weights(12, 1)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-6 {
				t.Errorf("%d batches of %d: weight %d is %v, want %v", c[1], c[0], i, got[i], want[i])
				break
			}
		}
	}
}

func TestEarlyStop(t *testing.T) {
	t.Parallel()
	config := settings(filepath.Join(t.TempDir(), "run"))
	config.Epochs, config.LearningRate = 30, 1e-6 // too small to matter
	config.EarlyStop = train.EarlyStop{Patience: 2, Metric: runfolder.TestAccuracy}
	config.Best = runfolder.TestAccuracy
	var lines []string
	config.Log = func(line string) { lines = append(lines, line) }
	best := 0
	config.Callbacks.OnEpoch = func(e train.EpochInfo) {
		if e.Best {
			best = e.Epoch
		}
	}
	history, err := fit(t, config)
	if err != nil || !history.StoppedEarly || len(history.Rows) > 10 || len(history.Rows) != history.BestEpoch+2 || best != history.BestEpoch {
		t.Fatalf("%+v, %v", history, err)
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, fmt.Sprintf("stopped early: the test accuracy was best in epoch %d", best)) {
		t.Error(last)
	}
	run, err := runfolder.Read(config.Dir)
	if err != nil || !run.Finished {
		t.Errorf("finished %v, %v", run.Finished, err)
	}
	config.Resume, config.Epochs = true, 40
	before := len(history.Rows)
	if history, err = fit(t, config); err != nil || len(history.Rows) != before {
		t.Errorf("resumed to %d rows, %v", len(history.Rows), err)
	}
}

func TestPlateau(t *testing.T) {
	t.Parallel()
	config := settings("")
	config.Plateau = &train.Plateau{Plateau: optim.Plateau{Factor: 0.25}, Metric: runfolder.TrainLoss}
	config.LearningRate, config.Epochs = 1e-9, 3
	var rates []float32
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Batch == s.Batches {
			rates = append(rates, s.LearningRate)
		}
	}
	if _, err := train.Fit(t.Context(), linear(t), bars(24), nil, config); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rates, []float32{1e-9, 1e-9, 0.25e-9}) {
		t.Errorf("rates %v", rates)
	}
}

// softLabels has probabilities as targets.
type softLabels struct{ *data.Images }

func (s softLabels) TargetShape() tensor.Shape { return tensor.Shape{3} }

func (s softLabels) ReadTarget(i int, target []float32) error {
	for k := range target {
		target[k] = 0.1
	}
	target[s.Label(i)] = 0.8
	return nil
}

// With probabilities as targets there is an accuracy.
func TestSoftTargets(t *testing.T) {
	t.Parallel()
	config := settings("")
	config.Epochs, config.LearningRate = 8, 0.5
	for _, test := range []data.Dataset{bars(10), softLabels{bars(10)}} {
		history, err := train.Fit(t.Context(), linear(t), softLabels{bars(28)}, test, config)
		if err != nil {
			t.Fatal(err)
		}
		if r := history.Last(); !(r.TrainAccuracy > 0.9 && r.TestAccuracy > 0.9) {
			t.Errorf("%v", r)
		}
	}
	config.Mix = mixup{0.3}
	history, err := train.Fit(t.Context(), linear(t), bars(28), bars(10), config)
	if r := history.Last(); err != nil || !(r.TrainAccuracy > 0.9 && r.TestAccuracy > 0.9) {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := train.Fit(t.Context(), linear(t), softLabels{bars(28)}, nil, config); err == nil || !strings.Contains(err.Error(), "only be mixed where their targets are labels") {
		t.Errorf("mixed targets: %v", err)
	}
}

func TestRecipeErrors(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, c := range []struct {
		want   string
		change func(*train.Config)
	}{
		{`freeze: the network has no parameters in "feat"`, func(c *train.Config) { c.Freeze = []train.Freeze{{Layers: []string{"feat"}}} }},
		{`freeze: the network has no parameters in "head"`, func(c *train.Config) { c.Freeze = []train.Freeze{{Except: []string{"head"}}} }},
		{"freeze: in epoch 1 all parameters are frozen", func(c *train.Config) {
			c.Freeze = []train.Freeze{{Except: []string{"6"}}, {Layers: []string{"6"}, Epochs: 1}}
		}},
		{"freeze: -1 epochs", func(c *train.Config) { c.Freeze = []train.Freeze{{Epochs: -1}} }},
		{"freeze: statistics are frozen for all layers", func(c *train.Config) { c.Freeze = []train.Freeze{{Statistics: true, Layers: []string{"0"}}} }},
		{"an update from -1 batches", func(c *train.Config) { c.Accumulate = -1 }},
		{"the decay must be", func(c *train.Config) { c.EMA.Decay = 1 }},
		{"label smoothing 1: want", func(c *train.Config) { c.LabelSmoothing = 1 }},
		{"2 class weights for 3 classes", func(c *train.Config) { c.ClassWeights = []float32{1, 2} }},
		{"do not go with another loss", func(c *train.Config) { c.LabelSmoothing, c.Loss = 0.1, nn.MSELoss }},
		{`unknown metric "f1"`, func(c *train.Config) { c.Best = "f1" }},
		{"the test loss cannot be watched without a test set", func(c *train.Config) { c.EarlyStop.Patience = 2 }},
		{"the test accuracy cannot be watched without a test set", func(c *train.Config) { c.Best = runfolder.TestAccuracy }},
		{"patience -1", func(c *train.Config) { c.EarlyStop.Patience = -1 }},
		{"least improvement NaN", func(c *train.Config) { c.EarlyStop.Least = nan }},
		{"plateau: the factor", func(c *train.Config) { c.Plateau = &train.Plateau{Plateau: optim.Plateau{Factor: 1}} }},
		{"schedule: a step every 0 epochs", func(c *train.Config) { c.Schedule = optim.Step{} }},
		{`learning rates: the network has no parameters in "x"`, func(c *train.Config) {
			c.Optimizer = optim.Groups{Of: optim.SGD{}, Rates: []optim.LayerRate{{Layers: "x", Rate: 1}}}
		}},
	} {
		config := settings("")
		c.change(&config)
		if _, err := train.Fit(t.Context(), tiny(t, 3), bars(28), nil, config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
