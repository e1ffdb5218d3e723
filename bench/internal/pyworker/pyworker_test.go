package pyworker

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/internal/subprocess"
)

const script = `
import sys
import protocol

class Worker(protocol.Worker):
    def hello(self, r):
        print("what a library prints")
        self.step = lambda: None
        return {"got": r["text"], "modules": sys.dont_write_bytecode}

    def broken(self, r):
        raise ValueError("it is broken")

    def absent(self, r):
        protocol.required("no_such_module", "install it somehow")

    def unable(self, r):
        raise protocol.Unsupported("it cannot")

protocol.serve(Worker())
`

// TestCommand asks a worker that imports the protocol.
func TestCommand(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	root, err := Repository()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "worker.py"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Rel(root, filepath.Join(folder, "worker.py"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Command(root, python, path).Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type reply struct {
		Got, Missing, Unsupported string
		Modules                   bool
		Seconds                   []float64
	}
	ask := func(request map[string]any) (r reply, err error) {
		err = p.Ask(request, &r)
		return r, err
	}
	if r, err := ask(map[string]any{"op": "hello", "text": "×"}); err != nil || r.Got != "×" || !r.Modules {
		t.Errorf("got %+v and %v", r, err)
	}
	if r, err := ask(map[string]any{"op": "time", "warm": 1, "steps": 4}); err != nil || len(r.Seconds) != 4 {
		t.Errorf("steps: got %+v and %v", r, err)
	}
	if r, err := ask(map[string]any{"op": "time", "slice": 1e-9}); err != nil || len(r.Seconds) != 3 {
		t.Errorf("a slice has three steps at least: got %+v and %v", r, err)
	}
	var failed subprocess.AnswerError
	if _, err := ask(map[string]any{"op": "broken"}); !errors.As(err, &failed) || failed != "ValueError: it is broken" {
		t.Errorf("got %v", err)
	}
	if r, err := ask(map[string]any{"op": "absent"}); err != nil || !strings.HasSuffix(r.Missing, "install it somehow") {
		t.Errorf("got %+v and %v", r, err)
	}
	if r, err := ask(map[string]any{"op": "unable"}); err != nil || r.Unsupported != "it cannot" {
		t.Errorf("got %+v and %v", r, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Repository(); err == nil {
		t.Error("no error outside the repository")
	}
}
