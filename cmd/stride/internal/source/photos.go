package source

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/modelfolder"
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

// DivideAs sets how the photos of a run were divided.
func DivideAs(model *modelfolder.Model, o *imagefolder.Options) (err error) {
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
