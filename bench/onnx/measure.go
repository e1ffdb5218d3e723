package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/strideml/stride/bench/internal/pyworker"
	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

// maxDifference is the greatest difference of outputs that counts as agreement, in
// standard deviations of the outputs.
const maxDifference = 1e-3

// pause is how long both wait before a turn, for threads that still look for work.
const pause = 20 * time.Millisecond

// A result is what was measured of a file at a batch size. Why says why there is no ratio.
type result struct {
	File        string  `json:"file"`
	Batch       int     `json:"batch"`
	Stride      float64 `json:"stride"`       // images a second
	ONNXRuntime float64 `json:"onnx_runtime"` // images a second
	Ratio       float64 `json:"ratio"`
	Difference  float64 `json:"difference"` // of outputs, in standard deviations
	Version     string  `json:"version,omitempty"`
	Why         string  `json:"why,omitempty"`
}

func (r result) String() string {
	if r.Why != "" {
		return fmt.Sprintf("%s, batch %d: %s", r.File, r.Batch, r.Why)
	}
	return fmt.Sprintf("%s, batch %d: %.1f and %.1f images/s, %.2f ×", r.File, r.Batch, r.Stride, r.ONNXRuntime, r.Ratio)
}

// measure times a file.
func measure(path string, batch int, s settings) result {
	r := result{File: name(path), Batch: batch}
	if err := r.measure(path, s); err != nil {
		r.Why = err.Error()
	}
	return r
}

func (r *result) measure(path string, s settings) error {
	own, err := open(path, r.Batch, s)
	if err != nil {
		return err
	}
	defer own.device.Close()
	dir, err := os.MkdirTemp("", "bench-onnx")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	other, version, err := startONNXRuntime(s)
	if err != nil {
		return err
	}
	defer other.Close()
	r.Version = version
	images := filepath.Join(dir, "images")
	if err := subprocess.WriteFloats(images, own.images.Data()); err != nil {
		return err
	}
	opened, err := ask(other, map[string]any{
		"op": "open", "model": path, "batch": r.Batch, "threads": s.threads, "images": images, "input": own.images.Shape()[1:],
	})
	if err != nil {
		return err
	}
	if opened.Fixed > 0 {
		return fmt.Errorf("the file has the batch %d written into it, for ONNX Runtime", opened.Fixed)
	}
	if r.Difference, err = difference(own, other, filepath.Join(dir, "output")); err != nil {
		return err
	}
	if !(r.Difference <= maxDifference) {
		return fmt.Errorf("the outputs differ by %.2g standard deviations", r.Difference)
	}
	return r.turns(own, other, s)
}

// turns lets both compute in turn.
func (r *result) turns(own *session, other *subprocess.Process, s settings) error {
	var speeds, otherSpeeds, ratios []float64
	for range s.rounds {
		time.Sleep(pause)
		theirs, err := ask(other, map[string]any{"op": "time", "slice": s.slice.Seconds()})
		if err != nil {
			return err
		}
		time.Sleep(pause)
		ours, err := own.time(s.slice)
		if err != nil {
			return err
		}
		a, b := float64(r.Batch)/slices.Min(ours), float64(r.Batch)/slices.Min(theirs.Seconds)
		speeds, otherSpeeds, ratios = append(speeds, a), append(otherSpeeds, b), append(ratios, a/b)
	}
	r.Stride, r.ONNXRuntime, r.Ratio = stats.Median(speeds), stats.Median(otherSpeeds), stats.Median(ratios)
	return nil
}

// A session is a file in stride, compiled for a batch.
type session struct {
	device  *cpu.Device
	program engine.Program
	feeds   engine.Feeds
	images  *tensor.Tensor
	outputs []*tensor.Tensor
}

func open(path string, batch int, s settings) (*session, error) {
	net, err := onnx.Load(path, onnx.Options{})
	if err != nil { // perhaps the size of an image is missing
		var again error
		if net, again = onnx.Load(path, onnx.Options{Input: s.input}); again != nil {
			return nil, err
		}
	}
	model, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		return nil, err
	}
	trace, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return nil, err
	}
	d := cpu.New(cpu.Options{Threads: s.threads})
	program, err := d.Compile(trace.Graph, trace.Output)
	if err != nil {
		return nil, err
	}
	images := tensor.New(trace.Input.Shape()...)
	random := rand.New(rand.NewPCG(1, uint64(batch)))
	for i := range images.Data() {
		images.Data()[i] = float32(random.NormFloat64())
	}
	return &session{
		device: d, program: program, feeds: engine.Feeds{trace.Input: images}, images: images,
		outputs: []*tensor.Tensor{tensor.New(trace.Output.Shape()...)},
	}, nil
}

// time returns the seconds of runs of a turn.
func (s *session) time(slice time.Duration) (seconds []float64, err error) {
	for began := time.Now(); len(seconds) < 3 || time.Since(began) < slice; {
		start := time.Now()
		if err := s.program.Run(s.feeds, s.outputs); err != nil {
			return nil, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	return seconds, nil
}

// difference returns the greatest difference of the outputs in standard deviations.
func difference(own *session, other *subprocess.Process, path string) (float64, error) {
	if err := own.program.Run(own.feeds, own.outputs); err != nil {
		return 0, err
	}
	if _, err := ask(other, map[string]any{"op": "output", "path": path}); err != nil {
		return 0, err
	}
	got := own.outputs[0].Data()
	want, err := subprocess.ReadFloats(path, len(got))
	if err != nil {
		return 0, fmt.Errorf("ONNX Runtime's output: %w", err)
	}
	mean, square, most := 0.0, 0.0, 0.0
	for i, v := range want {
		mean += float64(v) / float64(len(want))
		most = max(most, math.Abs(float64(v)-float64(got[i])))
	}
	for _, v := range want {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	return most / math.Sqrt(square/float64(len(want))), nil
}

// An answer is what ONNX Runtime's process says.
type answer struct {
	Missing  string
	Fixed    int
	Versions map[string]string
	Seconds  []float64
}

// startONNXRuntime starts the process, which is that of bench/compare.
func startONNXRuntime(s settings) (p *subprocess.Process, version string, err error) {
	repository, err := pyworker.Repository()
	if err != nil {
		return nil, "", err
	}
	c := pyworker.Command(repository, s.python, "bench/compare/workers/onnxruntime_worker.py")
	c.Stderr = os.Stderr
	if p, err = c.Start(context.Background()); err != nil {
		return nil, "", err
	}
	hello, err := ask(p, map[string]any{"op": "hello"})
	if err == nil && hello.Missing != "" {
		err = errors.New(hello.Missing)
	}
	if err != nil {
		return nil, "", errors.Join(err, p.Close())
	}
	return p, hello.Versions["ONNX Runtime"], nil
}

// ask sends a request to ONNX Runtime's process.
func ask(other *subprocess.Process, request map[string]any) (a answer, err error) {
	if err := other.Ask(request, &a); err != nil {
		return a, fmt.Errorf("ONNX Runtime: %w", err)
	}
	return a, nil
}
