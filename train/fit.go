package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
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
func Fit(ctx context.Context, model *nn.Model, trainSet, testSet data.Dataset, config Config) (*History, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if config.Dir != "" && !config.Resume {
		if err := runfolder.CheckEmpty(config.Dir); err != nil {
			return nil, err
		}
	}
	o, err := newObjective("training", model, trainSet, config.Loss)
	if err != nil {
		return nil, err
	}
	if testSet != nil {
		tested, err := newObjective("test", model, testSet, config.Loss)
		if err != nil {
			return nil, err
		}
		if o.classes != tested.classes || o.targeted != tested.targeted || !o.target.Equal(tested.target) {
			return nil, fmt.Errorf("%s in the test set, %s in the training set", tested.describe(), o.describe())
		}
	}
	if err := config.checkPreprocessing(model.Input()); err != nil {
		return nil, err
	}
	settings, err := config.settings(model, trainSet, testSet, o)
	if err != nil {
		return nil, fmt.Errorf("training set: %w", err)
	}
	var (
		folder *runfolder.Folder
		at     *runfolder.Position
	)
	if config.Dir != "" && config.Resume { // others must not write the run while this compiles
		if folder, at, err = runfolder.Reopen(config.Dir, settings); err != nil {
			return nil, err
		}
	}
	f, err := newFitter(model, trainSet, testSet, o, config)
	if err != nil {
		if folder != nil {
			_ = folder.Close() // nothing was written
		}
		return nil, err
	}
	f.folder = folder
	defer f.close()
	if folder != nil {
		err = f.takeUp(at)
	} else if config.Dir != "" {
		f.folder, err = runfolder.Create(config.Dir, settings)
	}
	if err != nil {
		return nil, err
	}
	err = f.run(ctx)
	return f.at.History(), err
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
	stepper   *Stepper
	watch     *watch
	evaluator *evaluator        // nil without a test set
	folder    *runfolder.Folder // nil without a run folder
	at        runfolder.Position
	saved     string // path of the latest checkpoint
	patience  int    // epochs at chance before a warning
}

// newFitter compiles all programs that will be needed.
func newFitter(model *nn.Model, trainSet, testSet data.Dataset, o objective, config Config) (f *fitter, err error) {
	f = &fitter{
		config: config, model: model, set: trainSet, at: runfolder.Position{Version: 1},
		stepper: NewStepper(model, config.Device, config.Optimizer), watch: newWatch(model),
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
		BatchSize: size, Shuffle: true, Seed: config.Seed, Workers: config.Workers, Transform: hook,
	})
	if err != nil {
		return f, fmt.Errorf("training set: %w", err)
	}
	f.stepper.SetMemoryBudget(config.MemoryBudget)
	f.stepper.objective = o
	if _, err := f.stepper.compile(size); err != nil {
		return f, err
	}
	if rest := n % size; rest > 0 {
		if _, err := f.stepper.compile(rest); err != nil {
			return f, lastBatch(err, n, size)
		}
	}
	if testSet == nil {
		return f, nil
	}
	f.evaluator, err = newEvaluator(model, testSet, o, EvalConfig{
		BatchSize: config.BatchSize, Device: config.Device, Workers: config.Workers, OnBatch: config.Callbacks.OnTest,
	})
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
	f.stepper.Close()
	if f.evaluator != nil {
		f.evaluator.close()
	}
	if f.folder != nil {
		_ = f.folder.Close() // Log ignores errors, too
	}
}

// takeUp continues the run in the folder from where it stands; nil is before the
// first checkpoint.
func (f *fitter) takeUp(at *runfolder.Position) (err error) {
	if at != nil {
		if f.saved, err = f.folder.Load(at, f.model, &f.stepper.state); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		f.at = *at
	}
	if err := f.folder.Begin(); err != nil {
		return err
	}
	if at == nil {
		f.log("resume: the run stopped before its first checkpoint, so it starts from the beginning")
		return nil
	}
	if f.folder.Renamed != "" {
		f.log("resume: the images are the same, but " + f.folder.Renamed)
	}
	f.log(fmt.Sprintf("resume: going on after %s and %s", count(at.Epoch, "epoch"), count(at.Step, "step")))
	if was := f.folder.Settings.Device; was != f.config.Device.Name() {
		f.log(fmt.Sprintf("resume: the run was started on device %s, so its last bits may differ on %s", was, f.config.Device.Name()))
	}
	return nil
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
	if f.at.Epoch >= f.config.Epochs {
		f.log(fmt.Sprintf("nothing to do: %d of %d epochs are done", f.at.Epoch, f.config.Epochs))
		return f.complete()
	}
	f.at.Finished = false
	if f.folder != nil {
		s := f.folder.Settings
		f.folder.Log(fmt.Sprintf("start: net %s, data %s, %s, batch size %d, learning rate %v, %s, seed %d, device %s (%s)",
			s.Net, s.Data, count(s.Epochs, "epoch"), s.BatchSize, s.LearningRate, s.Optimizer, s.Seed, f.config.Device.Name(), f.config.Device.Description()))
	}
	if p := f.stepper.programs[min(f.config.BatchSize, f.set.Len())]; p.recomputed > 0 {
		f.log(fmt.Sprintf("memory: to fit %s, the backward pass computes %s again", megabytes(f.config.MemoryBudget), count(p.recomputed, "value")))
	}
	if call := f.config.Callbacks.OnStart; call != nil {
		call(StartInfo{Epochs: f.config.Epochs, Batches: f.batches, Done: f.at.Rows, Step: f.at.Step})
	}
	for f.at.Epoch < f.config.Epochs {
		if err := f.epoch(ctx); err != nil {
			if f.folder != nil {
				f.folder.Log(err.Error())
			}
			return err
		}
	}
	return nil
}

// complete writes what is missing in the folder of a run that was killed after
// its last step.
func (f *fitter) complete() error {
	if err := f.folder.Complete(&f.at, f.model, &f.stepper.state); err != nil {
		return err
	}
	return f.record(true)
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
	began, before := time.Now(), f.at.Running.Seconds
	clock := func() { f.at.Running.Seconds = before + time.Since(began).Seconds() }
	for b, err := range f.loader.Epoch(ctx, f.at.Epoch, f.at.Batch) {
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return fmt.Errorf("training set: %w", err)
		}
		if err := f.step(b); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	tested := Evaluation{Loss: math.NaN(), Accuracy: math.NaN()}
	if f.evaluator != nil && ctx.Err() == nil {
		switch result, err := f.evaluator.run(ctx); {
		case err == nil:
			tested = *result
		case ctx.Err() == nil:
			return err
		}
	}
	clock()
	if ctx.Err() != nil {
		return f.interrupted(context.Cause(ctx))
	}
	r := f.at.Running
	row := Row{
		Epoch:     f.at.Epoch + 1,
		TrainLoss: r.Loss / float64(r.Images), TrainAccuracy: f.accuracy(), TestLoss: tested.Loss, TestAccuracy: tested.Accuracy,
		ImagesPerSecond: float64(r.Images) / max(r.StepSeconds, 1e-9), Seconds: r.Seconds,
	}
	f.at.Rows = append(f.at.Rows, row)
	f.at.Epoch, f.at.Batch, f.at.Running = f.at.Epoch+1, 0, runfolder.Running{}
	f.at.Finished = f.at.Epoch == f.config.Epochs
	return f.finishEpoch(row)
}

// accuracy is that of the epoch so far, NaN if it means nothing.
func (f *fitter) accuracy() float64 {
	if f.stepper.objective.noAccuracy {
		return math.NaN()
	}
	return float64(f.at.Running.Correct) / float64(f.at.Running.Images)
}

// step does one training step.
func (f *fitter) step(b *data.Batch) error {
	if err := f.stepper.objective.checkBatch("training", b); err != nil {
		return err
	}
	rate := float32(f.config.Schedule.Rate(float64(f.config.LearningRate), uint64(f.at.Step), f.length))
	began := time.Now()
	f.watch.before(f.at.Step, f.at.Running.Loss/float64(max(f.at.Running.Images, 1)))
	loss, correct, err := f.stepper.Run(b, uint64(f.at.Step), rate)
	if err != nil {
		return err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		if err := checkInput("training", b); err != nil {
			return err
		}
		return f.diverged(f.at.Step+1, fmt.Sprintf("the loss is %v%s", loss, f.explain(f.at.Step, false)))
	}
	f.watch.loss = loss
	r := &f.at.Running
	r.StepSeconds += time.Since(began).Seconds()
	r.Loss += loss * float64(b.Len())
	r.Correct += correct
	r.Images += b.Len()
	f.at.Batch++
	f.at.Step++
	info := StepInfo{
		Epoch: f.at.Epoch + 1, Epochs: f.config.Epochs, Batch: f.at.Batch, Batches: f.batches, Step: f.at.Step,
		BatchLoss: loss, Loss: r.Loss / float64(r.Images), Accuracy: f.accuracy(),
		LearningRate: rate, ImagesPerSecond: float64(r.Images) / max(r.StepSeconds, 1e-9),
	}
	if f.config.Epochs <= pointEpochs && info.EndsFifth() && info.Batch < info.Batches { // the epoch's end has a Row
		f.at.Points = append(f.at.Points, info.Point())
	}
	if call := f.config.Callbacks.OnStep; call != nil {
		call(info)
	}
	return nil
}

// finishEpoch writes the files of an epoch that is done.
func (f *fitter) finishEpoch(row Row) error {
	due := f.at.Finished || f.at.Epoch%f.config.CheckpointEvery == 0
	if name := notFinite(f.model.State()); name != "" {
		return f.diverged(f.at.Step, name+" holds a value that is not finite"+f.explain(f.at.Step, true))
	}
	path := ""
	if f.folder != nil {
		if due {
			var err error
			if path, err = f.folder.Save(&f.at, f.model, &f.stepper.state); err != nil {
				return fmt.Errorf("save a checkpoint after epoch %d: %w", row.Epoch, err)
			}
			f.saved = path
		}
	}
	if err := f.record(f.at.Finished); err != nil {
		return err
	}
	f.log(row.String())
	warning := ""
	if !f.stepper.objective.custom() { // chance is known for cross-entropy alone
		warning = noLearning(f.at.Rows, len(f.set.Classes()), f.set.Len(), f.patience, f.at.Finished)
	}
	if call := f.config.Callbacks.OnEpoch; call != nil {
		call(EpochInfo{Row: row, Epochs: f.config.Epochs, Step: f.at.Step, Checkpoint: path, Warning: warning})
	}
	if warning != "" {
		f.log("warning: " + warning)
	}
	return nil
}

// diverged is the error for a loss or a weight that is not finite.
func (f *fitter) diverged(step int, what string) error {
	kept := ""
	switch {
	case f.saved != "":
		kept = "; the last good checkpoint is kept: " + f.saved
	case f.folder != nil:
		kept = "; there was no checkpoint yet"
	}
	epoch := min((step-1)/f.batches, f.config.Epochs-1) + 1
	return fmt.Errorf("%w in epoch %d at step %d: %s (a smaller learning rate may help)%s", ErrDiverged, epoch, step, what, kept)
}

// interrupted saves a checkpoint and returns the error that says so.
func (f *fitter) interrupted(cause error) error {
	at := fmt.Sprintf("%v in epoch %d after step %d", ErrInterrupted, f.at.Epoch+1, f.at.Step)
	if f.folder == nil {
		return &interruption{at, cause}
	}
	if name := notFinite(f.model.State()); name != "" {
		return f.diverged(f.at.Step, name+" holds a value that is not finite"+f.explain(f.at.Step, true))
	}
	path, err := f.folder.Save(&f.at, f.model, &f.stepper.state)
	if err == nil {
		err = f.record(true)
	}
	if err != nil {
		return fmt.Errorf("%s, and saving failed: %w", at, err)
	}
	return &interruption{at + "; saved " + path, cause}
}

// interruption is an ErrInterrupted that also wraps the context's cause.
type interruption struct {
	message string
	cause   error
}

func (e *interruption) Error() string   { return e.message }
func (e *interruption) Unwrap() []error { return []error{ErrInterrupted, e.cause} }
