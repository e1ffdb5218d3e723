package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/workers"
	"github.com/strideml/stride/internal/subprocess"
)

// How far engines may be apart in float32: see outputsDiffer and lossesDiffer. In
// bfloat16 losses are too coarse for more than to tell learning from standing still.
const (
	outputTolerance = 1e-3
	lossTolerance   = 1e-2
	bf16LossLimit   = 0.5
)

// leastSNR is the ratio of signal to noise in decibels that outputs must have in lower
// precision. The weights are random, which costs more accuracy than those of trained
// networks; what is wrongly converted is below 3.
var leastSNR = map[string]float64{results.BFloat16: 10, results.Int8: 6}

const (
	checkSteps = 3    // losses that are compared
	checkRate  = 0.01 // their learning rate, at which float32 stays calm
	timeRate   = 1e-3 // that of the steps that are timed, on the same images again and again
)

// A checker holds engines against the results that PyTorch has in float32.
type checker struct {
	c         measuredCase
	folder    string
	reference []float32                // outputs of inference; nil without PyTorch
	losses    map[string]results.Check // of training, by engine and setting
}

// checker makes the model and the outputs that engines are held against, or, in training,
// compares losses, in processes of their own, so that memory is that of the training that
// is timed.
func (b *bench) checker(ctx context.Context, c measuredCase, files caseFiles, r *results.Result) (checker, error) {
	k := checker{c: c, folder: filepath.Dir(files.images)}
	if c.Mode == results.Train {
		return k, b.checkLosses(ctx, c, files, &k)
	}
	path := filepath.Join(files.folder, fmt.Sprintf("reference-%d.f32", c.Batch))
	if !exists(files.model) || !exists(path) {
		w, err := b.pytorch(ctx, c)
		if w == nil {
			return k, err
		}
		defer w.Close()
		if err := b.export(w, c, files, path); err != nil {
			return k, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return k, nil // PyTorch lacks what it needs for this network, which has been said
	}
	k.reference, err = subprocess.ReadFloats(path, int(info.Size()/4))
	return k, err
}

// export asks PyTorch for the ONNX file and the outputs. Before the file is made the
// statistics of batch normalizations become those of the images to calibrate with, unless
// they are pretrained, for without that activations would vanish on their way.
func (b *bench) export(w *workers.Worker, c measuredCase, files caseFiles, path string) error {
	request := b.request(c, files)
	ask := func(op, path string) error {
		request.Op, request.Path = op, path+".part"
		if _, err := w.Call(request); err != nil {
			return err
		}
		return os.Rename(request.Path, path)
	}
	var err error
	if !exists(files.model) {
		if !files.pretrained {
			request.Op = "calibrate"
			_, err = w.Call(request)
		}
		if err == nil {
			err = ask("export", files.model)
		}
	}
	if err == nil {
		err = ask("reference", path)
	}
	if b.isMissing(err) {
		return nil
	}
	return err
}

// checkLosses trains a few steps in each engine and setting and compares the losses with
// those of PyTorch in float32.
func (b *bench) checkLosses(ctx context.Context, c measuredCase, files caseFiles, k *checker) error {
	w, err := b.pytorch(ctx, c)
	if w == nil {
		return err
	}
	defer w.Close()
	request := b.request(c, files)
	request.NoDropout, request.Rate, request.Precision = true, checkRate, results.Float32
	w.Setting = "NCHW"
	want, err := lossesOf(w, request)
	if err != nil {
		return err
	}
	k.losses = map[string]results.Check{}
	request.Precision = c.Precision
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, l := range append(b.rivals(c, []string{"pytorch"}), workers.Self(self, workerArgument)) {
		if err := b.checkEngine(ctx, l, request, want, k); err != nil {
			return err
		}
	}
	return nil
}

// checkEngine compares the losses of an engine's settings. An engine that does not compute
// the case is left out.
func (b *bench) checkEngine(ctx context.Context, l workers.Launcher, request workers.Request, want []float64, k *checker) error {
	w, err := l.Start(ctx, "")
	if err != nil {
		return err
	}
	defer func() { w.Close() }()
	ask := request
	ask.Op = "settings"
	answer, err := w.Call(ask)
	var no *workers.UnsupportedError
	if errors.As(err, &no) {
		return nil
	}
	if err != nil {
		return err
	}
	tolerance := lossTolerance
	if request.Precision != results.Float32 {
		tolerance = bf16LossLimit
	}
	for i, setting := range answer.Settings {
		if i > 0 {
			w.Close()
			if w, err = l.Start(ctx, setting); err != nil {
				return err
			}
		}
		w.Setting = setting
		got, err := lossesOf(w, request)
		if err != nil {
			return err
		}
		off := lossesDiffer(got, want)
		if !(off <= tolerance) { // also if it is not a number
			return fmt.Errorf("the losses of %v and PyTorch differ by %.2g, more than %g: nothing is timed", w, off, tolerance)
		}
		k.losses[w.String()] = results.Check{What: "losses", Off: off, Tolerance: tolerance}
	}
	return nil
}

func lossesOf(w *workers.Worker, request workers.Request) ([]float64, error) {
	if err := w.Open(request); err != nil {
		return nil, err
	}
	answer, err := w.Call(workers.Request{Op: "losses", Steps: checkSteps})
	if err != nil {
		return nil, err
	}
	if len(answer.Losses) != checkSteps {
		return nil, fmt.Errorf("%v: %d losses, want %d", w, len(answer.Losses), checkSteps)
	}
	return answer.Losses, nil
}

// output holds the outputs of a worker against the reference; nil if there is none.
func (k checker) output(w *workers.Worker) (*results.Check, error) {
	if k.c.Mode == results.Train {
		if c, ok := k.losses[w.String()]; ok {
			return &c, nil
		}
		return nil, nil
	}
	path := filepath.Join(k.folder, "output.f32")
	if _, err := w.Call(workers.Request{Op: "output", Path: path}); err != nil {
		return nil, err
	}
	if k.reference == nil {
		return nil, nil
	}
	got, err := subprocess.ReadFloats(path, len(k.reference))
	if err != nil {
		return nil, fmt.Errorf("%v: %w", w, err)
	}
	c := results.Check{What: "outputs", Off: outputsDiffer(got, k.reference)}
	if k.c.Precision == results.Float32 {
		if c.Tolerance = outputTolerance; !(c.Off <= c.Tolerance) {
			return nil, fmt.Errorf("the outputs of %v and PyTorch differ by %.2g, more than %g", w, c.Off, c.Tolerance)
		}
		return &c, nil
	}
	rows := k.c.Batch
	c.SNR, c.Top1, c.Tolerance = signalToNoise(got, k.reference, rows), sameClasses(got, k.reference, rows), leastSNR[k.c.Precision]
	if !(c.SNR >= c.Tolerance) {
		return nil, fmt.Errorf("the outputs of %v have a ratio of signal to noise of %.1f dB beside PyTorch's in float32, less than %g", w, c.SNR, c.Tolerance)
	}
	return &c, nil
}

// signalToNoise returns the power of how outputs vary in each of some rows by that of their
// errors, in decibels; NaN if any is not a number.
func signalToNoise(got, want []float32, rows int) float64 {
	signal, noise := 0.0, 0.0
	n := len(want) / rows
	for row := range rows {
		a, b := got[row*n:][:n], want[row*n:][:n]
		mean := 0.0
		for _, v := range b {
			mean += float64(v) / float64(n)
		}
		for i, v := range b {
			signal += (float64(v) - mean) * (float64(v) - mean)
			noise += (float64(a[i]) - float64(v)) * (float64(a[i]) - float64(v))
		}
	}
	return min(10*math.Log10(signal/noise), 999) // JSON has no infinity
}

// sameClasses returns the share of rows that are greatest at the same place.
func sameClasses(got, want []float32, rows int) float64 {
	n, same := len(want)/rows, 0
	for row := range rows {
		if greatest(got[row*n:][:n]) == greatest(want[row*n:][:n]) {
			same++
		}
	}
	return float64(same) / float64(rows)
}

func greatest(x []float32) (at int) {
	for i, v := range x {
		if v > x[at] {
			at = i
		}
	}
	return at
}

// outputsDiffer returns the greatest difference between the outputs of a
// network, relative to the standard deviation of those that are wanted; NaN if
// any is not a number.
func outputsDiffer(got, want []float32) float64 {
	mean, square, worst := 0.0, 0.0, 0.0
	for _, v := range want {
		mean += float64(v) / float64(len(want))
	}
	for i, v := range want {
		square += (float64(v) - mean) * (float64(v) - mean)
		off := math.Abs(float64(got[i]) - float64(v))
		worst = max(worst, off) // NaN if either is
	}
	return worst / math.Sqrt(square/float64(len(want)))
}

// lossesDiffer returns the greatest difference between the losses of the same
// steps, relative to how far those that are wanted moved: it sees a wrong
// gradient as well as a wrong loss.
func lossesDiffer(got, want []float64) float64 {
	worst, moved := 0.0, 0.0
	for i, v := range want {
		worst = max(worst, math.Abs(got[i]-v))
		moved = max(moved, math.Abs(v-want[0]))
	}
	return worst / moved
}
