package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// CompareTrainingArgs are the arguments of CompareTraining.
type CompareTrainingArgs struct {
	What         string  `json:"what"`
	Depth        int     `json:"depth"`
	Channels     int     `json:"channels"`
	Activation   string  `json:"activation"`
	Images       int     `json:"images"`
	BatchSize    int     `json:"batchSize"`
	Steps        int     `json:"steps"`
	LearningRate float32 `json:"learningRate"`
	Every        int     `json:"every"`
	Seed         uint64  `json:"seed"`
}

var defaultCompareTraining = CompareTrainingArgs{What: "batchNorm", Depth: 10, Channels: 8, Images: 4000, BatchSize: 32, Steps: 120, LearningRate: 0.1, Every: 4}

// A CompareStart is the first event of CompareTraining.
type CompareStart struct {
	Type     string            `json:"type"` // "start"
	Networks []ComparedNetwork `json:"networks"`
}

// A ComparedNetwork is one of the two.
type ComparedNetwork struct {
	Name       string   `json:"name"`
	Parameters int      `json:"parameters"`
	Layers     []string `json:"layers"`
}

// A CompareStep is an event of CompareTraining after a step.
type CompareStep struct {
	Type            string            `json:"type"` // "step"
	Step            int               `json:"step"`
	Steps           int               `json:"steps"`
	ImagesPerSecond float64           `json:"imagesPerSecond"`
	SecondsLeft     float64           `json:"secondsLeft"`
	Networks        []ComparedNumbers `json:"networks"`
}

// ComparedNumbers are those of a network after a step.
type ComparedNumbers struct {
	Loss     float64      `json:"loss"`
	Accuracy float64      `json:"accuracy"`
	Layers   []LayerStats `json:"layers"`
}

// LayerStats describe the activations of a layer for a batch, and the gradient of its weights.
type LayerStats struct {
	Mean         float32   `json:"mean"`
	Deviation    float32   `json:"deviation"`
	Quantiles    []float32 `json:"quantiles"`
	Histogram    []float32 `json:"histogram"`
	Low          float32   `json:"low"`
	High         float32   `json:"high"`
	GradientNorm float32   `json:"gradientNorm"`
}

// CompareTrainingResult is the result of CompareTraining.
type CompareTrainingResult struct {
	Networks        []ComparedResult `json:"networks"`
	Seconds         float64          `json:"seconds"`
	ImagesPerSecond float64          `json:"imagesPerSecond"`
}

// A ComparedResult is a network after the training.
type ComparedResult struct {
	Name         string  `json:"name"`
	Parameters   int     `json:"parameters"`
	Loss         float64 `json:"loss"`
	Accuracy     float64 `json:"accuracy"`
	TestAccuracy float64 `json:"testAccuracy"`
}

// withDefaults checks the arguments and fills in those that depend on others.
func (a CompareTrainingArgs) withDefaults() (CompareTrainingArgs, error) {
	if a.What != "batchNorm" && a.What != "shortcuts" {
		return a, fmt.Errorf("there is no comparison %q: want batchNorm or shortcuts", a.What)
	}
	if a.Activation == "" {
		a.Activation = map[string]string{"batchNorm": "sigmoid", "shortcuts": "relu"}[a.What]
	}
	if activations[a.Activation] == nil {
		return a, fmt.Errorf("there is no activation %q: want sigmoid, tanh or relu", a.Activation)
	}
	if !(a.LearningRate > 0 && a.LearningRate <= 1000) {
		return a, fmt.Errorf("learningRate is %v: want more than 0", a.LearningRate)
	}
	for _, err := range []error{
		within("depth", a.Depth, 2, 40), within("channels", a.Channels, 1, 64), within("images", a.Images, 1, 10_000), within("batchSize", a.BatchSize, 2, 256),
		within("steps", a.Steps, 1, 10_000), within("every", a.Every, 1, 10_000),
	} {
		if err != nil {
			return a, err
		}
	}
	if a.Images < a.BatchSize {
		return a, fmt.Errorf("images is %d: want at least the %d of a batch", a.Images, a.BatchSize)
	}
	return a, nil
}

// CompareTraining trains two networks on the same batches of the sample, which
// differ in one thing.
func (s *Session) CompareTraining(ctx context.Context, args CompareTrainingArgs, event func(any)) (r CompareTrainingResult, err error) {
	if args, err = args.withDefaults(); err != nil {
		return r, err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return r, err
	}
	defer leave()
	images, err := s.images(ctx, trainFile)
	if err != nil {
		return r, err
	}
	test, err := s.images(ctx, testFile)
	if err != nil {
		return r, err
	}
	loader, err := data.NewLoader(data.Limit(images, args.Images), data.LoaderConfig{BatchSize: args.BatchSize, Shuffle: true, Seed: args.Seed, DropLast: true, Workers: 1})
	if err != nil {
		return r, err
	}
	start := CompareStart{Type: "start"}
	var contestants []*contestant
	for _, with := range []bool{false, true} {
		c, err := newContestant(s.fast, args, with)
		if err != nil {
			return r, err
		}
		defer c.close()
		contestants = append(contestants, c)
		start.Networks = append(start.Networks, ComparedNetwork{c.name, c.parameters, c.layers})
	}
	event(start)
	began := time.Now()
	if err := s.race(ctx, args, loader, contestants, event); err != nil {
		return r, err
	}
	r.Seconds = time.Since(began).Seconds()
	r.ImagesPerSecond = float64(args.Steps*args.BatchSize) / r.Seconds
	for _, c := range contestants {
		tested, err := train.Evaluate(ctx, c.model, data.Limit(test, 500), train.EvalConfig{
			BatchSize: 100, Device: s.fast, Workers: 1, OnBatch: func(int, int) { _ = s.turn(ctx) }, // Evaluate sees that the context has ended
		})
		if err != nil {
			return r, err
		}
		r.Networks = append(r.Networks, ComparedResult{c.name, c.parameters, c.lastLoss, c.lastAccuracy, tested.Accuracy})
	}
	return r, nil
}

// race trains the contestants step by step.
func (s *Session) race(ctx context.Context, args CompareTrainingArgs, loader *data.Loader, contestants []*contestant, event func(any)) error {
	began, step := time.Now(), 0
	for epoch := 0; ; epoch++ {
		for batch, err := range loader.Epoch(ctx, epoch, 0) {
			if err != nil {
				return err
			}
			step++
			tell := step%args.Every == 0 || step == 1 || step == args.Steps
			e := CompareStep{Type: "step", Step: step, Steps: args.Steps}
			for _, c := range contestants {
				if err := s.turn(ctx); err != nil {
					return err
				}
				if err := c.step(args.LearningRate, batch); err != nil {
					return fmt.Errorf("step %d of the network %s: %w", step, c.name, err)
				}
				if tell {
					e.Networks = append(e.Networks, c.numbers())
				}
			}
			if tell {
				seconds := time.Since(began).Seconds()
				e.ImagesPerSecond = float64(step*args.BatchSize) / seconds
				e.SecondsLeft = seconds / float64(step) * float64(args.Steps-step)
				event(e)
			}
			if step == args.Steps {
				return nil
			}
		}
	}
}

// step trains on a batch.
func (c *contestant) step(rate float32, b *data.Batch) error {
	c.rate.Data()[0] = rate
	c.feeds[c.x], c.feeds[c.labels] = b.Images, b.Labels
	if err := c.program.Run(c.feeds, c.results); err != nil {
		return err
	}
	loss := float64(c.results[0].Data()[0])
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return errors.New("the loss is no longer finite: the learning rate is too large")
	}
	accuracy, err := metrics.Accuracy(c.results[1], b.Labels)
	c.losses, c.accuracies = append(c.losses, loss), append(c.accuracies, accuracy)
	return err
}

// numbers are those since the last call.
func (c *contestant) numbers() ComparedNumbers {
	mean := func(list []float64) (sum float64) {
		for _, v := range list {
			sum += v / float64(len(list))
		}
		return sum
	}
	c.lastLoss, c.lastAccuracy = mean(c.losses), mean(c.accuracies)
	c.losses, c.accuracies = c.losses[:0], c.accuracies[:0]
	n := ComparedNumbers{Loss: c.lastLoss, Accuracy: c.lastAccuracy}
	for i := range c.layers {
		values := c.results[2+4*i:]
		l := LayerStats{Mean: values[1].Data()[0], Deviation: values[2].Data()[0], GradientNorm: values[3].Data()[0]}
		l.spread(values[0])
		n.Layers = append(n.Layers, l)
	}
	return n
}

// The quantiles and bins of LayerStats; a histogram of a few thousand values is as good
// as one of all.
var quantiles = []float64{0, 0.05, 0.25, 0.5, 0.75, 0.95, 1}

const (
	bins      = 32
	histogram = 4096 // values
)

// spread fills in quantiles and histogram.
func (l *LayerStats) spread(t *tensor.Tensor) {
	step := max(1, t.Size()/histogram)
	if step > 1 {
		step |= 1 // an odd step meets all channels and columns
	}
	var values []float32
	for i := 0; i < t.Size(); i += step {
		values = append(values, t.Data()[i])
	}
	slices.Sort(values)
	for _, q := range quantiles {
		l.Quantiles = append(l.Quantiles, values[int(q*float64(len(values)-1)+0.5)])
	}
	l.Low, l.High = values[0], values[len(values)-1]
	l.Histogram = make([]float32, bins)
	for _, v := range values {
		at := 0
		if l.High > l.Low {
			at = min(int((v-l.Low)/(l.High-l.Low)*bins), bins-1)
		}
		l.Histogram[at] += 1 / float32(len(values))
	}
}
