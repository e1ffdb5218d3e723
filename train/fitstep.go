package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/batches"
	"github.com/strideml/stride/train/internal/step"
)

// A fitStep is a training step that is under way, or done if run is nil.
type fitStep struct {
	at      step.At
	images  int // of the whole batch
	began   time.Time
	run     *async.Run
	loss    float64
	correct int
}

// step does one training step. On a device that works on its own it starts the step and
// then finishes the one before, so that the device has work while the host reports a
// step and waits for the images of the next.
func (f *fitter) step(b *data.Batch, weight float64) error {
	if f.ranks == nil { // otherwise checked before the ranks met
		if err := f.training.Objective.CheckBatch("training", b); err != nil {
			return cmp.Or(f.drain(), err)
		}
	}
	b = f.mixed(b, f.at.Epoch)
	ahead := 0
	if f.under != nil {
		ahead = 1
	}
	s := fitStep{at: f.stepAt(ahead), images: b.Whole, began: time.Now()}
	s.at.Weight = weight
	if f.watch.wants(f.at.Running.Loss / float64(max(f.at.Running.Images, 1))) {
		if err := cmp.Or(f.drain(), fetch(f.watch.params)); err != nil {
			return err
		}
		f.watch.keep(int(s.at.Step))
	}
	if f.started == nil {
		var err error
		if s.loss, s.correct, err = f.steps.Run(b, s.at); err != nil {
			return f.failedStep(err)
		}
		return f.finish(s, b)
	}
	var err error
	if s.run, err = f.started.Start(b, s.at); err != nil {
		return cmp.Or(f.drain(), err)
	}
	before, under := f.under, s // a copy, so that s needs no memory of its own on other devices
	f.under = &under
	if before == nil {
		return nil
	}
	return f.finish(*before, nil)
}

// settle finishes the step under way, if there is one, and brings from the device what is
// looked at between steps.
func (f *fitter) settle() error {
	if err := f.drain(); err != nil {
		return err
	}
	variables := slices.Concat(f.model.Parameters(), f.model.Buffers())
	if f.config.EMA.Decay != 0 || f.ranks != nil {
		variables = f.variables()
	}
	return fetch(variables)
}

// fetch brings the values of variables from the device, if they are there.
func fetch(variables []*graph.Variable) error {
	for _, v := range variables {
		if err := v.Value.Fetch(); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	return nil
}

// drain finishes the step under way, if there is one.
func (f *fitter) drain() error {
	s := f.under
	if s == nil {
		return nil
	}
	f.under = nil
	return f.finish(*s, nil)
}

// abandon waits for the step under way, whatever comes of it: one before it has failed.
func (f *fitter) abandon() {
	if f.under != nil {
		_ = f.under.run.Wait()
		f.under = nil
	}
}

// finish waits for a step and does what follows from its loss. b is its batch, nil if the
// memory is in use for another one.
func (f *fitter) finish(s fitStep, b *data.Batch) error {
	loss, correct := s.loss, s.correct
	if s.run != nil {
		var err error
		if loss, correct, err = step.Wait(s.run); err != nil {
			return err
		}
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return f.lossNotFinite(loss, b)
	}
	f.watch.loss = loss
	f.noteSpent()
	r := &f.at.Running
	r.StepSeconds += f.seconds(s)
	r.Loss += loss * float64(s.images)
	r.Correct += correct
	r.Images += s.images
	f.at.Batch++
	f.at.Step++
	info := StepInfo{
		Epoch: f.at.Epoch + 1, Epochs: f.config.Epochs, Batch: f.at.Batch, Batches: f.batches, Step: f.at.Step,
		BatchLoss: loss, Loss: r.Loss / float64(r.Images), Accuracy: f.accuracy(),
		LearningRate: s.at.Rate, ImagesPerSecond: float64(r.Images) / max(r.StepSeconds, 1e-9),
	}
	if f.config.Epochs <= pointEpochs && info.EndsFifth() && info.Batch < info.Batches { // the epoch's end has a Row
		f.at.Points = append(f.at.Points, info.Point())
	}
	if call := f.config.Callbacks.OnStep; call != nil {
		call(info)
	}
	return nil
}

// seconds is the time that a step took. Of two steps under way at once, the second begins
// when the first has ended.
func (f *fitter) seconds(s fitStep) float64 {
	if s.run == nil {
		return time.Since(s.began).Seconds()
	}
	return f.clock.Took(s.run, s.began).Seconds()
}

// lossNotFinite is the error for a loss of the step at f.at. b is its batch, nil if it must
// be read again.
func (f *fitter) lossNotFinite(loss float64, b *data.Batch) error {
	f.abandon()
	check := func(b *data.Batch) error { return batches.CheckFinite("training", b) }
	var damaged error
	if b != nil {
		damaged = check(b)
	} else {
		damaged = f.batchOf(f.at.Step, check)
	}
	if err := f.ranks.Agree(damaged); err != nil {
		return err
	}
	return f.diverged(f.at.Step+1, fmt.Sprintf("the loss is %v%s", loss, f.explain(f.at.Step, false)))
}

// update returns the first batch of the update that a batch of an epoch is a part of,
// and the one after its last.
func (f *fitter) update(batch int) (first, end int) {
	first = batch - batch%f.config.Accumulate
	return first, min(first+f.config.Accumulate, f.batches)
}

// stepAt is the step to be done when so many more are done than f.at says.
func (f *fitter) stepAt(ahead int) step.At {
	size := min(f.config.BatchSize, f.set.Len())
	batch := f.at.Batch + ahead
	first, end := f.update(batch)
	update := uint64(f.at.Epoch*f.length.StepsPerEpoch + batch/f.config.Accumulate)
	rate := f.config.Schedule.Rate(float64(f.config.LearningRate), update, f.length) * f.scale
	phase := 0
	for phase+1 < len(f.phases) && f.phases[phase+1] <= f.at.Epoch {
		phase++
	}
	return step.At{
		Step: uint64(f.at.Step + ahead), Update: update, Phase: phase, Rate: float32(rate),
		First: batch == first, Last: batch+1 == end, Images: min(end*size, f.set.Len()) - first*size,
	}
}

// mixed mixes the images of a batch, or of this rank's part of it, if that is to be done, and
// returns it with its targets. It is valid until the next call.
func (f *fitter) mixed(b *data.Batch, epoch int) *data.Batch {
	if f.config.Mix == nil || b.Len() == 0 {
		return b
	}
	all := b
	if b.Led != nil { // each image is mixed with the one before it
		all = b.Led
	}
	classes := f.training.Objective.Classes
	at := slices.IndexFunc(f.targets, func(t *tensor.Tensor) bool { return t.HasShape(tensor.Shape{all.Len(), classes}) })
	if at < 0 {
		at = len(f.targets)
		f.targets = append(f.targets, tensor.New(all.Len(), classes))
	}
	q := f.targets[at]
	clear(q.Data())
	for i, label := range all.Labels.Data() {
		q.Data()[i*classes+int(label)] = 1
	}
	f.config.Mix.Mix(rng.New(f.config.Seed, "mix", uint64(epoch), uint64(b.Index)), all, q)
	f.mix = *b
	f.mix.Targets = q
	if b.Led != nil {
		f.mix.Targets = tensor.Must(tensor.FromSlice(q.Data()[classes:], b.Len(), classes))
	}
	return &f.mix
}
