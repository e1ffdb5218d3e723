package xla

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/pjrt/compilecache"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// TestCache trains a network for three steps twice, the second time with the programs
// that the first has left on disk.
func TestCache(t *testing.T) {
	newTestDevice(t, Options{}) // skips without a plugin
	cache := &compilecache.Cache{Dir: t.TempDir(), Limit: 1 << 30}
	steps := func() []float64 {
		device := newTestDevice(t, Options{Cache: cache})
		model, err := nn.New(nn.Sequential(nn.Conv2D(4, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3)),
			tensor.Shape{2, 8, 8}, nn.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, model.Parameters(), func(x, y *graph.Node) *graph.Node {
			return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y)
		})
		x, y := tensor.New(5, 2, 8, 8), tensor.New(5)
		for i := range x.Data() {
			x.Data()[i] = float32(i%7) / 3
		}
		defer step.Close()
		var losses []float64
		for range 3 {
			loss, err := step.Run(0.1, x, y)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, loss)
		}
		return losses
	}
	// A program that is compiled replaces its file; one that is loaded leaves it.
	files := func() map[string]os.FileInfo {
		list, err := filepath.Glob(filepath.Join(cache.Dir, "*"))
		if err != nil || len(list) == 0 {
			t.Fatal("no compiled program was kept", err)
		}
		found := map[string]os.FileInfo{}
		for _, path := range list {
			if found[path], err = os.Stat(path); err != nil {
				t.Fatal(err)
			}
		}
		return found
	}
	first := steps()
	before := files()
	second := steps()
	if d := cmp.Diff(first, second); d != "" {
		t.Error("other losses with loaded programs:", d)
	}
	after := files()
	for path, info := range after {
		if !os.SameFile(before[path], info) {
			t.Errorf("%s was written a second time", path)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d programs, then %d", len(before), len(after))
	}
}
