package runfolder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/safetensors"
)

// Names in a run folder.
const (
	configFile = "config.json"
	stateFile  = "state.json"
	modelFile  = "model.safetensors"
	bestFile   = "best.safetensors"
	logFile    = "log.txt"
)

// A Position is where training stands: all that the next step depends on
// besides the weights, and the rows so far. It is written to state.json. Version
// must be 1; Save sets Weights and Optimizer.
type Position struct {
	Version int `json:"version"`
	// Epoch is the number of epochs done, Batch that of steps of the next one
	// and Step that of all steps.
	Epoch int `json:"epoch"`
	Batch int `json:"batch"`
	Step  int `json:"step"`
	// Finished says that no epochs are left, or that training was stopped early.
	Finished bool `json:"finished"`
	// StoppedEarly says that no more epochs are to follow, although there are some left.
	StoppedEarly bool `json:"stopped_early,omitempty"`
	// Running holds the sums of the epoch under way. encoding/json writes a
	// float64 so that it is read back exactly.
	Running Running `json:"running"`
	Rows    []Row   `json:"epochs"`
	Points  []Point `json:"points,omitempty"`
	// Weights and Optimizer are the files that belong to this position.
	Weights   file  `json:"weights"`
	Optimizer *file `json:"optimizer,omitempty"`
	// Best is the best epoch so far; nil if none is chosen.
	Best *Best `json:"best,omitempty"`
}

// Best is the best epoch of a run by the metric of its settings. Whoever sets it for
// an epoch calls Save before the next step: its weights are those of that checkpoint.
type Best struct {
	// Epoch counts from 1; Value is its metric.
	Epoch int     `json:"epoch"`
	Value float64 `json:"value"`
	// Weights is the file with the weights of that epoch; Save sets it.
	Weights file `json:"weights"`
}

// Running sums up an epoch under way.
type Running struct {
	// Loss is the sum of the losses of Images images, of which Correct were given
	// the right class.
	Loss    float64 `json:"loss"`
	Correct int     `json:"correct"`
	Images  int     `json:"images"`
	// StepSeconds is the time in training steps, Seconds the time in all.
	StepSeconds float64 `json:"step_seconds"`
	Seconds     float64 `json:"seconds"`
}

// file names a file in the run folder and its content.
type file struct {
	Name   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// check rejects positions that cannot be: the file may have been edited.
func (p *Position) check(s Settings) error {
	batches := s.batches()
	sums := p.Running.Loss + p.Running.StepSeconds + p.Running.Seconds
	switch {
	case p.Version != 1:
		return fmt.Errorf("format version is %d, this program knows 1", p.Version)
	case p.Epoch < 0 || p.Batch < 0 || p.Batch > batches || p.Step != p.Epoch*batches+p.Batch:
		return fmt.Errorf("epoch %d, batch %d and step %d do not fit together with %d batches in an epoch", p.Epoch, p.Batch, p.Step, batches)
	case len(p.Rows) != p.Epoch:
		return fmt.Errorf("%d epochs are done, but there are rows for %d", p.Epoch, len(p.Rows))
	case p.Running.Images != min(p.Batch*s.BatchSize, s.TrainImages):
		return fmt.Errorf("%d images in %d batches of %d do not fit together", p.Running.Images, p.Batch, s.BatchSize)
	case math.IsNaN(sums) || math.IsInf(sums, 0) || p.Running.Correct < 0 || p.Running.Correct > p.Running.Images:
		return errors.New("the sums of the running epoch are out of range")
	}
	for i, row := range p.Rows {
		if row.Epoch != i+1 {
			return fmt.Errorf("the row of epoch %d says that it is of epoch %d", i+1, row.Epoch)
		}
	}
	files := []*file{&p.Weights, p.Optimizer}
	if p.Best != nil {
		if p.Best.Epoch < 1 || p.Best.Epoch > p.Epoch {
			return fmt.Errorf("the best epoch is %d of %d", p.Best.Epoch, p.Epoch)
		}
		files = append(files, &p.Best.Weights)
	}
	for _, f := range files {
		if f != nil && (f.Name != filepath.Base(f.Name) || !filepath.IsLocal(f.Name) || !strings.HasSuffix(f.Name, ".safetensors")) {
			return fmt.Errorf("%q cannot be the name of a checkpoint", f.Name)
		}
	}
	return nil
}

// writeTensors writes a safetensors file and returns its name and hash.
func writeTensors(dir, name string, f *safetensors.File) (file, error) {
	h := sha256.New()
	err := atomicfile.WriteFile(filepath.Join(dir, name), func(w io.Writer) error {
		return f.Write(io.MultiWriter(w, h))
	})
	if err != nil {
		bytes := 0
		for _, e := range f.Entries {
			bytes += 4 * e.Tensor.Size()
		}
		err = fmt.Errorf("%w (the file takes %.1f MB)", err, float64(bytes)/1e6)
	}
	return file{name, hex.EncodeToString(h.Sum(nil))}, err
}

// readTensors reads the file of a checkpoint if it has the content that
// state.json names.
func readTensors(dir string, f file) (*safetensors.File, error) {
	path := filepath.Join(dir, f.Name)
	switch hash, err := hashFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("checkpoint %s is missing", path)
	case err != nil:
		return nil, err
	case hash != f.SHA256:
		return nil, fmt.Errorf("checkpoint %s is damaged: its SHA-256 begins with %s, %s says %s", path, short(hash), stateFile, short(f.SHA256))
	}
	return safetensors.Load(path)
}

// readWeights reads weights and returns the path at which it found them. Usually
// there are two copies, one of which has the given name.
func readWeights(dir, copied string, w file) (f *safetensors.File, path string, err error) {
	for _, name := range []string{copied, w.Name} {
		if f, err = readTensors(dir, file{name, w.SHA256}); err == nil {
			return f, filepath.Join(dir, name), nil
		}
	}
	return nil, "", err
}

func short(hash string) string { return hash[:min(len(hash), 12)] }

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// modelTensors is the model's state with what is needed to read it without
// the run folder. The metadata depend on the network and the data only.
func modelTensors(entries []safetensors.Entry, s Settings) (*safetensors.File, error) {
	metadata, err := s.Metadata()
	return &safetensors.File{Entries: entries, Metadata: metadata}, err
}

func variableEntries(variables []*graph.Variable) []safetensors.Entry {
	var entries []safetensors.Entry
	for _, v := range variables {
		entries = append(entries, safetensors.Entry{Name: v.Name, Tensor: v.Value})
	}
	return entries
}

// loadVariables copies entries into variables of the same names.
func loadVariables(variables []*graph.Variable, f *safetensors.File) error {
	if len(variables) != len(f.Entries) {
		return fmt.Errorf("%d tensors, want %d", len(f.Entries), len(variables))
	}
	for _, v := range variables {
		t, ok := f.Get(v.Name)
		switch {
		case !ok:
			return fmt.Errorf("%s is missing", v.Name)
		case !t.Shape().Equal(v.Value.Shape()):
			return fmt.Errorf("%s is %v, want %v", v.Name, t.Shape(), v.Value.Shape())
		}
	}
	for _, v := range variables {
		t, _ := f.Get(v.Name)
		if err := v.Value.CopyFrom(t); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		v.Changed()
	}
	return nil
}
