package trainverb

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/strideml/stride/dist"
)

// warnings are what was wrong with pictures, and with where they are kept, told on rank 0 as it
// happens, and of the other ranks when the training has ended.
type warnings struct {
	verb  *trainVerb
	mu    sync.Mutex
	lines []string
}

func (w *warnings) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lines = append(w.lines, line); w.verb.cluster.Root() {
		w.verb.Notice(line)
	}
}

// plan is what all ranks must have in common before they look at anything.
func (t *trainVerb) plan() []dist.Field {
	words := "train"
	if t.resume {
		words += " --resume"
	}
	return []dist.Field{{Name: "the command", Value: words}}
}

// agreeOnJob is for what decides how the ranks prepare a training: they do that together.
func (t *trainVerb) agreeOnJob() error {
	what := "photos"
	if t.photos.path == "" {
		what = "the network " + t.spec.Name
	}
	return t.cluster.CheckPlan(dist.Field{Name: "what is trained", Value: what})
}

// sharedRun is what rank 0 tells of the run that is resumed.
type sharedRun struct {
	Folder, Net string
	Files       []runFile
}

// A runFile is a file of a run that all ranks must have. Hash is that of a small file: state.json
// has the hashes of the weights.
type runFile struct {
	Name string
	Size int64
	Hash []byte `json:",omitempty"`
}

// shareRun finds the run to go on with and returns the name of the network that it must be of,
// or "". With several ranks it is the run that rank 0 finds. Those that do not see its folder,
// on machines with disks of their own, get a copy of what they need of it.
func (t *trainVerb) shareRun(args []string) (net string, err error) {
	if t.cluster == nil {
		return t.findRun(args)
	}
	var run sharedRun
	text, err := t.cluster.FromRoot(func() ([]byte, error) {
		if run.Net, err = t.findRun(args); err != nil {
			return nil, err
		}
		run.Folder, run.Files = t.out, filesOfRun(t.out)
		return json.Marshal(run)
	})
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return "", err
	}
	t.out = run.Folder
	own, _ := json.Marshal(filesOfRun(t.out))
	all, _ := json.Marshal(run.Files)
	copies, err := t.cluster.Any(!bytes.Equal(own, all))
	if err != nil || !copies {
		return run.Net, err
	}
	return run.Net, t.copyRun(run)
}

// copyRun gives all ranks but rank 0 a copy of the run, in a folder that remove deletes.
func (t *trainVerb) copyRun(run sharedRun) (err error) {
	dir := ""
	if !t.cluster.Root() {
		dir, err = os.MkdirTemp("", "stride-run-")
		t.out, t.scratch = dir, dir
	}
	if err = t.cluster.Agree(err); err != nil {
		return err
	}
	for _, file := range run.Files {
		content, err := t.cluster.FromRoot(func() ([]byte, error) { return os.ReadFile(filepath.Join(run.Folder, file.Name)) })
		if err == nil && dir != "" {
			err = os.WriteFile(filepath.Join(dir, file.Name), content, 0o600)
		}
		if err = t.cluster.Agree(err); err != nil {
			return fmt.Errorf("copy the run from rank 0: %w", err)
		}
	}
	return nil
}

// removeScratch removes the copy of the run.
func (t *trainVerb) removeScratch() {
	if t.scratch != "" {
		_ = os.RemoveAll(t.scratch) // a folder for temporary files is cleaned in any case
	}
}

// filesOfRun lists the files in a run folder that a network and its settings are made from.
func filesOfRun(dir string) (files []runFile) {
	entries, _ := os.ReadDir(dir) // of a folder that is not there, nothing
	for _, entry := range entries {
		name := entry.Name()
		settings := name == "config.json" || name == "state.json"
		weights := slices.Contains([]string{".safetensors", ".onnx"}, filepath.Ext(name)) && !strings.HasPrefix(name, "optimizer-")
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !settings && !weights {
			continue
		}
		file := runFile{Name: name, Size: info.Size()}
		if settings {
			content, _ := os.ReadFile(filepath.Join(dir, name)) // who cannot read it gets a copy
			hash := sha256.Sum256(content)
			file.Hash = hash[:]
		}
		files = append(files, file)
	}
	return files
}
