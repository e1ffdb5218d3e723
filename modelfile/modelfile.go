package modelfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// A format reads and writes files of one kind. Errors name the file.
type format struct {
	load func(path string) ([]tensor.Named, error)
	save func(path string, state []tensor.Named) error
}

// formats are known by the extensions of their files.
var formats = map[string]format{
	".safetensors": {loadSafetensors, saveSafetensors},
}

// Load gives the model the values in the file at path, under the rules of
// [nn.Model.LoadState]: names and shapes must be exactly the model's, but for
// what [LoadUnwrapped] takes from all names. Values that are NaN or infinite are
// an error. On an error, which names the file, the model is as it was.
func Load(model *nn.Model, path string) error {
	_, err := LoadUnwrapped(model, path)
	return err
}

// LoadUnwrapped is Load, and returns what all names in the file have in addition
// to the model's, as where PyTorch has saved a network within another module:
// "module." for DistributedDataParallel, "_orig_mod." for torch.compile, or any
// other common prefix that ends in a dot. It is "" for a file with the model's
// own names.
func LoadUnwrapped(model *nn.Model, path string) (prefix string, err error) {
	f, err := formatOf(path)
	if err != nil {
		return "", fmt.Errorf("load model: %w", err)
	}
	state, err := f.load(path)
	if err != nil {
		return "", fmt.Errorf("load model: %w", err)
	}
	known := map[string]bool{}
	for _, e := range model.State() {
		known[e.Name] = true
	}
	state, prefix = weights.Unwrap(state, func(name string) bool { return known[name] })
	if err := weights.CheckFinite(state); err != nil {
		return "", fmt.Errorf("load model: %s: %w", path, err)
	}
	if err := model.LoadState(state); err != nil {
		return "", fmt.Errorf("load model: %s: %w", path, err)
	}
	return prefix, nil
}

// Save writes the state of the model to a file at path. The file appears whole
// or not at all: on an error, which names the file, an older one is as it was.
func Save(model *nn.Model, path string) error {
	f, err := formatOf(path)
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := f.save(path, model.State()); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func formatOf(path string) (format, error) {
	f, ok := formats[strings.ToLower(filepath.Ext(path))]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
		return format{}, fmt.Errorf("%s: the name of a model file ends in %s", path, known)
	}
	return f, nil
}

func loadSafetensors(path string) ([]tensor.Named, error) {
	f, err := safetensors.Load(path)
	if err != nil {
		return nil, err
	}
	return f.Entries, nil
}

// saveSafetensors writes the metadata that other readers ask for: "pt" says
// that names and layouts are PyTorch's.
func saveSafetensors(path string, state []tensor.Named) error {
	f := safetensors.File{Entries: state, Metadata: map[string]string{"format": "pt"}}
	return f.Save(path)
}
