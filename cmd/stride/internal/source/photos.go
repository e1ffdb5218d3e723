package source

import (
	"path/filepath"
	"strings"

	"github.com/strideml/stride/data/imagefolder"
)

// SplitName is the name of a split as an adjective: "training", "test".
func SplitName(split string) string {
	if split == TrainSplit {
		return "training"
	}
	return split
}

// The names of splits.
const (
	TrainSplit      = "train"
	ValidationSplit = "validation"
	TestSplit       = "test"
	AllSplits       = "all"
)

// NameOfPhotos is the name of a folder, or of a manifest without its extension.
func NameOfPhotos(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	name := filepath.Base(path)
	if ext := filepath.Ext(name); strings.EqualFold(ext, ".csv") || strings.EqualFold(ext, ".tsv") {
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// SpreadItems returns n of the items, from all classes; all of them if n is 0.
func SpreadItems(items []imagefolder.Item, n int) []imagefolder.Item {
	if n == 0 || n >= len(items) {
		return items
	}
	chosen := make([]imagefolder.Item, n)
	for i := range chosen {
		chosen[i] = items[i*len(items)/n]
	}
	return chosen
}
