package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/tensor"
)

// settings say how to measure and with what.
type settings struct {
	rounds      int
	slice       time.Duration // how long each engine computes in a round, at least one step
	threads     int
	python      string
	node        string
	nodeModules string
}

// How far engines may be apart: see outputsDiffer and lossesDiffer.
const (
	outputTolerance = 1e-3
	lossTolerance   = 1e-2
)

const (
	checkSteps = 3    // losses that are compared
	checkRate  = 0.01 // their learning rate, at which float32 stays calm
	timeRate   = 1e-3 // that of the steps that are timed, on the same images again and again
	// slowerLayout is how many times as slow as PyTorch's other layout one
	// must be at first to be left out of the rounds.
	slowerLayout = 1.15
	// pause comes before each turn, at most mostPauses times, until nobody has
	// computed in one: threads that the last turn left spinning are asleep.
	pause      = 50 * time.Millisecond
	mostPauses = 20
)

// A bench measures cases.
type bench struct {
	settings
	repository string
	log        io.Writer
	versions   map[string]string
	missing    []string
}

// measure checks that the engines agree on a case and times them in turn. What
// is wrong with one network goes into the result; the error is for what stops
// the whole.
func (b *bench) measure(ctx context.Context, c measuredCase) (result, error) {
	r := result{Net: c.spec.Name, Mode: c.mode, Batch: c.batch, Resolution: c.spec.Input[1], Checks: []check{}}
	folder, err := os.MkdirTemp("", "stride-compare-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	fmt.Fprintf(b.log, "%v: ", c)
	err = b.checkAndTime(ctx, c, folder, &r)
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		r.Error, r.Engines = err.Error(), nil
		fmt.Fprintf(b.log, "failed: %v\n", err)
		return r, nil
	}
	fmt.Fprintln(b.log, oneLine(&r))
	return r, nil
}

// checkAndTime trains for the check in processes of their own, so that memory
// is that of the training that is timed.
func (b *bench) checkAndTime(ctx context.Context, c measuredCase, folder string, r *result) error {
	files, err := makeFiles(folder, c)
	if err != nil {
		return err
	}
	if c.mode == "train" {
		err := b.withWorkers(ctx, c, files, true, func(workers []*worker) error {
			checks, err := checkLosses(workers)
			r.Checks = append(r.Checks, checks...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.withWorkers(ctx, c, files, false, func(workers []*worker) error {
		if c.mode == "infer" {
			checks, err := checkOutputs(workers, files)
			if err != nil {
				return err
			}
			r.Checks = append(r.Checks, checks...)
		}
		r.Engines, err = b.time(ctx, workers)
		return err
	})
}

// withWorkers starts the workers for a case, opens it in each and calls f; the
// first is stride's.
func (b *bench) withWorkers(ctx context.Context, c measuredCase, files caseFiles, forCheck bool, f func([]*worker) error) error {
	launchers, err := b.launchers(c.mode)
	if err != nil {
		return err
	}
	workers, missing, err := startAll(ctx, launchers)
	if err != nil {
		return err
	}
	defer func() { closeAll(workers) }()
	b.noteMissing(missing...)
	var open []*worker
	for _, w := range workers {
		if err := b.open(w, open, c, files, forCheck); err != nil {
			var m *missingError
			if !errors.As(err, &m) {
				return err
			}
			b.noteMissing(m.message)
			continue
		}
		for what, version := range w.versions {
			b.versions[what] = version
		}
		open = append(open, w)
	}
	return f(open)
}

// launchers says how to start the workers that a mode needs.
func (b *bench) launchers(mode string) ([]launcher, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	folder, threads := filepath.Join(b.repository, "bench", "compare"), strconv.Itoa(b.threads)
	list := []launcher{{engine: stride, program: self, args: []string{workerArgument}}}
	for _, layout := range []string{"NCHW", "NHWC"} {
		list = append(list, launcher{
			engine: pytorch, layout: layout, program: b.python, args: []string{filepath.Join(folder, "pytorch_worker.py")},
			env:     []string{"OMP_NUM_THREADS=" + threads, "OPENBLAS_NUM_THREADS=" + threads, "MKL_NUM_THREADS=" + threads},
			install: "install it with: apt-get install python3-torch libopenblas0-pthread python3-onnx python3-torchvision, or name another with --python",
		})
	}
	if mode == "infer" {
		l := launcher{
			engine: onnxRuntime, program: b.node, args: []string{filepath.Join(folder, "onnxruntime_worker.js")},
			install: "install Node.js and onnxruntime-node with: apt-get install nodejs npm && npm install onnxruntime-node, or name it with --node",
		}
		if b.nodeModules != "" {
			l.env = []string{"NODE_PATH=" + b.nodeModules}
		}
		list = append(list, l)
	}
	return list, nil
}

// open gives a worker its case. ONNX Runtime's model is made by PyTorch, which
// is open already.
func (b *bench) open(w *worker, opened []*worker, c measuredCase, files caseFiles, forCheck bool) error {
	if w.engine == onnxRuntime {
		i := slices.IndexFunc(opened, func(w *worker) bool { return w.engine == pytorch })
		if i < 0 {
			return &missingError{"ONNX Runtime is not measured without PyTorch, which makes its models"}
		}
		if _, err := opened[i].call(request{Op: "export", Path: files.model}); err != nil {
			return err
		}
	}
	r := request{
		Op: "open", Mode: c.mode, Net: c.spec.Name, Classes: c.spec.Classes, Batch: c.batch, Input: c.spec.Input,
		Threads: b.threads, Layout: w.layout, Rate: timeRate, NoDropout: forCheck,
		Weights: files.weights, Images: files.images, Labels: files.labels, Model: files.model,
	}
	if forCheck {
		r.Rate = checkRate
	}
	if _, err := w.call(r); err != nil {
		return err
	}
	w.loaded = residentMemory(w.pid())
	resetPeakMemory(w.pid())
	return nil
}

// noteMissing keeps each message once, and says it.
func (b *bench) noteMissing(messages ...string) {
	for _, m := range messages {
		if !slices.Contains(b.missing, m) {
			b.missing = append(b.missing, m)
			fmt.Fprintln(b.log, "\n"+m)
		}
	}
}

// checkLosses trains a few steps and compares the losses of all with the first
// of the others, PyTorch's.
func checkLosses(workers []*worker) ([]check, error) {
	losses := make([][]float64, len(workers))
	for i, w := range workers {
		answer, err := w.call(request{Op: "losses", Steps: checkSteps})
		if err != nil {
			return nil, err
		}
		if len(answer.Losses) != checkSteps {
			return nil, fmt.Errorf("%v: %d losses, want %d", w, len(answer.Losses), checkSteps)
		}
		losses[i] = answer.Losses
	}
	return compareAll(workers, "losses", lossTolerance, func(got, want int) float64 { return lossesDiffer(losses[got], losses[want]) })
}

// checkOutputs compares the outputs of all with those of PyTorch.
func checkOutputs(workers []*worker, files caseFiles) ([]check, error) {
	outputs := make([]*tensor.Tensor, len(workers))
	for i, w := range workers {
		path := filepath.Join(files.folder, fmt.Sprintf("output-%d.f32", i))
		if _, err := w.call(request{Op: "output", Path: path}); err != nil {
			return nil, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if outputs[i], err = readTensor(path, int(info.Size()/4)); err != nil {
			return nil, err
		}
		if outputs[i].Size() != outputs[0].Size() {
			return nil, fmt.Errorf("%v gives %d outputs, stride %d", w, outputs[i].Size(), outputs[0].Size())
		}
	}
	return compareAll(workers, "outputs", outputTolerance, func(got, want int) float64 {
		return outputsDiffer(outputs[got].Data(), outputs[want].Data())
	})
}

// compareAll holds all workers against the first rival. Without a rival there
// is nothing to compare.
func compareAll(workers []*worker, what string, tolerance float64, differ func(got, want int) float64) ([]check, error) {
	const rival = 1
	checks := []check{}
	for i, w := range workers {
		if i == rival || len(workers) <= rival {
			continue
		}
		off := differ(i, rival)
		if !(off <= tolerance) { // also if it is not a number
			return nil, fmt.Errorf("the %s of %v and %v differ by %.2g, more than %g: nothing is timed", what, w, workers[rival], off, tolerance)
		}
		checks = append(checks, check{w.String(), workers[rival].String(), what, off, tolerance})
	}
	return checks, nil
}

// time warms up, and then lets each worker compute in turn while the others
// wait.
func (b *bench) time(ctx context.Context, workers []*worker) ([]figures, error) {
	workers, steps, err := b.warmUp(workers)
	if err != nil {
		return nil, err
	}
	out, idle := make([]figures, len(workers)), make([]idleTime, len(workers))
	for i, w := range workers {
		out[i] = figures{Engine: w.engine, Layout: w.layout, LoadedBytes: w.loaded}
	}
	for range b.rounds {
		for i, w := range workers {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			before, began := settle(workers), time.Now()
			answer, err := w.call(request{Op: "time", Warm: steps[i] / 4, Steps: steps[i]})
			if err != nil {
				return nil, err
			}
			after, took := processorTimes(workers), time.Since(began).Seconds()
			for j := range workers {
				if j != i {
					idle[j].add(after[j]-before[j], took)
				}
			}
			out[i].add(answer)
		}
	}
	for i, w := range workers {
		out[i].PeakBytes = peakMemory(w.pid())
		out[i].IdleShare = idle[i].share()
	}
	return out, nil
}

// add takes in the times of a round.
func (f *figures) add(r reply) {
	f.Seconds = append(f.Seconds, stats.Median(r.Seconds))
	if r.AllocsPerStep != nil && (f.AllocsPerStep == nil || *r.AllocsPerStep < *f.AllocsPerStep) {
		f.AllocsPerStep = r.AllocsPerStep
	}
}

// idleTime is how long a process computed while another was timed.
type idleTime struct{ busy, total float64 }

func (t *idleTime) add(busy, total float64) { t.busy, t.total = t.busy+busy, t.total+total }

func (t *idleTime) share() float64 {
	if t.total == 0 {
		return 0
	}
	return t.busy / t.total
}

// settle waits until the workers are still and returns their processor times.
func settle(workers []*worker) []float64 {
	times := processorTimes(workers)
	for range mostPauses {
		time.Sleep(pause)
		now := processorTimes(workers)
		if slices.Equal(times, now) {
			break
		}
		times = now
	}
	return times
}

func processorTimes(workers []*worker) []float64 {
	times := make([]float64, len(workers))
	for i, w := range workers {
		times[i] = processorSeconds(w.pid())
	}
	return times
}

// warmUp runs the first steps of each worker and finds how many fill a turn.
// Of PyTorch's layouts it drops the one that is clearly slower.
func (b *bench) warmUp(workers []*worker) (kept []*worker, steps []int, err error) {
	step := make([]float64, len(workers))
	for i, w := range workers {
		for n, warm := 2, 1; ; n, warm = 4*n, 0 {
			answer, err := w.call(request{Op: "time", Warm: warm, Steps: n})
			if err != nil {
				return nil, nil, err
			}
			step[i] = slices.Min(answer.Seconds)
			if step[i]*float64(n) >= b.slice.Seconds()/3 {
				break
			}
		}
	}
	best := math.Inf(1)
	for i, w := range workers {
		if w.engine == pytorch {
			best = min(best, step[i])
		}
	}
	for i, w := range workers {
		if w.engine == pytorch && step[i] > slowerLayout*best {
			continue
		}
		kept, steps = append(kept, w), append(steps, stepsFor(b.slice.Seconds(), step[i]))
	}
	return kept, steps, nil
}

// stepsFor is how many steps of some length fill a turn, one at least.
func stepsFor(turn, step float64) int { return max(1, int(math.Ceil(turn/step))) }
