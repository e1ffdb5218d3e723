package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/strideml/stride/bench/internal/pyworker"
	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// The names of what is measured, in requests and in the table.
const (
	cpuEngine = "cpu"
	xlaEngine = "xla"
	jaxEngine = "JAX"
)

const (
	checkSteps = 3    // losses that are compared
	checkRate  = 0.01 // their learning rate
	timeRate   = 1e-4 // that of the steps that are timed, on the same images again and again
	warmSteps  = 2
	// checkTolerance is how far outputs may be apart, in standard deviations of the
	// outputs, and losses, in how far they move in checkSteps steps. Losses may be
	// further apart where noise moves them further: noiseTimes as far as relative noise
	// of that size on the images does on engine/cpu, as in bench/xla/parity.
	checkTolerance = 1e-2
	noise          = 1e-6
	noiseTimes     = 3
	// pause comes before each turn, so that threads that the last turn left waiting
	// are asleep.
	pause = 50 * time.Millisecond
)

// A request is what a worker is asked, and a reply what it answers; see
// jax_worker.py.
type (
	request struct {
		Op      string       `json:"op"`
		Engine  string       `json:"engine,omitempty"`
		Plugin  string       `json:"plugin,omitempty"`
		Math    string       `json:"math,omitempty"`
		Mode    string       `json:"mode,omitempty"`
		Net     string       `json:"net,omitempty"`
		Batch   int          `json:"batch,omitempty"`
		Input   tensor.Shape `json:"input,omitempty"`
		Threads int          `json:"threads,omitempty"`
		Rate    float64      `json:"rate,omitempty"`
		Noise   float64      `json:"noise,omitempty"`
		Weights string       `json:"weights,omitempty"`
		Images  string       `json:"images,omitempty"`
		Labels  string       `json:"labels,omitempty"`
		Path    string       `json:"path,omitempty"`
		Warm    int          `json:"warm"`
		Steps   int          `json:"steps"`
	}
	reply struct {
		Missing        string    `json:"missing,omitempty"`
		CompileSeconds float64   `json:"compile_seconds,omitempty"`
		Losses         []float64 `json:"losses,omitempty"`
		Seconds        []float64 `json:"seconds,omitempty"`
	}
)

// start starts the worker of an engine. It is nil if JAX is not installed.
func (o *options) start(ctx context.Context, engine string) (*subprocess.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := subprocess.Command{Program: self, Args: []string{workerArgument}}
	if engine == jaxEngine {
		repository, err := pyworker.Repository()
		if err != nil {
			return nil, err
		}
		c = pyworker.Command(repository, o.python, "bench/xla/speed/jax_worker.py")
	}
	p, err := c.Start(ctx)
	if engine == jaxEngine && (errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var hello reply
	if err := p.Ask(request{Op: "hello"}, &hello); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", engine, errors.Join(err, p.Close()), p.Stderr())
	}
	if hello.Missing != "" {
		return nil, p.Close()
	}
	return p, nil
}

// measure checks that the engines agree on a case and times them in turn. In
// training both happen in the same processes, the check first.
func (o *options) measure(ctx context.Context, c timedCase) (row, error) {
	r := row{what: c.String(), batch: c.batch, seconds: map[string][]float64{}, compile: map[string]float64{}}
	folder, err := os.MkdirTemp("", "stride-speed-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	open, err := makeFiles(folder, c)
	if err != nil {
		return r, err
	}
	for _, check := range []bool{true, false} {
		if err := o.withWorkers(ctx, c, open, check, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// withWorkers starts a worker of each engine, opens the case, and compares the results
// or times the steps.
func (o *options) withWorkers(ctx context.Context, c timedCase, open request, check bool, r *row) error {
	workers := map[string]*subprocess.Process{}
	defer func() {
		for _, w := range workers {
			_ = w.Close() // how it ended does not matter
		}
	}()
	open.Threads, open.Plugin, open.Math, open.Rate = o.threads, o.plugin, o.math, timeRate
	if check {
		open.Rate = checkRate
	}
	var engines []string
	for _, e := range o.engines {
		w, err := o.start(ctx, e)
		if err != nil {
			return err
		}
		if w == nil {
			continue
		}
		workers[e] = w
		engines = append(engines, e)
		open.Engine = e
		var answer reply
		if err := w.Ask(open, &answer); err != nil {
			return fmt.Errorf("%s: %w\n%s", e, err, w.Stderr())
		}
		r.compile[e] = answer.CompileSeconds
	}
	if check {
		return o.compare(ctx, c, open, engines, workers, r)
	}
	return o.time(engines, workers, r)
}

// compare holds the outputs or losses of all engines against those of the first.
func (o *options) compare(ctx context.Context, c timedCase, open request, engines []string, workers map[string]*subprocess.Process, r *row) error {
	var first []float64
	tolerance := checkTolerance
	for i, e := range engines {
		got, err := results(c, open, e, workers[e])
		if err != nil {
			return err
		}
		if i == 0 {
			if first = got; c.mode == "train" {
				moved, err := o.noiseMoves(ctx, c, open, first)
				if err != nil {
					return err
				}
				tolerance = max(tolerance, noiseTimes*moved)
			}
			continue
		}
		d := outputsDiffer(got, first)
		if c.mode == "train" {
			d = lossesDiffer(got, first)
		}
		r.differs = max(r.differs, d)
		if !(d <= tolerance) {
			return fmt.Errorf("%s and %s do not agree: they differ by %.1e, allowed are %.1e", e, engines[0], d, tolerance)
		}
	}
	return nil
}

// results asks a worker for the first losses or for the output.
func results(c timedCase, open request, engine string, w *subprocess.Process) ([]float64, error) {
	var answer reply
	ask := request{Op: "losses", Steps: checkSteps}
	if c.mode == "infer" {
		ask = request{Op: "output", Path: open.Images + "." + engine}
	}
	if err := w.Ask(ask, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", engine, err, w.Stderr())
	}
	if c.mode == "train" {
		return answer.Losses, nil
	}
	values, err := subprocess.ReadFloats(ask.Path, c.batch*c.spec.Classes)
	if err != nil {
		return nil, err
	}
	output := make([]float64, len(values))
	for i, v := range values {
		output[i] = float64(v)
	}
	return output, nil
}

// noiseMoves returns how far noise on the images moves the losses on engine/cpu.
func (o *options) noiseMoves(ctx context.Context, c timedCase, open request, first []float64) (float64, error) {
	w, err := o.start(ctx, cpuEngine)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }() // how it ended does not matter
	open.Engine, open.Noise = cpuEngine, noise
	var answer reply
	if err := w.Ask(open, &answer); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, w.Stderr())
	}
	losses, err := results(c, open, cpuEngine, w)
	return lossesDiffer(losses, first), err
}

// time lets the engines take turns.
func (o *options) time(engines []string, workers map[string]*subprocess.Process, r *row) error {
	steps := map[string]int{}
	for round := range o.rounds + 1 {
		for _, e := range engines {
			ask := request{Op: "time", Steps: steps[e]}
			if round == 0 { // to warm up, and to see how many steps a turn has
				ask.Warm, ask.Steps = warmSteps, 1
			}
			time.Sleep(pause)
			var answer reply
			if err := workers[e].Ask(ask, &answer); err != nil {
				return fmt.Errorf("%s: %w\n%s", e, err, workers[e].Stderr())
			}
			seconds := stats.Median(answer.Seconds)
			if round == 0 {
				steps[e] = max(1, int(o.slice.Seconds()/seconds))
				continue
			}
			r.seconds[e] = append(r.seconds[e], seconds)
		}
	}
	return nil
}

// makeFiles writes weights, images and labels into a folder and returns the request
// that opens them.
func makeFiles(folder string, c timedCase) (request, error) {
	open := request{
		Op: "open", Mode: c.mode, Net: c.spec.Name, Batch: c.batch, Input: c.spec.Input,
		Weights: filepath.Join(folder, "weights.safetensors"), Images: filepath.Join(folder, "images.f32"), Labels: filepath.Join(folder, "labels.f32"),
	}
	model, err := c.spec.Model(1)
	if err != nil {
		return open, err
	}
	state := model.State()
	moveNorms(state)
	if err := (&safetensors.File{Entries: state}).Save(open.Weights); err != nil {
		return open, err
	}
	images, labels := make([]float32, c.batch*c.spec.Input.Size()), make([]float32, c.batch)
	r := rng.New(1, "speed")
	for i := range images {
		images[i] = r.Float32()
	}
	for i := range labels {
		labels[i] = float32(r.IntN(c.spec.Classes))
	}
	return open, errors.Join(subprocess.WriteFloats(open.Images, images), subprocess.WriteFloats(open.Labels, labels))
}

// moveNorms moves batch normalizations away from the identity that they are at first,
// so that a mistake shows.
func moveNorms(state []tensor.Named) {
	norms := map[string]bool{}
	for _, e := range state {
		if path, ok := strings.CutSuffix(e.Name, "running_mean"); ok {
			norms[path] = true
		}
	}
	for _, e := range state {
		if norms[e.Name[:strings.LastIndexByte(e.Name, '.')+1]] {
			r := rng.New(1, "speed/"+e.Name)
			for i := range e.Tensor.Data() {
				e.Tensor.Data()[i] += (r.Float32() - 0.5) / 4
			}
		}
	}
}

// outputsDiffer returns the greatest difference between two outputs, relative to the
// standard deviation of those that are wanted; NaN if any is not a number.
func outputsDiffer(got, want []float64) float64 {
	mean, square := 0.0, 0.0
	for _, v := range want {
		mean += v / float64(len(want))
	}
	for _, v := range want {
		square += (v - mean) * (v - mean)
	}
	return greatest(got, want) / math.Sqrt(square/float64(len(want)))
}

// lossesDiffer returns the greatest difference between the losses of the same steps,
// relative to how far those that are wanted moved: it sees a wrong gradient as well as
// a wrong loss.
func lossesDiffer(got, want []float64) float64 {
	moved := 0.0
	for _, v := range want {
		moved = max(moved, math.Abs(v-want[0]))
	}
	return greatest(got, want) / moved
}

func greatest(got, want []float64) (worst float64) {
	for i, v := range want {
		worst = max(worst, math.Abs(got[i]-v)) // NaN if either is
	}
	return worst
}
