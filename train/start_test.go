package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

// async is a device that works on its own, with the bits of device.
func async() *traintest.Async {
	return &traintest.Async{Device: device, Delay: 100 * time.Microsecond}
}

// inOrder is the number of steps at the beginning of a run that are waited for one by
// one, so that a divergence can be explained.
const inOrder = 20

// long is a run of 4 epochs of 13 steps, the last of each with 4 images, with everything.
func long(ctx context.Context, t *testing.T, config train.Config) (*train.History, error) {
	t.Helper()
	return train.Fit(ctx, tiny(t, 3), bars(100), bars(20), config)
}

// told is what callbacks are told, without times.
type told struct {
	steps  []train.StepInfo
	epochs []train.EpochInfo
	tested []int
	scores []float32
}

func (l *told) listen(c *train.Callbacks) {
	c.OnStep = func(s train.StepInfo) {
		s.ImagesPerSecond = 0
		l.steps = append(l.steps, s)
	}
	c.OnTest = func(done, total int) { l.tested = append(l.tested, done, total) }
	c.OnScores = func(item int, logits []float32, label int) {
		l.scores = append(append(l.scores, float32(item), float32(label)), logits...)
	}
	c.OnEpoch = func(e train.EpochInfo) {
		e.Seconds, e.Row.ImagesPerSecond, e.Waiting, e.Checkpoint = 0, 0, 0, filepath.Base(e.Checkpoint)
		e.Test = &train.Evaluation{Images: e.Test.Images, Loss: e.Test.Loss, Accuracy: e.Test.Accuracy, Confusion: e.Test.Confusion}
		l.epochs = append(l.epochs, e)
	}
}

// A run on a device that works on its own tells the same and writes the same files.
func TestStarterChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var want, got told
	config := everything(filepath.Join(dir, "waited"))
	want.listen(&config.Callbacks)
	history, err := long(t.Context(), t, config)
	if err != nil {
		t.Fatal(err)
	}
	d := async()
	config = everything(filepath.Join(dir, "started"))
	config.Device = d
	got.listen(&config.Callbacks)
	ahead := []int{}
	call := config.Callbacks.OnStep
	config.Callbacks.OnStep = func(s train.StepInfo) {
		call(s)
		if s.Step > inOrder {
			ahead = append(ahead, d.Started()-s.Step-3*(s.Epoch-1)) // a test has 3 batches
		}
	}
	again, err := long(t.Context(), t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, config.Dir, filepath.Join(dir, "waited"))
	sameRows(t, again, history, config.Dir)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told %+v\nwant %+v", got, want)
	}
	for i, n := range ahead { // the device has its next step, but at the end of an epoch
		if step := inOrder + 1 + i; n != 1 && step%13 != 0 || n != 0 && step%13 == 0 {
			t.Errorf("when step %d was told, %d more were started", step, n)
		}
	}
	if len(ahead) != 52-inOrder {
		t.Errorf("%d steps were told", inOrder+len(ahead))
	}
	if now, most := d.UnderWay(); now != 0 || most > 2 {
		t.Errorf("%d runs under way after Fit, at most %d at once", now, most)
	}
}

// A run that is stopped anywhere goes on with the same bits.
func TestStarterResumes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := settings(filepath.Join(dir, "whole"))
	history, err := long(t.Context(), t, config)
	if err != nil {
		t.Fatal(err)
	}
	config = settings(filepath.Join(dir, "run"))
	d := async()
	config.Device = d
	for _, stop := range []int{23, 30, 47, 51} {
		ctx, cancel := context.WithCancel(t.Context())
		last := 0
		config.Callbacks.OnStep = func(s train.StepInfo) {
			if last = s.Step; s.Step == stop {
				cancel()
			}
		}
		_, err := long(ctx, t, config)
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		run, err := runfolder.Peek(config.Dir)
		if err != nil {
			t.Fatal(err)
		}
		// A run begins with steps that are not ahead.
		if want := min(last, stop+1); run.History.Steps != last || last != want || last < stop {
			t.Errorf("stopped after step %d, the last one told is %d, saved after %d", stop, last, run.History.Steps)
		}
		if now, _ := d.UnderWay(); now != 0 {
			t.Errorf("%d runs under way after Fit", now)
		}
		config.Resume = true
	}
	config.Callbacks = train.Callbacks{}
	got, err := long(t.Context(), t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, config.Dir, filepath.Join(dir, "whole"))
	sameRows(t, got, history, config.Dir)
}

// Checkpoints between epochs hold the steps that are done, and change nothing.
func TestStarterSavesBetween(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := settings(filepath.Join(dir, "whole"))
	history, err := long(t.Context(), t, config)
	if err != nil {
		t.Fatal(err)
	}
	config = settings(filepath.Join(dir, "run"))
	config.Device = async()
	save := make(chan func(string, error), 1)
	config.Save = save
	last, saved := 0, 0
	config.Callbacks.OnStep = func(s train.StepInfo) {
		last = s.Step
		if s.Step%5 != 0 {
			return
		}
		save <- func(_ string, err error) {
			run, failed := runfolder.Peek(config.Dir)
			if err := errors.Join(err, failed); err != nil {
				t.Error(err)
				return
			}
			if run.History.Steps != last {
				t.Errorf("saved after step %d, want %d", run.History.Steps, last)
			}
			if saved++; last == 31 {
				copyDir(t, filepath.Join(dir, "left"), config.Dir)
			}
		}
	}
	got, err := long(t.Context(), t, config)
	if err != nil || saved != 10 {
		t.Fatalf("saved %d times; %v", saved, err)
	}
	sameFiles(t, config.Dir, filepath.Join(dir, "whole"))
	sameRows(t, got, history, config.Dir)
	config = settings(filepath.Join(dir, "left"))
	config.Device, config.Resume = async(), true
	if _, err := long(t.Context(), t, config); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, config.Dir, filepath.Join(dir, "whole"))
}

// A run that fails ends the training with its error, after the steps before it were told, and
// leaves nothing under way.
func TestStarterFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the device is gone")
	at := func(run int) func(int) error {
		return func(n int) error {
			if n == run {
				return broken
			}
			return nil
		}
	}
	// An epoch has 13 steps and a test of 3 batches.
	for name, c := range map[string]struct {
		device *traintest.Async
		steps  int
	}{
		"wait":               {&traintest.Async{RunError: at(40)}, 34},
		"start":              {&traintest.Async{StartError: at(40)}, 34},
		"wait, in order":     {&traintest.Async{RunError: at(5)}, 5},
		"start, in order":    {&traintest.Async{StartError: at(5)}, 5},
		"wait, in the test":  {&traintest.Async{RunError: at(14)}, 13},
		"start, in the test": {&traintest.Async{StartError: at(14)}, 13},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := settings(filepath.Join(t.TempDir(), "run"))
			config.Device = c.device
			c.device.Device = device
			steps := 0
			config.Callbacks.OnStep = func(s train.StepInfo) {
				if steps++; s.Step != steps {
					t.Errorf("step %d is told after %d others", s.Step, steps-1)
				}
			}
			if _, err := long(t.Context(), t, config); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			if steps != c.steps {
				t.Errorf("%d steps were told, want %d", steps, c.steps)
			}
			if now, _ := c.device.UnderWay(); now != 0 {
				t.Errorf("%d runs under way after Fit", now)
			}
		})
	}
}

// A loss that is not finite is found although the next step has begun, and nothing of it
// is saved.
func TestStarterDiverges(t *testing.T) {
	t.Parallel()
	for bad, want := range map[uint64]string{
		5:  "epoch 1 at step 7: ",
		30: "epoch 3 at step 32: the loss is NaN (",
		38: "epoch 3 at step 39: ", // the last step of the epoch: its weights are seen
	} {
		config := settings(filepath.Join(t.TempDir(), "run"))
		d := async()
		config.Device = d
		config.Schedule = optim.ScheduleFunc(func(step uint64) float32 {
			if step == bad {
				return float32(math.Inf(1))
			}
			return .02
		})
		kept, last := map[string]string{}, 0
		config.Callbacks.OnStep = func(s train.StepInfo) { last = s.Step }
		config.Callbacks.OnEpoch = func(train.EpochInfo) { kept = files(t, config.Dir) }
		_, err := long(t.Context(), t, config)
		if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if last != int(bad)+1 {
			t.Errorf("step %d had a rate of +Inf, the last one told is %d", bad+1, last)
		}
		for name, hash := range files(t, config.Dir) {
			if strings.HasSuffix(name, ".safetensors") && kept[name] != hash {
				t.Errorf("step %d: %s was written", bad+1, name)
			}
		}
		if now, _ := d.UnderWay(); now != 0 {
			t.Errorf("%d runs under way after Fit", now)
		}
		if bad != 5 {
			continue
		}
		// The first steps are explained, as on other devices.
		config.Device, config.Dir = device, filepath.Join(t.TempDir(), "run")
		if _, other := long(t.Context(), t, config); other == nil || other.Error() != err.Error() {
			t.Errorf("got %v, want %v", err, other)
		}
	}
}

// A value that is not finite is found in a batch whose memory is in use for another one.
func TestStarterDamagedInput(t *testing.T) {
	t.Parallel()
	config := settings("")
	config.Device = async()
	config.Schedule = optim.ScheduleFunc(func(uint64) float32 { return 1e-6 })
	good := bars(400)
	loader, err := data.NewLoader(good, data.LoaderConfig{BatchSize: config.BatchSize, Shuffle: true, Seed: config.Seed})
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for b, err := range loader.Epoch(t.Context(), 0, inOrder+5) {
		if err != nil {
			t.Fatal(err)
		}
		late = b.Items[3]
		break
	}
	last := 0
	config.Callbacks.OnStep = func(s train.StepInfo) { last = s.Step }
	want := fmt.Sprintf("image %d of the dataset holds a value that is NaN", late)
	_, err = train.Fit(t.Context(), tiny(t, 3), badImage{good, late}, nil, config)
	if err == nil || errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), want) || last != inOrder+5 {
		t.Errorf("after step %d: %v, want %s", last, err, want)
	}
	_, err = train.Evaluate(t.Context(), tiny(t, 3), badImage{bars(100), 7}, train.EvalConfig{Device: async(), BatchSize: 4})
	if err == nil || !strings.Contains(err.Error(), "image 7 of the dataset holds") {
		t.Errorf("got %v", err)
	}
}

// Evaluate tells the same in the same order.
func TestStarterEvaluates(t *testing.T) {
	t.Parallel()
	measure := func(d engine.Device) (*train.Evaluation, told) {
		var l told
		var c train.Callbacks
		l.listen(&c)
		result, err := train.Evaluate(t.Context(), tiny(t, 3), bars(61), train.EvalConfig{
			Device: d, BatchSize: 8, OnBatch: func(done, total int) {
				c.OnTest(done, total)
				if d, ok := d.(*traintest.Async); ok && done < 56 && d.Started() != done/8+1 { // the last batch is another program
					t.Errorf("%d images are told, %d batches are started", done, d.Started())
				}
			},
			OnScores: func(item int, logits []float32, label int) error { c.OnScores(item, logits, label); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if !(result.ImagesPerSecond > 0) {
			t.Errorf("%v images/s", result.ImagesPerSecond)
		}
		result.Seconds, result.ImagesPerSecond = 0, 0
		return result, l
	}
	want, wanted := measure(device)
	d := async()
	got, heard := measure(d)
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(heard, wanted) {
		t.Errorf("got %+v %+v\nwant %+v %+v", got, heard, want, wanted)
	}
	if now, most := d.UnderWay(); now != 0 || most > 2 {
		t.Errorf("%d runs under way after Evaluate, at most %d at once", now, most)
	}
	enough := errors.New("enough")
	_, err := train.Evaluate(t.Context(), tiny(t, 3), bars(61), train.EvalConfig{
		Device: d, BatchSize: 8, OnScores: func(item int, _ []float32, _ int) error {
			if item == 30 {
				return enough
			}
			return nil
		},
	})
	if now, _ := d.UnderWay(); !errors.Is(err, enough) || now != 0 {
		t.Errorf("%d runs under way after Evaluate: %v", now, err)
	}
}

// Steps that are started have the bits of steps that are run, and one may be waited for
// after others were started.
func TestStart(t *testing.T) {
	t.Parallel()
	for _, d := range []engine.Device{device, async()} {
		ran, started := tiny(t, 3), tiny(t, 3)
		one, other := train.NewStepper(ran, device, optim.SGD{Momentum: .9}), train.NewStepper(started, d, optim.SGD{Momentum: .9})
		defer one.Close()
		defer other.Close()
		minimizer := func(m *nn.Model, d engine.Device) *train.Minimizer {
			return train.NewMinimizer(d, nil, m.Parameters(), func(x, y *graph.Node) *graph.Node {
				return nn.CrossEntropyLoss(m.Forward(x, nn.Train), y)
			})
		}
		first, second := minimizer(ran, device), minimizer(started, d)
		defer first.Close()
		defer second.Close()
		var waits []func() (float64, int, error)
		var waitsToo []func() (float64, error)
		x, y := tensor.New(8, 1, 6, 6), tensor.New(8) // their memory is used for each batch
		var want []float64
		for step := range 6 {
			b := batch(t, step)
			loss, correct, err := one.Run(b, uint64(step), .1)
			if err != nil {
				t.Fatal(err)
			}
			again, err := first.Run(.01, b.Images, b.Labels)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, loss, float64(correct), again)
			copy(x.Data(), b.Images.Data())
			copy(y.Data(), b.Labels.Data())
			mine := &data.Batch{Images: x, Labels: y, Items: b.Items}
			wait, err := other.Start(mine, uint64(step), .1)
			if err != nil {
				t.Fatal(err)
			}
			waitToo, err := second.Start(.01, x, y)
			if err != nil {
				t.Fatal(err)
			}
			waits, waitsToo = append(waits, wait), append(waitsToo, waitToo)
		}
		var got []float64
		for i := range waits {
			loss, correct, err := waits[i]()
			again, failed := waitsToo[i]()
			if err := errors.Join(err, failed); err != nil {
				t.Fatal(err)
			}
			got = append(got, loss, float64(correct), again)
		}
		if !slices.Equal(got, want) || second.Steps() != 6 {
			t.Errorf("%T: got %v, want %v", d, got, want)
		}
		if !slices.Equal(bits(started), bits(ran)) {
			t.Errorf("%T: other weights", d)
		}
		if _, err := other.Start(&data.Batch{Images: tensor.New(2, 5), Labels: y}, 9, .1); err == nil {
			t.Errorf("%T: a batch of a wrong shape is started", d)
		}
		if _, err := second.Start(.1, nil, y); err == nil {
			t.Errorf("%T: a step without an input is started", d)
		}
	}
}

// batch returns 8 images, others for each step.
func batch(t *testing.T, step int) *data.Batch {
	t.Helper()
	set := bars(100)
	b := &data.Batch{Images: tensor.New(8, 1, 6, 6), Labels: tensor.New(8)}
	for i := range 8 {
		label, err := set.Read(8*step+i, b.Images.Data()[36*i:36*(i+1)])
		if err != nil {
			t.Fatal(err)
		}
		b.Labels.Data()[i] = float32(label)
		b.Items = append(b.Items, 8*step+i)
	}
	return b
}

// skipping is a dataset one of whose images cannot be used.
type skipping struct {
	data.Dataset
	item int
}

func (s skipping) Read(i int, pixels []float32) (int, error) {
	if i == s.item {
		return 0, fmt.Errorf("the picture is cut short: %w", data.ErrSkip)
	}
	return s.Dataset.Read(i, pixels)
}

// An image that cannot be used is left out, also if it is among those that a run is
// recognised by.
func TestSkippedSample(t *testing.T) {
	t.Parallel()
	config := settings(filepath.Join(t.TempDir(), "run"))
	for _, set := range []data.Dataset{skipping{traintest.Bars(30), 0}, skipping{traintest.Bars(30), 0}} { // begun and resumed
		if _, err := train.Fit(t.Context(), traintest.Tiny(t, 1), set, nil, config); err != nil {
			t.Fatal(err)
		}
		config.Resume, config.Epochs = true, config.Epochs+1
	}
	if _, err := train.Fit(t.Context(), traintest.Tiny(t, 1), traintest.Bars(30), nil, config); err == nil {
		t.Error("the run goes on with an image that it was begun without")
	}
}
