package evalverb

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
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
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
	if d.split == source.AllSplits {
		return "images"
	}
	return source.SplitName(d.split) + " images"
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
	if place == "" && model.Data != "" && !strings.HasPrefix(model.Data, source.FashionMNIST) {
		return nil, fmt.Errorf("%s was trained with the data %s, and nothing says where they are: name a folder that has a folder of pictures for each class, with --data",
			model.Path, terminal.QuoteIfNeeded(model.Data))
	}
	var images *fashionmnist.Set
	var err error
	if place != "" && cifar.Contains(place) {
		var set *cifar.Set
		if set, err = cifar.Load(ctx, cifar.Options{Dir: place}); err == nil {
			images = &fashionmnist.Set{Train: set.Train, Test: set.Test, Name: set.Name, Source: set.Source}
		}
	} else {
		images, err = source.LoadData(e.App, ctx, place)
	}
	if err != nil {
		return nil, err
	}
	d := &evalData{
		name: source.DataName(images), title: source.DataTitle(images), source: images.Source, split: cmp.Or(e.split, source.TestSplit),
		splits: []report.Split{splitOf("training", images.Train), splitOf("test", images.Test)},
		facts:  []report.Fact{{Name: "Data set", Value: source.DataTitle(images)}, {Name: "From", Value: images.Source}, {Name: "Shape of an image", Value: images.Train.ImageShape().String()}},
		file:   func(int) string { return "" },
	}
	if d.split != source.TestSplit && d.split != source.TrainSplit {
		return nil, fmt.Errorf("%s has training and test images only: want --split train or test", d.title)
	}
	of := source.Part(images, d.split)
	d.picture = func(i int) (image.Image, error) { picture, _, err := data.Picture(of, i); return picture, err }
	d.itemName = func(i int) string { return fmt.Sprintf("%s image %d", source.SplitName(d.split), i) }
	if d.set, err = source.View(of, model.Net.Input(), e.limit); err != nil {
		return nil, err
	}
	if !model.Preprocessing.Equal(preprocess.Plain(model.Net.Input())) {
		d.set = source.Prepared{Dataset: d.set, Preprocessing: model.Preprocessing}
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
	case recorded != "", ext == ".csv", ext == ".tsv", !strings.HasPrefix(cmp.Or(model.Data, source.FashionMNIST), source.FashionMNIST), hasFolders(e.data):
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
	if !own && split.Name == source.AllSplits && model.Data != "" && model.Data == source.NameOfPhotos(path) {
		e.Notice(fmt.Sprintf("The model may have been trained with some of the pictures in %s: nothing says which.", path))
	}
	split.Items = source.SpreadItems(split.Items, e.limit)
	images, err := split.Images(imagefolder.Reading{Preprocess: model.Preprocessing, Log: e.note})
	if err != nil {
		return nil, err
	}
	d := &evalData{
		name: source.NameOfPhotos(path), title: source.NameOfPhotos(path), source: path, split: split.Name, photos: true, set: images,
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
			name := source.SplitName(s.Name)
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
	o := imagefolder.Options{Classes: model.Classes, Validation: -1, Log: func(line string) { lines = append(lines, line) }, Progress: source.PictureProgress(e.App)}
	if slices.Equal(model.Classes, imagenet.Classes()) {
		o.Synonyms = imagenet.Synsets()
	}
	recorded, fingerprint := "", ""
	if model.Run != nil && model.Run.Settings.Options["photos"] != "" {
		recorded, fingerprint = model.Run.Settings.Options["photos"], model.Run.Settings.Options["fingerprint"]
		divided := o
		if err := source.DivideAs(model, &divided); err != nil {
			return nil, false, err
		}
		sets, err = imagefolder.Open(ctx, path, divided)
		own = samePath(path, recorded) || err == nil && sets.Fingerprint() == fingerprint
	}
	if !own && (err != nil || sets == nil || sets.Divided) {
		lines = nil
		sets, err = imagefolder.Open(ctx, path, o)
	}
	e.Live.Clear()
	switch {
	case errors.Is(err, fs.ErrNotExist) && e.data == "":
		return nil, false, fmt.Errorf("the photos that %s was trained with are not there any more: %w: name their folder with --data", model.Path, err)
	case err != nil:
		return nil, false, err
	}
	for _, line := range lines {
		e.Notice(line)
	}
	if own && fingerprint != "" && sets.Fingerprint() != fingerprint {
		e.Notice(fmt.Sprintf("The pictures in %s are not the same as when %s was trained.", path, model.Path))
	}
	return sets, own, nil
}

// chooseSplit returns the split of that name. Without a name it is the test split if
// there is one, else the validation split, else all pictures.
func chooseSplit(sets *imagefolder.Sets, name string) (*imagefolder.Split, error) {
	splits := map[string]*imagefolder.Split{source.TrainSplit: sets.Train, source.ValidationSplit: sets.Validation, source.TestSplit: sets.Test}
	all := imagefolder.Split{}
	var there []string
	for _, name := range []string{source.TrainSplit, source.ValidationSplit, source.TestSplit} {
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
	all.Name = source.AllSplits
	if len(there) == 0 {
		return nil, fmt.Errorf("%s has no pictures", sets.Path)
	}
	splits[source.AllSplits] = &all
	switch {
	case name == "" && sets.Test != nil:
		name = source.TestSplit
	case name == "" && sets.Validation != nil:
		name = source.ValidationSplit
	case name == "":
		name = source.AllSplits
	}
	split := splits[name]
	if split == nil {
		return nil, fmt.Errorf("%s has no %s images: want --split %s", sets.Path, source.SplitName(name), terminal.OrList(append(there, source.AllSplits)))
	}
	chosen := *split
	return &chosen, nil
}

// noticeMissingClasses tells that classes have no pictures, because of which means
// over classes are low.
func (e *evalVerb) noticeMissingClasses(split *imagefolder.Split, classes int) {
	seen := map[int]bool{}
	for _, item := range split.Items {
		seen[item.Label] = true
	}
	if n := len(seen); n < classes {
		e.Notice(fmt.Sprintf("Only %s of the model's %s classes have pictures here. In the means over classes the others count as 0.", terminal.Thousands(n), terminal.Thousands(classes)))
	}
}

// samePath reports whether two paths are the same, whether or not there is anything.
func samePath(a, b string) bool {
	full, err := filepath.Abs(a)
	return err == nil && full == filepath.Clean(b)
}

func photosFacts(sets *imagefolder.Sets, path string) []report.Fact {
	facts := []report.Fact{{Name: "Data set", Value: source.NameOfPhotos(path)}, {Name: "From", Value: path}}
	list := func(name string, counts map[string]int) {
		var parts []string
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			parts = append(parts, terminal.Thousands(counts[what])+" "+what)
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
