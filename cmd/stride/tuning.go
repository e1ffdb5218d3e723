package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/atomicfile"
)

// tuningFile is where a run folder keeps the algorithms that --tune chose.
const tuningFile = "tuning.json"

// openTuning returns the Tuning of the run in dir, which need not exist yet.
func openTuning(dir string) (*cpu.Tuning, error) {
	path := filepath.Join(dir, tuningFile)
	var choices map[string]string
	switch data, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read the algorithms of the run: %w", err)
	default:
		if err := json.Unmarshal(data, &choices); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", path, err)
		}
	}
	return cpu.NewTuning(choices, func(choices map[string]string) error {
		data, err := json.MarshalIndent(choices, "", "  ")
		if err != nil {
			return err
		}
		return atomicfile.WriteBytes(path, append(data, '\n'))
	}), nil
}
