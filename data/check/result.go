package check

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// A Result is what was found. Lists are sorted, and never nil.
type Result struct {
	// Pictures is the number of pictures that can be read.
	Pictures int `json:"pictures"`
	// Splits are the parts of the set, in the order train, validation, test.
	Splits []string `json:"splits"`
	// Classes has the number of pictures of each class.
	Classes []ClassCount `json:"classes"`
	// Formats are the numbers of pictures by format: "JPEG", "PNG", …
	Formats map[string]int `json:"formats"`
	// Sizes sums up the pictures' sizes.
	Sizes Sizes `json:"sizes"`
	// Findings say what may be wrong and what to do, the most serious first.
	Findings []Finding `json:"findings"`

	// Unreadable pictures cannot be read, Damaged ones can in part.
	Unreadable []Problem `json:"unreadable"`
	Damaged    []Problem `json:"damaged"`
	// Duplicates have the same bytes. NearDuplicates look the same; a group has at
	// least two different files, and their exact duplicates too.
	Duplicates     []Group `json:"duplicates"`
	NearDuplicates []Group `json:"near_duplicates"`
	// NearIncomplete says that the set has so many similar pictures that not all were
	// compared with each other.
	NearIncomplete bool `json:"near_incomplete"`
	// Compared is how many pictures were compared by their features, and Suspects are
	// those whose label may be wrong, the most certain first.
	Compared int       `json:"compared"`
	Suspects []Suspect `json:"suspects"`
	// Blank pictures are almost of one colour. Small ones have a side shorter than
	// MinSide pixels. Misnamed ones have the extension of another format.
	Blank    []Picture `json:"blank"`
	Small    []Picture `json:"small"`
	Misnamed []Problem `json:"misnamed"`
}

// MinSide is the side in pixels below which a picture counts as small.
const MinSide = 32

// A ClassCount is the number of pictures of a class that can be read.
type ClassCount struct {
	Class    string `json:"class"`
	Pictures int    `json:"pictures"`
	// BySplit are the numbers in each of Result.Splits.
	BySplit []int `json:"by_split"`
}

// Sizes sums up the sizes of pictures in pixels, as they are stored.
type Sizes struct {
	// Shorter and Longer are the lengths of the shorter and the longer side: the least,
	// the median and the greatest.
	Shorter [3]int `json:"shorter"`
	Longer  [3]int `json:"longer"`
	// Distinct is the number of different sizes.
	Distinct int `json:"distinct"`
}

// A Problem is something about a picture in a sentence.
type Problem struct {
	Picture
	Reason string `json:"reason"`
}

// count counts pictures and lists those that are wrong by themselves.
func (c *checker) count() *Result {
	r := &Result{
		Splits: []string{}, Formats: map[string]int{}, Findings: []Finding{}, Unreadable: append([]Problem{}, c.Input.Unreadable...),
		Damaged: []Problem{}, Blank: []Picture{}, Small: []Picture{}, Misnamed: []Problem{},
	}
	for _, item := range c.Items {
		if !slices.Contains(r.Splits, item.Split) {
			r.Splits = append(r.Splits, item.Split)
		}
	}
	slices.SortFunc(r.Splits, func(a, b string) int {
		return cmp.Or(cmp.Compare(splitOrder(a), splitOrder(b)), cmp.Compare(a, b))
	})
	for _, name := range c.Classes {
		r.Classes = append(r.Classes, ClassCount{name, 0, make([]int, len(r.Splits))})
	}
	var shorter, longer []int
	sizes := map[[2]int]bool{}
	for i, item := range c.Items {
		p := &c.pictures[i]
		if p.err != nil {
			r.Unreadable = append(r.Unreadable, Problem{c.picture(i), p.err.Error()})
			continue
		}
		r.Pictures++
		class := &r.Classes[item.Label]
		class.Pictures++
		class.BySplit[slices.Index(r.Splits, item.Split)]++
		r.Formats[p.format]++
		shorter, longer = append(shorter, min(p.width, p.height)), append(longer, max(p.width, p.height))
		sizes[[2]int{p.width, p.height}] = true
		if p.warning != "" {
			r.Damaged = append(r.Damaged, Problem{c.picture(i), p.warning})
		}
		if p.blank {
			r.Blank = append(r.Blank, c.picture(i))
		}
		if min(p.width, p.height) < MinSide {
			r.Small = append(r.Small, c.picture(i))
		}
		if want := formatOf(item.Path); want != "" && want != p.format {
			r.Misnamed = append(r.Misnamed, Problem{c.picture(i), "is a " + p.format + " file"})
		}
	}
	r.Sizes = Sizes{spread(shorter), spread(longer), len(sizes)}
	for _, list := range []*[]Problem{&r.Unreadable, &r.Damaged, &r.Misnamed} {
		slices.SortFunc(*list, func(a, b Problem) int { return cmp.Compare(a.Path, b.Path) })
	}
	for _, list := range []*[]Picture{&r.Blank, &r.Small} {
		slices.SortFunc(*list, func(a, b Picture) int { return cmp.Compare(a.Path, b.Path) })
	}
	return r
}

// spread returns the least, the median and the greatest value; zeros without any.
func spread(values []int) [3]int {
	if len(values) == 0 {
		return [3]int{}
	}
	slices.Sort(values)
	return [3]int{values[0], values[(len(values)-1)/2], values[len(values)-1]}
}

// formatOf returns the format that a name's extension stands for; "" if that is not
// known.
func formatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif":
		return "JPEG"
	case ".png":
		return "PNG"
	case ".gif":
		return "GIF"
	case ".bmp":
		return "BMP"
	case ".webp":
		return "WebP"
	}
	return ""
}
