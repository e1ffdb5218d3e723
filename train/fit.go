package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/evaluate"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/internal/ranks"
	"github.com/strideml/stride/train/internal/step"
	"github.com/strideml/stride/train/runfolder"
)

// Fit trains the model on the training set and returns what it did. After each
// epoch it measures the test set, which may be nil. The model is changed in
// place.
//
// All settings are checked before the first step and before anything is
// written, and so are the labels of data that has a method Label(i int) int;
// other labels are checked as they are read. An error during training comes
// with the history so far.
//
// With Config.Dist several processes call Fit together; see Dist.
func Fit(ctx context.Context, model *nn.Model, trainSet, testSet data.Dataset, config Config) (*History, error) {
	r, err := config.Dist.start()
	if err != nil {
		return nil, err
	}
	f, err := begin(r, model, trainSet, testSet, config)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err = f.ended(f.run(f.together(ctx))); err == nil || errors.Is(err, ErrInterrupted) {
		f.swapAverage() // what the caller gets
	}
	return f.at.History(), err
}

// begin checks everything, compiles the programs and opens the run folder.
func begin(r *ranks.Ranks, model *nn.Model, trainSet, testSet data.Dataset, config Config) (f *fitter, err error) {
	config, o, tested, settings, err := config.prepare(r, model, trainSet, testSet)
	if err != nil {
		return nil, err
	}
	var (
		folder *runfolder.Folder
		at     *runfolder.Position
	)
	if config.Dir != "" && config.Resume { // others must not write the run while this compiles
		folder, at, err = runfolder.Reopen(config.Dir, settings)
	}
	if err == nil {
		f, err = newFitter(r, model, trainSet, testSet, o, tested, config)
	}
	if err = r.Agree(err); err != nil {
		if folder != nil {
			_ = folder.Close() // nothing was written
		}
		if f != nil {
			f.close()
		}
		return nil, err
	}
	f.folder = folder
	if folder != nil {
		err = f.takeUp(at)
	} else if config.Dir != "" {
		f.folder, err = runfolder.Create(config.Dir, settings)
	}
	if err = r.Agree(err); err == nil && config.Resume {
		err = f.shareState()
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// prepare checks the settings, on all ranks.
func (c Config) prepare(r *ranks.Ranks, model *nn.Model, trainSet, testSet data.Dataset) (_ Config, o, tested objective.Objective, settings runfolder.Settings, err error) {
	var s *samples
	if c, err = c.withDefaults(); err == nil {
		c = c.forRank(r)
		if c.Dir != "" && !c.Resume {
			err = runfolder.CheckEmpty(c.Dir)
		}
	}
	if err == nil {
		o, tested, err = c.objectives(model, trainSet, testSet)
	}
	if err == nil {
		err = c.checkFor(model, testSet != nil, o)
	}
	if err == nil {
		if s, err = fingerprint(trainSet, r.Sample()); err != nil {
			err = fmt.Errorf("training set: %w", err)
		}
	}
	if err = r.Agree(err); err != nil {
		return c, o, tested, settings, err
	}
	settings = c.settings(model, trainSet, testSet, o, s.whole)
	return c, o, tested, settings, c.agree(r, model, trainSet, settings, s)
}

// objectives returns what is minimised and what is measured in the test, whose dataset may
// be nil.
func (c Config) objectives(model *nn.Model, train, test data.Dataset) (o, tested objective.Objective, err error) {
	entropy := nn.CrossEntropy{LabelSmoothing: c.LabelSmoothing, Weights: c.ClassWeights}
	return objective.Both(model, train, test, c.Loss, entropy, c.Mix != nil)
}

// checkFor checks settings that depend on the model and the data.
func (c Config) checkFor(model *nn.Model, tested bool, o objective.Objective) error {
	return cmp.Or(
		c.checkPreprocessing(model.Input()), optim.Check(c.Optimizer, model.Parameters()),
		freezing(c.Freeze).check(model, c.Epochs), c.checkMetrics(tested, o))
}

// pointEpochs is how many epochs a run has at most for points to be noted
// within them: the curves of a longer one are dense enough.
const pointEpochs = 20

// A fitter is a Fit under way.
type fitter struct {
	config    Config
	model     *nn.Model
	set       data.Dataset
	loader    *data.Loader
	batches   int // in an epoch
	length    optim.Run
	scale     float64          // of the learning rate in this epoch, by the plateau
	mix       data.Batch       // the batch with mixed targets
	targets   []*tensor.Tensor // of mixed batches, one for each size
	training  *step.Training
	steps     step.Stepper
	ranked    step.Ranked  // steps, of one of several ranks; nil in a single process
	started   *step.Single // steps, if the device works on its own; nil otherwise
	phases    []int        // the first epoch of each; see freezing
	watch     *watch
	evaluator *evaluate.Evaluator // nil without a test set
	folder    *runfolder.Folder   // nil without a run folder
	at        runfolder.Position
	saved     string      // path of the latest checkpoint
	patience  int         // epochs at chance before a warning
	tested    *Evaluation // of the latest epoch; nil without a test set
	waiting   float64     // EpochInfo.Waiting
	under     *fitStep    // the step that a device of its own still does; nil otherwise
	clock     async.Clock // of steps that were started

	ranks    *ranks.Ranks            // nil in a single process
	asked    context.Context         // the caller's, which may end on this rank alone
	stopped  bool                    // all ranks have agreed to stop
	stop     context.CancelCauseFunc // ends the training on all ranks
	waited   time.Duration           // for images, by the last step
	reported time.Time               // when stragglers were last looked for
}

// newFitter compiles all programs that will be needed.
func newFitter(r *ranks.Ranks, model *nn.Model, trainSet, testSet data.Dataset, o, tested objective.Objective, config Config) (f *fitter, err error) {
	f = &fitter{
		config: config, model: model, set: trainSet, at: runfolder.Position{Version: 1}, ranks: r,
		watch: newWatch(model), phases: freezing(config.Freeze).starts(config.Epochs),
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if err := weights.CheckFinite(model.State()); err != nil {
		return f, err
	}
	if f.patience, err = patience(model); err != nil {
		return f, err
	}
	n := trainSet.Len()
	size := min(config.BatchSize, n)
	f.batches = (n + size - 1) / size
	f.length = config.length(n)
	hook, err := config.Augment.Hook(trainSet.ImageShape())
	if err != nil {
		return f, fmt.Errorf("augmentation: %w", err)
	}
	f.loader, err = data.NewLoader(trainSet, data.LoaderConfig{
		BatchSize: size, Shuffle: true, Seed: config.Seed, Workers: config.Workers, Transform: hook, Part: r.Part(), Lead: config.Mix != nil,
	})
	if err != nil {
		return f, fmt.Errorf("training set: %w", err)
	}
	f.training = &step.Training{
		Model: model, Device: config.Device, Optimizer: config.Optimizer, Objective: o, Budget: config.MemoryBudget,
		Phases: freezing(config.Freeze).phases(f.phases), EMA: config.EMA,
	}
	if config.Accumulate > 1 {
		f.training.FullBatch = size
	}
	single := step.NewSingle(f.training)
	f.steps = single
	if r != nil {
		if f.ranked, err = config.Dist.step(f.training, r, size); err != nil {
			return f, err
		}
		f.steps = f.ranked
	}
	// In the order of the epochs: so a resumed run makes the state in the same one.
	for phase := range f.phases {
		for batch := range f.batches {
			_, end := f.update(batch)
			images := min(size, n-batch*size)
			if err := f.steps.Prepare(images, phase, batch+1 < end); err != nil && images < size {
				return f, lastBatch(err, n, size)
			} else if err != nil {
				return f, err
			}
		}
	}
	if r == nil && single.Starts() { // several ranks meet at each step
		f.started, f.watch.remote = single, true
	}
	if testSet == nil {
		return f, nil
	}
	measuring := EvalConfig{BatchSize: config.BatchSize, Device: config.Device, Workers: config.Workers, OnBatch: config.Callbacks.OnTest, Dist: config.Dist}
	if call := config.Callbacks.OnScores; call != nil && !tested.NoAccuracy {
		measuring.OnScores = func(item int, logits []float32, label int) error {
			call(item, logits, label)
			return nil
		}
	}
	f.evaluator, err = newEvaluator(r, model, testSet, tested, measuring)
	if err == nil {
		f.loader.ShareMemory(f.evaluator.Loader()) // the test begins when the epoch has ended
	}
	return f, err
}

// lastBatch explains why the smaller last batch of an epoch cannot be trained, as
// where batch normalization would have one value for each channel.
func lastBatch(err error, images, size int) error {
	err = fmt.Errorf("the last batch of each epoch has %s, as %d images make batches of %d: %w", count(images%size, "image"), images, size, err)
	var rule *graph.Error
	if errors.As(err, &rule) {
		err = fmt.Errorf("%w; choose a batch size that leaves a larger last batch, or leave out %s", err, count(images%size, "image"))
	}
	return err
}

func (f *fitter) close() {
	f.abandon()
	if f.steps != nil {
		f.steps.Close()
	}
	if f.evaluator != nil {
		f.evaluator.Close()
	}
	if f.folder != nil {
		_ = f.folder.Close() // Log ignores errors, too
	}
}

func (f *fitter) log(line string) {
	if f.folder != nil {
		f.folder.Log(line)
	}
	f.config.Log(line)
}

// count is a number with what it counts: "1 epoch", "2 epochs".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// run does the epochs that are left.
func (f *fitter) run(ctx context.Context) error {
	switch {
	case f.at.Epoch >= f.config.Epochs:
		f.log(fmt.Sprintf("nothing to do: %d of %d epochs are done", f.at.Epoch, f.config.Epochs))
		return f.complete()
	case f.at.StoppedEarly:
		f.log(fmt.Sprintf("nothing to do: the run was stopped early after %s", count(f.at.Epoch, "epoch")))
		return f.complete()
	}
	f.at.Finished = false
	if f.folder != nil {
		s := f.folder.Settings
		f.folder.Log(fmt.Sprintf("start: net %s, data %s, %s, batch size %d, learning rate %v, %s, seed %d, device %s (%s)",
			s.Net, s.Data, count(s.Epochs, "epoch"), s.BatchSize, s.LearningRate, s.Optimizer, s.Seed, f.config.Device.Name(), f.config.Device.Description()))
	}
	if n := f.steps.Recomputed(); n > 0 {
		f.log(fmt.Sprintf("memory: to fit %s, the backward pass computes %s again", step.Megabytes(f.config.MemoryBudget), count(n, "value")))
	}
	if call := f.config.Callbacks.OnStart; call != nil {
		call(StartInfo{Epochs: f.config.Epochs, Batches: f.batches, Done: f.at.Rows, Step: f.at.Step})
	}
	for f.at.Epoch < f.config.Epochs && !f.at.StoppedEarly {
		if err := f.epoch(ctx); err != nil {
			if f.folder != nil {
				f.folder.Log(err.Error())
			}
			return err
		}
	}
	return nil
}

// test measures the test set; NaN without one.
func (f *fitter) test(ctx context.Context) (Evaluation, error) {
	none := Evaluation{Loss: math.NaN(), Accuracy: math.NaN()}
	if f.evaluator == nil {
		return none, nil
	}
	f.swapAverage()
	defer f.swapAverage()
	if f.ranks != nil {
		ctx = f.asked // the evaluator asks the others when it ends
	}
	result, err := f.evaluator.Run(ctx)
	var stopped *evaluate.StoppedError
	if errors.As(err, &stopped) {
		f.stopped = true
		f.stop(f.whyStopped(stopped.By))
	}
	if err != nil {
		return none, err
	}
	return Evaluation(*result), nil
}

// swapAverage exchanges the weights with their moving average, if there is one.
func (f *fitter) swapAverage() {
	f.config.EMA.Swap(slices.Concat(f.model.Parameters(), f.model.Buffers()), &f.training.State)
}

// record writes the history to the run folder, if there is one, and tells the
// caller of it.
func (f *fitter) record(last bool) error {
	h := f.at.History()
	if f.folder != nil {
		if err := f.folder.WriteMetrics(h); err != nil {
			return err
		}
	}
	if call := f.config.Callbacks.OnHistory; call != nil {
		return call(h, last)
	}
	return nil
}

// epoch does what is left of an epoch, tests and writes the results.
func (f *fitter) epoch(ctx context.Context) error {
	began, before, stepping := time.Now(), f.at.Running.Seconds, f.at.Running.StepSeconds
	f.scale = f.config.Plateau.scale(f.at.Rows)
	clock := func() { f.at.Running.Seconds = before + time.Since(began).Seconds() }
	waited := f.loader.Stats().Waited
	for b, err := range f.loader.Epoch(ctx, f.at.Epoch, f.at.Batch) {
		var weight float64
		if f.ranks != nil {
			weight, err = f.meet(b, err)
		}
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return cmp.Or(f.drain(), err)
		}
		if err := f.step(b, weight); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		if err := f.saveIfAsked(clock); err != nil {
			return err
		}
	}
	if err := f.settle(); err != nil {
		return err
	}
	elapsed := time.Since(began).Seconds()
	idle := elapsed - (f.at.Running.StepSeconds - stepping) // who waits while a step is done loses nothing
	f.waiting = min((f.loader.Stats().Waited-waited).Seconds(), max(idle, 0)) / max(elapsed, 1e-9)
	var tested Evaluation
	if ctx.Err() == nil {
		var err error
		if tested, err = f.test(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	clock()
	if ctx.Err() != nil {
		return f.interrupted(context.Cause(ctx))
	}
	if err := f.compareAfterEpoch(); err != nil {
		return err
	}
	r := f.at.Running
	row := Row{
		Epoch:     f.at.Epoch + 1,
		TrainLoss: r.Loss / float64(r.Images), TrainAccuracy: f.accuracy(), TestLoss: tested.Loss, TestAccuracy: tested.Accuracy,
		ImagesPerSecond: float64(r.Images) / max(r.StepSeconds, 1e-9), Seconds: r.Seconds,
	}
	f.at.Rows = append(f.at.Rows, row)
	f.at.Epoch, f.at.Batch, f.at.Running = f.at.Epoch+1, 0, runfolder.Running{}
	f.at.StoppedEarly = f.at.Epoch < f.config.Epochs && f.config.EarlyStop.over(f.at.Rows)
	f.at.Finished = f.at.Epoch == f.config.Epochs || f.at.StoppedEarly
	if f.evaluator != nil {
		f.tested = &tested
	}
	return f.finishEpoch(row)
}

// accuracy is that of the epoch so far, NaN if it means nothing.
func (f *fitter) accuracy() float64 {
	if f.training.Objective.NoAccuracy {
		return math.NaN()
	}
	return float64(f.at.Running.Correct) / float64(f.at.Running.Images)
}

// finishEpoch writes the files of an epoch that is done.
func (f *fitter) finishEpoch(row Row) error {
	best := f.config.Best.Best(f.at.Rows, 0) == row.Epoch
	if best {
		f.at.Best = &runfolder.Best{Epoch: row.Epoch, Value: f.config.Best.Of(row)}
	}
	due := f.at.Finished || best || f.at.Epoch%f.config.CheckpointEvery == 0
	if name := notFinite(f.model.State()); name != "" {
		return f.diverged(f.at.Step, name+" holds a value that is not finite"+f.explain(f.at.Step, true))
	}
	path := ""
	if f.folder != nil {
		if due {
			var err error
			if path, err = f.save(); err != nil {
				return fmt.Errorf("save a checkpoint after epoch %d: %w%s", row.Epoch, err, f.kept())
			}
			f.saved = path
		}
	}
	if err := f.record(f.at.Finished); err != nil {
		return err
	}
	f.log(row.String())
	warning := ""
	if !f.training.Objective.Custom() { // chance is known for cross-entropy alone
		warning = noLearning(f.at.Rows, len(f.set.Classes()), f.set.Len(), f.patience, f.at.Finished)
	}
	if call := f.config.Callbacks.OnEpoch; call != nil {
		call(EpochInfo{Row: row, Epochs: f.config.Epochs, Step: f.at.Step, Test: f.tested, Waiting: f.waiting, Checkpoint: path, Best: best, Warning: warning})
	}
	if warning != "" {
		f.log("warning: " + warning)
	}
	if f.at.StoppedEarly {
		f.log(fmt.Sprintf("stopped early: the %s was best in epoch %d", f.config.EarlyStop.Metric, f.config.EarlyStop.Metric.Best(f.at.Rows, f.config.EarlyStop.Least)))
	}
	return nil
}
