package zoo

import (
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/tensor"
)

// A Timm says which model of timm (PyTorch Image Models) computes the same as a
// network, given the same weights, and under which names timm has these. Model
// folders are written and read with it.
type Timm struct {
	// Architecture is timm's name of the model, such as "mobilenetv2_100"; ""
	// if timm has none that computes the same.
	Architecture string
	// Features is the number of values that the classifier gets for an image:
	// timm's num_features.
	Features int
	// FirstConv and Classifier are the names in timm of the layer that depends
	// on the number of channels, and of the one that depends on the number of
	// classes.
	FirstConv, Classifier string
	// MaxSide is the largest height and width of an image for which both compute
	// the same; 0 if they do for all.
	MaxSide int
	// Tensor returns the name and the shape that timm has for a tensor of the
	// network's state. The values and their order are the same. It is nil where
	// names and shapes are the same, too.
	Tensor func(name string, shape tensor.Shape) (string, tensor.Shape)
}

// Equals reports whether timm has a model that computes the same as the network
// for inputs of a shape C×H×W.
func (t Timm) Equals(input tensor.Shape) bool {
	return t.Architecture != "" && (t.MaxSide == 0 || len(input) == 3 && max(input[1], input[2]) <= t.MaxSide)
}

// Export returns the entries of a network's state with the names and shapes of
// timm. The tensors share memory with those given.
func (t Timm) Export(state []tensor.Named) ([]tensor.Named, error) {
	if t.Tensor == nil {
		return state, nil
	}
	out := make([]tensor.Named, len(state))
	for i, e := range state {
		name, shape := t.Tensor(e.Name, e.Tensor.Shape())
		x, err := e.Tensor.Reshape(shape...)
		if err != nil {
			return nil, err
		}
		out[i] = tensor.Named{Name: name, Tensor: x}
	}
	return out, nil
}

// batchCount is what PyTorch counts in a batch normalization. No network has it.
const batchCount = "num_batches_tracked"

// Import returns entries with the names and shapes of the network, whose
// variables have the shapes given, where they are those of timm. Others are left
// as they are: those of the network itself, and what does not belong to it, about
// which nn.Model.LoadState decides. The rows of a tensor may
// be more or fewer than the network's, as the classifier's are for another number
// of classes.
func (t Timm) Import(entries []tensor.Named, network map[string]tensor.Shape) []tensor.Named {
	if t.Tensor == nil {
		return entries
	}
	type own struct {
		name          string
		shape, inTimm tensor.Shape
	}
	byTimm := make(map[string]own, len(network))
	for _, name := range slices.Sorted(maps.Keys(network)) {
		theirs, shape := t.Tensor(name, network[name])
		byTimm[theirs] = own{name, network[name], shape}
	}
	out := slices.Clone(entries)
	for i, e := range entries {
		if path, ok := strings.CutSuffix(e.Name, batchCount); ok {
			if mean, ok := byTimm[path+"running_mean"]; ok {
				out[i].Name = strings.TrimSuffix(mean.name, "running_mean") + batchCount
			}
			continue
		}
		o, ok := byTimm[e.Name]
		if _, known := network[e.Name]; known || !ok {
			continue
		}
		out[i].Name = o.name
		got := e.Tensor.Shape()
		if o.shape.Equal(o.inTimm) || len(got) != len(o.inTimm) || len(o.shape) == 0 || !got[1:].Equal(o.inTimm[1:]) {
			continue
		}
		shape := o.shape.Clone()
		shape[0] = got[0]
		if x, err := e.Tensor.Reshape(shape...); err == nil {
			out[i].Tensor = x
		}
	}
	return out
}

// GetTimm returns the network that computes the same as a model of timm.
func GetTimm(architecture string) (Spec, bool) {
	if architecture == "" {
		return Spec{}, false
	}
	for _, name := range Names() {
		if s := specs[name]; s.Timm.Architecture == architecture {
			s.Input = s.Input.Clone()
			return s, true
		}
	}
	return Spec{}, false
}

// TimmNames returns the names of timm's models that GetTimm knows, sorted.
func TimmNames() (names []string) {
	for _, s := range specs {
		if s.Timm.Architecture != "" {
			names = append(names, s.Timm.Architecture)
		}
	}
	slices.Sort(names)
	return names
}
