package trainverb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/diagnose"
	"github.com/strideml/stride/train/runfolder"
)

// loadWeights gives a model the weights that training starts from. A run that
// was killed before its first checkpoint starts from them again, so their file
// must be the same as before.
func (t *trainVerb) loadWeights(model *nn.Model) error {
	path := t.weights
	if info, err := os.Stat(path); err != nil {
		return fmt.Errorf("--weights: %w", err)
	} else if _, none := modelfile.Find(path); info.IsDir() && (none != nil || isRun(path)) {
		run, err := runfolder.ReadBest(path)
		if errors.Is(err, runfolder.ErrNoBest) {
			run, err = runfolder.Read(path)
		}
		if err != nil {
			return fmt.Errorf("--weights: %w", err)
		}
		source.NoticeUnfinished(t.App, run)
		path = run.WeightsFile
	}
	loaded, err := modelfile.LoadInto(model, path, modelfile.Options{Spec: &t.spec, IgnoreHead: t.ignoreHead})
	if err != nil {
		return fmt.Errorf("--weights: %w", err)
	}
	source.NoticePrefix(t.App, loaded.Path, loaded.Prefix)
	if loaded.Head != "" {
		t.Notice(fmt.Sprintf("The last layer, %s, is drawn at random; all other weights are those of %s.", loaded.Head, loaded.Path))
	}
	return t.checkHash(model, path)
}

// isRun reports whether a folder is a run folder.
func isRun(dir string) bool {
	_, err := runfolder.ReadSettings(dir)
	return err == nil
}

// checkHash records the weights that the run starts from. Those of one that is resumed
// must be the same as before.
func (t *trainVerb) checkHash(model *nn.Model, path string) error {
	hash, err := hashState(model)
	if err != nil {
		return err
	}
	if t.weightsHash != "" && t.weightsHash != hash {
		return fmt.Errorf("--weights: %s has changed since the run in %s was started from it", path, t.out)
	}
	t.weightsHash = hash
	t.weights = path
	if source.Exists(path) { // and is not the name of a network
		t.weights, err = filepath.Abs(path)
	}
	return err
}

// hashState is the SHA-256 of all weights of a model.
func hashState(model *nn.Model) (string, error) {
	h := sha256.New()
	for _, e := range model.State() {
		if err := e.Tensor.WriteNPY(h); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// deadReLUs counts dead units with the first images of a set.
func deadReLUs(model *nn.Model, device engine.Device, set data.Dataset) ([]diagnose.DeadShare, error) {
	const most = 256
	images := data.Limit(set, most)
	x, err := stack(images)
	if err != nil {
		return nil, err
	}
	return diagnose.DeadReLUs(model, device, x)
}

// stack reads all images of a set, N×C×H×W.
func stack(set data.Dataset) (*tensor.Tensor, error) {
	shape := set.ImageShape()
	x := tensor.New(append([]int{set.Len()}, shape...)...)
	for i := range set.Len() {
		if _, err := set.Read(i, x.Data()[i*shape.Size():(i+1)*shape.Size()]); err != nil {
			return nil, fmt.Errorf("read image %d: %w", i, err)
		}
	}
	return x, nil
}
