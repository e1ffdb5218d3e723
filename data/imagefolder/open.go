package imagefolder

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/printable"
)

// Options says how Open divides and checks pictures. The zero value is a good
// default.
type Options struct {
	// Validation is the share of each class that is for validation where neither
	// folders nor a manifest say which pictures are: from 0 to below 1. The default,
	// 0, is 0.2; a negative number is none at all.
	//
	// A hash of Seed and the picture's path decides, so that the share is met only
	// roughly, and a picture that is added or removed moves no other. A class of at
	// least two pictures always has one on either side: where the hash gives it none,
	// the picture that is nearest to the border crosses it.
	Validation float64
	// Seed is the random seed of that hash.
	Seed uint64
	// Classes are a model's classes, in its order, for which pictures are to be
	// evaluated: those of the pictures must be among them, and need not be all of them,
	// nor be for training. By default the pictures say which classes there are; then
	// there must be at least two, each with pictures to train with.
	Classes []string
	// Synonyms are other names that folders and manifests may have for Classes, by
	// index: for ImageNet's classes the numbers of the synsets.
	Synonyms []string
	// Strict makes a picture that cannot be read an error.
	Strict bool
	// MaxPixels is the largest picture that is read; 0 is imagefile's limit.
	MaxPixels int
	// NoIndex does without the index of a folder.
	NoIndex bool
	// Workers is the number of goroutines that look at files; 0 means 16.
	Workers int
	// Log, if not nil, is given plain lines that a user should see.
	Log func(line string)
	// Progress, if not nil, is told now and then how many pictures were found and
	// checked.
	Progress func(found, checked int)
}

// Sets are the pictures of a folder or a manifest.
type Sets struct {
	// Path is what was opened; Root is the folder that pictures' paths start from.
	Path, Root string
	// Classes are the names of the classes, by index: readable names where Labels are
	// ImageNet's, and Labels otherwise.
	Classes []string
	// Labels are the names of the folders of the classes, or their labels in the
	// manifest.
	Labels []string
	// Train, Validation and Test are the pictures; each is nil if there are none.
	Train, Validation, Test *Split
	// Divided says that Options.Validation made the validation pictures.
	Divided bool
	// Summary counts what was found.
	Summary Summary
}

// An Item is a picture.
type Item struct {
	// Path is the path from Sets.Root, with slashes.
	Path string
	// Label is an index into Sets.Classes.
	Label int
	// Size and ModTime are the file's size in bytes and its time of change in
	// nanoseconds since 1970, when Open saw it.
	Size, ModTime int64
}

// A Split is the pictures for one purpose.
type Split struct {
	// Name is "train", "validation" or "test".
	Name string
	// Items are sorted by class and then by path.
	Items []Item

	sets *Sets
	max  int // pixels
}

// Len returns the number of pictures, 0 for nil.
func (s *Split) Len() int {
	if s == nil {
		return 0
	}
	return len(s.Items)
}

// The names of splits.
const (
	trainName      = "train"
	validationName = "validation"
	testName       = "test"
)

var splitNames = [3]string{trainName, validationName, testName}

// splitOf tells the split that a folder or a manifest names; −1 is none.
func splitOf(name string) int {
	switch strings.ToLower(name) {
	case "train":
		return 0
	case "val", "valid", "validation":
		return 1
	case "test":
		return 2
	}
	return -1
}

// A found is what is known of pictures before they are divided. Splits without
// labels have no pictures.
type found struct {
	root      string
	splits    [3]map[string][]Item // by label; nil where nothing says that there is such a split
	manifests []string             // CSV files in the root
	changed   map[string]int64     // of folders below the root; nil if they are not wanted
	summary
}

// Open finds the pictures of a folder or of a manifest, a CSV file. The package
// comment says what they look like. Each error is one sentence that says what was
// found and what was expected.
//
// A folder with an index that is up to date is not listed; see OpenIndex.
func Open(ctx context.Context, path string, options Options) (*Sets, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	x, err := OpenIndex(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return x.Sets(options)
}

// fill fills in the defaults.
func (o *Options) fill() {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	if o.Validation == 0 {
		o.Validation = 0.2
	}
}

func (o *Options) check() error {
	if n := len(o.Synonyms); n > 0 && n != len(o.Classes) {
		return fmt.Errorf("there are synonyms for %d classes, and %d classes", n, len(o.Classes))
	}
	if o.Validation >= 1 || o.Validation != o.Validation {
		return fmt.Errorf("a share of %v of the pictures for validation: want below 1", o.Validation)
	}
	return nil
}

// sets orders the classes and divides the pictures.
func (f *found) sets(path string, options Options) (*Sets, error) {
	s := &Sets{Path: path, Root: f.root}
	labels := map[string]bool{}
	for _, split := range f.splits {
		for label := range split {
			labels[label] = true
		}
	}
	for label := range labels {
		s.Labels = append(s.Labels, label)
	}
	slices.Sort(s.Labels)
	if err := s.nameClasses(); err != nil {
		return nil, err
	}
	index, err := f.checkClasses(s, options)
	if err != nil {
		return nil, err
	}
	if f.splits[0] != nil && f.splits[1] == nil && options.Validation > 0 {
		f.divide(options)
		s.Divided = true
	}
	for at, to := range []**Split{&s.Train, &s.Validation, &s.Test} {
		split := &Split{Name: splitNames[at], sets: s, max: options.MaxPixels}
		for _, label := range s.Labels {
			for _, item := range f.splits[at][label] {
				item.Label = index[label]
				split.Items = append(split.Items, item)
			}
		}
		if len(split.Items) > 0 {
			slices.SortStableFunc(split.Items, func(a, b Item) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Path, b.Path)) })
			*to = split
		}
	}
	if options.Classes != nil {
		s.Classes, s.Labels = options.Classes, options.Classes
	}
	s.Summary = f.summary.of(s)
	f.warn(s, options)
	return s, nil
}

// checkClasses checks the classes and returns the index of each label.
func (f *found) checkClasses(s *Sets, options Options) (map[string]int, error) {
	index := map[string]int{}
	if options.Classes != nil {
		for i, label := range s.Labels {
			at := slices.Index(options.Classes, label)
			if at < 0 {
				at = slices.Index(options.Classes, s.Classes[i])
			}
			if at < 0 {
				at = slices.Index(options.Synonyms, label)
			}
			if at < 0 {
				return nil, fmt.Errorf("class %s is not among the %d classes of the model (%s)", quote(label), len(options.Classes), some(options.Classes))
			}
			index[label] = at
		}
		return index, nil
	}
	lower := map[string]string{}
	for i, label := range s.Labels {
		index[label] = i
		if other, ok := lower[strings.ToLower(label)]; ok {
			return nil, fmt.Errorf("the classes %s and %s differ in the case of their letters only: rename one, or put their pictures together", quote(other), quote(label))
		}
		lower[strings.ToLower(label)] = label
	}
	for _, label := range s.Labels {
		if len(f.splits[0][label]) > 0 {
			continue
		}
		if _, there := f.splits[0][label]; !there && len(f.splits[1][label])+len(f.splits[2][label]) > 0 {
			return nil, fmt.Errorf("class %s is for validation or test but not for training: a network cannot learn it", quote(label))
		}
		return nil, fmt.Errorf("class %s has no pictures%s to train with: add some, or remove it", quote(label), f.unreadableOf(label))
	}
	if len(s.Labels) == 1 {
		return nil, fmt.Errorf("there is only one class, %s: want a folder of pictures for each of at least two classes", quote(s.Labels[0]))
	}
	return index, nil
}

// warn tells what may be wrong but stops nothing.
func (f *found) warn(s *Sets, options Options) {
	if options.Classes != nil {
		return
	}
	for at, split := range []*Split{s.Train, s.Validation, s.Test} {
		if split == nil || at == 0 {
			continue
		}
		var lacking []string
		counts := s.Summary.Pictures[split.Name]
		for i, n := range counts {
			if n == 0 {
				lacking = append(lacking, s.Classes[i])
			}
		}
		if len(lacking) > 0 {
			options.Log(fmt.Sprintf("warning: the %s pictures lack %s: what is measured with them says nothing of it", split.Name, describe("class", lacking)))
		}
	}
	if s.Divided && s.Validation == nil {
		options.Log("warning: there are too few pictures to keep some for validation: nothing says how good the model is")
	}
}

func quote(name string) string { return `"` + printable.Line(name) + `"` }

// describe is "class a" or "3 classes (a, b, c)".
func describe(what string, names []string) string {
	if len(names) == 1 {
		return what + " " + quote(names[0])
	}
	return fmt.Sprintf("%d %ses (%s)", len(names), what, some(names))
}

// some lists the first names.
func some(names []string) string {
	const most = 10
	var words []string
	for _, name := range names[:min(len(names), most)] {
		words = append(words, printable.Line(name))
	}
	if len(names) > most {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}
