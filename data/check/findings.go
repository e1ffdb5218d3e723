package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Finding is something that may be wrong with the set.
type Finding struct {
	// Kind is one of the constants of this type.
	Kind Kind `json:"kind"`
	// Count is the number of pictures, groups or classes concerned.
	Count int `json:"count"`
	// Text says what was found, Advice what to do about it, in a sentence each.
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

// A Kind is a kind of finding.
type Kind string

// The kinds of findings, the most serious first. Those with Leak concern pictures
// that are in several splits, so that a test tells too high an accuracy.
const (
	KindUnreadable     Kind = "unreadable"
	KindEmptyClass     Kind = "empty_class"
	KindLeak           Kind = "leak"
	KindNearLeak       Kind = "near_leak"
	KindConflict       Kind = "conflict"
	KindNearConflict   Kind = "near_conflict"
	KindSuspect        Kind = "mislabelled"
	KindDamaged        Kind = "damaged"
	KindMissingInSplit Kind = "missing_in_split"
	KindImbalance      Kind = "imbalance"
	KindFewPictures    Kind = "few_pictures"
	KindDuplicate      Kind = "duplicates"
	KindNearDuplicate  Kind = "near_duplicates"
	KindBlank          Kind = "blank"
	KindSmall          Kind = "small"
	KindMisnamed       Kind = "misnamed"
)

// kinds are all kinds in their order.
var kinds = []Kind{
	KindUnreadable, KindEmptyClass, KindLeak, KindNearLeak, KindConflict, KindNearConflict, KindSuspect, KindDamaged, KindMissingInSplit,
	KindImbalance, KindFewPictures, KindDuplicate, KindNearDuplicate, KindBlank, KindSmall, KindMisnamed,
}

const (
	// imbalanceRatio is from which ratio of the largest to the smallest class on a set
	// is called imbalanced.
	imbalanceRatio = 10
	// fewPictures is the number of pictures to train with below which a class has few.
	fewPictures = 20
)

// findings says what is wrong.
func (c *checker) findings(r *Result) {
	add := func(kind Kind, count int, advice, format string, args ...any) {
		if count > 0 {
			r.Findings = append(r.Findings, Finding{kind, count, fmt.Sprintf(format, args...), advice})
		}
	}
	n := len(r.Unreadable)
	add(KindUnreadable, n, "Replace or delete them; HEIC, AVIF and TIFF pictures can be converted to JPEG.", "%s cannot be read.", plural(n, "picture"))
	c.classFindings(r, add)
	c.duplicateFindings(r, add)
	n = len(r.Suspects)
	add(KindSuspect, n, "Look at them: move those that are in the wrong class, delete those that show neither.",
		"%s may have the wrong label: the most similar pictures have another one.", plural(n, "picture"))
	n = len(r.Damaged)
	add(KindDamaged, n, "Replace them; a part of the picture is missing.", "%s damaged and can only be read in part.", areOrIs(n, "picture"))
	n = len(r.Blank)
	add(KindBlank, n, "Look at them: photos of one colour are usually failures of a camera or of a download.", "%s almost of a single colour.", areOrIs(n, "picture"))
	n = len(r.Small)
	add(KindSmall, n, "Find larger versions, or leave them out if the other pictures are large.", "%s smaller than %d pixels.", areOrIs(n, "picture"), MinSide)
	n = len(r.Misnamed)
	add(KindMisnamed, n, "This does no harm here; other tools may need the right extension.", "%s the extension of another format.", hasOrHave(n, "picture"))
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)) })
}

type addFinding func(kind Kind, count int, advice, format string, args ...any)

// classFindings is about the numbers of pictures.
func (c *checker) classFindings(r *Result, add addFinding) {
	var empty, few, missing []string
	var smallest, largest *ClassCount
	for i := range r.Classes {
		class := &r.Classes[i]
		if class.Pictures == 0 {
			empty = append(empty, class.Class)
			continue
		}
		if class.BySplit[0] < fewPictures {
			few = append(few, class.Class)
		}
		for s, n := range class.BySplit {
			if n == 0 {
				missing = append(missing, class.Class+" in "+r.Splits[s])
			}
		}
		if smallest == nil || class.Pictures < smallest.Pictures {
			smallest = class
		}
		if largest == nil || class.Pictures > largest.Pictures {
			largest = class
		}
	}
	add(KindEmptyClass, len(empty), "Add pictures or remove the class.", "%s no picture that can be read: %s.", hasOrHave(len(empty), "class"), some(empty))
	add(KindMissingInSplit, len(missing), "Move some pictures: what is measured says nothing of a class without pictures, and a network cannot learn it.",
		"A split lacks a class: %s.", some(missing))
	if smallest != nil && largest.Pictures >= imbalanceRatio*smallest.Pictures {
		add(KindImbalance, 1, "Add pictures of the small classes, or train with class weights; look at recall and F1 of each class, not at accuracy alone.",
			"The set is imbalanced: %s has %d pictures, %s has %d.", largest.Class, largest.Pictures, smallest.Class, smallest.Pictures)
	}
	where := ""
	if len(r.Splits) > 1 {
		where = " in " + r.Splits[0]
	}
	add(KindFewPictures, len(few), "Add pictures: some dozens are a start, some hundreds are better.",
		"%s fewer than %d pictures%s: %s.", hasOrHave(len(few), "class"), fewPictures, where, some(few))
}

// duplicateFindings is about groups of pictures that are the same.
func (c *checker) duplicateFindings(r *Result, add addFinding) {
	var leak, conflict, nearLeak, nearConflict, plain, nearPlain, copies int
	for _, g := range r.Duplicates {
		if g.AcrossSplits {
			leak++
		}
		if g.AcrossClasses {
			conflict++
		}
		if !g.AcrossSplits && !g.AcrossClasses {
			plain++
			copies += len(g.Pictures) - 1
		}
	}
	for _, g := range r.NearDuplicates {
		switch {
		case g.AcrossSplits:
			nearLeak++
		case !g.AcrossClasses:
			nearPlain++
		}
		if g.AcrossClasses {
			nearConflict++
		}
	}
	const leakAdvice = "Keep them in one split only: a test with pictures from the training tells too high an accuracy."
	const conflictAdvice = "Decide which class is right and delete the others: a network cannot learn both."
	add(KindLeak, leak, leakAdvice, "%s in several splits.", areOrIs(leak, "picture"))
	add(KindNearLeak, nearLeak, leakAdvice, "%s of near duplicates are in several splits.", plural(nearLeak, "group"))
	add(KindConflict, conflict, conflictAdvice, "%s in several classes.", areOrIs(conflict, "picture"))
	add(KindNearConflict, nearConflict, conflictAdvice, "%s of near duplicates are in several classes.", plural(nearConflict, "group"))
	add(KindDuplicate, plain, "Delete the copies: they count more than other pictures, and a random split puts them on both sides.",
		"%s there more than once (%s).", areOrIs(plain, "picture"), plural(copies, "copy"))
	add(KindNearDuplicate, nearPlain, "Keep one of each group, or all in one split: a random split puts them on both sides.",
		"%s of near duplicates in the same split and class.", plural(nearPlain, "group"))
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", n, what)
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func areOrIs(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return plural(n, what) + " are"
}

func hasOrHave(n int, what string) string {
	if n == 1 {
		return "1 " + what + " has"
	}
	return plural(n, what) + " have"
}

// some lists the first names.
func some(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
