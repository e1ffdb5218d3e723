package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/cifar"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/viz/report"
	"github.com/strideml/stride/weights/imagenet"
)

// The names of splits.
const (
	trainSplit      = "train"
	validationSplit = "validation"
	testSplit       = "test"
	allSplits       = "all"
)

// An evalData is what a model is measured on.
type evalData struct {
	name   string // in records
	title  string // for people
	source string
	split  string
	photos bool // and no files of a dataset
	// set has what the network is given, items that are numbered from 0.
	set     data.Dataset
	splits  []report.Split
	facts   []report.Fact
	picture func(item int) (image.Image, error)
	// itemName names an item for people; file is the path of its file, or "".
	itemName, file func(item int) string
}

// measured is what is measured: "test images".
func (d *evalData) measured() string {
	if d.split == allSplits {
		return "images"
	}
	return splitName(d.split) + " images"
}

// openData finds what the model is measured on: what --data says, or else what the
// model was trained with.
func (e *evalVerb) openData(ctx context.Context, model *modelfolder.Model) (*evalData, error) {
	if path := e.photosPath(model); path != "" {
		return e.openEvalPhotos(ctx, model, path)
	}
	place := e.data
	if place == "" && model.Run != nil {
		place = model.Run.Settings.Options["data"]
	}
	if place == "" && model.Data != "" && !strings.HasPrefix(model.Data, fashionMNIST) {
		return nil, fmt.Errorf("%s was trained with the data %s, and nothing says where they are: name a folder that has a folder of pictures for each class, with --data",
			model.Path, quoteIfNeeded(model.Data))
	}
	var images *fashionmnist.Set
	var err error
	if place != "" && cifar.Contains(place) {
		var set *cifar.Set
		if set, err = cifar.Load(ctx, cifar.Options{Dir: place}); err == nil {
			images = &fashionmnist.Set{Train: set.Train, Test: set.Test, Name: set.Name, Source: set.Source}
		}
	} else {
		images, err = e.loadData(ctx, place)
	}
	if err != nil {
		return nil, err
	}
	d := &evalData{
		name: dataName(images), title: dataTitle(images), source: images.Source, split: cmp.Or(e.split, testSplit),
		splits: []report.Split{splitOf("training", images.Train), splitOf("test", images.Test)},
		facts:  []report.Fact{{Name: "Data set", Value: dataTitle(images)}, {Name: "From", Value: images.Source}, {Name: "Shape of an image", Value: images.Train.ImageShape().String()}},
		file:   func(int) string { return "" },
	}
	if d.split != testSplit && d.split != trainSplit {
		return nil, fmt.Errorf("%s has training and test images only: want --split train or test", d.title)
	}
	of := part(images, d.split)
	d.picture = func(i int) (image.Image, error) { picture, _, err := data.Picture(of, i); return picture, err }
	d.itemName = func(i int) string { return fmt.Sprintf("%s image %d", splitName(d.split), i) }
	if d.set, err = view(of, model.Net.Input(), e.limit); err != nil {
		return nil, err
	}
	if !model.Preprocessing.Equal(preprocess.Plain(model.Net.Input())) {
		d.set = prepared{d.set, model.Preprocessing}
	}
	return d, nil
}

// photosPath returns the folder or the manifest of photos to measure the model on;
// "" if its data are the files of a dataset.
func (e *evalVerb) photosPath(model *modelfolder.Model) string {
	recorded := ""
	if model.Run != nil {
		recorded = model.Run.Settings.Options["photos"]
	}
	switch ext := strings.ToLower(filepath.Ext(e.data)); {
	case e.data == "":
		return recorded
	case e.data == fashionmnist.SampleDir, fashionmnist.Contains(e.data), cifar.Contains(e.data):
		return ""
	case recorded != "", ext == ".csv", ext == ".tsv", !strings.HasPrefix(cmp.Or(model.Data, fashionMNIST), fashionMNIST), hasFolders(e.data):
		return e.data
	}
	return ""
}

// hasFolders reports whether there are folders in a folder.
func hasFolders(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, fs.DirEntry.IsDir)
}

// openEvalPhotos opens photos with the classes of the model.
func (e *evalVerb) openEvalPhotos(ctx context.Context, model *modelfolder.Model, path string) (*evalData, error) {
	sets, own, err := e.findPhotos(ctx, model, path)
	if err != nil {
		return nil, err
	}
	split, err := chooseSplit(sets, e.split)
	if err != nil {
		return nil, err
	}
	if !own && split.Name == allSplits && model.Data != "" && model.Data == nameOfPhotos(path) {
		e.notice(fmt.Sprintf("The model may have been trained with some of the pictures in %s: nothing says which.", path))
	}
	split.Items = spreadItems(split.Items, e.limit)
	images, err := split.Images(imagefolder.Reading{Preprocess: model.Preprocessing, Log: e.note})
	if err != nil {
		return nil, err
	}
	d := &evalData{
		name: nameOfPhotos(path), title: nameOfPhotos(path), source: path, split: split.Name, photos: true, set: images,
		facts: photosFacts(sets, path),
		picture: func(i int) (image.Image, error) {
			r := &raster.Raster{}
			err := images.Resized(i, r)
			return r.Image(), err
		},
		itemName: func(i int) string { return split.Items[i].Path },
	}
	d.file = d.itemName
	for _, s := range []*imagefolder.Split{sets.Train, sets.Validation, sets.Test} {
		if s != nil {
			name := splitName(s.Name)
			if !own && sets.Validation == nil && sets.Test == nil {
				name = "labelled" // nobody has said that they are for training
			}
			d.splits = append(d.splits, report.Split{Name: name, Images: s.Len(), Counts: sets.Summary.Pictures[s.Name]})
		}
	}
	e.noticeMissingClasses(split, len(model.Classes))
	return d, nil
}

// findPhotos lists photos. own says that they are those that the run was trained
// with, divided as then. Of others nothing is put aside for validation.
func (e *evalVerb) findPhotos(ctx context.Context, model *modelfolder.Model, path string) (sets *imagefolder.Sets, own bool, err error) {
	var lines []string
	o := imagefolder.Options{Classes: model.Classes, Validation: -1, Log: func(line string) { lines = append(lines, line) }, Progress: e.pictureProgress}
	if slices.Equal(model.Classes, imagenet.Classes()) {
		o.Synonyms = imagenet.Synsets()
	}
	recorded, fingerprint := "", ""
	if model.Run != nil && model.Run.Settings.Options["photos"] != "" {
		recorded, fingerprint = model.Run.Settings.Options["photos"], model.Run.Settings.Options["fingerprint"]
		divided := o
		if err := divideAs(model, &divided); err != nil {
			return nil, false, err
		}
		sets, err = imagefolder.Open(ctx, path, divided)
		own = samePath(path, recorded) || err == nil && sets.Fingerprint() == fingerprint
	}
	if !own && (err != nil || sets == nil || sets.Divided) {
		lines = nil
		sets, err = imagefolder.Open(ctx, path, o)
	}
	e.live.clear()
	switch {
	case errors.Is(err, fs.ErrNotExist) && e.data == "":
		return nil, false, fmt.Errorf("the photos that %s was trained with are not there any more: %w: name their folder with --data", model.Path, err)
	case err != nil:
		return nil, false, err
	}
	for _, line := range lines {
		e.notice(line)
	}
	if own && fingerprint != "" && sets.Fingerprint() != fingerprint {
		e.notice(fmt.Sprintf("The pictures in %s are not the same as when %s was trained.", path, model.Path))
	}
	return sets, own, nil
}

// divideAs sets how the photos of a run were divided.
func divideAs(model *modelfolder.Model, o *imagefolder.Options) (err error) {
	bad := func(name, value string) error {
		return fmt.Errorf("%s is damaged: option %s is %q", filepath.Join(model.Run.Dir, "config.json"), name, value)
	}
	settings := model.Run.Settings.Options
	o.Validation = 0 // the default
	if text := settings["validation"]; text != "" {
		if o.Validation, err = strconv.ParseFloat(text, 32); err != nil { // the flag has 32 bits
			return bad("validation", text)
		}
		if o.Validation == 0 {
			o.Validation = -1 // none
		}
	}
	if text := settings["split-seed"]; text != "" {
		if o.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return bad("split-seed", text)
		}
	}
	return nil
}

// chooseSplit returns the split of that name. Without a name it is the test split if
// there is one, else the validation split, else all pictures.
func chooseSplit(sets *imagefolder.Sets, name string) (*imagefolder.Split, error) {
	splits := map[string]*imagefolder.Split{trainSplit: sets.Train, validationSplit: sets.Validation, testSplit: sets.Test}
	all := imagefolder.Split{}
	var there []string
	for _, name := range []string{trainSplit, validationSplit, testSplit} {
		s := splits[name]
		if s == nil {
			continue
		}
		there = append(there, name)
		if all.Items == nil {
			all = *s
		} else {
			all.Items = slices.Concat(all.Items, s.Items)
		}
	}
	all.Name = allSplits
	if len(there) == 0 {
		return nil, fmt.Errorf("%s has no pictures", sets.Path)
	}
	splits[allSplits] = &all
	switch {
	case name == "" && sets.Test != nil:
		name = testSplit
	case name == "" && sets.Validation != nil:
		name = validationSplit
	case name == "":
		name = allSplits
	}
	split := splits[name]
	if split == nil {
		return nil, fmt.Errorf("%s has no %s images: want --split %s", sets.Path, splitName(name), orList(append(there, allSplits)))
	}
	chosen := *split
	return &chosen, nil
}

// spreadItems returns n of the items, from all classes; all of them if n is 0.
func spreadItems(items []imagefolder.Item, n int) []imagefolder.Item {
	if n == 0 || n >= len(items) {
		return items
	}
	chosen := make([]imagefolder.Item, n)
	for i := range chosen {
		chosen[i] = items[i*len(items)/n]
	}
	return chosen
}

// noticeMissingClasses tells that classes have no pictures, because of which means
// over classes are low.
func (e *evalVerb) noticeMissingClasses(split *imagefolder.Split, classes int) {
	seen := map[int]bool{}
	for _, item := range split.Items {
		seen[item.Label] = true
	}
	if n := len(seen); n < classes {
		e.notice(fmt.Sprintf("Only %s of the model's %s classes have pictures here. In the means over classes the others count as 0.", thousands(n), thousands(classes)))
	}
}

// nameOfPhotos is the name of a folder, or of a manifest without its extension.
func nameOfPhotos(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	name := filepath.Base(path)
	if ext := filepath.Ext(name); strings.EqualFold(ext, ".csv") || strings.EqualFold(ext, ".tsv") {
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// samePath reports whether two paths are the same, whether or not there is anything.
func samePath(a, b string) bool {
	full, err := filepath.Abs(a)
	return err == nil && full == filepath.Clean(b)
}

func photosFacts(sets *imagefolder.Sets, path string) []report.Fact {
	facts := []report.Fact{{Name: "Data set", Value: nameOfPhotos(path)}, {Name: "From", Value: path}}
	list := func(name string, counts map[string]int) {
		var parts []string
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			parts = append(parts, thousands(counts[what])+" "+what)
		}
		if len(parts) > 0 {
			facts = append(facts, report.Fact{Name: name, Value: strings.Join(parts, ", ")})
		}
	}
	list("Formats", sets.Summary.Formats)
	list("Left out", sets.Summary.Skipped)
	if sets.Divided {
		facts = append(facts, report.Fact{Name: "Validation images", Value: "chosen by a hash of their paths"})
	}
	return facts
}
