// Package imagenet has the names of ImageNet-1k's 1,000 classes, in the order of
// the outputs of networks that were trained with it.
//
// The classes are synsets of WordNet 3.0, in the order of their numbers. The name
// of a class is the first word of its synset. Two names that occur twice have an
// explanation in parentheses: "crane (bird)" beside "crane", the machine, and
// "maillot (tank suit)" beside "maillot". The file LICENSE-WordNet in this folder is
// WordNet's licence.
package imagenet

import (
	_ "embed" // classes.txt
	"strings"
	"sync"
)

//go:embed classes.txt
var text string

var lists = sync.OnceValue(func() (l struct{ synsets, classes []string }) {
	for line := range strings.Lines(text) {
		synset, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		l.synsets = append(l.synsets, synset)
		l.classes = append(l.classes, strings.ReplaceAll(name, "_", " "))
	}
	return l
})

// Classes returns the names of the 1,000 classes, by index: "tench",
// "goldfish", "great white shark" … The caller must not change them.
func Classes() []string { return lists().classes }

// Synsets returns the numbers of the classes in WordNet, by index: "n01440764",
// "n01443537" … ImageNet's folders have these names. The caller must not change
// them.
func Synsets() []string { return lists().synsets }
