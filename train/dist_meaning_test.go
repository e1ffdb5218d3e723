package train_test

import (
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

// A meaning is a field of Config with values that it must mean the same for any number of
// ranks.
type meaning struct {
	field  string
	change func(c *train.Config)
}

func mix(c *train.Config, words string) {
	p, err := augment.Parse(words)
	if err != nil {
		panic(err)
	}
	c.Mix, c.Augment = nil, p.Rest().PerImage()
	if batch := p.Batch(); batch != nil {
		c.Mix = finetune.Mixer{BatchTransform: batch}
	}
}

var meanings = []meaning{
	{"Epochs", func(c *train.Config) { c.Epochs = 1 }},
	{"BatchSize", func(c *train.Config) { c.BatchSize = 26 }},
	{"BatchSize", func(c *train.Config) { c.BatchSize = 1000 }},
	{"LearningRate", func(c *train.Config) { c.LearningRate = .01 }},
	{"Schedule", func(c *train.Config) { c.Schedule = optim.Warmup{Epochs: .5, Then: optim.Cosine{Min: .01}} }},
	{"Schedule", func(c *train.Config) { c.Schedule, c.Accumulate = optim.OneCycle{}, 2 }},
	{"Loss", func(c *train.Config) {
		c.Loss = func(output, target *graph.Node) *graph.Node {
			return graph.Add(nn.CrossEntropyLoss(output, target), graph.Mean(graph.Mul(output, output)))
		}
	}},
	{"LabelSmoothing", func(c *train.Config) { c.LabelSmoothing = .1 }},
	{"LabelSmoothing", func(c *train.Config) { c.LabelSmoothing, c.ClassWeights = .2, []float32{1, 2, .5} }},
	{"ClassWeights", func(c *train.Config) { c.ClassWeights = []float32{1, 2, .5} }},
	{"ClassWeights", func(c *train.Config) { c.ClassWeights, c.Accumulate = []float32{1, 2, .5}, 2 }},
	{"Optimizer", func(c *train.Config) { c.Optimizer = optim.SGD{Momentum: .9, Nesterov: true, WeightDecay: .01} }},
	{"Optimizer", func(c *train.Config) { c.Optimizer, c.LearningRate = optim.Adam{WeightDecay: .01}, .01 }},
	{"Optimizer", func(c *train.Config) {
		c.Optimizer, c.LearningRate = optim.ClipNorm{Max: .1, Of: optim.AdamW{WeightDecay: .1}}, .01
	}},
	{"Optimizer", func(c *train.Config) { c.Optimizer = optim.ClipValue{Max: .01, Of: optim.SGD{}} }},
	{"Optimizer", func(c *train.Config) { c.Optimizer, c.LearningRate = optim.RMSprop{Momentum: .5}, .001 }},
	{"Optimizer", func(c *train.Config) { c.Optimizer, c.LearningRate = optim.LAMB{WeightDecay: .01}, .01 }},
	{"Optimizer", func(c *train.Config) { c.Optimizer = optim.LARS{Momentum: .9, WeightDecay: .01} }},
	{"Optimizer", func(c *train.Config) {
		c.Optimizer = optim.Groups{Of: optim.SGD{Momentum: .9, WeightDecay: .1}, NoDecay: true, Rates: []optim.LayerRate{{Layers: "0", Rate: .1}}}
	}},
	{"Plateau", func(c *train.Config) {
		c.Plateau = &train.Plateau{Plateau: optim.Plateau{Factor: .5, Patience: 1, Threshold: .5}, Metric: runfolder.TestLoss}
	}},
	{"Accumulate", func(c *train.Config) { c.Accumulate = 3 }},
	{"Freeze", func(c *train.Config) { c.Freeze = []train.Freeze{{Layers: []string{"0"}}} }},
	{"Freeze", func(c *train.Config) { // gradual unfreezing
		c.Freeze = []train.Freeze{{Except: []string{"3"}, Epochs: 1}, {Layers: []string{"0"}, Epochs: 2}}
	}},
	{"Freeze", func(c *train.Config) {
		c.Freeze, c.Accumulate, c.EMA = []train.Freeze{{Except: []string{"3"}, Epochs: 2}}, 2, optim.EMA{Decay: .9}
	}},
	{"EMA", func(c *train.Config) { c.EMA = optim.EMA{Decay: .9, Warmup: true} }},
	{"Best", func(c *train.Config) { c.Best = runfolder.TestLoss }},
	{"EarlyStop", func(c *train.Config) { c.EarlyStop = train.EarlyStop{Patience: 1, Least: .2} }},
	{"Augment", func(c *train.Config) { mix(c, "hflip,crop=6:1,erase=0.5") }},
	{"Mix", func(c *train.Config) { mix(c, "mixup") }},
	{"Mix", func(c *train.Config) { mix(c, "hflip,mixup,cutmix"); c.Accumulate, c.LabelSmoothing = 2, .1 }},
	{"Seed", func(c *train.Config) { c.Seed = 1 << 60 }},
	{"Device", func(c *train.Config) { c.Device = reference.New() }},
	{"MemoryBudget", func(c *train.Config) { c.MemoryBudget = 1 << 20 }},
	{"Workers", func(c *train.Config) { c.Workers = 3 }},
	{"CheckpointEvery", func(c *train.Config) { c.CheckpointEvery = 2 }},
	{"Save", func(c *train.Config) {
		if c.Dir == "" {
			return
		}
		saves := make(chan func(string, error), 1)
		saves <- func(path string, err error) {
			if err != nil {
				panic(err)
			}
		}
		c.Save = saves
	}},
}

// TestDistMeaning: each field of Config means for 2 and 3 ranks what it means for a training
// alone, within rounding, and with fixed shards for 1, 2 and 8 ranks the same bit for bit. A last batch of 2 images leaves ranks without any.
func TestDistMeaning(t *testing.T) {
	t.Parallel()
	set, tests := traintest.Bars(26), traintest.Bars(11)
	for i, m := range meanings {
		t.Run(m.field, func(t *testing.T) {
			t.Parallel()
			config := func() train.Config {
				c := traintest.Config(filepath.Join(t.TempDir(), "run"))
				m.change(&c)
				return c
			}
			want := ranked{model: plainNet(t)()}
			alone := config()
			if alone.Device == traintest.Device {
				alone.Device = cpu.New(cpu.Options{Threads: 1})
			}
			if want.history, want.err = train.Fit(t.Context(), want.model, set, tests, alone); want.err != nil {
				t.Fatal(want.err)
			}
			for _, n := range []int{2, 3} {
				got := mustFitRanks(t, n, plainNet(t), set, tests, config())
				if d := largestDifference(got.weights(), want.weights()); d > 1e-5 {
					t.Errorf("meaning %d: with %d ranks weights differ by %v", i, n, d)
				}
				if len(got.history.Rows) != len(want.history.Rows) || got.history.BestEpoch != want.history.BestEpoch {
					t.Fatalf("meaning %d: with %d ranks there are %d epochs, the best is %d; want %d and %d", i, n,
						len(got.history.Rows), got.history.BestEpoch, len(want.history.Rows), want.history.BestEpoch)
				}
				for k, row := range got.history.Rows {
					w := want.history.Rows[k]
					if !near(row.TrainLoss, w.TrainLoss) || !near(row.TestLoss, w.TestLoss) || !near(row.TestAccuracy, w.TestAccuracy) {
						t.Errorf("meaning %d: with %d ranks epoch %d is %v, want %v", i, n, k+1, row, w)
					}
				}
			}
			var exact ranked
			for _, n := range []int{1, 2, 8} {
				c := config()
				c.BatchSize, c.Dist = max(c.BatchSize, 8), &train.Dist{Shards: 8}
				got := mustFitRanks(t, n, plainNet(t), set, tests, c)
				if n == 1 {
					exact = got
					if d := largestDifference(got.weights(), want.weights()); d > 1e-5 {
						t.Errorf("meaning %d: with fixed shards weights differ by %v", i, d)
					}
				} else if !slices.Equal(got.weights(), exact.weights()) {
					t.Errorf("meaning %d: with fixed shards %d ranks have other bits than one", i, n)
				}
			}
		})
	}
}

// near says that metrics are equal but for rounding, or both mean nothing.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-5 || math.IsNaN(a) && math.IsNaN(b)
}

// TestDistMeaningComplete: no field of Config was forgotten.
func TestDistMeaningComplete(t *testing.T) {
	elsewhere := map[string]string{
		"Dist": "the ranks themselves", "Dir": "in all tests of ranks", "Resume": "TestDistInterrupted, TestDistKilled",
		"Net": "a record", "Data": "a record", "Preprocessing": "a record", "Options": "a record",
		"Callbacks": "TestDistScores, TestDistInterrupted", "Log": "TestDistStraggler",
	}
	for field := range reflect.TypeFor[train.Config]().Fields() {
		tested := slices.ContainsFunc(meanings, func(m meaning) bool { return m.field == field.Name })
		if (elsewhere[field.Name] != "") == tested {
			t.Errorf("nothing, or twice, is said of what %s means for several ranks", field.Name)
		}
	}
}
