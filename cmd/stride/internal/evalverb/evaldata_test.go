package evalverb

import (
	"strings"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
)

// A run may have no validation photos, and folders and manifests names with dots.
func TestDivisionOfARun(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a/birds.v2": "birds.v2", "a/birds.CSV": "birds", "birds/": "birds"} {
		if got := source.NameOfPhotos(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for text, want := range map[string]float64{"": 0, "0": -1, "0.5": 0.5} {
		var o imagefolder.Options
		run := &runfolder.Run{Dir: "run", Settings: runfolder.Settings{Options: map[string]string{"validation": text, "split-seed": "7"}}}
		if err := source.DivideAs(&modelfolder.Model{Run: run}, &o); err != nil || o.Validation != want || o.Seed != 7 {
			t.Errorf("%q: %v of %v, %v", text, o.Validation, want, err)
		}
		run.Settings.Options["split-seed"] = "x"
		if err := source.DivideAs(&modelfolder.Model{Run: run}, &o); err == nil || !strings.Contains(err.Error(), `option split-seed is "x"`) {
			t.Errorf("got %v", err)
		}
	}
}
