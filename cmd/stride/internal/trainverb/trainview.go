package trainverb

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/diagnose"
)

// A trainView shows how training gets on.
type trainView struct {
	*command.App
	json, verbose   bool
	noReLUs         bool                     // that could be dead
	photos          func() imagefolder.Stats // nil if the images are no photos
	read            imagefolder.Stats        // at the end of the last epoch
	now             func() time.Time
	dir             string
	title, settings string
	notes           []string  // to begin with
	tested          string    // what the images of the test set are called
	began           time.Time // of this part of the run
	first           time.Duration
	before, steps   int       // steps done before this part, steps in all
	measured        time.Time // end of the first step; zero once the time of all is told
	row             train.StepInfo
	dead            func() ([]diagnose.DeadShare, error)
	result          *train.Evaluation // of the best epoch, or the last if none was best
	testedEpoch     int
	best            bool
	err             error // of writing to stdout
}

func (v *trainView) callbacks() train.Callbacks {
	return train.Callbacks{OnStart: v.start, OnStep: v.step, OnTest: v.test, OnEpoch: v.epoch}
}

// log is for Fit's lines; those about epochs are in epoch.
func (v *trainView) log(line string) {
	if !strings.HasPrefix(line, "epoch ") {
		v.Notice(line)
	}
}

func (v *trainView) start(s train.StartInfo) {
	v.began, v.before, v.steps = v.now(), s.Step, s.Epochs*s.Batches
	for _, line := range v.notes {
		v.Notice(line)
	}
	if v.json {
		return
	}
	v.print("%s\n%s of %s, %s\n", printable.Line(v.title), terminal.Plural(s.Epochs, "epoch"), terminal.Plural(s.Batches, "step"), printable.Line(v.settings))
	for _, row := range s.Done {
		v.printRow(row, s.Epochs)
	}
}

func (v *trainView) print(format string, args ...any) {
	v.Live.Clear()
	if _, err := fmt.Fprintf(v.Stdout, format, args...); err != nil && v.err == nil {
		v.err = err
	}
}

func (v *trainView) step(s train.StepInfo) {
	if v.first == 0 {
		v.first = time.Since(command.Started)
	}
	v.row = s
	if s.Step == v.before+1 {
		v.measured = v.now()
	} else if !v.measured.IsZero() {
		v.estimate(s)
	}
	v.Live.Draw(func() terminal.Progress {
		left := time.Duration(float64(v.now().Sub(v.began)) / float64(s.Step-v.before) * float64(v.steps-s.Step))
		return terminal.Progress{Head: v.head(), Share: float64(s.Batch) / float64(s.Batches), Fields: []string{
			fmt.Sprintf("loss %.3f", s.Loss), fmt.Sprintf("accuracy %.3f", s.Accuracy),
			terminal.Clock(left) + " left", terminal.Thousands(int(s.ImagesPerSecond)) + " images/s",
		}}
	})
}

// estimate says once how long a long training will take, when some steps after the
// first one, which is slower, have taken long enough to tell.
func (v *trainView) estimate(s train.StepInfo) {
	const (
		enough = time.Second
		long   = 2 * time.Minute
	)
	steps, passed := s.Step-v.before-1, v.now().Sub(v.measured)
	if passed < enough {
		return
	}
	v.measured = time.Time{}
	step := passed / time.Duration(steps)
	if left := step * time.Duration(v.steps-s.Step); left >= long {
		v.Notice(fmt.Sprintf("This will take about %s: %s steps of %.2f s, and the tests. Ctrl-C saves and stops.",
			terminal.Clock(left), terminal.Thousands(v.steps-s.Step), step.Seconds()))
	}
}

func (v *trainView) head() string {
	return fmt.Sprintf("epoch %*d/%d", len(strconv.Itoa(v.row.Epochs)), v.row.Epoch, v.row.Epochs)
}

func (v *trainView) test(done, total int) {
	v.Live.Draw(func() terminal.Progress {
		return terminal.Progress{Head: v.head() + " testing", Share: float64(done) / float64(total),
			Fields: []string{fmt.Sprintf("loss %.3f", v.row.Loss), fmt.Sprintf("accuracy %.3f", v.row.Accuracy)}}
	})
}

func (v *trainView) epoch(e train.EpochInfo) {
	if e.Best || !v.best {
		v.best, v.result, v.testedEpoch = e.Best, e.Test, e.Epoch
	}
	if v.json {
		v.Live.Clear()
		if err := terminal.WriteJSON(v.Stdout, newEpochReport(v.dir, e)); err != nil && v.err == nil {
			v.err = err
		}
	} else {
		v.printRow(e.Row, e.Epochs)
	}
	if v.verbose {
		v.waiting(e)
	}
	if v.verbose && !v.noReLUs {
		v.deadReLUs()
	}
	if v.photos != nil { // without those that were read just now
		v.read = v.photos()
	}
}

// epochReport is an epoch as JSON.
type epochReport struct {
	Run             string   `json:"run"`
	Epoch           int      `json:"epoch"`
	TrainLoss       float64  `json:"train_loss"`
	TrainAccuracy   float64  `json:"train_accuracy"`
	TestAccuracy    *float64 `json:"test_accuracy"`
	ImagesPerSecond float64  `json:"images_per_second"`
	Seconds         float64  `json:"seconds"`
	Waiting         float64  `json:"waiting"` // share of the training time
}

func newEpochReport(dir string, e train.EpochInfo) epochReport {
	return epochReport{dir, e.Epoch, e.TrainLoss, e.TrainAccuracy, terminal.Finite(e.TestAccuracy), e.ImagesPerSecond, e.Seconds, e.Waiting}
}

// waiting tells how long training waited for images, and where photos came from.
func (v *trainView) waiting(e train.EpochInfo) {
	line := fmt.Sprintf("  waiting for images: %.1f %% of the training time", 100*e.Waiting)
	if v.photos != nil {
		now := v.photos()
		line += fmt.Sprintf("; %s decoded, %s from the cache", terminal.Plural(now.Decoded-v.read.Decoded, "photo"), terminal.Thousands(now.Cached-v.read.Cached))
	}
	v.Notice(line)
}

// deadReLUs tells which share of the network's ReLUs does nothing, in all and layer
// by layer, for the layers that have any.
func (v *trainView) deadReLUs() {
	shares, err := v.dead()
	switch {
	case err != nil:
		v.Notice(fmt.Sprintf("dead ReLUs could not be counted: %v", command.OneLine(err)))
		return
	case len(shares) == 0:
		v.Notice("  the network has no ReLUs that could be dead")
		v.noReLUs = true
		return
	}
	dead, units, t := 0, 0, terminal.NewTable(0, 2)
	for _, s := range shares {
		dead, units = dead+s.Dead, units+s.Units
		if s.Dead > 0 {
			t.Add("    "+printable.Line(s.Name()), fmt.Sprintf("%.1f %%", 100*s.Share()), fmt.Sprintf("%d of %d", s.Dead, s.Units))
		}
	}
	v.Notice(fmt.Sprintf("  dead ReLUs: %.1f %% of %s units", 100*float64(dead)/float64(units), terminal.Thousands(units)))
	_ = t.Write(v.Stderr) // as notice: only results must arrive
}

func (v *trainView) printRow(r train.Row, epochs int) {
	tested := ""
	if !math.IsNaN(r.TestAccuracy) {
		tested = fmt.Sprintf("  %s accuracy %.3f", v.tested, r.TestAccuracy)
	}
	v.print("epoch %*d/%d  loss %.3f  train accuracy %.3f%s  %s images/s  %.1f s\n",
		len(strconv.Itoa(epochs)), r.Epoch, epochs, r.TrainLoss, r.TrainAccuracy, tested, terminal.Thousands(int(r.ImagesPerSecond)), r.Seconds)
}

// finish says how it went and what can be done with the run.
func (v *trainView) finish(h *train.History, dir string) error {
	if v.json {
		return v.err
	}
	last, dir := h.Last(), terminal.ShellWord(dir)
	if v.first > 0 {
		v.print("done in %.1f s, the first step after %.2f s\n", time.Since(command.Started).Seconds(), v.first.Seconds())
	}
	if h.BestEpoch > 0 {
		last = h.Rows[h.BestEpoch-1]
		if h.StoppedEarly {
			v.print("stopped early: no better epoch than %d\n", h.BestEpoch)
		}
		v.print("the best epoch is %d: ", h.BestEpoch)
	}
	v.print("loss %.3f, train accuracy %.3f", last.TrainLoss, last.TrainAccuracy)
	if !math.IsNaN(last.TestAccuracy) {
		v.print(", %s accuracy %.3f", v.tested, last.TestAccuracy)
	}
	v.print("\n\nThe run is in %s: curves.png, metrics.csv, model.safetensors, and model/ to pass on. Next:\n", dir)
	v.print("  %s eval %s\n  %s predict %s picture.png\n", terminal.Program(), dir, terminal.Program(), dir)
	return v.err
}
