package trainverb

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/train"
)

// A training that takes long says so once, when some steps were measured.
func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step   time.Duration // that a step takes; the first takes ten times as long
		epochs int
		want   string
	}{
		{300 * time.Millisecond, 10, "This will take about 4:59: 995 steps of 0.30 s, and the tests. Ctrl-C saves and stops.\n"},
		{7 * time.Second, 10, "This will take about 1:56:26: 998 steps of 7.00 s, and the tests. Ctrl-C saves and stops.\n"},
		{300 * time.Millisecond, 2, ""},
	} {
		var errs bytes.Buffer
		now := time.Unix(1e9, 0)
		v := &trainView{App: &command.App{Stdout: io.Discard, Stderr: &errs}, now: func() time.Time { return now }}
		v.start(train.StartInfo{Epochs: c.epochs, Batches: 100})
		now = now.Add(10 * c.step)
		for step := range 100 * c.epochs {
			v.step(train.StepInfo{Epoch: 1, Epochs: c.epochs, Batch: 1, Batches: 100, Step: step + 1})
			now = now.Add(c.step)
		}
		if errs.String() != c.want {
			t.Errorf("got %q, want %q", errs.String(), c.want)
		}
	}
}

// Runs that begin in the same second are told apart by their names.
func TestMakeRunFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	first, err := makeRunFolder("torchvision/resnet18", now)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("runs", "20260501-120000-torchvision-resnet18"); first != want {
		t.Errorf("got %s, want %s", first, want)
	}
	if second, err := makeRunFolder("torchvision/resnet18", now); err != nil || second != first+"-2" {
		t.Errorf("got %s, %v", second, err)
	}
}
