package zoo

import (
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/tensor"
)

// A Naming says under which names and with which shapes a library has the tensors of a
// network.
type Naming struct {
	// Library is the library: "timm", "transformers". "" is that of the network's own
	// names.
	Library string
	// Tensor returns the name and the shape that the library has for a tensor of the
	// network's state. The values and their order are the same. It is nil where names
	// and shapes are the network's own.
	Tensor func(name string, shape tensor.Shape) (string, tensor.Shape)
	// Differs says what the library's network computes otherwise, as the end of a
	// sentence: such weights are recognised and not taken. "" if it computes the same.
	Differs string
}

// Namings returns the network's own naming, timm's if it is another one, and those of
// further libraries.
func (s Spec) Namings() []Naming {
	namings := []Naming{{}}
	if s.Timm.Tensor != nil {
		namings = append(namings, s.Timm.naming())
	}
	return append(namings, s.Names...)
}

// Export returns the entries of a network's state with the names and shapes of the
// library. The tensors share memory with those given.
func (n Naming) Export(state []tensor.Named) ([]tensor.Named, error) {
	if n.Tensor == nil {
		return state, nil
	}
	out := make([]tensor.Named, len(state))
	for i, e := range state {
		name, shape := n.Tensor(e.Name, e.Tensor.Shape())
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

// own is a tensor of a network, and its shape in a library.
type own struct {
	name          string
	shape, theirs tensor.Shape
}

// table returns the network's tensors by their names in the library.
func (n Naming) table(network map[string]tensor.Shape) map[string]own {
	table := make(map[string]own, len(network))
	for _, name := range slices.Sorted(maps.Keys(network)) {
		theirs, shape := name, network[name]
		if n.Tensor != nil {
			theirs, shape = n.Tensor(name, shape)
		}
		table[theirs] = own{name, network[name], shape}
	}
	return table
}

// Import returns entries with the names and shapes of the network, whose
// variables have the shapes given, where they are those of the library. Others, which do
// not belong to the network, are left as they are: nn.Model.LoadState decides about
// them. The rows of a tensor may
// be more or fewer than the network's, as the classifier's are for another number
// of classes.
func (n Naming) Import(entries []tensor.Named, network map[string]tensor.Shape) []tensor.Named {
	if n.Tensor == nil {
		return entries
	}
	table := n.table(network)
	out := slices.Clone(entries)
	for i, e := range entries {
		if path, ok := strings.CutSuffix(e.Name, batchCount); ok {
			if mean, ok := table[path+"running_mean"]; ok {
				out[i].Name = strings.TrimSuffix(mean.name, "running_mean") + batchCount
			}
			continue
		}
		o, ok := table[e.Name]
		if !ok {
			continue
		}
		out[i].Name = o.name
		got := e.Tensor.Shape()
		if o.shape.Equal(o.theirs) || len(got) != len(o.theirs) || len(o.shape) == 0 || !got[1:].Equal(o.theirs[1:]) {
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

// Import finds out which library the names of the entries are of, by how many of them
// the network has, and returns the entries under the network's own names, with the
// naming that was found and what all names had in addition, such as "module." (see
// modelfile.Loaded). Where no names fit, the entries are as they were.
func (s Spec) Import(entries []tensor.Named, network map[string]tensor.Shape) (imported []tensor.Named, found Naming, prefix string) {
	imported, most := entries, 0
	for _, n := range s.Namings() {
		table := n.table(network)
		unwrapped, p := weights.Unwrap(entries, func(name string) bool { _, ok := table[name]; return ok })
		count := 0
		for _, e := range unwrapped {
			if _, ok := table[e.Name]; ok {
				count++
			}
		}
		if count > most {
			imported, found, prefix, most = n.Import(unwrapped, network), n, p, count
		}
	}
	return imported, found, prefix
}
