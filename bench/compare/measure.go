package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/workers"
)

// settings say how to measure and with what.
type settings struct {
	rounds  int
	slice   time.Duration // how long each engine computes in a round, at least one step
	pythons workers.Pythons
	models  string // the folder of files that are made of networks
	prepare bool   // make these files and check, but time nothing
	without string // settings with this word are not tried
}

// A bench measures cases.
type bench struct {
	settings
	repository string
	log        io.Writer
	run        int // index of the run in the report
	versions   map[string]string
	missing    []string
}

// measure checks that some engines agree on a case and times them in turn, beside Stride.
// What is wrong with one network goes into the result; the error is for what stops
// the whole.
func (b *bench) measure(ctx context.Context, c measuredCase, keys []string) (results.Result, error) {
	r := results.Result{Case: c.Case}
	folder, err := os.MkdirTemp("", "stride-compare-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	fmt.Fprintf(b.log, "%v: ", c.Case)
	err = b.checkAndTime(ctx, c, keys, folder, &r)
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		r.Error, r.Engines = err.Error(), nil
		fmt.Fprintf(b.log, "failed: %v\n", err)
		return r, nil
	}
	if b.prepare {
		fmt.Fprintln(b.log, "prepared")
		return r, nil
	}
	fmt.Fprintln(b.log, results.OneLine(&r))
	return r, nil
}

func (b *bench) checkAndTime(ctx context.Context, c measuredCase, keys []string, folder string, r *results.Result) error {
	net, err := makeNetFiles(b.models, c)
	if err != nil {
		return err
	}
	files, err := makeCaseFiles(folder, net, c)
	if err != nil {
		return err
	}
	check, err := b.checker(ctx, c, files, r)
	if err != nil {
		return err
	}
	field := &field{bench: b, c: c, files: files, check: check, result: r}
	defer field.close()
	if err := field.enter(ctx, keys); err != nil || b.prepare {
		return err
	}
	return field.time(ctx)
}

// request is what a worker needs to know of a case.
func (b *bench) request(c measuredCase, files caseFiles) workers.Request {
	return workers.Request{
		Mode: c.Mode, Precision: c.Precision, Net: c.Net, Classes: c.spec.Classes, Batch: c.Batch, Input: c.input(), Threads: c.Threads,
		Rate: timeRate, Weights: files.weights, Images: files.images, Labels: files.labels, Model: files.model,
		Calibration: files.calibration, Models: b.models,
	}
}

// rivals are the launchers of rivals for a case. All but PyTorch need the model that
// PyTorch has exported.
func (b *bench) rivals(c measuredCase, keys []string) []workers.Launcher {
	return workers.Rivals(b.repository, b.pythons, keys, c.Threads)
}

// pytorch starts PyTorch; it is nil if it is not installed.
func (b *bench) pytorch(ctx context.Context, c measuredCase) (*workers.Worker, error) {
	w, err := b.rivals(c, []string{"pytorch"})[0].Start(ctx, "")
	if b.isMissing(err) {
		return nil, nil
	}
	return w, err
}

// isMissing says whether an error is that something is not installed, and notes it.
func (b *bench) isMissing(err error) bool {
	var m *workers.MissingError
	if !errors.As(err, &m) {
		return false
	}
	if !slices.Contains(b.missing, m.Message) {
		b.missing = append(b.missing, m.Message)
		fmt.Fprintln(b.log, "\n"+m.Message)
	}
	return true
}

// A field has the workers that take turns on a case.
type field struct {
	*bench
	c       measuredCase
	files   caseFiles
	check   checker
	result  *results.Result
	runners []*runner
	tried   map[string]map[string]float64 // engine, setting: seconds of a step
}

// A runner is a worker in the rounds.
type runner struct {
	*workers.Worker
	check   *results.Check
	steps   int
	figures results.Figures
	idle    idleTime
}

func (f *field) close() {
	for _, r := range f.runners {
		r.Close()
	}
}

// enter starts Stride and the rivals, checks them, and lets each of their settings compute
// a little: those that are clearly slower than another of the same engine get no turns.
func (f *field) enter(ctx context.Context, keys []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f.tried = map[string]map[string]float64{}
	if err := f.enterEngine(ctx, workers.Self(self, workerArgument)); err != nil {
		return err
	}
	for _, l := range f.rivals(f.c, keys) {
		if l.Engine != results.PyTorch && f.c.Mode == results.Train {
			continue // PyTorch alone trains
		}
		if l.Engine != results.PyTorch && !exists(f.files.model) {
			f.isMissing(&workers.MissingError{Message: "without PyTorch, which makes the models, the other engines are not measured"})
			continue
		}
		err := f.enterEngine(ctx, l)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			f.result.Refused = append(f.result.Refused, results.Refusal{Engine: l.Engine, Why: err.Error()})
		}
	}
	return nil
}

// enterEngine starts a worker for each setting of an engine. It is no error if the engine
// is not installed or does not compute the case.
func (f *field) enterEngine(ctx context.Context, l workers.Launcher) error {
	first, err := l.Start(ctx, "")
	if f.isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		if first != nil {
			first.Close()
		}
	}()
	request := f.request(f.c, f.files)
	if l.Engine != results.Stride {
		request.Folder = filepath.Join(f.files.folder, l.Engine+"-"+first.Versions[l.Engine])
		if err := os.MkdirAll(request.Folder, 0o755); err != nil {
			return err
		}
	}
	names, err := f.settingsOf(first, request)
	if err != nil || names == nil {
		return err
	}
	for what, version := range first.Versions {
		f.versions[what] = version
	}
	var entered []*runner
	for _, name := range names {
		w := first
		if first = nil; w == nil {
			if w, err = l.Start(ctx, name); err != nil {
				return err
			}
		}
		w.Setting = name
		r, err := f.open(w, request)
		if err != nil {
			w.Close()
			closeRunners(entered)
			return err
		}
		entered = append(entered, r)
	}
	f.runners = append(f.runners, f.keepFast(l.Engine, entered)...)
	return nil
}

func closeRunners(list []*runner) {
	for _, r := range list {
		r.Close()
	}
}

// settingsOf prepares an engine's files and returns the settings to try, nil if it does
// not compute the case.
func (f *field) settingsOf(w *workers.Worker, request workers.Request) ([]string, error) {
	request.Op = "settings"
	answer, err := w.Call(request)
	var no *workers.UnsupportedError
	if errors.As(err, &no) || f.isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	request.Op = "prepare"
	if _, err := w.Call(request); err != nil {
		if errors.As(err, &no) || f.isMissing(err) {
			return nil, nil
		}
		return nil, err
	}
	names := slices.DeleteFunc(answer.Settings, func(s string) bool {
		return f.without != "" && slices.Contains(strings.Fields(s), f.without)
	})
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no setting without %q", w.Engine, f.without)
	}
	return names, nil
}

// open opens the case in a worker, checks it, and, if something is to be timed, warms it up.
func (f *field) open(w *workers.Worker, request workers.Request) (*runner, error) {
	if err := w.Open(request); err != nil {
		return nil, err
	}
	r := &runner{Worker: w}
	var err error
	if r.check, err = f.check.output(w); err != nil || f.prepare {
		return r, err
	}
	step, err := warmUp(w, f.slice)
	if err != nil {
		return nil, err
	}
	r.steps = stepsFor(f.slice.Seconds(), step)
	if f.tried[w.Engine] == nil {
		f.tried[w.Engine] = map[string]float64{}
	}
	f.tried[w.Engine][w.Setting] = step
	return r, nil
}

// keepFast ends the workers of an engine whose settings are clearly slower than another.
func (f *field) keepFast(engine string, list []*runner) (kept []*runner) {
	if len(list) < 2 || f.prepare {
		return list
	}
	fastest := f.tried[engine][list[0].Setting]
	for _, r := range list {
		fastest = min(fastest, f.tried[engine][r.Setting])
	}
	for _, r := range list {
		if f.tried[engine][r.Setting] > slowerSetting*fastest {
			r.Close()
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// time lets each worker compute in turn while the others wait.
func (f *field) time(ctx context.Context) error {
	for range f.rounds {
		var ours float64
		for _, r := range f.runners {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			seconds, err := f.turn(r)
			if err != nil {
				return err
			}
			if r.Engine == results.Stride {
				ours = seconds
			} else if ours > 0 {
				r.figures.Beside = append(r.figures.Beside, ours)
			}
		}
	}
	for _, engine := range results.Engines {
		var best *runner
		for _, r := range f.runners {
			if r.Engine == engine && (best == nil || median(r.figures.Seconds) < median(best.figures.Seconds)) {
				best = r
			}
		}
		if best != nil {
			f.result.Engines = append(f.result.Engines, f.figuresOf(best))
		}
	}
	return nil
}

// turn is one worker's turn; it returns the median of its steps.
func (f *field) turn(r *runner) (float64, error) {
	before, began := settle(f.runners), time.Now()
	answer, err := r.Call(workers.Request{Op: "time", Warm: r.steps / 4, Steps: r.steps})
	if err != nil {
		return 0, err
	}
	after, took := processorTimes(f.runners), time.Since(began).Seconds()
	for i, other := range f.runners {
		if other != r {
			other.idle.add(after[i]-before[i], took)
		}
	}
	seconds := median(answer.Seconds)
	r.figures.Seconds = append(r.figures.Seconds, seconds)
	if a := answer.AllocsPerStep; a != nil && (r.figures.AllocsPerStep == nil || *a < *r.figures.AllocsPerStep) {
		r.figures.AllocsPerStep = a
	}
	return seconds, nil
}

// figuresOf completes what a worker's turns have shown.
func (f *field) figuresOf(r *runner) results.Figures {
	x := r.figures
	x.Run, x.Engine, x.Setting, x.Check = f.run, r.Engine, r.Setting, r.check
	x.LoadedBytes, x.PeakBytes, x.IdleShare = r.Loaded, r.PeakMemory(), r.idle.share()
	if len(f.tried[r.Engine]) > 1 {
		x.Tried = f.tried[r.Engine]
	}
	return x
}
