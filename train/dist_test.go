package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
)

// A ranked is how Fit ended on a rank.
type ranked struct {
	model   *nn.Model
	history *train.History
	err     error
}

// weights are those of the model, one after the other.
func (r ranked) weights() (all []float32) {
	for _, e := range r.model.State() {
		all = append(all, e.Tensor.Data()...)
	}
	return all
}

// fitRanks trains with so many ranks; change, if not nil, changes the settings of each.
func fitRanks(t *testing.T, comms []*local.Comm, make func() *nn.Model, trainSet, testSet data.Dataset, base train.Config, change func(rank int, c *train.Config), contexts ...context.Context) []ranked {
	t.Helper()
	all := slices.Repeat([]ranked{{}}, len(comms))
	var wait sync.WaitGroup
	for rank, comm := range comms {
		all[rank].model = make()
		config, shared := base, train.Dist{}
		if base.Dist != nil {
			shared = *base.Dist
		}
		shared.Comm, config.Dist = comm, &shared
		own := base.Device == nil || base.Device.Name() == "cpu"
		if own {
			config.Device = cpu.New(cpu.Options{Threads: 1})
		}
		if own && len(comms) > 1 && shared.Shards == 0 && t.Name() != "TestDistRefuses" { // as the command line does it
			group := dist.NewGroup(comm, dist.Float32)
			t.Cleanup(func() { _ = group.Close() })
			shared.Reducer, config.Device = group, cpu.New(cpu.Options{Threads: 1, Reducer: group})
		}
		if rank > 0 && config.Dir != "" {
			config.Dir = "not/written"
		}
		if change != nil {
			change(rank, &config)
		}
		ctx := t.Context()
		if rank < len(contexts) {
			ctx = contexts[rank]
		}
		wait.Go(func() {
			all[rank].history, all[rank].err = train.Fit(ctx, all[rank].model, trainSet, testSet, config)
			var known *dist.RankError
			if err := all[rank].err; err != nil && !errors.As(err, &known) && !errors.Is(err, train.ErrInterrupted) {
				comm.Abort(1)
			}
		})
	}
	wait.Wait()
	return all
}

// mustFitRanks is fitRanks where all end well, with the same weights and metrics.
func mustFitRanks(t *testing.T, n int, make func() *nn.Model, trainSet, testSet data.Dataset, base train.Config) ranked {
	t.Helper()
	all := fitRanks(t, local.New(n, local.Options{}), make, trainSet, testSet, base, nil)
	for rank, r := range all {
		if r.err != nil {
			t.Fatalf("rank %d of %d: %v", rank, n, r.err)
		}
		if !slices.Equal(r.weights(), all[0].weights()) {
			t.Fatalf("rank %d of %d has other weights than rank 0", rank, n)
		}
		for i, row := range r.history.Rows {
			first := all[0].history.Rows[i]
			if row.TrainLoss != first.TrainLoss || row.TestLoss != first.TestLoss || row.TestAccuracy != first.TestAccuracy {
				t.Fatalf("rank %d of %d: epoch %d is %+v, on rank 0 %+v", rank, n, i+1, row, first)
			}
		}
	}
	return all[0]
}

// largestDifference is that of two lists.
func largestDifference(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

// plainNet has no batch normalization: its gradients are those of any division of a
// batch.
func plainNet(t *testing.T) func() *nn.Model {
	return func() *nn.Model {
		model, err := nn.New(nn.Sequential(nn.Conv2D(3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3)), []int{1, 6, 6}, nn.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return model
	}
}

// TestDistAgrees: any number of ranks comes to the weights of one, but for rounding,
// whatever the settings. A last batch of 2 images leaves ranks without any.
func TestDistAgrees(t *testing.T) {
	t.Parallel()
	set, tests := traintest.Bars(26), traintest.Bars(11)
	for name, change := range map[string]func(c *train.Config){
		"plain":         func(*train.Config) {},
		"accumulate":    func(c *train.Config) { c.Accumulate = 3 },
		"class weights": func(c *train.Config) { c.ClassWeights = []float32{1, 2, .5} },
		"smoothing":     func(c *train.Config) { c.LabelSmoothing = .1 },
		"clip":          func(c *train.Config) { c.Optimizer = optim.ClipNorm{Max: .1, Of: optim.AdamW{}}; c.LearningRate = .01 },
		"average":       func(c *train.Config) { c.EMA = optim.EMA{Decay: .9} },
		"freeze":        func(c *train.Config) { c.Freeze = []train.Freeze{{Layers: []string{"0"}, Epochs: 2}} },
		"LAMB":          func(c *train.Config) { c.Optimizer = optim.LAMB{WeightDecay: .01}; c.LearningRate = .01 },
		"accumulate and class weights": func(c *train.Config) {
			c.Accumulate, c.ClassWeights = 2, []float32{1, 2, .5}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := traintest.Config("")
			change(&config)
			alone := plainNet(t)()
			config.Device = cpu.New(cpu.Options{Threads: 1})
			history, err := train.Fit(t.Context(), alone, set, tests, config)
			if err != nil {
				t.Fatal(err)
			}
			want := ranked{model: alone, history: history}
			for _, n := range []int{1, 2, 3, 4} {
				got := mustFitRanks(t, n, plainNet(t), set, tests, config)
				if d := largestDifference(got.weights(), want.weights()); d > 3e-6 {
					t.Errorf("%d ranks: weights differ by %v", n, d)
				}
				if n == 1 && !slices.Equal(got.weights(), want.weights()) && config.ClassWeights == nil {
					t.Errorf("a single rank has other bits than a training without ranks")
				}
				for i, row := range got.history.Rows {
					w := want.history.Rows[i]
					if math.Abs(row.TrainLoss-w.TrainLoss) > 1e-5 || math.Abs(row.TestLoss-w.TestLoss) > 1e-5 || row.TestAccuracy != w.TestAccuracy || math.Abs(row.TrainAccuracy-w.TrainAccuracy) > .05 {
						t.Errorf("%d ranks: epoch %d is %v, want %v", n, i+1, row, w)
					}
				}
			}
		})
	}
}

// net returns a network of images of 6×6.
func net(t *testing.T, layers ...nn.Layer) func() *nn.Model {
	return func() *nn.Model {
		model, err := nn.New(nn.Sequential(layers...), []int{1, 6, 6}, nn.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return model
	}
}

// TestDistOfWholeBatches: dropout drops the same elements for any number of ranks, and
// batch normalization over the whole batch, with its running statistics, is that of one.
func TestDistOfWholeBatches(t *testing.T) {
	t.Parallel()
	set, tests := traintest.Bars(28), traintest.Bars(11)
	for name, make := range map[string]func() *nn.Model{
		"dropout":             net(t, nn.Conv2D(3, 3), nn.Tanh(), nn.Flatten(), nn.Dropout(.4), nn.Linear(3)),
		"batch normalization": net(t, nn.Conv2D(3, 3), nn.BatchNorm(), nn.Tanh(), nn.Flatten(), nn.Linear(3)),
	} {
		config := traintest.Config("")
		config.Device = cpu.New(cpu.Options{Threads: 1})
		alone := make()
		if _, err := train.Fit(t.Context(), alone, set, tests, config); err != nil {
			t.Fatal(err)
		}
		config.Dist = &train.Dist{SyncBatchNorm: true}
		for _, n := range []int{1, 2, 3, 4} {
			got := mustFitRanks(t, n, make, set, tests, config)
			if d := largestDifference(got.weights(), ranked{model: alone}.weights()); d > 1e-5 {
				t.Errorf("%s: weights of %d ranks differ by %v", name, n, d)
			}
		}
		config.Dist.SyncBatchNorm = false
		if d := largestDifference(mustFitRanks(t, 2, make, set, tests, config).weights(), ranked{model: alone}.weights()); (d > 1e-3) != (name == "batch normalization") {
			t.Errorf("%s: without it, weights of 2 ranks differ by %v", name, d)
		}
	}
}

// TestDistExact: with fixed shards, any number of ranks comes to the same bits, with batch
// normalization and its running statistics, dropout, and updates of several batches.
func TestDistExact(t *testing.T) {
	t.Parallel()
	set, tests := traintest.Bars(60), traintest.Bars(13)
	for name, change := range map[string]func(c *train.Config){
		"plain":  func(*train.Config) {},
		"recipe": func(c *train.Config) { c.Accumulate, c.EMA, c.LabelSmoothing = 2, optim.EMA{Decay: .9}, .1 },
		"monitor": func(c *train.Config) {
			c.EarlyStop = train.EarlyStop{Patience: 1, Least: .1}
			c.ClassWeights = []float32{1, .3, .7}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := traintest.Config("")
			config.BatchSize, config.Dist = 16, &train.Dist{Shards: 8}
			change(&config)
			var want ranked
			for _, n := range []int{1, 2, 4, 8} {
				got := mustFitRanks(t, n, func() *nn.Model { return traintest.Tiny(t, 3) }, set, tests, config)
				if n == 1 {
					want = got
					continue
				}
				if !slices.Equal(got.weights(), want.weights()) {
					t.Errorf("%d ranks have other bits than one: they differ by %v", n, largestDifference(got.weights(), want.weights()))
				}
				for i, row := range got.history.Rows {
					if w := want.history.Rows[i]; row.TrainLoss != w.TrainLoss || row.TestLoss != w.TestLoss || row.TestAccuracy != w.TestAccuracy || row.TrainAccuracy != w.TrainAccuracy {
						t.Errorf("%d ranks: epoch %d is %v, of one %v", n, i+1, row, w)
					}
				}
			}
		})
	}
}

// failing is a dataset one of whose images cannot be read.
type failing struct {
	data.Dataset
	item int
}

func (f failing) Read(i int, pixels []float32) (int, error) {
	if i == f.item {
		return 0, errors.New("the disk is gone")
	}
	return f.Dataset.Read(i, pixels)
}

// TestDistError: an error of one rank ends all, and all name the rank.
func TestDistError(t *testing.T) {
	t.Parallel()
	for what, sets := range map[string][2]data.Dataset{
		"training set": {failing{traintest.Bars(90), 3}, traintest.Bars(10)}, /* not one of the images that all ranks hash */
		"test set":     {traintest.Bars(90), failing{traintest.Bars(10), 3}},
	} {
		all := fitRanks(t, local.New(3, local.Options{}), plainNet(t), sets[0], sets[1], traintest.Config(""), nil)
		named := map[int]bool{}
		for rank, r := range all {
			var known *dist.RankError
			if !errors.As(r.err, &known) || !strings.Contains(r.err.Error(), what+": read image 3: the disk is gone") || !strings.HasPrefix(r.err.Error(), fmt.Sprintf("rank %d (host ", known.Peer.Rank)) {
				t.Errorf("%s, rank %d: %v", what, rank, r.err)
				continue
			}
			named[known.Peer.Rank] = true
			if (known.Err != nil) != (known.Peer.Rank == rank) {
				t.Errorf("%s, rank %d has the error itself: %v", what, rank, known.Err)
			}
		}
		if len(named) != 1 {
			t.Errorf("%s: the ranks name %v", what, named)
		}
	}
}

// TestDistPlan: ranks that are not set up alike do not begin.
func TestDistPlan(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(c *train.Config){
		"the seed is 8 on rank 1 (host":            func(c *train.Config) { c.Seed = 8 },
		"the learning rate is 0.3 on rank 1 (host": func(c *train.Config) { c.LearningRate = .3 },
		"the number of epochs is 5 on":             func(c *train.Config) { c.Epochs = 5 },
		"the program is v2 on rank 1":              func(c *train.Config) { c.Dist.Plan[0].Value = "v2" },
		"the number of fixed shards is 2 on":       func(c *train.Config) { c.Dist.Shards = 2 },
		"the beginning is weights with the hash":   nil,
	} {
		base := traintest.Config("")
		models := 0
		make := func() *nn.Model {
			model := plainNet(t)()
			if models++; change == nil {
				model.Parameters()[0].Value.Data()[0] = float32(models)
			}
			return model
		}
		all := fitRanks(t, local.New(2, local.Options{}), make, traintest.Bars(20), nil, base, func(rank int, c *train.Config) {
			c.Dist.Plan = []dist.Field{{Name: "the program", Value: "v1"}}
			if rank == 1 && change != nil {
				change(c)
			}
		})
		for rank, r := range all {
			if r.err == nil || !strings.Contains(r.err.Error(), want) || !strings.Contains(r.err.Error(), "on rank 0 (host") {
				t.Errorf("rank %d: %v, want %q", rank, r.err, want)
			}
		}
	}
}

// TestDistInterrupted: all ranks stop at the same step if one is asked to, rank 0 saves,
// and the run that any number of ranks resumes ends with the bits of one that was not
// interrupted.
func TestDistInterrupted(t *testing.T) {
	t.Parallel()
	make := func() *nn.Model { return traintest.Tiny(t, 3) }
	set, tests := traintest.Bars(60), traintest.Bars(13)
	base := traintest.Config("")
	base.BatchSize, base.Accumulate, base.Dist = 16, 2, &train.Dist{Shards: 4}
	want := mustFitRanks(t, 1, make, set, tests, base)
	for i, resumed := range []int{0, 1, 2, 4} { // 0 is without Dist
		config := base
		config.Dir = filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		enough, stopAt := errors.New("enough"), 1+3*i
		all := fitRanks(t, local.New(2, local.Options{}), make, set, tests, config, func(rank int, c *train.Config) {
			if rank == 0 {
				c.Callbacks.OnStep = func(s train.StepInfo) {
					if s.Step == stopAt {
						cancel(enough)
					}
				}
			}
		}, t.Context(), ctx) // rank 1 is asked
		for rank, r := range all {
			if !errors.Is(r.err, train.ErrInterrupted) || errors.Is(r.err, enough) != (rank == 1) || !strings.Contains(r.err.Error(), "step") {
				t.Fatalf("rank %d: %v", rank, r.err)
			}
		}
		if !slices.Equal(all[0].weights(), all[1].weights()) {
			t.Error("the ranks stopped with other weights")
		}
		if _, err := os.Stat("not/written"); err == nil {
			t.Fatal("a rank other than 0 has written")
		}
		config.Resume = true
		var got ranked
		if resumed == 0 {
			got = ranked{model: make()}
			config.Dist = nil
			if _, err := train.Fit(t.Context(), got.model, set, tests, config); err == nil || !strings.Contains(err.Error(), "number of fixed shards 4, not 0") {
				t.Errorf("without shards: %v", err)
			}
			config.Dist = &train.Dist{Shards: 4}
			got.history, got.err = train.Fit(t.Context(), got.model, set, tests, config)
			if got.err != nil {
				t.Fatal(got.err)
			}
		} else {
			got = mustFitRanks(t, resumed, make, set, tests, config)
		}
		if !slices.Equal(got.weights(), want.weights()) {
			t.Errorf("interrupted at step %d and resumed by %d ranks: weights differ by %v", stopAt, resumed, largestDifference(got.weights(), want.weights()))
		}
	}
}

// TestDistKilled: a rank that is gone ends the others with an error that names it, and the
// run goes on from its checkpoint.
func TestDistKilled(t *testing.T) {
	t.Parallel()
	make := func() *nn.Model { return traintest.Tiny(t, 3) }
	set, tests := traintest.Bars(60), traintest.Bars(13)
	base := traintest.Config("")
	want := mustFitRanks(t, 3, make, set, tests, base)
	killed := 0
	for i := range 20 {
		config, gone := base, errors.New("killed")
		config.Dir = filepath.Join(t.TempDir(), "run")
		r := rand.New(rand.NewPCG(8, uint64(i)))
		rank, call := r.IntN(3), r.IntN(110)
		all := fitRanks(t, local.New(3, local.Options{Fail: func(who, at int) error {
			if who == rank && at == call {
				return gone
			}
			return nil
		}}), make, set, tests, config, nil)
		for _, r := range all {
			if r.err == nil {
				continue // the rank had nothing more to say
			}
			if killed++; !strings.Contains(r.err.Error(), fmt.Sprintf("rank %d failed: killed", rank)) {
				t.Fatalf("rank %d is gone after %d calls, the error is %v", rank, call, r.err)
			}
		}
		config.Resume = true
		if _, err := os.Stat(filepath.Join(config.Dir, "config.json")); err != nil {
			config.Resume = false // it had not begun
		}
		if got := mustFitRanks(t, 3, make, set, tests, config); !slices.Equal(got.weights(), want.weights()) {
			t.Errorf("rank %d is gone after %d calls, and the resumed run has other bits", rank, call)
		}
	}
	if killed < 30 {
		t.Errorf("only %d ranks of 60 were ended", killed)
	}
}

// slow is a dataset whose images take time.
type slow struct {
	data.Dataset
	read time.Duration
}

func (s slow) Read(i int, pixels []float32) (int, error) {
	time.Sleep(s.read)
	return s.Dataset.Read(i, pixels)
}

// TestDistStraggler: a rank whose images come slowly is named.
func TestDistStraggler(t *testing.T) {
	t.Parallel()
	var lines []string
	comms, config := local.New(3, local.Options{}), traintest.Config("")
	config.Epochs = 1
	all := slices.Repeat([]ranked{{}}, len(comms))
	var wait sync.WaitGroup
	for rank, comm := range comms {
		var set data.Dataset = traintest.Bars(60)
		if rank == 2 {
			set = slow{set, 5 * time.Millisecond}
		}
		c := config
		c.Dist, c.Device = &train.Dist{Comm: comm}, cpu.New(cpu.Options{Threads: 1})
		if rank == 0 {
			c.Log = func(line string) { lines = append(lines, line) }
		}
		model := plainNet(t)()
		wait.Go(func() { _, all[rank].err = train.Fit(t.Context(), model, set, nil, c) })
	}
	wait.Wait()
	for rank, r := range all {
		if r.err != nil {
			t.Errorf("rank %d: %v", rank, r.err)
		}
	}
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "the other ranks wait: rank 2 (host ") || !strings.Contains(text, "because its images come slowly") || strings.Count(text, "ranks wait") != 1 {
		t.Errorf("the log is\n%s", text)
	}
}

// TestDistScores: rank 0 is told the scores of all images, in their order.
func TestDistScores(t *testing.T) {
	t.Parallel()
	tests := traintest.Bars(37)
	told := map[int][]int{}
	for _, n := range []int{1, 3} {
		config := traintest.Config("")
		config.Epochs = 1
		for rank, r := range fitRanks(t, local.New(n, local.Options{}), plainNet(t), traintest.Bars(20), tests, config, func(rank int, c *train.Config) {
			c.Callbacks.OnScores = func(item int, logits []float32, label int) {
				if rank > 0 {
					t.Errorf("rank %d is told scores", rank)
				}
				if label != tests.Label(item) || len(logits) != 3 {
					t.Errorf("image %d: label %d, %d scores", item, label, len(logits))
				}
				told[n] = append(told[n], item)
			}
		}) {
			if r.err != nil {
				t.Fatalf("rank %d: %v", rank, r.err)
			}
		}
	}
	if len(told[1]) != 37 || !slices.Equal(told[1], told[3]) || !slices.IsSorted(told[3]) {
		t.Errorf("told of %v, want %v", told[3], told[1])
	}
}

// TestDistDiverged: a loss that is not finite ends all ranks with the same words.
func TestDistDiverged(t *testing.T) {
	t.Parallel()
	config := traintest.Config("")
	config.LearningRate = 1e30
	make := func() *nn.Model {
		model, err := nn.New(nn.Sequential(nn.Conv2D(3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8), nn.Linear(3)), []int{1, 6, 6}, nn.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return model
	}
	all := fitRanks(t, local.New(3, local.Options{}), make, traintest.Bars(60), nil, config, nil)
	for rank, r := range all {
		if !errors.Is(r.err, train.ErrDiverged) || r.err.Error() != all[0].err.Error() {
			t.Errorf("rank %d: %v", rank, r.err)
		}
	}
}

func TestDistRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(c *train.Config){
		"6 shards of a batch: want a power of two":        func(c *train.Config) { c.Dist.Shards = 6 },
		"3 ranks cannot share 4 shards of a batch evenly": func(c *train.Config) { c.Dist.Shards = 4 },
		"a batch of 2 images for 3 ranks":                 func(c *train.Config) { c.BatchSize = 2 },
		"needs an image of each rank in each batch": func(c *train.Config) {
			g := dist.NewGroup(c.Dist.Comm, dist.Float32)
			c.Dist.SyncBatchNorm, c.Dist.Reducer, c.Device, c.BatchSize = true, g, cpu.New(cpu.Options{Reducer: g}), 9
		},
		"needs a device that adds up with the reducer":     func(c *train.Config) { c.Dist.SyncBatchNorm = true },
		"the reducer has 1 members, and there are 3 ranks": func(c *train.Config) { c.Dist.Reducer = dist.NewGroup(dist.Single(), dist.Float32) },
	} {
		for rank, r := range fitRanks(t, local.New(3, local.Options{}), plainNet(t), traintest.Bars(20), nil, traintest.Config(""), func(_ int, c *train.Config) { change(c) }) {
			if r.err == nil || !strings.Contains(r.err.Error(), want) {
				t.Errorf("rank %d: %v, want %q", rank, r.err, want)
			}
		}
	}
}
