package imagefolder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/internal/printable"
)

// A Summary counts what Open found.
type Summary struct {
	// Pictures are the numbers of pictures by class for each split ("train",
	// "validation", "test") that has any.
	Pictures map[string][]int
	// Formats are the numbers of pictures by format: "JPEG", "PNG", …
	Formats map[string]int
	// Skipped are the numbers of files and folders that were left out, by reason.
	Skipped map[string]int
	// Unreadable are the pictures that cannot be read, the first 1,000.
	Unreadable []Unreadable
}

// An Unreadable is a picture that cannot be read.
type Unreadable struct {
	// Path is as in Item, Label the name of the class.
	Path, Label string
	// Reason is a sentence that names the file.
	Reason string
}

const (
	mostUnreadable = 1000
	// mostNamed is how many unreadable pictures are logged by name.
	mostNamed = 20
)

// String is the Summary in a line: "train 243, validation 153; skipped: 1 hidden".
func (s Summary) String() string {
	var words []string
	for _, name := range splitNames {
		if counts, ok := s.Pictures[name]; ok {
			total := 0
			for _, n := range counts {
				total += n
			}
			words = append(words, fmt.Sprintf("%s %d", name, total))
		}
	}
	line := strings.Join(words, ", ")
	var skipped []string
	for _, why := range slices.Sorted(maps.Keys(s.Skipped)) {
		skipped = append(skipped, fmt.Sprintf("%d %s", s.Skipped[why], why))
	}
	if len(skipped) > 0 {
		line += "; skipped: " + strings.Join(skipped, ", ")
	}
	return line
}

// A summary is a Summary under way.
type summary struct {
	pictures   int // found so far
	skipped    map[string]int
	formats    map[string]int
	unreadable []Unreadable
}

func (s *summary) skip(why string) {
	if s.skipped == nil {
		s.skipped = map[string]int{}
	}
	s.skipped[why]++
}

// of is the Summary of sets.
func (s *summary) of(sets *Sets) Summary {
	classes := len(sets.Classes)
	result := Summary{Pictures: map[string][]int{}, Formats: s.formats, Skipped: s.skipped, Unreadable: s.unreadable}
	for _, split := range []*Split{sets.Train, sets.Validation, sets.Test} {
		if split == nil {
			continue
		}
		counts := make([]int, classes)
		for _, item := range split.Items {
			counts[item.Label]++
		}
		result.Pictures[split.Name] = counts
	}
	return result
}

// leaveOut counts a picture that cannot be read, and names the first ones.
func (s *summary) leaveOut(path, label string, why error, options Options) {
	s.skip(skippedUnreadable)
	if len(s.unreadable) < mostUnreadable {
		s.unreadable = append(s.unreadable, Unreadable{path, label, why.Error()})
	}
	if s.skipped[skippedUnreadable] <= mostNamed {
		options.Log("warning: left out: " + printable.Line(why.Error()))
	}
}

// unreadableOf says how many pictures of a label cannot be read, to be appended.
func (s *summary) unreadableOf(label string) string {
	n := 0
	for _, u := range s.unreadable {
		if u.Label == label {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" that can be read (%d cannot)", n)
}

// check looks at the beginning of each picture and leaves out those that cannot be
// read.
func (f *found) check(ctx context.Context, options Options) error {
	type job struct {
		item   *Item
		label  string
		format string
		err    error
	}
	var jobs []job
	for _, split := range f.splits {
		for _, label := range slices.Sorted(maps.Keys(split)) {
			for i := range split[label] {
				jobs = append(jobs, job{item: &split[label][i], label: label})
			}
		}
	}
	workers := options.Workers
	if workers <= 0 {
		workers = max(16, runtime.GOMAXPROCS(0)) // disks like several questions at once
	}
	var next atomic.Int64
	var all sync.WaitGroup
	var progress sync.Mutex
	for range min(workers, len(jobs)) {
		all.Go(func() {
			for ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= len(jobs) {
					return
				}
				j := &jobs[at]
				info, err := imagefile.Probe(f.file(*j.item), imagefile.Options{MaxPixels: options.MaxPixels})
				j.format, j.err = info.Format, err
				if (at+1)%1000 == 0 || at+1 == len(jobs) {
					progress.Lock()
					options.Progress(len(jobs), at+1)
					progress.Unlock()
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f.formats = map[string]int{}
	bad := map[*Item]bool{}
	for _, j := range jobs {
		if j.err == nil {
			f.formats[j.format]++
			continue
		}
		if options.Strict {
			return j.err
		}
		bad[j.item] = true
		f.leaveOut(j.item.Path, j.label, j.err, options)
	}
	if n := f.skipped[skippedUnreadable] - mostNamed; n > 0 {
		options.Log(fmt.Sprintf("warning: left out: %d more pictures that cannot be read", n))
	}
	if len(bad) == 0 {
		return nil
	}
	for _, split := range f.splits {
		for label, items := range split {
			var good []Item
			for i := range items {
				if !bad[&items[i]] {
					good = append(good, items[i])
				}
			}
			split[label] = good
		}
	}
	return nil
}

// Fingerprint returns a hash of the classes and of the pictures of all splits: their
// paths from the root, labels and sizes. Two runs with the same Fingerprint have the
// same data, unless the contents of a photo were changed and its size was not.
func (s *Sets) Fingerprint() string {
	h := sha256.New()
	for _, name := range s.Classes {
		fmt.Fprintf(h, "%q\n", name)
	}
	for _, split := range []*Split{s.Train, s.Validation, s.Test} {
		if split != nil {
			split.hash(h)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Split) hash(h io.Writer) {
	fmt.Fprintln(h, s.Name)
	for _, item := range s.Items {
		fmt.Fprintf(h, "%q %d %d\n", item.Path, item.Label, item.Size)
	}
}
