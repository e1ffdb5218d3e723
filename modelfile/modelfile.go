package modelfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/weights"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A format writes files of one kind. Errors name the file.
type format func(path string, state []tensor.Named) error

// formats are known by the extensions of their files.
var formats = map[string]format{
	".safetensors": saveSafetensors,
}

// Options are the choices of LoadInto. The zero value is a good default.
type Options struct {
	// Spec is the model's network in package zoo; nil if it is another one. With it,
	// files may have the names of other libraries, such as timm.
	Spec *zoo.Spec
	// IgnoreHead leaves the last layer at the values that it has, if the file's is for
	// another number of classes or if the file has none.
	IgnoreHead bool
}

// Loaded says what LoadInto has found.
type Loaded struct {
	// Path is the file that was read; of a folder, the one in it.
	Path string
	// Prefix is what all names in the file have in addition, as where PyTorch has saved
	// a network within another module: "module." for DistributedDataParallel,
	// "_orig_mod." for torch.compile, or any other common prefix that ends in a dot.
	// It is "" for a file without.
	Prefix string
	// Library is the library whose names the file has, such as "timm"; "" if they are
	// the model's own.
	Library string
	// Key is that of Weights.
	Key string
	// Head is the path of the layer that IgnoreHead has left as it was, such as "fc";
	// "" if there is none.
	Head string
}

// Load gives the model the values in the file at path, which [Read] reads, under the
// rules of [nn.Model.LoadState]: names and shapes must be exactly the model's, but for
// a prefix that all names have (see [Loaded]). Values that are NaN or infinite are
// an error. On an error, which names the file, the model is as it was.
func Load(model *nn.Model, path string) error {
	_, err := LoadInto(model, path, Options{})
	return err
}

// LoadUnwrapped is Load, and returns the prefix that all names in the file have.
func LoadUnwrapped(model *nn.Model, path string) (prefix string, err error) {
	loaded, err := LoadInto(model, path, Options{})
	return loaded.Prefix, err
}

// LoadInto is Load with options, and says what it has found. If names or shapes do not
// fit, the error lists them, and says which network of package zoo the file is for, or
// the nearest one.
func LoadInto(model *nn.Model, path string, o Options) (Loaded, error) {
	w, err := Read(path)
	if err != nil {
		return Loaded{}, fmt.Errorf("load model: %w", err)
	}
	loaded, err := w.load(model, o)
	if err != nil {
		return Loaded{}, fmt.Errorf("load model: %s: %w", w.Path, err)
	}
	return loaded, nil
}

// load gives the values to a model.
func (w *Weights) load(model *nn.Model, o Options) (Loaded, error) {
	network := map[string]tensor.Shape{}
	for _, e := range model.State() {
		network[e.Name] = e.Tensor.Shape()
	}
	spec := o.Spec
	if spec == nil {
		spec = &zoo.Spec{}
	}
	state, naming, prefix := spec.Import(w.Entries, network)
	loaded := Loaded{Path: w.Path, Prefix: prefix, Library: naming.Library, Key: w.Key}
	if naming.Differs != "" {
		return loaded, fmt.Errorf("these are the weights that %s has for %s, which %s", naming.Library, spec.Name, naming.Differs)
	}
	if o.IgnoreHead {
		state, loaded.Head = withoutHead(model, state)
	}
	if err := weights.CheckFinite(state); err != nil {
		return loaded, err
	}
	return loaded, Explain(model.LoadState(state), w.Entries, spec.Name)
}

// Explain adds to an error of LoadState, if it is one, what the entries are the weights
// of. net is the name of the network that they were loaded into; "" if it has none.
func Explain(err error, entries []tensor.Named, net string) error {
	if err == nil {
		return nil
	}
	if match, ok := zoo.Recognize(entries); ok && match.Net != net {
		return fmt.Errorf("%w (%s)", err, match)
	}
	return err
}

// withoutHead puts the model's own values in place of those of the last layer, if these
// are all that does not fit, and returns its path.
func withoutHead(model *nn.Model, entries []tensor.Named) (state []tensor.Named, head string) {
	own := model.State()
	if len(own) == 0 {
		return entries, ""
	}
	head = layerOf(own[len(own)-1].Name)
	given := map[string]tensor.Shape{}
	for _, e := range entries {
		given[e.Name] = e.Tensor.Shape()
	}
	fits := true
	for _, e := range own {
		want, got := e.Tensor.Shape(), given[e.Name]
		if got != nil && got.Equal(want) {
			continue
		}
		if fits = false; layerOf(e.Name) != head || got != nil && (len(got) != len(want) || !got[1:].Equal(want[1:])) {
			return entries, "" // another network
		}
	}
	if fits {
		return entries, ""
	}
	for _, e := range entries {
		if layerOf(e.Name) != head {
			state = append(state, e)
		}
	}
	for _, e := range own {
		if layerOf(e.Name) == head {
			state = append(state, e)
		}
	}
	return state, head
}

// layerOf returns the path of the layer that a parameter belongs to.
func layerOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

// Save writes the state of the model to a file at path. The file appears whole
// or not at all: on an error, which names the file, an older one is as it was.
func Save(model *nn.Model, path string) error {
	f, err := formatOf(path)
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := f(path, model.State()); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func formatOf(path string) (format, error) {
	f, ok := formats[strings.ToLower(filepath.Ext(path))]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
		return nil, fmt.Errorf("%s: the name of a model file ends in %s", path, known)
	}
	return f, nil
}

// saveSafetensors writes the metadata that other readers ask for: "pt" says
// that names and layouts are PyTorch's.
func saveSafetensors(path string, state []tensor.Named) error {
	f := safetensors.File{Entries: state, Metadata: map[string]string{"format": "pt"}}
	return f.Save(path)
}
