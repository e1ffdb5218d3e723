package zoo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A Spec describes a network and how it is trained unless told otherwise.
type Spec struct {
	// Name is what Get takes: "lenet".
	Name string
	// Title is its name for people: "LeNet".
	Title string
	// Doc says in a sentence what it is and where it comes from.
	Doc string
	// Input is the shape C×H×W that images are brought to.
	Input tensor.Shape
	// Classes is the number of classes by default.
	Classes int
	// Defaults are the book's hyper-parameters, for full Fashion-MNIST.
	Defaults
	// Sample are those for the small embedded sample of it.
	Sample Defaults
	// Init draws the weights of convolutions and linear layers.
	Init nn.Initializer
	// New makes the network.
	New func(classes int) nn.Layer
	// Preprocessing is what the network's published weights expect of pictures,
	// for weight files that do not say it themselves. Without an InputSize there
	// are none, or pictures are taken as preprocess.Plain makes them.
	Preprocessing preprocess.Config
	// Timm says which model of timm computes the same; the zero value if there is
	// none.
	Timm Timm
	// Names are how other libraries than timm name the network's tensors.
	Names []Naming
}

// Defaults are hyper-parameters of training with plain SGD.
type Defaults struct {
	Batch        int
	LearningRate float32
	Epochs       int
}

// Model makes the network's model with its default input, classes and
// initializer.
func (s Spec) Model(seed uint64) (*nn.Model, error) {
	return nn.New(s.New(s.Classes), s.Input, nn.Options{Seed: seed, Init: s.Init})
}

var specs = map[string]Spec{}

// register adds a network; each file of the package calls it in its init.
func register(s Spec) {
	if _, ok := specs[s.Name]; ok {
		panic("zoo: two networks are named " + s.Name)
	}
	specs[s.Name] = s
}

// Register adds a network; packages that define networks call it in their
// init. Names are lower-case and unique: Register panics for a second network
// of the same name.
func Register(s Spec) { register(s) }

// Names returns the names of all networks, sorted.
func Names() []string { return slices.Sorted(maps.Keys(specs)) }

// Get returns the network of that name; upper and lower case are the same. The
// error for an unknown one suggests a similar one, or lists them all.
func Get(name string) (Spec, error) {
	if s, ok := specs[strings.ToLower(name)]; ok {
		s.Input = s.Input.Clone()
		return s, nil
	}
	if near := Similar(name); near != "" {
		return Spec{}, fmt.Errorf("unknown network %q: did you mean %q?", name, near)
	}
	return Spec{}, fmt.Errorf("unknown network %q (known: %s)", name, strings.Join(Names(), ", "))
}

// Similar returns the name of the network that somebody means who mistyped it, or who
// left out what stands before the slash: "torchvision/squeezenet1_0" for
// "squeezenet1_0". It is "" where no network has a name much like it. Upper and lower
// case are the same.
func Similar(name string) string {
	name = strings.ToLower(name)
	full := map[string]string{} // by what stands behind the slash
	for _, n := range Names() {
		if _, short, ok := strings.Cut(n, "/"); ok {
			full[short] = n
		}
	}
	if n, ok := full[name]; ok {
		return n
	}
	if near := suggest.Nearest(name, Names()); near != "" {
		return near
	}
	return full[suggest.Nearest(name, slices.Sorted(maps.Keys(full)))]
}

// orDefault is v, or otherwise where v is 0.
func orDefault(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// invalid is a network that nn.New reports as an error.
func invalid(network, format string, args ...any) nn.Layer {
	return nn.Func(network, func(x *graph.Node) *graph.Node {
		x.Graph().Fail(network, format, args...)
		return nil
	})
}
