package train

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A Run is a trained model as it was found on disk.
type Run struct {
	// Path is the run folder or the model file.
	Path string
	// Weights is the path of the file that the weights were read from.
	Weights string
	// Settings are those of the run. Of a model file only Net, Data, Input and
	// Classes are known.
	Settings Settings
	// Spec is the network's entry in package zoo.
	Spec zoo.Spec
	// Model has the weights.
	Model *nn.Model
	// History is what the run has done; nil for a model file.
	History *History
	// Finished says that all epochs of the run are done.
	Finished bool
}

// LoadRun reads a run folder and the newest weights in it.
func LoadRun(dir string) (*Run, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	at, f, path, err := newest(dir, s)
	if err != nil {
		return nil, err
	}
	r := &Run{
		Path: dir, Weights: path, Settings: s,
		History: newHistory(at), Finished: at.Finished,
	}
	if err := r.build(f); err != nil {
		return nil, err
	}
	return r, nil
}

// newest reads a run's position and the weights that belong to it. A Fit under
// way may remove them in between: then there is another position.
func newest(dir string, s Settings) (at *position, f *safetensors.File, path string, err error) {
	var before file
	for {
		at, err = readPosition(dir, s)
		switch {
		case err != nil:
			return nil, nil, "", err
		case at == nil:
			return nil, nil, "", fmt.Errorf("the run in %s has no weights yet: it stopped before its first checkpoint", dir)
		}
		f, path, err = readWeights(dir, at.Weights)
		if err == nil || at.Weights == before {
			return at, f, path, err
		}
		before = at.Weights
	}
}

// ReadSettings reads the settings of the run in a folder, and nothing else.
func ReadSettings(dir string) (Settings, error) { return readSettings(dir) }

// LoadModel reads a safetensors file of weights. net names its network in
// package zoo; "" takes the name that Stride has put into the file's metadata.
// Weights from elsewhere are taken to be for the network's usual input, and
// their classes are named by number.
func LoadModel(path, net string) (*Run, error) {
	f, err := safetensors.Load(path)
	if err != nil {
		return nil, err
	}
	r := &Run{Path: path, Weights: path, Settings: Settings{Version: 1, Net: f.Metadata["net"], Data: f.Metadata["data"]}}
	if net != "" {
		r.Settings.Net = net
	}
	if r.Settings.Net == "" {
		return nil, &nameless{path}
	}
	spec, err := zoo.Get(r.Settings.Net)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.Settings.Input = spec.Input
	if text, ok := f.Metadata["input"]; ok {
		var input tensor.Shape
		if err := json.Unmarshal([]byte(text), &input); err != nil || !plausibleInput(input) {
			return nil, fmt.Errorf("%s: its metadata gives the input shape %q: want C×H×W", path, text)
		}
		r.Settings.Input = input
	}
	if text, ok := f.Metadata["classes"]; ok {
		if err := json.Unmarshal([]byte(text), &r.Settings.Classes); err != nil {
			return nil, fmt.Errorf("%s: its metadata gives class names that cannot be read: %w", path, err)
		}
	}
	if n := len(r.Settings.Classes); n > 0 && !slices.ContainsFunc(f.Entries, func(e safetensors.Entry) bool {
		return e.Tensor.Shape().Size() > 0 && len(e.Tensor.Shape()) > 0 && e.Tensor.Shape()[0] == n
	}) {
		return nil, fmt.Errorf("%s: its metadata names %d classes, but no tensor has that many rows", path, n)
	}
	if len(r.Settings.Classes) == 0 {
		for i := range spec.Classes {
			r.Settings.Classes = append(r.Settings.Classes, fmt.Sprint("class ", i))
		}
	}
	if err := r.build(f); err != nil {
		return nil, err
	}
	return r, nil
}

// nameless is the ErrNoNet of a model file.
type nameless struct{ path string }

func (e *nameless) Error() string {
	return e.path + " does not say which network it is for: name it"
}

func (e *nameless) Unwrap() error { return ErrNoNet }

// build makes the model and gives it the weights.
func (r *Run) build(f *safetensors.File) (err error) {
	if r.Settings.Net == "" {
		return fmt.Errorf("%s does not name its network: build it and load %s into it", r.Path, r.Weights)
	}
	if r.Spec, err = zoo.Get(r.Settings.Net); err != nil {
		return fmt.Errorf("%s: %w", r.Path, err)
	}
	r.Model, err = nn.New(r.Spec.New(len(r.Settings.Classes)), r.Settings.Input, nn.Options{Seed: r.Settings.Seed, Init: r.Spec.Init})
	if err != nil {
		return fmt.Errorf("%s: %w", r.Path, err)
	}
	if err := r.Model.LoadState(f.Entries); err != nil {
		return fmt.Errorf("%s: %w", r.Weights, err)
	}
	return nil
}

// path is that of the position's weights.
func (p *position) path(dir string) string { return filepath.Join(dir, p.Weights.Name) }
