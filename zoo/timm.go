package zoo

import (
	"slices"

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

// naming is how timm names the network's tensors.
func (t Timm) naming() Naming { return Naming{Library: "timm", Tensor: t.Tensor} }

// Export returns the entries of a network's state with the names and shapes of
// timm. The tensors share memory with those given.
func (t Timm) Export(state []tensor.Named) ([]tensor.Named, error) { return t.naming().Export(state) }

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
