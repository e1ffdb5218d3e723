package runfolder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/safetensors"
)

// Errors that the errors of this package wrap.
var (
	// ErrNotEmpty says that the folder of a new run holds files.
	ErrNotEmpty = errors.New("folder is not empty")
	// ErrNoRun says that a folder holds no run.
	ErrNoRun = errors.New("no run")
	// ErrNoBest says that a run keeps no weights of a best epoch.
	ErrNoBest = errors.New("no best epoch")
	// ErrInUse says that another process is writing a run folder.
	ErrInUse = errors.New("run folder is in use")
)

// A Run is a run as it was found on disk. Package modelfolder makes its model.
type Run struct {
	// Dir is the run folder.
	Dir string
	// Settings are those that the run was started with.
	Settings Settings
	// History is what the run has done.
	History *History
	// Finished says that all epochs of the run are done, or that it was stopped
	// early. It is false again once the run was resumed with more epochs.
	Finished bool
	// Weights are the newest weights, or those of the best epoch, and WeightsFile is
	// the path of the file that they were read from.
	Weights     *safetensors.File
	WeightsFile string
}

// Read reads a run folder and the newest weights in it, also while the run
// is being trained.
func Read(dir string) (*Run, error) { return read(dir, false) }

// ReadBest is Read with the weights of the best epoch, History.BestEpoch; see
// train.Config.Best. The error wraps ErrNoBest if the run chooses none, or has none
// yet.
func ReadBest(dir string) (*Run, error) { return read(dir, true) }

func read(dir string, best bool) (*Run, error) {
	s, err := ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	at, weights, path, err := newest(dir, s, best)
	if err != nil {
		return nil, err
	}
	return &Run{
		Dir: dir, Settings: s, History: at.History(), Finished: at.over(s),
		Weights: weights, WeightsFile: path,
	}, nil
}

// over says that a run with these settings has nothing left to do.
func (p *Position) over(s Settings) bool {
	return p.Finished && (p.StoppedEarly || p.Epoch >= s.Epochs)
}

// Peek reads what a run folder says about its run, without the weights: Weights is
// nil, and WeightsFile the path of a file of them that is there. A run that has no
// checkpoint yet has an empty History and no WeightsFile. Peek takes no lock and
// changes nothing, so that it disturbs no training.
func Peek(dir string) (*Run, error) {
	s, err := ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	var before file
	for {
		at, err := readPosition(dir, s)
		switch {
		case err != nil:
			return nil, err
		case at == nil:
			return &Run{Dir: dir, Settings: s, History: new(History)}, nil
		}
		run := &Run{Dir: dir, Settings: s, History: at.History(), Finished: at.over(s)}
		for _, name := range []string{modelFile, at.Weights.Name} {
			run.WeightsFile = filepath.Join(dir, name)
			if info, err := os.Stat(run.WeightsFile); err == nil && info.Mode().IsRegular() {
				return run, nil
			}
		}
		if at.Weights == before { // otherwise a training under way has removed it
			return nil, fmt.Errorf("checkpoint %s is missing", run.WeightsFile)
		}
		before = at.Weights
	}
}

// newest reads a run's position and the weights that belong to it, or the best ones.
// A training under way may remove them in between: then there is another position.
func newest(dir string, s Settings, best bool) (at *Position, f *safetensors.File, path string, err error) {
	var before file
	for {
		at, err = readPosition(dir, s)
		switch {
		case err != nil:
			return nil, nil, "", err
		case at == nil:
			return nil, nil, "", fmt.Errorf("the run in %s has no weights yet: it stopped before its first checkpoint", dir)
		}
		wanted, copied := at.Weights, modelFile
		if best {
			if at.Best == nil {
				return nil, nil, "", fmt.Errorf("%w: the run in %s has no best epoch", ErrNoBest, dir)
			}
			wanted, copied = at.Best.Weights, bestFile
		}
		f, path, err = readWeights(dir, copied, wanted)
		if err == nil || wanted == before {
			return at, f, path, err
		}
		before = wanted
	}
}
