package workers

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/internal/pyworker"
)

func TestMissingProgram(t *testing.T) {
	pythons := Pythons{Folder: t.TempDir(), Default: "no-such-python", Named: map[string]string{"mnn": "no-such-mnn"}}
	list := Rivals("nowhere", pythons, []string{"openvino", "mnn"}, 2)
	if len(list) != 2 {
		t.Fatalf("%d launchers, want 2", len(list))
	}
	for _, l := range list {
		_, err := l.Start(t.Context(), "")
		var m *MissingError
		if !errors.As(err, &m) || !strings.Contains(m.Message, "install.sh") || !strings.HasPrefix(m.Message, l.Engine) {
			t.Errorf("%s: got %v", l.Engine, err)
		}
	}
	if _, err := Engine("caffe"); err == nil {
		t.Error("no error for an engine that does not exist")
	}
}

// Each engine of the tables but Stride has a key, a program and versions to install.
func TestRivals(t *testing.T) {
	repository, err := pyworker.Repository()
	if err != nil {
		t.Fatal(err)
	}
	var engines []string
	for _, key := range Keys() {
		engine, err := Engine(key)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, engine)
		for _, path := range []string{"workers/" + key + "_worker.py", "requirements/" + key + ".txt"} {
			if found, err := filepath.Glob(filepath.Join(repository, "bench", "compare", path)); err != nil || len(found) != 1 {
				t.Errorf("%s: there is no %s", engine, path)
			}
		}
	}
	if got, want := strings.Join(engines, ", "), strings.Join(results.Engines[1:], ", "); got != want {
		t.Errorf("the rivals are %s, want %s", got, want)
	}
}
