package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/train/internal/step"
)

// Freeze keeps layers as they are, for the first epochs or for the whole run. No
// gradients are computed for them, nor for what lies before the first layer that is
// trained. They compute as in Eval mode: batch normalization uses its running
// statistics and leaves them, dropout drops nothing.
type Freeze struct {
	// Layers are the paths of layers or blocks, such as "features.3", with all that
	// is in them; nil is all layers. Except are paths of which that is not true:
	// Freeze{Except: []string{"classifier"}, Epochs: 1} trains the classifier alone in
	// the first epoch.
	Layers, Except []string
	// Statistics freezes the running statistics of all batch normalizations, whatever
	// Layers and Except say, and no weights: that is better where batches are small.
	Statistics bool
	// Epochs is the number of the first epochs in which they are frozen; 0 is all.
	Epochs int
}

// String is like "all but classifier for 1 epoch".
func (f Freeze) String() string {
	s := "all"
	switch {
	case f.Statistics:
		s = "statistics"
	case f.Layers != nil:
		s = strings.Join(f.Layers, " ")
	}
	if len(f.Except) > 0 {
		s += " but " + strings.Join(f.Except, " ")
	}
	if f.Epochs > 0 {
		s += " for " + count(f.Epochs, "epoch")
	}
	return s
}

// has reports whether a layer or a parameter is frozen.
func (f Freeze) has(name string) bool {
	in := func(layers string) bool { return layerpath.In(name, layers) }
	return !f.Statistics && (f.Layers == nil || slices.ContainsFunc(f.Layers, in)) && !slices.ContainsFunc(f.Except, in)
}

// freezing is a Config.Freeze. A phase is a number of epochs in a row in which the
// same layers are frozen.
type freezing []Freeze

// String describes it for records; "" without any.
func (f freezing) String() string {
	var parts []string
	for _, part := range f {
		parts = append(parts, part.String())
	}
	return strings.Join(parts, ", ")
}

// starts returns the first epoch, from 0, of each phase that a run has.
func (f freezing) starts(epochs int) []int {
	starts := []int{0}
	for _, part := range f {
		if part.Epochs > 0 && part.Epochs < epochs {
			starts = append(starts, part.Epochs)
		}
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// at returns what is frozen in an epoch, counted from 0.
func (f freezing) at(epoch int) nn.Frozen {
	var now freezing
	statistics := false
	for _, part := range f {
		if part.Epochs == 0 || epoch < part.Epochs {
			now = append(now, part)
			statistics = statistics || part.Statistics
		}
	}
	if len(now) == 0 {
		return nn.Frozen{}
	}
	return nn.Frozen{
		Layers: func(path string) bool {
			return slices.ContainsFunc(now, func(part Freeze) bool { return part.has(path) })
		},
		Statistics: statistics,
	}
}

// phases returns what is frozen in the phases that begin with some epochs.
func (f freezing) phases(starts []int) (phases []nn.Frozen) {
	for _, epoch := range starts {
		phases = append(phases, f.at(epoch))
	}
	return phases
}

// check reports paths that no parameter or buffer lies in, and epochs in which
// nothing is left to train.
func (f freezing) check(model *nn.Model, epochs int) error {
	variables := slices.Concat(model.Parameters(), model.Buffers())
	for _, part := range f {
		if part.Epochs < 0 {
			return fmt.Errorf("freeze: %d epochs: want at least 0, which is all", part.Epochs)
		}
		if part.Statistics && (part.Layers != nil || part.Except != nil) {
			return errors.New("freeze: statistics are frozen for all layers: paths belong to another Freeze")
		}
		for _, path := range slices.Concat(part.Layers, part.Except) {
			if !slices.ContainsFunc(variables, func(v *graph.Variable) bool { return layerpath.In(v.Name, path) }) {
				return fmt.Errorf("freeze: the network has no parameters in %q", path)
			}
		}
	}
	for _, epoch := range f.starts(epochs) {
		if len(step.Trained(model, f.at(epoch))) == 0 {
			return fmt.Errorf("freeze: in epoch %d all parameters are frozen", epoch+1)
		}
	}
	return nil
}
