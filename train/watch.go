package train

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/diagnose"
	"github.com/strideml/stride/train/internal/batches"
)

// A watch keeps the weights from before the latest steps, so that a step that
// went wrong can be looked at again: it has overwritten its own weights.
//
// Where weights are few, those from before the latest two steps are kept; the
// copy is nothing beside a step. Otherwise there is one copy, taken where
// trouble is likely: in the first steps, and after a loss that is high for its
// epoch. Weights on a device are copied only there, too.
type watch struct {
	params []*graph.Variable
	few    bool
	kept   []snapshot // the latest last
	seen   int        // steps so far
	loss   float64    // of the latest step that was waited for
	remote bool       // the weights must be fetched from a device
}

// A snapshot holds the weights from before a step, counted from 0.
type snapshot struct {
	step   int
	values [][]float32
}

const (
	fewWeights = 1 << 20 // 4 MB
	firstSteps = 20
	highLoss   = 1.2 // times the mean
	// highLossRemote is highLoss where weights must be fetched from a device, which has
	// no other work until they are there.
	highLossRemote = 3
)

func newWatch(model *nn.Model) *watch {
	w := &watch{params: model.Parameters()}
	total := 0
	for _, p := range w.params {
		total += p.Value.Size()
	}
	w.few = total <= fewWeights
	return w
}

// wants is called before each step with the mean loss of the epoch so far, 0 if there is
// none. It reports whether keep is to be called before the step.
func (w *watch) wants(mean float64) bool {
	w.seen++
	switch {
	case w.seen <= firstSteps:
		return true
	case w.remote:
		return mean > 0 && w.loss > highLossRemote*mean
	}
	return w.few || w.loss > highLoss*mean
}

// keep keeps the weights, which are those from before the given step.
func (w *watch) keep(step int) {
	room := 1
	if w.few {
		room = 2
	}
	if len(w.kept) < room {
		s := snapshot{}
		for _, p := range w.params {
			s.values = append(s.values, make([]float32, p.Value.Size()))
		}
		w.kept = append(w.kept, s)
	} else if room == 2 {
		w.kept[0], w.kept[1] = w.kept[1], w.kept[0]
	}
	latest := &w.kept[len(w.kept)-1]
	latest.step = step
	for i, p := range w.params {
		copy(latest.values[i], p.Value.Data())
	}
}

// good returns the latest snapshot with finite weights, if it is from before
// the given step or the one before that.
func (w *watch) good(step int) *snapshot {
	for i := len(w.kept) - 1; i >= 0; i-- {
		s := &w.kept[i]
		if s.step >= step-1 && !slices.ContainsFunc(s.values, func(v []float32) bool { return !batches.Finite(v) }) {
			return s
		}
	}
	return nil
}

// notFinite returns the name of a tensor with a value that is infinite or not
// a number, or "".
func notFinite(entries []safetensors.Entry) string {
	for _, e := range entries {
		if !batches.Finite(e.Tensor.Data()) {
			return e.Name
		}
	}
	return ""
}

// explain looks for the cause of trouble that showed in a step, from 0: its
// loss is not finite, or (weights) the weights before it are not. It returns
// it in words to append, or "". It leaves the model with the weights from
// before the step that went wrong.
func (f *fitter) explain(step int, weights bool) string {
	return f.explainTogether(f.explainHere(step, weights))
}

func (f *fitter) explainHere(step int, weights bool) string {
	s := f.watch.good(step)
	if s == nil || fetch(f.watch.params) != nil {
		return ""
	}
	var images, targets *tensor.Tensor
	err := f.batchOf(s.step, func(b *data.Batch) error {
		images, targets = b.Images.Clone(), batches.Targets(b).Clone()
		return nil
	})
	if err != nil {
		return ""
	}
	// A later snapshot that is not finite is as good as a look at the weights.
	weights = weights || s != &f.watch.kept[len(f.watch.kept)-1]
	for i, p := range f.watch.params {
		copy(p.Value.Data(), s.values[i])
		p.Changed()
	}
	found, err := diagnose.FindNonFinite(f.model, f.config.Device, f.training.Objective.Function(), images, targets, uint64(s.step))
	switch {
	case err == nil && found != nil:
		return fmt.Sprintf("; in step %d %v, the first value that is not finite", s.step+1, found)
	case err == nil && weights && s.step == step-1:
		return fmt.Sprintf("; the update of step %d was too large for the weights", s.step+1)
	}
	return ""
}

// batchOf reads the batch of a step again, or this rank's part of it. It is valid until
// use returns.
func (f *fitter) batchOf(step int, use func(b *data.Batch) error) error {
	epoch := step / f.batches
	return batches.Reread(f.loader, epoch, step%f.batches, func(b *data.Batch) error {
		if b.Len() == 0 {
			return fmt.Errorf("no images of step %d are here", step)
		}
		return use(f.mixed(b, epoch))
	})
}
