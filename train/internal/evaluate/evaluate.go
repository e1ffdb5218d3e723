// Package evaluate measures a model on a dataset: the mean loss, and the accuracy where the
// network's output names a class. Several ranks measure a part each, and put together what
// they have measured.
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/internal/ranks"
)

// A Config says how to measure.
type Config struct {
	// BatchSize is the number of images computed at once.
	BatchSize int
	Device    engine.Device
	// Workers is the number of goroutines that prepare batches; 0 leaves it to
	// data.Loader.
	Workers int
	// OnBatch, if not nil, is told after each batch how many images are done.
	OnBatch func(done, total int)
	// OnScores, if not nil, gets the network's output for each image. Its error ends Run.
	OnScores func(item int, logits []float32, label int) error
	// Ranks share the work; nil is a single process. Shards are the parts of a batch that
	// this rank computes one after the other; nil is all of it in one.
	Ranks  *ranks.Ranks
	Shards []data.Part
}

// A Result is what was measured; see train.Evaluation.
type Result struct {
	Images          int
	Loss, Accuracy  float64
	Confusion       *metrics.ConfusionMatrix
	ImagesPerSecond float64
	Seconds         float64
}

// An Evaluator measures again and again on the same dataset.
type Evaluator struct {
	model     *nn.Model
	set       data.Dataset
	objective objective.Objective
	config    Config
	loader    *data.Loader
	programs  map[int]*program
}

type program struct {
	program        engine.Program
	starter        *async.Starter // nil if the program can only be run
	feeds          engine.Feeds
	images, target *graph.Node
	outputs        []*tensor.Tensor // the losses and, if that means something, the guesses; then the scores, if they are wanted
}

// New returns an Evaluator, which has compiled nothing yet.
func New(model *nn.Model, set data.Dataset, o objective.Objective, config Config) (*Evaluator, error) {
	loader, err := data.NewLoader(set, data.LoaderConfig{BatchSize: config.BatchSize, Workers: config.Workers, Part: config.Ranks.Part()})
	if err != nil {
		return nil, fmt.Errorf("test set: %w", err)
	}
	return &Evaluator{model: model, set: set, objective: o, config: config, loader: loader, programs: map[int]*program{}}, nil
}

// Loader returns what reads the dataset, so that its memory can be shared with that of a
// training.
func (e *Evaluator) Loader() *data.Loader { return e.loader }

func (e *Evaluator) compile(batch int) (*program, error) {
	if p, ok := e.programs[batch]; ok {
		return p, nil
	}
	trace, target, outputs, err := e.build(batch)
	if err != nil {
		return nil, err
	}
	compiled, err := e.config.Device.Compile(trace.Graph, outputs...)
	if err != nil {
		return nil, fmt.Errorf("compile the network for batches of %d: %w", batch, err)
	}
	p := &program{program: compiled, feeds: engine.Feeds{}, images: trace.Input, target: target}
	for _, n := range outputs {
		p.outputs = append(p.outputs, tensor.New(n.Shape()...))
	}
	p.starter = async.New(compiled, p.outputs)
	// One program at a time: each keeps packed weights of its own, which new
	// weights make useless anyway before the next test.
	e.Close()
	e.programs = map[int]*program{batch: p}
	return p, nil
}

// build makes the graph: the losses and the guess for each image.
func (e *Evaluator) build(batch int) (trace *nn.Trace, target *graph.Node, outputs []*graph.Node, err error) {
	trace, err = e.model.Trace(batch, nn.Eval)
	if err != nil {
		return nil, nil, nil, err
	}
	defer graph.Catch(&err)
	losses, target, err := e.objective.BuildTest(trace.Output)
	outputs = []*graph.Node{losses}
	if !e.objective.NoAccuracy {
		outputs = append(outputs, graph.ArgMax(trace.Output, 1))
		if e.config.OnScores != nil {
			outputs = append(outputs, trace.Output)
		}
	}
	return trace, target, outputs, err
}

// Run measures all images once.
func (e *Evaluator) Run(ctx context.Context) (*Result, error) {
	start := time.Now()
	m := &measured{result: &Result{Accuracy: math.NaN()}}
	if !e.objective.NoAccuracy {
		m.result.Confusion = metrics.NewConfusionMatrix(e.set.Classes())
	}
	err := e.agreeOnScores()
	if err == nil {
		err = e.measureAll(ctx, m)
	}
	if e.config.Ranks != nil {
		err = e.merge(ctx, m, err)
	}
	if err != nil {
		return nil, err
	}
	result := m.result
	if result.Images == 0 {
		return nil, errors.New("the test set has no images")
	}
	result.Loss = m.sum / float64(result.Images)
	if result.Confusion != nil {
		result.Accuracy = result.Confusion.Accuracy()
	}
	result.ImagesPerSecond = float64(result.Images) / max(m.computing.Seconds(), 1e-9)
	result.Seconds = time.Since(start).Seconds()
	return result, nil
}

// Close releases the programs. Run compiles others.
func (e *Evaluator) Close() {
	for _, p := range e.programs {
		p.program.Close()
	}
}
