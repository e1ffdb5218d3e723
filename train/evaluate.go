package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/internal/ranks"
)

// EvalConfig says how to measure. The zero value is a good default.
type EvalConfig struct {
	// BatchSize is the number of images computed at once; 0 means 256.
	BatchSize int
	// Device computes; nil means cpu.Default().
	Device engine.Device
	// Workers is the number of goroutines that prepare batches; 0 leaves it to
	// data.Loader.
	Workers int
	// Loss is that of Config.
	Loss func(output, target *graph.Node) *graph.Node
	// OnBatch, if not nil, is told after each batch how many images are done.
	OnBatch func(done, total int)
	// OnScores, if not nil, gets the scores of each image in the order of the
	// dataset: its index, the network's output for it before the softmax, which is
	// valid only during the call, and its label. An error ends Evaluate with it. It
	// needs an output that names a class; see Config.Loss.
	OnScores func(item int, logits []float32, label int) error
	// Dist shares the work among processes that call Evaluate together; nil is a single
	// one. All of them get the whole result, and the OnScores of rank 0 is called.
	Dist *Dist
}

// Evaluation is how a model does on a dataset.
type Evaluation struct {
	// Images is how many there were.
	Images int
	// Loss is the mean loss.
	Loss float64
	// Accuracy is the share of images whose class was given the greatest
	// score; NaN where that means nothing, see Config.Loss.
	Accuracy float64
	// Confusion counts labels against predictions; nil where they mean nothing.
	Confusion *metrics.ConfusionMatrix
	// ImagesPerSecond is the number of images divided by the time in the
	// network.
	ImagesPerSecond float64
	// Seconds is the time that it took in all.
	Seconds float64
}

// Evaluate measures the model in Eval mode on a dataset.
//
// Where the loss of a batch is NaN or infinite, and so is a value of an image, of a
// target or of the model's parameters and buffers, the error names it. Otherwise
// Evaluation.Loss is not finite: numbers became too large inside of the network.
func Evaluate(ctx context.Context, model *nn.Model, set data.Dataset, config EvalConfig) (*Evaluation, error) {
	if config.BatchSize < 0 {
		return nil, fmt.Errorf("batch size %d: want at least 1", config.BatchSize)
	}
	o, err := objective.New("test", model, set, config.Loss)
	if err != nil {
		return nil, err
	}
	if o.NoAccuracy && config.OnScores != nil {
		return nil, errors.New("test set: there are no scores of classes to tell, because the loss is not that of classes")
	}
	r, err := config.Dist.start()
	if err != nil {
		return nil, err
	}
	e, err := newEvaluator(r, model, set, o, config)
	if err = r.Agree(err); err != nil {
		return nil, err
	}
	defer e.close()
	result, err := e.run(ctx)
	if err == nil && !finite(result.Loss) {
		err = weights.CheckFinite(model.State())
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func finite(v float64) bool { return v-v == 0 }

// An evaluator measures again and again on the same dataset.
type evaluator struct {
	model     *nn.Model
	set       data.Dataset
	objective objective.Objective
	config    EvalConfig
	loader    *data.Loader
	programs  map[int]*evalProgram
	ranks     *ranks.Ranks // nil in a single process
	shards    []data.Part  // of a batch, that this rank computes; nil for all in one
}

type evalProgram struct {
	program        engine.Program
	starter        *async.Starter // nil if the program can only be run
	feeds          engine.Feeds
	images, target *graph.Node
	outputs        []*tensor.Tensor // the losses and, if that means something, the guesses; then the scores, if they are wanted
}

func newEvaluator(r *ranks.Ranks, model *nn.Model, set data.Dataset, o objective.Objective, config EvalConfig) (*evaluator, error) {
	if config.BatchSize == 0 {
		config.BatchSize = 256
	}
	config.Device = cpu.OrDefault(config.Device)
	loader, err := data.NewLoader(set, data.LoaderConfig{BatchSize: config.BatchSize, Workers: config.Workers, Part: r.Part()})
	if err != nil {
		return nil, fmt.Errorf("test set: %w", err)
	}
	e := &evaluator{model: model, set: set, objective: o, config: config, loader: loader, programs: map[int]*evalProgram{}, ranks: r}
	if r != nil {
		e.shards = config.Dist.shardsOf(r)
	}
	return e, nil
}

func (e *evaluator) compile(batch int) (*evalProgram, error) {
	if p, ok := e.programs[batch]; ok {
		return p, nil
	}
	trace, target, outputs, err := e.build(batch)
	if err != nil {
		return nil, err
	}
	program, err := e.config.Device.Compile(trace.Graph, outputs...)
	if err != nil {
		return nil, fmt.Errorf("compile the network for batches of %d: %w", batch, err)
	}
	p := &evalProgram{program: program, feeds: engine.Feeds{}, images: trace.Input, target: target}
	for _, n := range outputs {
		p.outputs = append(p.outputs, tensor.New(n.Shape()...))
	}
	p.starter = async.New(program, p.outputs)
	// One program at a time: each keeps packed weights of its own, which new
	// weights make useless anyway before the next test.
	e.close()
	e.programs = map[int]*evalProgram{batch: p}
	return p, nil
}

// build makes the graph: the losses and the guess for each image.
func (e *evaluator) build(batch int) (trace *nn.Trace, target *graph.Node, outputs []*graph.Node, err error) {
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

func (e *evaluator) run(ctx context.Context) (*Evaluation, error) {
	start := time.Now()
	m := &measured{result: &Evaluation{Accuracy: math.NaN()}}
	if !e.objective.NoAccuracy {
		m.result.Confusion = metrics.NewConfusionMatrix(e.set.Classes())
	}
	err := e.agreeOnScores()
	if err == nil {
		err = e.measureAll(ctx, m)
	}
	if e.ranks != nil {
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

func (e *evaluator) close() {
	for _, p := range e.programs {
		p.program.Close()
	}
}
