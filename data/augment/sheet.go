package augment

import (
	"fmt"
	"image"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/internal/rng"
)

// Sheet draws a contact sheet with a row for each of the given items of a
// dataset: the image as it is, and then as the first epochs of a loader with
// that seed see it. Normalize is left out, since its result is no picture.
func Sheet(set data.Dataset, items []int, p Pipeline, versions int, seed uint64) (image.Image, error) {
	if versions < 1 {
		return nil, fmt.Errorf("%d versions of an image: want at least 1", versions)
	}
	var visible Pipeline
	for _, t := range p {
		if _, ok := t.(Normalize); !ok {
			visible = append(visible, t)
		}
	}
	if _, err := visible.Hook(set.ImageShape()); err != nil {
		return nil, err
	}
	classes := set.Classes()
	var pictures []image.Image
	var titles []string
	for _, item := range items {
		if item < 0 || item >= set.Len() {
			return nil, fmt.Errorf("no image %d in a dataset of %d", item, set.Len())
		}
		for version := range versions + 1 {
			view := view{Dataset: set, pipeline: visible, seed: seed, epoch: version - 1}
			picture, label, err := data.Picture(view, item)
			if err != nil {
				return nil, fmt.Errorf("image %d: %w", item, err)
			}
			title := fmt.Sprintf("epoch %d", version)
			if version == 0 {
				title = fmt.Sprint(label)
				if label >= 0 && label < len(classes) {
					title = classes[label]
				}
			}
			pictures, titles = append(pictures, picture), append(titles, title)
		}
	}
	return data.ContactSheet(pictures, titles, data.SheetConfig{Columns: versions + 1})
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
