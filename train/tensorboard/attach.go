package tensorboard

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
)

// Options are the choices of Attach. The zero value is a good default.
type Options struct {
	// Dir is the folder of the event files; "" means the run folder.
	Dir string
	// Every is how many steps lie between two points of train/batch_loss and
	// learning_rate; 0 means that an epoch has up to 100.
	Every int
}

// Attach adds to the callbacks of a Config so that Fit writes an event file:
//
//	train/loss, train/accuracy     means over an epoch
//	test/loss, test/accuracy       after the epoch, if there is a test set
//	images_per_second              of the training steps of the epoch
//	train/batch_loss               of single batches
//	learning_rate                  of single steps
//	settings                       a text, at the start
//
// The step of each is the number of training steps done. Callbacks that are there
// already are called, too, after those of Attach. The caller calls stop when Fit has
// returned. An error in writing the file ends the training at the end of the epoch;
// so does the lack of a folder.
//
// A run that is resumed goes on in a new file. If the run had none so far, the file
// begins with the epochs that are done.
func Attach(config *train.Config, o Options) (stop func() error) {
	r := &recorder{dir: o.Dir, every: o.Every, settings: describe(config)}
	if r.dir == "" {
		r.dir = config.Dir
	}
	before := config.Callbacks
	c := &config.Callbacks
	c.OnStart = func(s train.StartInfo) {
		r.start(s)
		if before.OnStart != nil {
			before.OnStart(s)
		}
	}
	c.OnStep = func(s train.StepInfo) {
		r.step(s)
		if before.OnStep != nil {
			before.OnStep(s)
		}
	}
	c.OnHistory = func(h *train.History, last bool) error {
		if err := r.history(h); err != nil {
			return err
		}
		if before.OnHistory != nil {
			return before.OnHistory(h, last)
		}
		return nil
	}
	return r.close
}

// flushEvery is how long events wait for the end of the epoch.
const flushEvery = 2 * time.Second

// A recorder writes what happens in a training.
type recorder struct {
	dir      string
	settings string
	every    int
	batches  int
	rows     int // written
	out      *Writer
	flushed  time.Time
	err      error // until OnHistory can tell it
}

func (r *recorder) keep(err error) {
	if err != nil && r.err == nil {
		r.err = err
	}
}

func (r *recorder) start(s train.StartInfo) {
	if r.dir == "" {
		r.err = fmt.Errorf("event files need a folder: the training has none")
		return
	}
	last, err := lastFile(r.dir)
	r.keep(err)
	if err != nil {
		return
	}
	if r.out, err = Create(r.dir); err != nil {
		r.keep(err)
		return
	}
	r.batches = s.Batches
	if r.every == 0 {
		r.every = max(1, s.Batches/100)
	}
	if last > 0 { // goes on, after the step that the checkpoint has
		r.rows = len(s.Done)
		r.keep(r.out.Restart(s.Step + 1))
	} else {
		r.keep(r.out.Text("settings", 0, r.settings))
		for _, row := range s.Done {
			r.row(row)
		}
	}
	r.keep(r.out.Flush())
	r.flushed = time.Now()
}

func (r *recorder) step(s train.StepInfo) {
	if r.out == nil || s.Batch%r.every != 0 && s.Batch != s.Batches {
		return
	}
	r.scalar("train/batch_loss", s.Step, s.BatchLoss)
	r.scalar("learning_rate", s.Step, float64(s.LearningRate))
	if time.Since(r.flushed) > flushEvery {
		r.keep(r.out.Flush())
		r.flushed = time.Now()
	}
}

// scalar writes a number; one that means nothing is NaN, and left out.
func (r *recorder) scalar(tag string, step int, v float64) {
	if !math.IsNaN(v) {
		r.keep(r.out.Scalar(tag, step, v))
	}
}

func (r *recorder) row(row train.Row) {
	step := row.Epoch * r.batches
	r.scalar("train/loss", step, row.TrainLoss)
	r.scalar("train/accuracy", step, row.TrainAccuracy)
	r.scalar("test/loss", step, row.TestLoss)
	r.scalar("test/accuracy", step, row.TestAccuracy)
	r.scalar("images_per_second", step, row.ImagesPerSecond)
	r.rows++
}

// history writes the rows that are new. It is also called when a run is
// interrupted, or resumed with nothing to do.
func (r *recorder) history(h *train.History) error {
	if r.out != nil {
		for r.rows < len(h.Rows) {
			r.row(h.Rows[r.rows])
		}
		r.keep(r.out.Flush())
	}
	return r.err
}

// close is called after Fit; errors in writing have ended it.
func (r *recorder) close() error {
	if r.out == nil {
		return nil
	}
	return r.out.Close()
}

// describe is a table in Markdown of what a training is set to.
func describe(c *train.Config) string {
	var b strings.Builder
	b.WriteString("| setting | value |\n|---|---|\n")
	add := func(what, value string) {
		if value != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", what, strings.ReplaceAll(printable.Line(value), "|", `\|`))
		}
	}
	add("network", c.Net)
	add("data", c.Data)
	add("epochs", fmt.Sprint(c.Epochs))
	add("batch size", fmt.Sprint(c.BatchSize))
	add("learning rate", fmt.Sprint(c.LearningRate))
	if c.Optimizer != nil {
		add("optimizer", c.Optimizer.String())
	}
	add("augmentation", c.Augment.String())
	add("seed", fmt.Sprint(c.Seed))
	return b.String()
}
