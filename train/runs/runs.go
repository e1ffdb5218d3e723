package runs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/strideml/stride/train/runfolder"
)

// A State says what has become of a run.
type State string

// The states of a run.
const (
	// Running runs are being written by a process.
	Running State = "running"
	// Finished runs have done all their epochs.
	Finished State = "finished"
	// Interrupted runs have epochs left, and no process does them.
	Interrupted State = "interrupted"
	// Damaged runs cannot be read; Err says why.
	Damaged State = "damaged"
)

// A Run is a run as it is found in a folder.
type Run struct {
	// Name is the path of the run folder below the folder that was listed, and Dir
	// its whole path.
	Name, Dir string
	State     State
	// Err is why a damaged run cannot be read; nil for others.
	Err error
	// Settings and History are those of the run; History is that of the last
	// checkpoint. Both are empty for a damaged run.
	Settings runfolder.Settings
	History  *runfolder.History
	// Writer is the process that writes the run; nil if none does.
	Writer *runfolder.Process
	// Written is when the run was last written to.
	Written time.Time
}

// maxDepth is how deep below the folder listed run folders are looked for.
const maxDepth = 3

// List returns the runs in a folder, the one that was written to last first: those
// whose folders lie in it or in folders of folders, to a depth of three, or the
// folder itself if it is a run folder. Other folders, such as those of models, are
// left out. It is an error if the folder cannot be read.
func List(dir string) ([]*Run, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is not a folder", dir)
	case isRun(dir):
		return []*Run{Read(dir)}, nil
	}
	runs, err := list(dir, "", 1)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(runs, func(a, b *Run) int {
		return cmp.Or(b.Written.Compare(a.Written), cmp.Compare(a.Name, b.Name))
	})
	return runs, nil
}

// list returns the runs in the folder root/below.
func list(root, below string, depth int) (runs []*Run, err error) {
	entries, err := os.ReadDir(filepath.Join(root, below))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := filepath.Join(below, e.Name())
		dir := filepath.Join(root, name)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() { // follows links
			continue
		}
		if isRun(dir) {
			run := Read(dir)
			run.Name = name
			runs = append(runs, run)
			continue
		}
		if depth == maxDepth || isModel(dir) {
			continue
		}
		inner, err := list(root, name, depth+1)
		if err != nil {
			inner = []*Run{damaged(dir, err)}
			inner[0].Name = name
		}
		runs = append(runs, inner...)
	}
	return runs, nil
}

// isModel reports whether a folder has a config.json.
func isModel(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "config.json"))
	return err == nil
}

// isRun reports whether a folder holds a run, whole or damaged: its config.json is
// that of a run, or cannot be read, or is missing beside the state of a run.
func isRun(dir string) bool {
	const most = 64 << 20
	path := filepath.Join(dir, "config.json")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err = os.Lstat(filepath.Join(dir, "state.json"))
		return err == nil
	case err != nil || info.Size() > most:
		return true
	case !info.Mode().IsRegular():
		return false
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return true
	}
	var config map[string]json.RawMessage
	if json.Unmarshal(b, &config) != nil {
		return true
	}
	_, ok := config["train_images"]
	_, input := config["input"] // an older or edited one
	return ok || input
}

// Read returns the run in a folder, whose State is Damaged if it cannot be read. Its
// name is that of the folder.
func Read(dir string) *Run {
	writer := runfolder.WrittenBy(dir)
	found, err := runfolder.Peek(dir)
	if err != nil {
		return damaged(dir, err)
	}
	r := &Run{Name: filepath.Base(dir), Dir: dir, Settings: found.Settings, History: found.History, Writer: writer}
	switch {
	case writer != nil:
		r.State = Running
	case found.Finished:
		r.State = Finished
	default:
		r.State = Interrupted
	}
	if r.Written, err = runfolder.LastWritten(dir); err != nil {
		return damaged(dir, err)
	}
	return r
}

func damaged(dir string, err error) *Run {
	r := &Run{Name: filepath.Base(dir), Dir: dir, State: Damaged, Err: err, History: new(runfolder.History)}
	if r.Written, err = runfolder.LastWritten(dir); err != nil || r.Written.IsZero() {
		if info, err := os.Stat(dir); err == nil {
			r.Written = info.ModTime()
		}
	}
	return r
}

// Best returns the row of the epoch with the greatest test accuracy, the first of
// several; without a test set that with the greatest training accuracy; without any
// accuracy that with the least loss, of the test if there is one. ok is false if no
// epoch is done.
func (r *Run) Best() (best runfolder.Row, ok bool) {
	score := func(row runfolder.Row) float64 {
		for _, v := range []float64{row.TestAccuracy, row.TrainAccuracy, -row.TestLoss} {
			if !math.IsNaN(v) {
				return v
			}
		}
		return -row.TrainLoss
	}
	for i, row := range r.History.Rows {
		if i == 0 || score(row) > score(best) {
			best = row
		}
	}
	return best, len(r.History.Rows) > 0
}

// Accuracy returns the accuracy of an epoch on the test set, or on the training set
// if there is no test set; NaN if there is none.
func Accuracy(row runfolder.Row) float64 {
	if math.IsNaN(row.TestAccuracy) {
		return row.TrainAccuracy
	}
	return row.TestAccuracy
}

// Seconds returns how long the epochs that are done have taken.
func (r *Run) Seconds() (seconds float64) {
	for _, row := range r.History.Rows {
		seconds += row.Seconds
	}
	return seconds
}
