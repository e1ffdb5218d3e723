package zoo

import (
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/tensor"
)

// Pretrained are weights of a network that are part of the program. Packages
// below weights register theirs when they are imported, as database drivers do:
//
//	import _ "github.com/strideml/stride/weights/efficientnetlite0"
type Pretrained struct {
	// Net is the name of the network, as Get takes it.
	Net string
	// Data is the name of the data that the weights were trained with.
	Data string
	// Source says in a sentence where the weights come from, and their licence.
	Source string
	// Classes returns the names of the classes, by index. Nobody changes them.
	Classes func() []string
	// State returns the values of all parameters and buffers, for
	// nn.Model.LoadState. Each call decodes them into memory of their own.
	State func() ([]tensor.Named, error)
}

var pretrained = map[string]Pretrained{}

// RegisterPretrained adds weights; packages that bring some call it in their
// init. It panics for a second set of weights of a network.
func RegisterPretrained(p Pretrained) {
	if _, ok := pretrained[p.Net]; ok {
		panic("zoo: two packages have weights for " + p.Net)
	}
	pretrained[p.Net] = p
}

// PretrainedFor returns the weights of the network of that name; upper and
// lower case are the same. It reports false if the program has none.
func PretrainedFor(name string) (Pretrained, bool) {
	p, ok := pretrained[strings.ToLower(name)]
	return p, ok
}

// PretrainedNames returns the names of all networks that PretrainedFor has weights
// of, sorted.
func PretrainedNames() []string { return slices.Sorted(maps.Keys(pretrained)) }
