package observe

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train"
)

// Options are the choices of Attach. The zero value is a good default.
type Options struct {
	// Picture returns image i of the test set as a picture; nil means data.Picture. It is called
	// from another goroutine than Fit's.
	Picture func(item int) (image.Image, error)
	// Name returns the name of image i of the test set, such as the path of its file; nil
	// stands for none.
	Name func(item int) string
	// Share is the greatest share of the time of the training that observation may take, but
	// for the probes of the first and the last epoch; 0 means 0.02.
	Share float64
}

// A Recorder observes a training and writes what it sees into the run folder. Its methods
// are safe for concurrent use.
type Recorder struct {
	options Options
	config  train.Config // as it was before Attach
	dir     string
	testSet data.Dataset
	prober  *prober

	// Of Fit's goroutine.
	began     time.Time
	before    int // steps done before this part of the run
	last      bool
	collector *metrics.Collector
	chosen    []int
	seen      map[int]Prediction // of the chosen images, in the test under way
	labels    map[int]int
	probed    time.Duration // what the last probe took

	size, images int // of a batch and of an epoch
	seenImages   int // of the epoch under way, and how many of them were right
	seenRight    float64

	spent atomic.Int64 // nanoseconds
	told  sync.Once    // of an error
	ended sync.Once
	files *writer

	mu       sync.Mutex
	steps    Steps
	rows     []train.Row
	now      Progress
	version  int           // counts changes
	changed  chan struct{} // closed at the next change; nil while nobody waits
	finished bool
}

// Attach adds to the callbacks of a Config so that Fit leaves observations in its run folder,
// which there must be. model, trainSet and testSet, which may be nil, are those given to Fit.
// Callbacks that are there already are called, too. The caller calls Close when Fit has
// returned. What goes wrong in observing, such as a full disk, is told once to config.Log, and
// ends no training.
func Attach(config *train.Config, model *nn.Model, trainSet, testSet data.Dataset, o Options) (*Recorder, error) {
	if config.Dir == "" {
		return nil, errors.New("observations need a folder: the training has none")
	}
	if o.Share == 0 {
		o.Share = 0.02
	}
	if o.Picture == nil {
		o.Picture = func(item int) (image.Image, error) {
			picture, _, err := data.Picture(testSet, item)
			return picture, err
		}
	}
	r := &Recorder{
		options: o, config: *config, dir: config.Dir, testSet: testSet, size: config.BatchSize, images: trainSet.Len(),
		prober: &prober{config: *config, model: model, trainSet: trainSet, testSet: testSet},
	}
	if testSet != nil {
		r.chosen = choose(testSet, chosenKept)
	}
	c, before := &config.Callbacks, config.Callbacks
	c.OnStart = func(s train.StartInfo) {
		r.start(s)
		call(before.OnStart, s)
	}
	c.OnStep = func(s train.StepInfo) {
		r.step(s)
		call(before.OnStep, s)
	}
	c.OnTest = func(done, total int) {
		r.test(done, total)
		if before.OnTest != nil {
			before.OnTest(done, total)
		}
	}
	c.OnScores = func(item int, logits []float32, label int) {
		r.scores(item, logits, label)
		if before.OnScores != nil {
			before.OnScores(item, logits, label)
		}
	}
	c.OnHistory = func(h *train.History, last bool) error {
		r.last = last
		if before.OnHistory != nil {
			return before.OnHistory(h, last)
		}
		return nil
	}
	c.OnEpoch = func(e train.EpochInfo) {
		r.epoch(e)
		call(before.OnEpoch, e)
	}
	return r, nil
}

func call[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

// choose returns the indices of n images of a set: of different classes as far as possible
// where the labels can be seen without reading the images, else evenly spread.
func choose(set data.Dataset, n int) (items []int) {
	n = min(n, set.Len())
	labelled, ok := set.(interface{ Label(i int) int })
	if !ok {
		for i := range n {
			items = append(items, i*set.Len()/n)
		}
		return items
	}
	byClass := map[int][]int{}
	var order []int // of the classes
	for i := range set.Len() {
		class := labelled.Label(i)
		if len(byClass[class]) == 0 {
			order = append(order, class)
		}
		if len(byClass[class]) < n {
			byClass[class] = append(byClass[class], i)
		}
	}
	for round := 0; len(items) < n; round++ {
		for k := 0; k < len(order) && len(items) < n; k++ {
			if of := byClass[order[k]]; round < len(of) {
				items = append(items, of[round])
			}
		}
	}
	return items
}

// start is called before the first step.
func (r *Recorder) start(s train.StartInfo) {
	r.began, r.before = time.Now(), s.Step
	steps, err := ReadSteps(r.dir)
	if err != nil || steps.Batches != s.Batches {
		steps = &Steps{Every: 1, Batches: s.Batches}
	}
	steps.goOn(s.Step)
	steps.Started, steps.Now = r.began.UnixNano(), nil
	r.mu.Lock()
	r.steps = *steps
	r.rows = append(r.rows, s.Done...)
	r.now = Progress{Epoch: len(s.Done) + 1, Epochs: s.Epochs, Batches: s.Batches, Step: s.Step, Left: nan, Loss: nan, Accuracy: nan, Rate: nan, Speed: nan}
	r.change()
	r.mu.Unlock()
	r.files = newWriter(r, len(s.Done))
}

// change tells those who wait; r.mu is held.
func (r *Recorder) change() {
	r.version++
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// step is called after each step.
func (r *Recorder) step(s train.StepInfo) {
	took := time.Since(r.began).Seconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	images := min(s.Batch*r.size, r.images) // of the epoch so far
	right := s.Accuracy * float64(images)
	if s.Batch == 1 || s.Step == r.before+1 {
		r.seenImages, r.seenRight = 0, 0
	}
	r.steps.add(s, images-r.seenImages, right-r.seenRight) // of a run that was resumed within the epoch, the first one is of all steps before, too
	r.seenImages, r.seenRight = images, right
	all := s.Epochs * s.Batches
	r.now = Progress{
		Epoch: s.Epoch, Epochs: s.Epochs, Batch: s.Batch, Batches: s.Batches, Step: s.Step,
		Loss: Number(s.Loss), Accuracy: Number(s.Accuracy), Rate: Number(s.LearningRate), Speed: Number(s.ImagesPerSecond),
		Left: Number(took / float64(s.Step-r.before) * float64(all-s.Step)),
	}
	r.change()
}

// test is called after each batch of the test.
func (r *Recorder) test(done, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Tested, r.now.Tests = done, total
	r.change()
}

// scores is called in the test for each image.
func (r *Recorder) scores(item int, logits []float32, label int) {
	if r.collector == nil {
		var err error
		// No rankings, which would need all scores.
		if r.collector, err = metrics.NewCollector(r.testSet.Classes(), metrics.CollectorConfig{TopK: []int{1}, Worst: worstKept, MaxScores: 1}); err != nil {
			r.tell(err)
			return
		}
		r.seen, r.labels = map[int]Prediction{}, map[int]int{}
	}
	if err := r.collector.AddLogits(item, logits, label); err != nil {
		r.tell(err)
	}
	if slices.Contains(r.chosen, item) {
		r.seen[item], r.labels[item] = predict(item, logits), label
	}
}

// epoch is called after each epoch.
func (r *Recorder) epoch(e train.EpochInfo) {
	r.mu.Lock()
	r.rows = append(r.rows, e.Row)
	r.now.Tested, r.now.Tests = 0, 0
	r.change()
	r.mu.Unlock()
	began := time.Now()
	defer func() { r.spent.Add(int64(time.Since(began))) }()
	seen := &Epoch{Epoch: e.Epoch}
	if r.collector != nil {
		s := r.collector.Summary()
		seen.Confusion = newConfusion(s.Confusion)
		for _, w := range s.Worst {
			seen.Worst = append(seen.Worst, Mistake{
				Item: w.Item, Name: r.name(w.Item), Label: w.Label, Predicted: w.Predicted,
				Probability: Number(w.Probability), LabelProbability: Number(w.LabelProbability), Loss: Number(w.Loss),
			})
		}
		var images []Image
		for _, item := range r.chosen {
			if p, ok := r.seen[item]; ok {
				seen.Chosen = append(seen.Chosen, p)
				images = append(images, Image{Item: item, Name: r.name(item), Label: r.labels[item]})
			}
		}
		r.collector = nil
		r.files.epoch(seen, images, r.last)
	}
	elapsed := time.Since(r.began)
	if first := r.probed == 0; first || r.last || float64(time.Duration(r.spent.Load())+r.probed) <= r.options.Share*float64(elapsed) {
		from := time.Now()
		probe, err := r.prober.probe(e.Epoch)
		if err != nil {
			r.tell(err)
		}
		if probe != nil {
			r.files.probe(probe, r.last)
		}
		r.probed = max(time.Since(from), 1)
	}
	if r.last {
		r.prober.close()
	}
}

func (r *Recorder) name(item int) string {
	if r.options.Name == nil {
		return ""
	}
	return printable.Line(r.options.Name(item))
}

// tell tells of an error, once.
func (r *Recorder) tell(err error) {
	r.told.Do(func() {
		if r.config.Log != nil {
			r.config.Log(fmt.Sprintf("observing the training: %v", err))
		}
	})
}

// Close writes what is not written yet. It is called when Fit has returned.
func (r *Recorder) Close() error {
	r.ended.Do(func() {
		r.prober.close()
		if r.files != nil { // otherwise there was nothing to do
			r.files.close()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.finished = true
		r.change()
	})
	return nil
}

// A State is what a Recorder knows at a moment.
type State struct {
	// Version counts changes.
	Version int
	// Rows are those of the epochs that are done.
	Rows []train.Row
	// Steps are the points so far. They may be read and not changed; the points of an older State
	// stay as they are.
	Steps Steps
	// Now is where training stands.
	Now Progress
	// Finished says that the Recorder is closed, and all is written.
	Finished bool
}

// State returns the state once its Version is not the given one, or the context has ended. Nothing of
// a training waits for those who call it.
func (r *Recorder) State(ctx context.Context, version int) State {
	for {
		r.mu.Lock()
		if r.version != version || ctx.Err() != nil {
			defer r.mu.Unlock()
			s := State{Version: r.version, Rows: r.rows[:len(r.rows):len(r.rows)], Steps: r.steps, Now: r.now, Finished: r.finished}
			s.Steps.Points = r.steps.clone()
			return s
		}
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Dir returns the run folder.
func (r *Recorder) Dir() string { return r.dir }
