package dataverb

import (
	"context"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/cifar"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/mnist"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// folderInfo is what a folder of data holds, as JSON.
type folderInfo struct {
	Name    string      `json:"name"`
	Source  string      `json:"source"`
	Classes []classInfo `json:"classes"`
	// Train, Validation and Test are the numbers of images.
	Train      int `json:"train"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
	// Divided says that the validation images were chosen by --seed.
	Divided    bool           `json:"divided,omitempty"`
	Formats    map[string]int `json:"formats,omitempty"`
	Skipped    map[string]int `json:"skipped,omitempty"`
	Unreadable []string       `json:"unreadable,omitempty"`
}

// classInfo is a class as JSON.
type classInfo struct {
	Name       string `json:"name"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
}

// A folder is data in a folder that was named: photos, or the files of MNIST or CIFAR.
type folder struct {
	info   folderInfo
	images map[string]*data.Images // MNIST's and CIFAR's, by split
	photos map[string]*imagefolder.Split
}

// openFolder reads what a folder or a manifest has.
func openFolder(a *command.App, ctx context.Context, path string, seed uint64) (*folder, error) {
	f := &folder{info: folderInfo{Name: path, Source: path}}
	switch {
	case mnist.Contains(path):
		set, err := mnist.Load(ctx, path)
		if err != nil {
			return nil, err
		}
		f.info.Name, f.info.Source = set.Name, set.Source
		f.images = map[string]*data.Images{"train": set.Train, "test": set.Test}
	case cifar.Contains(path):
		set, err := cifar.Load(ctx, cifar.Options{Dir: path})
		if err != nil {
			return nil, err
		}
		f.info.Name, f.info.Source = set.Name, set.Source
		f.images = map[string]*data.Images{"train": set.Train, "test": set.Test}
	default:
		return f, f.openPhotos(ctx, a, seed)
	}
	for _, name := range f.images["train"].Classes() {
		f.info.Classes = append(f.info.Classes, classInfo{Name: name})
	}
	for split, images := range f.images {
		for i := range images.Len() {
			f.count(split, images.Label(i), 1)
		}
	}
	return f, nil
}

func (f *folder) openPhotos(ctx context.Context, a *command.App, seed uint64) error {
	sets, err := imagefolder.Open(ctx, f.info.Source, imagefolder.Options{
		Seed: seed, Log: a.Notice, Progress: func(found, checked int) {
			a.Live.Draw(func() terminal.Progress {
				return terminal.Progress{Head: "looking at pictures", Share: float64(checked) / float64(max(found, 1)), Fields: []string{fmt.Sprintf("%s of %s", terminal.Thousands(checked), terminal.Thousands(found))}}
			})
		},
	})
	a.Live.Clear()
	if err != nil {
		return err
	}
	f.photos = map[string]*imagefolder.Split{"train": sets.Train, "validation": sets.Validation, "test": sets.Test}
	f.info.Divided, f.info.Formats, f.info.Skipped = sets.Divided && sets.Validation != nil, sets.Summary.Formats, sets.Summary.Skipped
	for _, u := range sets.Summary.Unreadable {
		f.info.Unreadable = append(f.info.Unreadable, u.Reason)
	}
	for _, name := range sets.Classes {
		f.info.Classes = append(f.info.Classes, classInfo{Name: name})
	}
	for split, counts := range sets.Summary.Pictures {
		for label, n := range counts {
			f.count(split, label, n)
		}
	}
	return nil
}

// count adds n images of a class.
func (f *folder) count(split string, label, n int) {
	class := &f.info.Classes[label]
	switch split {
	case "train":
		class.Train, f.info.Train = class.Train+n, f.info.Train+n
	case "validation":
		class.Validation, f.info.Validation = class.Validation+n, f.info.Validation+n
	default:
		class.Test, f.info.Test = class.Test+n, f.info.Test+n
	}
}

// listFolder prints what a folder has.
func listFolder(a *command.App, ctx context.Context, path string, asJSON bool) error {
	f, err := openFolder(a, ctx, path, 0)
	if err != nil {
		return err
	}
	if asJSON {
		return terminal.WriteJSON(a.Stdout, f.info)
	}
	t := terminal.NewTable(0)
	t.Add("class", "training", "validation", "test")
	for _, c := range append(f.info.Classes, classInfo{"all", f.info.Train, f.info.Validation, f.info.Test}) {
		t.Add(printable.Line(c.Name), terminal.Thousands(c.Train), terminal.Thousands(c.Validation), terminal.Thousands(c.Test))
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	var notes []string
	if f.info.Divided {
		notes = append(notes, "The validation images were chosen by a hash of their paths.")
	}
	for _, why := range slices.Sorted(maps.Keys(f.info.Skipped)) {
		notes = append(notes, fmt.Sprintf("Left out: %s, %s", terminal.Thousands(f.info.Skipped[why]), why))
	}
	if len(notes) > 0 {
		_, err = fmt.Fprintf(a.Stdout, "\n%s\n", strings.Join(notes, "\n"))
	}
	return err
}

// thumbnail is how photos of a folder are shown: their middle, as a network sees it.
var thumbnail = preprocess.Config{InputSize: tensor.Shape{3, 84, 84}, CropPct: 0.875, Interpolation: preprocess.Bicubic}

// showFolder draws images of a folder.
func (s *showVerb) showFolder(ctx context.Context, path string, random bool) error {
	f, err := openFolder(s.App, ctx, path, s.seed)
	if err != nil {
		return err
	}
	var set data.Dataset
	var label func(i int) int
	var photos *imagefolder.Images
	if images := f.images[s.split]; images != nil {
		set, label = images, images.Label
	} else if f.photos[s.split] != nil {
		if photos, err = f.photos[s.split].Images(imagefolder.Reading{Preprocess: thumbnail, Log: s.Notice}); err != nil {
			return err
		}
		set, label = photos, photos.Label
	} else {
		return fmt.Errorf("%s has no %s images", printable.Line(path), source.SplitName(s.split))
	}
	items := spread(set.Len(), len(set.Classes()), label)
	if random {
		items = rng.New(s.seed, "data show").Perm(set.Len())
	}
	items = items[:min(s.count, len(items))]
	var sheet image.Image
	if photos != nil {
		sheet, items, err = s.photoSheet(ctx, photos, items)
	} else {
		sheet, err = s.sheet(set, items)
	}
	if err != nil {
		return err
	}
	return s.write(sheet, len(items), f.info.Name, f.info.Name)
}

// spread returns all items in an order in which the first ones are of all classes.
func spread(n, classes int, label func(i int) int) []int {
	byClass := make([][]int, classes)
	for i := range n {
		byClass[label(i)] = append(byClass[label(i)], i)
	}
	items := make([]int, 0, n)
	for round := 0; len(items) < n; round++ {
		for _, of := range byClass {
			if round < len(of) {
				items = append(items, of[round])
			}
		}
	}
	return items
}

// photoSheet draws photos, or the versions of them that training sees. It returns the
// items that could be read.
func (s *showVerb) photoSheet(ctx context.Context, photos *imagefolder.Images, items []int) (image.Image, []int, error) {
	augmented := len(s.augment.Pipeline) > 0
	var shown []int
	var pictures []image.Image
	var rasters []*raster.Raster
	var titles []string
	for _, item := range items {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		r := &raster.Raster{}
		if photos.Resized(item, r) != nil {
			continue // the notice has said why
		}
		shown, titles = append(shown, item), append(titles, photos.Classes()[photos.Label(item)])
		if augmented {
			rasters = append(rasters, r)
			continue
		}
		picture, _, err := data.Picture(photos, item)
		if err != nil {
			return nil, nil, err
		}
		pictures = append(pictures, picture)
	}
	if len(shown) == 0 {
		return nil, nil, fmt.Errorf("none of %s can be read", terminal.Plural(len(items), "picture"))
	}
	if augmented {
		sheet, err := augment.PhotoSheet(rasters, titles, s.augment.Pipeline, thumbnail.InputSize, raster.Bicubic, s.versions, s.seed)
		return sheet, shown, err
	}
	sheet, err := data.ContactSheet(pictures, titles, data.SheetConfig{Columns: s.columns})
	return sheet, shown, err
}
