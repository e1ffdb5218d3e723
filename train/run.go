package train

import (
	"fmt"

	"github.com/strideml/stride/safetensors"
)

// A Run is a run as it was found on disk. Package modelfolder makes its model.
type Run struct {
	// Dir is the run folder.
	Dir string
	// Settings are those that the run was started with.
	Settings Settings
	// History is what the run has done.
	History *History
	// Finished says that all epochs of the run are done.
	Finished bool
	// Weights are the newest weights, and WeightsFile is the path of the file
	// that they were read from.
	Weights     *safetensors.File
	WeightsFile string
}

// ReadRun reads a run folder and the newest weights in it, also while the run
// is being trained.
func ReadRun(dir string) (*Run, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	at, weights, path, err := newest(dir, s)
	if err != nil {
		return nil, err
	}
	return &Run{
		Dir: dir, Settings: s, History: newHistory(at), Finished: at.Finished,
		Weights: weights, WeightsFile: path,
	}, nil
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
