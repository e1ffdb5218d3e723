package train_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// brighter is a transform whose random numbers can be seen in the loss.
type brighter struct{}

func (brighter) Apply(r *rand.Rand, pixels []float32, _ tensor.Shape) {
	by := r.Float32()
	for i := range pixels {
		pixels[i] *= by
	}
}
func (brighter) Check(tensor.Shape) error { return nil }
func (brighter) String() string           { return "brighter" }

// The random versions of images do not depend on an interruption.
func TestAugmentedRunResumes(t *testing.T) {
	t.Parallel()
	augmented := func(dir string) train.Config {
		config := settings(dir)
		config.Augment = augment.Pipeline{brighter{}, augment.RandomHorizontalFlip{}}
		return config
	}
	whole, part := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	history, err := fit(t, augmented(whole))
	if err != nil {
		t.Fatal(err)
	}
	if _, plain := finished(t); plain.Last().TrainLoss == history.Last().TrainLoss {
		t.Error("the images were not changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	config := augmented(part)
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 6 {
			cancel()
		}
	}
	if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	other := settings(part)
	other.Resume = true
	if _, err := fit(t, other); err == nil || !strings.Contains(err.Error(), "augmentation brighter,hflip, not none") {
		t.Errorf("resumed without augmentation: %v", err)
	}
	config = augmented(part)
	config.Resume = true
	got, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, part, whole)
	sameRows(t, got, history, part)
	if s, err := runfolder.ReadSettings(part); err != nil || s.Augment != config.Augment.String() {
		t.Errorf("config.json has %q, %v", s.Augment, err)
	}
}

func TestAugmentRefuses(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]augment.Pipeline{
		"normalize must be applied to test images": {augment.Normalize{Mean: []float32{0}, Std: []float32{1}}},
		"augmentation: transform 1":                {augment.RandomCrop{Height: 4000, Width: 4000}},
	} {
		config := settings(filepath.Join(t.TempDir(), "run"))
		config.Augment = p
		if _, err := fit(t, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}
