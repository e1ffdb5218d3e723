package modelfolder

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/train/runfolder"
)

// readFile reads a model file.
func (s *source) readFile(o Options) (err error) {
	if err := s.readWeights(); err != nil {
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
	s.guessed = s.preprocessing == nil && !s.trained
	return s.findNetwork(filepath.Dir(s.path), o)
}
