package trainverb

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

// A runTuning is a Tuning whose choices are kept in a run folder.
type runTuning struct {
	*cpu.Tuning
	dir string
}

// openTuning returns the Tuning of the run in dir. A new run keeps its folder empty
// until all is compiled; see save.
func openTuning(dir string, resume bool) (*runTuning, error) {
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
	t := &runTuning{dir: dir}
	t.Tuning = cpu.NewTuning(choices, func(choices map[string]string) error {
		if !resume {
			return nil
		}
		return t.write(choices)
	})
	return t, nil
}

// save writes the choices that were made before the run took its folder.
func (t *runTuning) save() error { return t.write(t.Choices()) }

func (t *runTuning) write(choices map[string]string) error {
	data, err := json.MarshalIndent(choices, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(t.dir, tuningFile), append(data, '\n'))
}
