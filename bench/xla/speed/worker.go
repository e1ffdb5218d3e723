package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// worker is the side of the two engines, a process of its own for each.
type worker struct {
	program engine.Program
	feeds   engine.Feeds
	output  *tensor.Tensor // the loss, or what the network says
}

// serve answers requests, one a line, until the input ends.
func serve(in io.Reader, out io.Writer) error {
	var w worker
	return subprocess.Serve(in, out, w.answer)
}

func (w *worker) answer(r request) (reply, error) {
	switch r.Op {
	case "hello":
		return reply{}, nil
	case "open":
		return w.open(r)
	case "output":
		if err := w.step(); err != nil {
			return reply{}, err
		}
		return reply{}, subprocess.WriteFloats(r.Path, w.output.Data())
	case "losses":
		var answer reply
		for range r.Steps {
			if err := w.step(); err != nil {
				return reply{}, err
			}
			answer.Losses = append(answer.Losses, float64(w.output.At()))
		}
		return answer, nil
	case "time":
		return w.time(r)
	}
	return reply{}, fmt.Errorf("the worker does not know %q", r.Op)
}

func (w *worker) step() error { return w.program.Run(w.feeds, []*tensor.Tensor{w.output}) }

// time times steps one by one.
func (w *worker) time(r request) (reply, error) {
	for range r.Warm {
		if err := w.step(); err != nil {
			return reply{}, err
		}
	}
	answer := reply{Seconds: make([]float64, 0, r.Steps)}
	for range r.Steps {
		began := time.Now()
		if err := w.step(); err != nil {
			return reply{}, err
		}
		answer.Seconds = append(answer.Seconds, time.Since(began).Seconds())
	}
	return answer, nil
}

// open makes the network and compiles its step.
func (w *worker) open(r request) (reply, error) {
	spec, err := zoo.Get(r.Net)
	if err != nil {
		return reply{}, err
	}
	model, err := nn.New(spec.New(spec.Classes), r.Input, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		return reply{}, err
	}
	if err := modelfile.Load(model, r.Weights); err != nil {
		return reply{}, err
	}
	images, err := subprocess.ReadFloats(r.Images, r.Batch*r.Input.Size())
	if err != nil {
		return reply{}, err
	}
	random := rng.New(1, "speed noise")
	for i := range images {
		images[i] *= float32(1 + r.Noise*random.NormFloat64())
	}
	labels, err := subprocess.ReadFloats(r.Labels, r.Batch)
	if err != nil {
		return reply{}, err
	}
	device, err := newDevice(r)
	if err != nil {
		return reply{}, err
	}
	began := time.Now()
	trace, result, feeds, err := network(model, r, labels)
	if err != nil {
		return reply{}, err
	}
	x, err := tensor.FromSlice(images, trace.Input.Shape()...)
	if err != nil {
		return reply{}, err
	}
	feeds[trace.Input] = x
	w.feeds, w.output = feeds, tensor.New(result.Shape()...)
	w.program, err = device.Compile(trace.Graph, result)
	return reply{CompileSeconds: time.Since(began).Seconds()}, err
}

// newDevice returns the engine that is asked for.
func newDevice(r request) (engine.Device, error) {
	if r.Engine == xlaEngine {
		return newXLA(r)
	}
	return cpu.New(cpu.Options{Threads: r.Threads}), nil
}

// network traces the model for inference, or for training with plain SGD and without
// dropout, whose random bits JAX does not share. result is the output or the loss.
func network(model *nn.Model, r request, labels []float32) (trace *nn.Trace, result *graph.Node, feeds engine.Feeds, err error) {
	if r.Mode == "infer" {
		trace, err = model.Trace(r.Batch, nn.Eval)
		if err != nil {
			return nil, nil, nil, err
		}
		return trace, trace.Output, engine.Feeds{}, nil
	}
	layers, err := model.Summary(r.Batch)
	if err != nil {
		return nil, nil, nil, err
	}
	dropouts := map[string]bool{}
	for _, l := range layers {
		dropouts[l.Path] = strings.HasPrefix(l.Kind, "Dropout")
	}
	trace, err = model.TraceFrozen(r.Batch, nn.Frozen{Layers: func(path string) bool { return dropouts[path] }})
	if err != nil {
		return nil, nil, nil, err
	}
	result, feeds, err = addUpdate(model, trace, r, labels)
	return trace, result, feeds, err
}

// addUpdate adds loss, gradients and plain SGD.
func addUpdate(model *nn.Model, trace *nn.Trace, r request, labels []float32) (loss *graph.Node, feeds engine.Feeds, err error) {
	defer graph.Catch(&err)
	y, rate := trace.Graph.Input("labels", r.Batch), trace.Graph.Input("learning rate")
	loss = graph.Mean(graph.CrossEntropy(trace.Output, y))
	var params []*graph.Node
	for _, p := range model.Parameters() {
		params = append(params, trace.Graph.Variable(p))
	}
	optim.SGD{}.Update(trace.Graph, rate, params, graph.Gradients(loss, params...), new(optim.State))
	t, err := tensor.FromSlice(labels, r.Batch)
	return loss, engine.Feeds{y: t, rate: tensor.Scalar(float32(r.Rate))}, err
}

// maths has the values of --math.
var maths = map[string]xla.Math{"strict": xla.Strict, "fast": xla.Fast, "bf16": xla.BF16}

func newXLA(r request) (engine.Device, error) {
	return xla.New(xla.Options{Plugin: r.Plugin, Math: maths[r.Math]})
}
