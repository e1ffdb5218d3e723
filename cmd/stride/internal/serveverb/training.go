package serveverb

import (
	"context"
	"errors"
	"fmt"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/cifar"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/serve"
)

// training finds the pictures that a run was trained with, where the run says they are. It downloads
// nothing.
func (s *serveVerb) training(ctx context.Context, model *modelfolder.Model) (serve.TrainingData, error) {
	if model.Run == nil {
		return nil, errors.New("the model is no run folder, which would say what it was trained with")
	}
	options := model.Run.Settings.Options
	if path := options["photos"]; path != "" {
		o := imagefolder.Options{Classes: model.Classes}
		if err := source.DivideAs(model, &o); err != nil {
			return nil, err
		}
		sets, err := imagefolder.Open(ctx, path, o)
		if err != nil {
			return nil, err
		}
		if sets.Train == nil {
			return nil, fmt.Errorf("%s has no training pictures", path)
		}
		return sets.Train.Images(imagefolder.Reading{Preprocess: model.Preprocessing})
	}
	place := options["data"]
	if place == "" {
		return nil, errors.New("the run does not say where its training data are")
	}
	images, err := trainingImages(ctx, place)
	if err != nil {
		return nil, err
	}
	set, err := source.View(images, model.Net.Input(), 0)
	if err != nil {
		return nil, err
	}
	if !model.Preprocessing.Equal(preprocess.Plain(model.Net.Input())) {
		set = source.Prepared{Dataset: set, Preprocessing: model.Preprocessing}
	}
	return set, nil
}

// trainingImages reads the training images of a dataset in a folder.
func trainingImages(ctx context.Context, place string) (*data.Images, error) {
	if cifar.Contains(place) {
		set, err := cifar.Load(ctx, cifar.Options{Dir: place})
		if err != nil {
			return nil, err
		}
		return set.Train, nil
	}
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: place})
	if err != nil {
		return nil, err
	}
	return set.Train, nil
}
