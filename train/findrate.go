package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train/internal/batches"
	"github.com/strideml/stride/train/internal/step"
)

// RateOptions are the choices of FindLearningRate. The zero value is a good default.
type RateOptions struct {
	// Min and Max are the first and the last learning rate; 0 means 1e-7 and 10.
	Min, Max float64
	// Steps is the number of training steps; 0 means 100.
	Steps int
	// OnStep, if not nil, is told after each step how many are done.
	OnStep func(done, total int)
}

// A RateCurve is the loss of training steps whose learning rate grows, as
// FindLearningRate has measured it.
type RateCurve struct {
	// Rates are the learning rates of the steps.
	Rates []float64
	// BatchLosses are the losses of the batches before each step, and Losses the
	// same smoothed: means in which each loss counts 0.98 times as much as the next.
	BatchLosses, Losses []float64
	// Diverged says that the search stopped before its last step, because the
	// smoothed loss exceeded four times its least value, or was no number.
	Diverged bool
	// Steepest is the learning rate at which the smoothed loss falls fastest against
	// the logarithm of the rate. Valley is in the middle of the longest descent: a
	// third and a half of a third into the longest sequence of falling losses, with
	// gaps. It is the better choice where the curve is noisy. Both are 0 if the loss
	// falls nowhere. The first tenth of the steps and the last five do not count.
	Steepest, Valley float64
}

// beta is the weight of the past in the smoothed loss, tooLarge the multiple of its
// least value at which the search stops. Both are fastai's.
const (
	beta     = 0.98
	tooLarge = 4
)

// FindLearningRate searches for a learning rate by the range test of Smith (Cyclical
// Learning Rates for Training Neural Networks, 2017), with the smoothing, the end and
// the suggestions of fastai's lr_find: it trains with a rate that grows by the same
// factor in each step, until the loss explodes. The model is unchanged afterwards, bit
// for bit, whatever happens.
//
// Of config it uses what makes a step: BatchSize, Loss, Optimizer, Augment, Mix, Seed,
// Device, MemoryBudget, Workers and the like; layers are frozen as in the first epoch.
// Epochs, LearningRate, Schedule, Accumulate, EMA, Dist, Dir, Callbacks and what acts on
// metrics do not count. The training set is gone through as often as it takes;
// batches that are smaller than the others are left out.
func FindLearningRate(ctx context.Context, model *nn.Model, trainSet data.Dataset, config Config, options RateOptions) (*RateCurve, error) {
	if options.Min == 0 {
		options.Min = 1e-7
	}
	if options.Max == 0 {
		options.Max = 10
	}
	if options.Steps == 0 {
		options.Steps = 100
	}
	switch {
	case !(options.Min > 0 && options.Min < options.Max && options.Max <= math.MaxFloat32):
		return nil, fmt.Errorf("learning rates from %v to %v: want numbers above 0, the second the larger one", options.Min, options.Max)
	case options.Steps < 2:
		return nil, fmt.Errorf("%d steps: want at least 2", options.Steps)
	}
	config.Epochs, config.LearningRate, config.Schedule, config.Plateau = 1, float32(options.Min), nil, nil
	config.Accumulate, config.EMA, config.Best, config.EarlyStop = 1, optim.EMA{}, "", EarlyStop{}
	config.Dir, config.Resume, config.Callbacks, config.Log, config.Dist = "", false, Callbacks{}, nil, nil
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	o, tested, err := config.objectives(model, trainSet, nil)
	if err == nil {
		err = config.checkFor(model, false, o)
	}
	if err != nil {
		return nil, err
	}
	defer restore(model)()
	f, err := newFitter(nil, model, trainSet, nil, o, tested, config)
	if err != nil {
		return nil, err
	}
	defer f.close()
	curve := &RateCurve{}
	if err := f.findRate(ctx, curve, options); err != nil {
		return nil, err
	}
	curve.suggest(options.Steps)
	return curve, nil
}

// restore returns a function that gives the model the values back that it has now.
func restore(model *nn.Model) func() {
	type kept struct {
		variable *graph.Variable
		values   []float32
	}
	var all []kept
	for _, v := range slices.Concat(model.Parameters(), model.Buffers()) {
		all = append(all, kept{v, slices.Clone(v.Value.Data())})
	}
	return func() {
		for _, k := range all {
			copy(k.variable.Value.Data(), k.values)
			k.variable.Changed()
		}
	}
}

// errEnough says that no steps are left, or that the loss exploded.
var errEnough = errors.New("enough")

// findRate does the steps.
func (f *fitter) findRate(ctx context.Context, curve *RateCurve, o RateOptions) error {
	size := min(f.config.BatchSize, f.set.Len())
	mean, least := 0.0, math.Inf(1)
	try := func(b *data.Batch, epoch int) error {
		if err := f.training.Objective.CheckBatch("training", b); err != nil {
			return err
		}
		b = f.mixed(b, epoch)
		i := len(curve.Rates)
		rate := o.Min * math.Pow(o.Max/o.Min, float64(i)/float64(o.Steps-1))
		loss, _, err := f.steps.Run(b, step.Alone(b, uint64(i), float32(rate)))
		if err != nil {
			return err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			if err := batches.CheckFinite("training", b); err != nil {
				return err
			}
			curve.Diverged = true
			return errEnough
		}
		mean = beta*mean + (1-beta)*loss
		smooth := mean / (1 - math.Pow(beta, float64(i+1)))
		curve.Rates, curve.BatchLosses, curve.Losses = append(curve.Rates, rate), append(curve.BatchLosses, loss), append(curve.Losses, smooth)
		least = min(least, smooth)
		if o.OnStep != nil {
			o.OnStep(i+1, o.Steps)
		}
		if curve.Diverged = smooth > tooLarge*least; curve.Diverged || i+1 == o.Steps {
			return errEnough
		}
		return nil
	}
	for epoch := 0; ; epoch++ {
		for b, err := range f.loader.Epoch(ctx, epoch, 0) {
			if ctx.Err() != nil {
				break
			}
			if err != nil {
				return fmt.Errorf("training set: %w", err)
			}
			if b.Len() < size {
				continue
			}
			if err := try(b, epoch); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return &interruption{fmt.Sprintf("the search for a learning rate was interrupted after %s", count(len(curve.Rates), "step")), context.Cause(ctx)}
		}
	}
}

// suggest sets Steepest and Valley. steps is the number of steps that were asked for.
func (c *RateCurve) suggest(steps int) {
	from, to := steps/10, len(c.Rates)-5
	if to-from < 2 {
		return
	}
	rates, losses := c.Rates[from:to], c.Losses[from:to]
	steepest := 0.0
	for i := range len(losses) - 1 {
		if slope := (losses[i+1] - losses[i]) / math.Log(rates[i+1]/rates[i]); slope < steepest {
			steepest, c.Steepest = slope, rates[i]
		}
	}
	if i, ok := valley(losses); ok {
		c.Valley = rates[i]
	}
}

// valley returns the index of fastai's suggestion of the same name. The longest
// strictly falling subsequence that ends earliest is taken to cover the indices up to
// its end; the suggestion lies half of these after their beginning. ok is false if
// nothing falls.
func valley(losses []float64) (index int, ok bool) {
	length := make([]int, len(losses)) // of the longest that ends there
	end := 0
	for i, loss := range losses {
		length[i] = 1
		for j, before := range losses[:i] {
			if loss < before {
				length[i] = max(length[i], length[j]+1)
			}
		}
		if length[i] > length[end] {
			end = i
		}
	}
	if length[end] < 2 {
		return 0, false
	}
	start := end - length[end]
	third := float64(end-start) / 3
	return max(0, start+int(third)+int(third/2)), true
}
