package augment

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// Sheet draws a contact sheet with a row for each of the given items of a
// dataset: the image as it is, and then as the first epochs of a loader with
// that seed see it. Normalize is left out, since its result is no picture. With
// MixUp or CutMix the items are a batch, so there should be several.
func Sheet(set data.Dataset, items []int, p Pipeline, versions int, seed uint64) (image.Image, error) {
	if versions < 1 {
		return nil, fmt.Errorf("%d versions of an image: want at least 1", versions)
	}
	if err := p.Check(set.ImageShape()); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, errors.New("a contact sheet needs at least one picture")
	}
	for _, item := range items {
		if item < 0 || item >= set.Len() {
			return nil, fmt.Errorf("no image %d in a dataset of %d", item, set.Len())
		}
	}
	visible := slices.DeleteFunc(Pipeline(p.flat()), func(t Transform) bool {
		_, ok := t.(Normalize)
		return ok
	})
	classes, columns := set.Classes(), versions+1
	pictures, titles := make([]image.Image, len(items)*columns), make([]string, len(items)*columns)
	for version := range columns {
		shown, err := newVersion(view{Dataset: set, pipeline: visible.PerImage(), seed: seed, epoch: version - 1}, items, visible.Batch())
		if err != nil {
			return nil, err
		}
		for j := range items {
			picture, label, err := data.Picture(shown, j)
			if err != nil {
				return nil, err
			}
			title := fmt.Sprintf("epoch %d", version)
			if version == 0 {
				title = fmt.Sprint(label)
				if label >= 0 && label < len(classes) {
					title = classes[label]
				}
			}
			pictures[j*columns+version], titles[j*columns+version] = picture, title
		}
	}
	return data.ContactSheet(pictures, titles, data.SheetConfig{Columns: columns})
}

// A version is a batch of images as an epoch sees them.
type version struct {
	data.Dataset
	images *tensor.Tensor
	labels []int
}

func newVersion(v view, items []int, batch BatchTransform) (*version, error) {
	shape := v.ImageShape()
	s := &version{v.Dataset, tensor.New(append(tensor.Shape{len(items)}, shape...)...), make([]int, len(items))}
	for j, item := range items {
		label, err := v.Read(item, s.images.Data()[j*shape.Size():][:shape.Size()])
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", item, err)
		}
		s.labels[j] = label
	}
	if batch != nil && v.epoch >= 0 {
		batch.ApplyBatch(rng.New(v.seed, "augment batch", uint64(v.epoch), 0), s.images, tensor.New(len(items), 1))
	}
	return s, nil
}

func (s *version) Len() int { return len(s.labels) }

func (s *version) Read(j int, pixels []float32) (int, error) {
	copy(pixels, s.images.Data()[j*len(pixels):])
	return s.labels[j], nil
}

// PhotoSheet draws a contact sheet with a row for each photo: its middle, of the
// shape C×H×W of the network's input, and then as the first epochs of a training
// with that seed see it, in which photo i has the index i. RandomErasing, which
// follows mean and standard deviation, is shown in grey; transforms on batches are
// left out. There is a title for each photo.
func PhotoSheet(photos []*raster.Raster, titles []string, p Pipeline, shape tensor.Shape, filter raster.Filter, versions int, seed uint64) (image.Image, error) {
	if versions < 1 {
		return nil, fmt.Errorf("%d versions of a photo: want at least 1", versions)
	}
	if len(titles) != len(photos) {
		return nil, fmt.Errorf("%d titles for %d photos", len(titles), len(photos))
	}
	augmented, err := p.Photos(shape, filter)
	if err != nil {
		return nil, err
	}
	var pictures []image.Image
	var under []string
	shown := tensor.New(shape...)
	for i, photo := range photos {
		for version := range versions + 1 {
			draw, rest, title := (&Photos{shape: shape, filter: filter}).Draw, Pipeline{}, titles[i]
			if version > 0 {
				draw, rest, title = augmented.Draw, p.Rest().PerImage(), fmt.Sprintf("epoch %d", version)
			}
			r := rng.New(seed, "augment", uint64(version-1), uint64(i))
			if err := draw(r, shown.Data(), shape, photo); err != nil {
				return nil, fmt.Errorf("photo %d: %w", i, err)
			}
			pictures, under = append(pictures, inGrey(shown, r, rest)), append(under, title)
		}
	}
	return data.ContactSheet(pictures, under, data.SheetConfig{Columns: versions + 1})
}

// inGrey applies transforms that set values to 0 to an image around mid-grey.
func inGrey(x *tensor.Tensor, r *rand.Rand, rest Pipeline) image.Image {
	pixels := x.Data()
	for i := range pixels {
		pixels[i] -= 0.5
	}
	rest.Apply(r, pixels, x.Shape())
	out := raster.New(x.Shape()[0], x.Shape()[1], x.Shape()[2])
	for i, v := range pixels {
		out.Pix[i] = uint8((v+0.5)*255 + 0.5)
	}
	return out.Image()
}

// A view is a dataset as an epoch, from 0, sees it; epoch −1 changes nothing.
type view struct {
	data.Dataset
	pipeline Pipeline
	seed     uint64
	epoch    int
}

func (v view) Read(i int, pixels []float32) (int, error) {
	label, err := v.Dataset.Read(i, pixels)
	if err == nil && v.epoch >= 0 {
		v.pipeline.Apply(rng.New(v.seed, "augment", uint64(v.epoch), uint64(i)), pixels, v.Dataset.ImageShape())
	}
	return label, err
}
