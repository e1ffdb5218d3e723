package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// EvalConfig says how to measure. The zero value is a good default.
type EvalConfig struct {
	// BatchSize is the number of images computed at once; 0 means 256.
	BatchSize int
	// Device computes; nil stands for the cpu engine with all threads.
	Device engine.Device
	// Workers is the number of goroutines that prepare batches; 0 leaves it to
	// data.Loader.
	Workers int
	// OnBatch, if not nil, is told after each batch how many images are done.
	OnBatch func(done, total int)
}

// Evaluation is how a model does on a dataset.
type Evaluation struct {
	// Images is how many there were.
	Images int
	// Loss is the mean cross-entropy.
	Loss float64
	// Accuracy is the share of images whose class was given the greatest
	// score.
	Accuracy float64
	// Confusion counts labels against predictions.
	Confusion *metrics.ConfusionMatrix
	// ImagesPerSecond is the number of images divided by the time in the
	// network.
	ImagesPerSecond float64
	// Seconds is the time that it took in all.
	Seconds float64
}

// Evaluate measures the model in Eval mode on a dataset.
func Evaluate(ctx context.Context, model *nn.Model, set data.Dataset, config EvalConfig) (*Evaluation, error) {
	if config.BatchSize < 0 {
		return nil, fmt.Errorf("batch size %d: want at least 1", config.BatchSize)
	}
	if err := checkData("test", model, set); err != nil {
		return nil, err
	}
	e, err := newEvaluator(model, set, config)
	if err != nil {
		return nil, err
	}
	defer e.close()
	return e.run(ctx)
}

// An evaluator measures again and again on the same dataset.
type evaluator struct {
	model    *nn.Model
	set      data.Dataset
	config   EvalConfig
	loader   *data.Loader
	programs map[int]*evalProgram
}

type evalProgram struct {
	program         engine.Program
	feeds           engine.Feeds
	images, labels  *graph.Node
	losses, guesses *tensor.Tensor
	outputs         []*tensor.Tensor
}

func newEvaluator(model *nn.Model, set data.Dataset, config EvalConfig) (*evaluator, error) {
	if config.BatchSize == 0 {
		config.BatchSize = 256
	}
	if config.Device == nil {
		config.Device = defaultDevice()
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{BatchSize: config.BatchSize, Workers: config.Workers})
	if err != nil {
		return nil, fmt.Errorf("test set: %w", err)
	}
	return &evaluator{model: model, set: set, config: config, loader: loader, programs: map[int]*evalProgram{}}, nil
}

func (e *evaluator) compile(batch int) (*evalProgram, error) {
	if p, ok := e.programs[batch]; ok {
		return p, nil
	}
	trace, labels, losses, guesses, err := e.build(batch)
	if err != nil {
		return nil, err
	}
	program, err := e.config.Device.Compile(trace.Graph, losses, guesses)
	if err != nil {
		return nil, fmt.Errorf("compile the network for batches of %d: %w", batch, err)
	}
	p := &evalProgram{program: program, feeds: engine.Feeds{}, images: trace.Input, labels: labels, losses: tensor.New(batch), guesses: tensor.New(batch)}
	p.outputs = []*tensor.Tensor{p.losses, p.guesses}
	// One program at a time: each keeps packed weights of its own, which new
	// weights make useless anyway before the next test.
	e.close()
	e.programs = map[int]*evalProgram{batch: p}
	return p, nil
}

// build makes the graph: the loss and the guess for each image.
func (e *evaluator) build(batch int) (trace *nn.Trace, labels, losses, guesses *graph.Node, err error) {
	trace, err = e.model.Trace(batch, nn.Eval)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	defer graph.Catch(&err)
	labels = trace.Graph.Input("labels", batch)
	return trace, labels, graph.CrossEntropy(trace.Output, labels), graph.ArgMax(trace.Output, 1), nil
}

func (e *evaluator) run(ctx context.Context) (*Evaluation, error) {
	start := time.Now()
	var computing time.Duration
	result := &Evaluation{Confusion: metrics.NewConfusionMatrix(e.set.Classes())}
	sum := 0.0
	for b, err := range e.loader.Epoch(ctx, 0, 0) {
		if err == nil {
			err = checkBatch("test", b, len(e.set.Classes()))
		}
		if err != nil {
			return nil, fmt.Errorf("test set: %w", err)
		}
		p, err := e.compile(b.Len())
		if err != nil {
			return nil, err
		}
		p.feeds[p.images], p.feeds[p.labels] = b.Images, b.Labels
		began := time.Now()
		if err := p.program.Run(p.feeds, p.outputs); err != nil {
			return nil, err
		}
		computing += time.Since(began)
		for i, loss := range p.losses.Data() {
			sum += float64(loss)
			if err := result.Confusion.Add(int(b.Labels.Data()[i]), int(p.guesses.Data()[i])); err != nil {
				return nil, err
			}
		}
		result.Images += b.Len()
		if e.config.OnBatch != nil {
			e.config.OnBatch(result.Images, e.set.Len())
		}
	}
	if result.Images == 0 {
		return nil, errors.New("the test set has no images")
	}
	result.Loss = sum / float64(result.Images)
	result.Accuracy = result.Confusion.Accuracy()
	result.ImagesPerSecond = float64(result.Images) / max(computing.Seconds(), 1e-9)
	result.Seconds = time.Since(start).Seconds()
	return result, nil
}

func (e *evaluator) close() {
	for _, p := range e.programs {
		p.program.Close()
	}
}
