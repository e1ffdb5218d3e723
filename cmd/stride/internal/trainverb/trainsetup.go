package trainverb

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/curves"
	"github.com/strideml/stride/train/diagnose"
	"github.com/strideml/stride/train/tensorboard"
)

// begin looks at what was asked for.
func (t *trainVerb) begin(args []string) (page pageListener, err error) {
	if err = t.choose(args); err == nil {
		err = t.checkFlags()
	}
	if err == nil && t.cluster.Root() {
		page, err = t.listen()
	}
	return page, err
}

// A setUp is all that a training needs, and what is to be closed after it.
type setUp struct {
	ctx     context.Context
	config  train.Config
	show    *trainView
	ui      *trainUI
	unsaved *error // of what is saved at the start
	closers []func()
}

// close closes what was opened, the last first.
func (s *setUp) close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
}

// setUp makes the run folder, the device and the configuration.
func (t *trainVerb) setUp(ctx context.Context, s *setUp, page pageListener, job *trainJob) (err error) {
	root := t.cluster.Root()
	if t.out == "" && root {
		if t.out, err = makeRunFolder(t.runName(), time.Now()); err != nil {
			return err
		}
		s.closers = append(s.closers, func() { _ = os.Remove(t.out) }) // if it is still empty
	}
	var tuning *runTuning
	if t.compute.Tune {
		if tuning, err = openTuning(t.out, t.resume); err != nil {
			return err
		}
		t.compute.Tuning = tuning.Tuning
	}
	t.compute.Threads = t.cluster.Threads(t.compute.Threads)
	if group := t.cluster.Group(); group != nil && !t.dist.Exact() {
		t.compute.Reducer = group // while it computes
	}
	device, release, err := t.compute.Open(ctx)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, release)
	show := &trainView{App: t.App, now: time.Now, json: t.json, verbose: t.verbose, dir: t.out, tested: job.tested, notes: job.notes, title: job.describe()}
	show.dead = func() ([]diagnose.DeadShare, error) { return deadReLUs(job.model, device, job.train) }
	if job.test != nil {
		show.dead = func() ([]diagnose.DeadShare, error) { return deadReLUs(job.model, device, job.test) }
	}
	if job.photos != nil {
		show.photos = job.read
	}
	config := job.config
	config.Device, config.Workers, config.MemoryBudget = device, t.workers, t.budget
	config.Dir, config.Resume, config.Options = t.out, t.resume, t.options(job)
	config.Dist = t.dist.Dist(t.cluster, dist.Field{Name: "what there is to train on", Value: cmp.Or(job.pictures, "no photos")})
	config.Callbacks, config.Log = show.callbacks(), show.log
	config.Callbacks.OnHistory = curves.Files(config)
	show.settings = fmt.Sprintf("batch %d, learning rate %v, %v, seed %d, %s (%s)", min(config.BatchSize, job.train.Len()), config.LearningRate, config.Optimizer, t.seed, device.Name(), device.Description())
	if who := t.cluster.Describe(); who != "" {
		show.settings += ", " + who
	}
	if t.tensorboard && root {
		stop := tensorboard.Attach(&config, tensorboard.Options{})
		s.closers = append(s.closers, func() { _ = stop() }) // errors have ended the training
	}
	s.config, s.show = config, show
	if s.ctx, s.ui, err = t.startUI(ctx, page, &s.config, job); err != nil {
		return err
	}
	s.closers = append(s.closers, s.ui.close)
	var cancel context.CancelFunc
	s.ctx, s.unsaved, cancel = t.saveAtStart(s.ctx, &s.config, job, tuning)
	s.closers = append(s.closers, cancel)
	return nil
}

// saveAtStart adds to the callbacks of a training what is written into its folder once
// that is taken: the algorithms that --tune has chosen so far, and the ONNX file that
// the network comes from. An error ends the context, and is where unsaved points.
func (t *trainVerb) saveAtStart(ctx context.Context, config *train.Config, job *trainJob, tuning *runTuning) (_ context.Context, unsaved *error, cancel context.CancelFunc) {
	ctx, cancel = context.WithCancel(ctx)
	unsaved = new(error)
	start := config.Callbacks.OnStart
	config.Callbacks.OnStart = func(s train.StartInfo) {
		start(s)
		if tuning != nil {
			if err := tuning.save(); err != nil {
				*unsaved = fmt.Errorf("keep the algorithms of the run: %w", err)
			}
		}
		if job.base != nil && !t.resume && *unsaved == nil {
			if err := job.base.SaveNetwork(t.out); err != nil {
				*unsaved = fmt.Errorf("keep the network of the run: %w", err)
			}
		}
		if *unsaved != nil {
			cancel()
		}
	}
	return ctx, unsaved, cancel
}
