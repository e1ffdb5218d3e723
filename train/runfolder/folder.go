package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
)

// A Folder is the run folder of a training under way. It is locked until Close.
type Folder struct {
	// Settings are what config.json says.
	Settings Settings
	// Renamed says, after Reopen, which names of the data are new, as the end of a
	// sentence; "" if none are.
	Renamed string

	dir  string
	lock *os.File
	log  *os.File // nil before Begin
}

// Create begins a run in a folder that must be empty, if it exists; otherwise the
// error wraps ErrNotEmpty, or ErrInUse if another process is writing it. What a
// process that was killed in Create has left does not count.
func Create(dir string, s Settings) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the run folder: %w", err)
	}
	f, err := lockedFolder(dir)
	if err != nil {
		return nil, err
	}
	f.Settings = s
	if err = checkEmpty(dir); err == nil {
		f.remove("."+configFile+".*.tmp", nil)
		err = f.Begin()
	}
	if err != nil {
		_ = f.Close() // the first error counts
		return nil, err
	}
	return f, nil
}

func notEmpty(dir string) error {
	return fmt.Errorf("run %w: %s holds files already; name another folder, or resume the run in it", ErrNotEmpty, dir)
}

// CheckEmpty reports a folder that a new run cannot use, before any work is
// done for it, with the error of Create.
func CheckEmpty(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := CheckFree(dir); err != nil {
		return err
	}
	return checkEmpty(dir)
}

// Reopen takes up the run in a folder and returns where it stands; nil if it was
// stopped before its first checkpoint. Training continues with the settings now,
// which must be those of the run, except that Epochs may be raised. Device and
// Options are not compared: the run keeps its own. Nor are the names of the data
// and the classes: TrainHash tells data apart, and the run takes the new names. Reopen locks the folder and
// changes no other file; call Begin before the first Save. If another process is
// writing the folder, the error wraps ErrInUse.
func Reopen(dir string, now Settings) (*Folder, *Position, error) {
	if _, err := ReadSettings(dir); err != nil { // nothing to lock
		return nil, nil, err
	}
	f, err := lockedFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	at, err := f.takeUp(now)
	if err != nil {
		_ = f.Close() // the first error counts
		return nil, nil, err
	}
	return f, at, nil
}

// takeUp reads the run in a folder that is locked.
func (f *Folder) takeUp(now Settings) (*Position, error) {
	then, err := ReadSettings(f.dir)
	if err != nil {
		return nil, err
	}
	if err := then.resumable(now); err != nil {
		return nil, fmt.Errorf("resume %s: %w", f.dir, err)
	}
	at, err := readPosition(f.dir, then)
	if err != nil {
		return nil, err
	}
	if now.Epochs < then.Epochs {
		epochs := 0
		if at != nil {
			epochs = at.Epoch
		}
		return nil, fmt.Errorf("resume %s: the run was last set to %d epochs, of which %d are done, and cannot be set to %d: a resumed run may have more epochs, not fewer",
			f.dir, then.Epochs, epochs, now.Epochs)
	}
	f.Settings, f.Renamed = now, then.renamed(now)
	f.Settings.Device, f.Settings.Options = then.Device, then.Options
	return at, nil
}

func lockedFolder(dir string) (*Folder, error) {
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{dir: dir, lock: lock}, nil
}

// Begin writes the settings and opens the log. It must be called after Reopen, and
// not after Create, which calls it.
func (f *Folder) Begin() error {
	if err := writeJSON(filepath.Join(f.dir, configFile), f.Settings); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(f.dir, logFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	f.log = log
	return nil
}

// ReadSettings reads config.json of the run in a folder, and nothing else.
func ReadSettings(dir string) (Settings, error) {
	var s Settings
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, fmt.Errorf("%w in %s: there is no such folder", ErrNoRun, dir)
	case err != nil:
		return s, err
	case !info.IsDir():
		return s, fmt.Errorf("%w in %s: it is not a folder", ErrNoRun, dir)
	}
	path := filepath.Join(dir, configFile)
	err = readJSON(path, &s)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%w in %s: %s is missing", ErrNoRun, dir, configFile)
	}
	if err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return s, nil
}

// readPosition reads state.json of the run with the settings s; nil, nil if it
// had no checkpoint yet.
func readPosition(dir string, s Settings) (*Position, error) {
	p := new(Position)
	path := filepath.Join(dir, stateFile)
	err := readJSON(path, p)
	if errors.Is(err, fs.ErrNotExist) {
		// Other files may be older than the first state.json, this one is not.
		if _, err := os.Lstat(filepath.Join(dir, modelFile)); err == nil {
			return nil, fmt.Errorf("%s is missing, although the run has written %s: the folder is not complete", path, modelFile)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.check(s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return p, nil
}

// escape makes a path match itself in a pattern.
func escape(path string) string {
	if filepath.Separator == '\\' {
		return path // patterns have no escapes there
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Load brings model and optimizer to the position. It returns the path of its
// checkpoint, as Save did.
func (f *Folder) Load(p *Position, model *nn.Model, state *optim.State) (string, error) {
	weights, path, err := readWeights(f.dir, modelFile, p.Weights)
	if err != nil {
		return "", err
	}
	if err := model.LoadState(weights.Entries); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	variables := state.Variables()
	switch {
	case p.Optimizer == nil && len(variables) > 0:
		return "", fmt.Errorf("%s names no state of the optimizer, which has %d tensors", filepath.Join(f.dir, stateFile), len(variables))
	case p.Optimizer == nil:
		return f.checkpoint(p), nil
	}
	saved, err := readTensors(f.dir, *p.Optimizer)
	if err != nil {
		return "", err
	}
	if err := loadVariables(variables, saved); err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Join(f.dir, p.Optimizer.Name), err)
	}
	return f.checkpoint(p), nil
}

// checkpoint returns the path of the position's weights.
func (f *Folder) checkpoint(p *Position) string { return filepath.Join(f.dir, p.Weights.Name) }

// Save writes a checkpoint at the position and returns its path. At every
// moment state.json names files that are whole.
func (f *Folder) Save(p *Position, model *nn.Model, state *optim.State) (string, error) {
	tensors, err := modelTensors(model.State(), f.Settings)
	if err != nil {
		return "", err
	}
	p.Weights, err = writeTensors(f.dir, fmt.Sprintf("checkpoint-%d.safetensors", p.Step), tensors)
	if err != nil {
		return "", err
	}
	p.Optimizer = nil
	if entries := variableEntries(state.Variables()); len(entries) > 0 {
		written, err := writeTensors(f.dir, fmt.Sprintf("optimizer-%d.safetensors", p.Step), &safetensors.File{Entries: entries})
		if err != nil {
			return "", err
		}
		p.Optimizer = &written
	}
	isBest := p.Best != nil && p.Best.Epoch == p.Epoch && p.Batch == 0
	if isBest {
		p.Best.Weights = p.Weights
	}
	if err := writeJSON(filepath.Join(f.dir, stateFile), p); err != nil {
		return "", err
	}
	written, err := writeTensors(f.dir, modelFile, tensors)
	if err != nil {
		return "", err
	}
	var best file
	switch {
	case isBest:
		best, err = writeTensors(f.dir, bestFile, tensors)
	case p.Best != nil && p.Finished:
		best, err = f.copyBest(p)
	}
	if err != nil {
		return "", err
	}
	if p.Finished { // one copy of the weights is enough
		p.Weights = written
		if p.Best != nil {
			p.Best.Weights = best
		}
		if err := writeJSON(filepath.Join(f.dir, stateFile), p); err != nil {
			return "", err
		}
	}
	f.removeOld(p)
	return f.checkpoint(p), nil
}

// copyBest makes sure that bestFile holds the best weights: a process that was killed
// may have left an older one.
func (f *Folder) copyBest(p *Position) (file, error) {
	tensors, path, err := readWeights(f.dir, bestFile, p.Best.Weights)
	if err != nil || filepath.Base(path) == bestFile {
		return file{bestFile, p.Best.Weights.SHA256}, err
	}
	return writeTensors(f.dir, bestFile, tensors)
}

// Complete writes what is missing in the folder of a run that was killed after
// its last step.
func (f *Folder) Complete(p *Position, model *nn.Model, state *optim.State) error {
	if p.Weights.Name != modelFile {
		p.Finished = true
		if _, err := f.Save(p, model, state); err != nil {
			return fmt.Errorf("save the last checkpoint: %w", err)
		}
	}
	f.removeOld(p)
	return nil
}

// removeOld removes the checkpoints that the position does not name, and what
// killed writers left behind.
func (f *Folder) removeOld(p *Position) {
	for _, pattern := range []string{"checkpoint-*.safetensors", "optimizer-*.safetensors", ".*.tmp"} {
		f.remove(pattern, func(name string) bool {
			return name == p.Weights.Name || p.Optimizer != nil && name == p.Optimizer.Name || p.Best != nil && name == p.Best.Weights.Name
		})
	}
}

// remove removes the files that match the pattern and are not kept. It does not
// matter if that fails.
func (f *Folder) remove(pattern string, keep func(name string) bool) {
	found, _ := filepath.Glob(filepath.Join(escape(f.dir), pattern))
	for _, path := range found {
		if keep == nil || !keep(filepath.Base(path)) {
			_ = os.Remove(path)
		}
	}
}

// WriteMetrics writes the rows so far: metrics.csv and metrics.jsonl.
func (f *Folder) WriteMetrics(h *History) error {
	lines, err := h.jsonl()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(f.dir, "metrics.csv"), []byte(h.csv())); err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(f.dir, "metrics.jsonl"), []byte(lines))
}

// Log appends a line to log.txt, with control characters escaped: names in it may
// come from files. A full disk shows when checkpoints are written, so errors are
// left to them.
func (f *Folder) Log(line string) {
	fmt.Fprintf(f.log, "%s %s\n", time.Now().Format(time.RFC3339), printable.Line(line))
}

// Close closes the log and lets others write the folder.
func (f *Folder) Close() error {
	var err error
	if f.log != nil {
		err = f.log.Close()
	}
	return errors.Join(err, dropLock(f.lock))
}
