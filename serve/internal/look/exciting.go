package look

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"net/http"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/serve/internal/inference"
	"github.com/strideml/stride/serve/internal/repository"
	"github.com/strideml/stride/tensor"
)

// Bounds of a search for exciting pictures.
const (
	excitingPictures = 9
	searchTime       = 15 * time.Second
	mostSearched     = 10_000
)

// Exciting finds the training pictures that excite a channel of a layer most. It looks at some of them, evenly
// spread, as many as the time allows.
func (l *Looker) Exciting(ctx context.Context, v *repository.Version, layer string, channel int) (*Exciting, error) {
	in, err := l.of(v)
	if err != nil {
		return nil, err
	}
	n, err := in.maps(layer)
	if err != nil {
		return nil, err
	}
	if channel < 0 || channel >= n[0] {
		return nil, refuse("channel is %d: the layer has %d, counted from 0", channel, n[0])
	}
	ctx, leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	set, err := in.data()
	if err != nil {
		return nil, inference.Refuse(http.StatusNotFound, "the training data of the model are not at hand: %w", err)
	}
	s := search{v: v, set: set, step: max(1, set.Len()/mostSearched)}
	found, err := in.Exciting(ctx, layer, channel, excitingPictures, limited(s.pictures(ctx), time.Now().Add(searchTime)))
	if err != nil {
		return nil, failure(ctx, err)
	}
	e := &Exciting{Of: of(v), Layer: layer, Channel: channel, Searched: len(s.labels), Total: set.Len(), Pictures: []ExcitingPicture{}}
	for _, f := range found {
		p := ExcitingPicture{
			Index: s.places[f.Index], Activation: float64(f.Activation), Y: f.Y, X: f.X,
			Field: within(Box{0, 0, 1, 1}, v.Input, f.Field.Box), Tiny: v.Input[1] <= 64,
		}
		if label := s.labels[f.Index]; label >= 0 && label < len(v.Model.Classes) {
			p.Class = v.Model.Classes[label]
		}
		if p.PNG, err = pictureURL(shown(v, f.Input)); err != nil {
			return nil, err
		}
		e.Pictures = append(e.Pictures, p)
	}
	return e, nil
}

// A search goes through a dataset.
type search struct {
	v    *repository.Version
	set  Dataset
	step int
	// Of the pictures that were looked at.
	places, labels []int
}

// index returns the index in the dataset of the picture that was looked at as number i. They are
// scattered, so that a search that is ended early has seen all classes: data are often sorted by class.
func (s *search) index(i int) int {
	n := (s.set.Len() + s.step - 1) / s.step
	return i * scatter(n) % n * s.step
}

// scatter returns a number that has no divisor in common with n, near n divided by the golden ratio.
func scatter(n int) int {
	for k := max(1, int(float64(n)/math.Phi)); ; k++ {
		a, b := k, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return k
		}
	}
}

// pictures yields the inputs.
func (s *search) pictures(ctx context.Context) iter.Seq2[explain.Picture, error] {
	return func(yield func(explain.Picture, error) bool) {
		for i := range (s.set.Len() + s.step - 1) / s.step {
			if ctx.Err() != nil {
				yield(explain.Picture{}, context.Cause(ctx))
				return
			}
			x := tensor.New(s.v.Input...)
			label, err := s.set.Read(s.index(i), x.Data())
			if errors.Is(err, data.ErrSkip) { // it cannot be read
				continue
			}
			if err != nil {
				yield(explain.Picture{}, fmt.Errorf("training picture %d: %w", s.index(i), err))
				return
			}
			s.places, s.labels = append(s.places, s.index(i)), append(s.labels, label)
			if !yield(explain.Picture{Input: x}, nil) {
				return
			}
		}
	}
}

// shown returns the picture that an input was made of, at the size of the input.
func shown(v *repository.Version, input *tensor.Tensor) image.Image {
	p := v.Model.Preprocessing.WithDefaults()
	pixels := input.Clone().Data()
	size := len(pixels) / v.Input[0]
	for i, value := range pixels {
		c := i / size
		if pixels[i] = value*p.Std[c] + p.Mean[c]; p.Invert {
			pixels[i] = 1 - pixels[i]
		}
	}
	return colour(pixels, v.Input[0], v.Input[2], 0, 1)
}
