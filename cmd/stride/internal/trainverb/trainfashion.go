package trainverb

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train"
)

// prepareFashionMNIST loads the data and makes the model, side by side.
func (t *trainVerb) prepareFashionMNIST(ctx context.Context) (*trainJob, error) {
	set, model, err := t.loadAndBuild(ctx)
	if err != nil {
		return nil, err
	}
	t.fillDefaults(set)
	job := &trainJob{model: model, title: t.spec.Title + " on " + source.DataTitle(set), tested: "test", options: map[string]string{"data": source.DataPlace(set)}}
	if job.train, err = source.View(set.Train, t.input, t.limit); err != nil {
		return nil, err
	}
	if job.test, err = source.View(set.Test, t.input, t.limit); err != nil {
		return nil, err
	}
	job.config = train.Config{
		Epochs: t.epochs, BatchSize: t.batch, LearningRate: t.rate, Seed: t.seed,
		Optimizer: t.recipe.newOptimizer(t.standardOptimizer(), t.recipe.decay),
		Augment:   t.augment.Pipeline.PerImage(), Net: t.spec.Name, Data: source.DataName(set),
	}
	if batch := t.augment.Pipeline.Batch(); batch != nil {
		job.config.Mix = finetune.Mixer{BatchTransform: batch}
	}
	t.recipe.apply(&job.config, t.given)
	return job, nil
}

func (t *trainVerb) loadAndBuild(ctx context.Context) (set *fashionmnist.Set, model *nn.Model, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		set, err = source.LoadData(t.App, ctx, t.data)
		return err
	})
	group.Go(func() (err error) {
		net := t.spec.New(len(fashionmnist.Classes()))
		model, err = nn.New(net, t.input, nn.Options{Seed: t.seed, Init: t.spec.Init})
		if err != nil && t.resize > 0 && !t.resume {
			return command.AsMisuse(err)
		}
		if err == nil && t.weights != "" {
			err = t.loadWeights(model)
		}
		return err
	})
	return set, model, group.Wait()
}

// fillDefaults takes the network's own values for what was not given.
func (t *trainVerb) fillDefaults(set *fashionmnist.Set) {
	d := t.spec.Defaults
	if set.Sample {
		d = t.spec.Sample
	}
	if t.epochs == 0 {
		t.epochs = d.Epochs
	}
	if t.batch == 0 {
		t.batch = d.Batch
	}
	if t.rate == 0 {
		t.rate = t.recipe.rate(d.LearningRate)
	}
	t.rate = t.recipe.scale.scaled(t.rate, t.batch, d.Batch)
}
