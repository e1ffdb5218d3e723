package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train/internal/evaluate"
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
	if config.BatchSize == 0 {
		config.BatchSize = 256
	}
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
	defer e.Close()
	result, err := e.Run(ctx)
	if err == nil && (math.IsNaN(result.Loss) || math.IsInf(result.Loss, 0)) {
		err = weights.CheckFinite(model.State())
	}
	if err != nil {
		return nil, err
	}
	return (*Evaluation)(result), nil
}

// newEvaluator returns what measures with the settings, which have a BatchSize.
func newEvaluator(r *ranks.Ranks, model *nn.Model, set data.Dataset, o objective.Objective, c EvalConfig) (*evaluate.Evaluator, error) {
	config := evaluate.Config{BatchSize: c.BatchSize, Device: cpu.OrDefault(c.Device), Workers: c.Workers, OnBatch: c.OnBatch, OnScores: c.OnScores, Ranks: r}
	if r != nil {
		config.Shards = c.Dist.shardsOf(r)
	}
	return evaluate.New(model, set, o, config)
}
