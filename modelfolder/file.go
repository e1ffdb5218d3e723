package modelfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/sniff"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train/runfolder"
)

// config is config.json of a model folder. That of a run folder has the same
// names, and more.
type config struct {
	Version       int                `json:"version"`
	Net           string             `json:"net"`
	Data          string             `json:"data,omitempty"`
	Classes       []string           `json:"classes,omitempty"`
	Preprocessing *preprocess.Config `json:"preprocessing,omitempty"`

	// TrainImages is there in a run folder only.
	TrainImages *int `json:"train_images,omitempty"`
}

const (
	version = 1
	// maxConfig and maxClasses are far more than any model needs.
	maxConfig  = 64 << 20
	maxClasses = 1 << 16
)

// readConfig reads config.json of a folder.
func readConfig(dir string) (config, error) {
	var c config
	path := filepath.Join(dir, configFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%w in %s, and no model: %s is missing", runfolder.ErrNoRun, dir, configFile)
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	switch {
	case err != nil:
		return c, fmt.Errorf("read %s: %w", path, err)
	case len(b) > maxConfig:
		return c, fmt.Errorf("%s has more than %d bytes", path, maxConfig)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		if what := sniff.Describe(b); what != "" {
			return c, fmt.Errorf("%s is not what it should be: it is %s", path, what)
		}
		return c, fmt.Errorf("%s is damaged: %w", path, err)
	}
	switch {
	case c.Version != version:
		return c, fmt.Errorf("%s is damaged: format version is %d, this program knows %d", path, c.Version, version)
	case len(c.Classes) > maxClasses:
		return c, fmt.Errorf("%s is damaged: %d classes", path, len(c.Classes))
	}
	return c, nil
}

// readFile reads a model file.
func (s *source) readFile() (err error) {
	s.weightsFile = s.path
	if s.weights, err = safetensors.Load(s.path); err != nil {
		return err
	}
	metadata := s.weights.Metadata
	s.net = metadata["net"]
	s.data, s.trained = metadata["data"]
	if text, ok := metadata["input"]; ok {
		if err := json.Unmarshal([]byte(text), &s.input); err != nil || !runfolder.PlausibleInput(s.input) {
			return fmt.Errorf("%s: its metadata gives the input shape %q: want C×H×W", s.path, text)
		}
	}
	if text, ok := metadata["classes"]; ok {
		if err := json.Unmarshal([]byte(text), &s.classes); err != nil {
			return fmt.Errorf("%s: its metadata gives class names that cannot be read: %w", s.path, err)
		}
	}
	if text, ok := metadata["preprocessing"]; ok {
		s.preprocessing = new(preprocess.Config)
		if err := json.Unmarshal([]byte(text), s.preprocessing); err != nil {
			return fmt.Errorf("%s: its metadata: %w", s.path, err)
		}
		if size := s.preprocessing.InputSize; s.input == nil {
			s.input = size
		} else if !size.Equal(s.input) {
			return fmt.Errorf("%s: its metadata give the input shape %v, and preprocessing for %v", s.path, s.input, size)
		}
	}
	return nil
}

// Save writes a model folder, which it makes if need be: config.json, and
// model.safetensors, whose metadata say the same, so that the file can be used
// without the folder. Each file is replaced whole or not at all. Save uses Net,
// Spec.Name, Classes, Preprocessing and Data of the model; Preprocessing must be
// for Net's input, and there must be a class for each of Net's outputs. Save
// refuses a run folder, which it would spoil.
func (m *Model) Save(dir string) error {
	input := m.Net.Input()
	if err := m.Preprocessing.Check(); err != nil {
		return fmt.Errorf("save %s: preprocessing: %w", dir, err)
	}
	if size := m.Preprocessing.InputSize; !size.Equal(input) {
		return fmt.Errorf("save %s: preprocessing makes inputs of %v, the network takes %v", dir, size, input)
	}
	if m.Spec.Name == "" {
		return fmt.Errorf("save %s: the model does not name its network", dir)
	}
	if err := m.checkOutput(); err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	preprocessing := m.Preprocessing.WithDefaults()
	metadata, err := runfolder.Settings{
		Net: m.Spec.Name, Data: m.Data, Classes: m.Classes, Input: input, Preprocessing: &preprocessing,
	}.Metadata()
	if err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	b, err := json.MarshalIndent(config{
		Version: version, Net: m.Spec.Name, Data: m.Data, Classes: m.Classes, Preprocessing: &preprocessing,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("save %s: %w", dir, err)
	}
	if _, err := runfolder.ReadSettings(dir); err == nil {
		return fmt.Errorf("save %s: the folder holds a run, which could not be resumed afterwards: name another folder", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	weights := safetensors.File{Entries: m.Net.State(), Metadata: metadata}
	if err := weights.Save(filepath.Join(dir, weightsFile)); err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, configFile), append(b, '\n'))
}
