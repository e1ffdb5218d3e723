// Package strideworker is Stride's side of bench/compare: a process that answers requests.
package strideworker

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/workers"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// strideWorker is stride's side, a process of its own like those of the others.
type strideWorker struct {
	device *cpu.Device
	rate   float32
	step   func() (loss float64, err error)
	output *tensor.Tensor // of inference
}

// Serve answers requests, one a line, until the input ends.
func Serve(in io.Reader, out io.Writer) error {
	var s strideWorker
	return subprocess.Serve(in, out, s.answer)
}

func (s *strideWorker) answer(r workers.Request) (workers.Reply, error) {
	switch r.Op {
	case "hello":
		return workers.Reply{Versions: map[string]string{"Go": runtime.Version()}}, nil
	case "settings":
		if r.Precision != results.Float32 {
			return workers.Reply{Unsupported: "Stride computes this in float32"}, nil
		}
		return workers.Reply{Settings: []string{""}}, nil
	case "prepare":
		return workers.Reply{}, nil
	case "open":
		return workers.Reply{}, s.open(r)
	case "output":
		if _, err := s.step(); err != nil {
			return workers.Reply{}, err
		}
		return workers.Reply{}, subprocess.WriteFloats(r.Path, s.output.Data())
	case "losses":
		return s.losses(r.Steps)
	case "time":
		return s.time(r.Warm, r.Steps)
	}
	return workers.Reply{}, fmt.Errorf("stride does not know %q", r.Op)
}

// open makes the network and compiles its step, as `stride bench` does.
func (s *strideWorker) open(r workers.Request) error {
	spec, err := zoo.Get(r.Net)
	if err != nil {
		return err
	}
	model, err := nn.New(spec.New(r.Classes), r.Input, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		return err
	}
	if err := modelfile.Load(model, r.Weights); err != nil {
		return err
	}
	images, err := ReadTensor(r.Images, append([]int{r.Batch}, r.Input...)...)
	if err != nil {
		return err
	}
	labels, err := ReadTensor(r.Labels, r.Batch)
	if err != nil {
		return err
	}
	s.device, s.rate = cpu.New(cpu.Options{Threads: r.Threads}), float32(r.Rate)
	switch {
	case r.Mode == "infer":
		err = s.infer(model, images)
	case r.NoDropout:
		err = s.trainPlain(model, images, labels)
	default:
		s.train(model, images, labels)
	}
	debug.FreeOSMemory() // the file
	return err
}

func (s *strideWorker) infer(model *nn.Model, images *tensor.Tensor) error {
	trace, err := model.Trace(images.Shape()[0], nn.Eval)
	if err != nil {
		return err
	}
	s.output = tensor.New(trace.Output.Shape()...)
	return s.compile(trace.Graph, []*graph.Node{trace.Output}, engine.Feeds{trace.Input: images}, []*tensor.Tensor{s.output})
}

func (s *strideWorker) train(model *nn.Model, images, labels *tensor.Tensor) {
	stepper := train.NewStepper(model, s.device, optim.SGD{})
	batch, at := &data.Batch{Images: images, Labels: labels}, uint64(0)
	s.step = func() (float64, error) {
		loss, _, err := stepper.Run(batch, at, s.rate)
		at++
		return loss, err
	}
}

// trainPlain trains without dropout, whose random bits are PyTorch's own there
// and stride's own here.
func (s *strideWorker) trainPlain(model *nn.Model, images, labels *tensor.Tensor) error {
	layers, err := model.Summary(labels.Size())
	if err != nil {
		return err
	}
	dropouts := map[string]bool{}
	for _, l := range layers {
		if strings.HasPrefix(l.Kind, "Dropout") {
			dropouts[l.Path] = true
		}
	}
	trace, err := model.TraceFrozen(labels.Size(), nn.Frozen{Layers: func(path string) bool { return dropouts[path] }})
	if err != nil {
		return err
	}
	loss, labelsIn, rate, err := addUpdate(model, trace, labels.Size())
	if err != nil {
		return err
	}
	return s.compile(trace.Graph, []*graph.Node{loss}, engine.Feeds{trace.Input: images, labelsIn: labels, rate: tensor.Scalar(s.rate)}, []*tensor.Tensor{tensor.New()})
}

// addUpdate adds loss, gradients and plain SGD, and inputs for the labels and
// the learning rate.
func addUpdate(model *nn.Model, trace *nn.Trace, batch int) (loss, labels, rate *graph.Node, err error) {
	defer graph.Catch(&err)
	labels, rate = trace.Graph.Input("labels", batch), trace.Graph.Input("learning rate")
	loss = graph.Mean(graph.CrossEntropy(trace.Output, labels))
	var params []*graph.Node
	for _, p := range model.Parameters() {
		params = append(params, trace.Graph.Variable(p))
	}
	optim.SGD{}.Update(trace.Graph, rate, params, graph.Gradients(loss, params...), new(optim.State))
	return loss, labels, rate, nil
}

// compile makes a step that runs the graph and returns the first element of
// its first output.
func (s *strideWorker) compile(g *graph.Graph, nodes []*graph.Node, feeds engine.Feeds, outputs []*tensor.Tensor) error {
	program, err := s.device.Compile(g, nodes...)
	if err != nil {
		return err
	}
	s.step = func() (float64, error) {
		err := program.Run(feeds, outputs)
		return float64(outputs[0].Data()[0]), err
	}
	return nil
}

func (s *strideWorker) losses(steps int) (workers.Reply, error) {
	var losses []float64
	for range steps {
		loss, err := s.step()
		if err != nil {
			return workers.Reply{}, err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return workers.Reply{}, fmt.Errorf("the loss of step %d is %v", len(losses), loss)
		}
		losses = append(losses, loss)
	}
	return workers.Reply{Losses: losses}, nil
}

// time times steps one by one. Allocations are counted around each step if
// there are few, as for large networks: stopping the world to count takes a
// while, and in a single turn of many it is the mean that counts.
func (s *strideWorker) time(warm, steps int) (workers.Reply, error) {
	for range warm {
		if _, err := s.step(); err != nil {
			return workers.Reply{}, err
		}
	}
	const few = 10
	together := steps
	if steps <= few {
		together = 1
	}
	answer := workers.Reply{Seconds: make([]float64, 0, steps)}
	least := math.Inf(1)
	var before, after runtime.MemStats
	for len(answer.Seconds) < steps {
		runtime.ReadMemStats(&before)
		for range together {
			began := time.Now()
			if _, err := s.step(); err != nil {
				return workers.Reply{}, err
			}
			answer.Seconds = append(answer.Seconds, time.Since(began).Seconds())
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/float64(together))
	}
	answer.AllocsPerStep = &least
	return answer, nil
}

// ReadTensor reads a tensor of that shape from a file of little-endian float32
// numbers and nothing else.
func ReadTensor(path string, shape ...int) (*tensor.Tensor, error) {
	x, err := subprocess.ReadFloats(path, tensor.Shape(shape).Size())
	if err != nil {
		return nil, err
	}
	return tensor.FromSlice(x, shape...)
}
