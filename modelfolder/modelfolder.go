package modelfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/efficientnetlite" // registers its networks
	_ "github.com/strideml/stride/zoo/torchvision"      // registers its networks
)

// Names in a model folder.
const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	labelsFile  = "labels.txt"
	cardFile    = "README.md"
)

// Errors that Load's errors wrap.
var (
	// ErrNoNet says that a model file does not name its network.
	ErrNoNet = errors.New("network is not named")
	// ErrOtherNet says that the network asked for is not the one that the model
	// names.
	ErrOtherNet = errors.New("another network")
)

// A Model is a trained model.
type Model struct {
	// Path is the run folder, model folder or model file, and WeightsFile the
	// file that the weights were read from. Of pretrained weights that are part of
	// the program both are the name of the network.
	Path, WeightsFile string
	// Prefix is what the names in WeightsFile had in addition to those of Net,
	// such as "module." where PyTorch has saved a network within another
	// module; "" for most files.
	Prefix string
	// Library is the library whose names the tensors in WeightsFile had, such as
	// "timm" or "transformers"; "" if they were Net's own.
	Library string
	// Spec is the network's entry in package zoo. That of an ONNX file has the name of
	// the file, and its New makes the file's network.
	Spec zoo.Spec
	// ONNX is the ONNX file that the network was read from; "" for networks of package
	// zoo. In a run folder or a model folder it lies beside the weights.
	ONNX string
	// Net has the weights.
	Net *nn.Model
	// Classes are the names of the classes, by index.
	Classes []string
	// Descriptions describe classes, by their names; there may be some, or
	// none.
	Descriptions map[string]string
	// Preprocessing is how a picture becomes the input.
	Preprocessing preprocess.Config
	// Data is the name of the data that the weights were trained with; "" if it
	// is not known.
	Data string
	// Run is the run; nil if the model is none. Its Weights are nil: Net has
	// them.
	Run *runfolder.Run
	// Choice says which weights of the run these are, Best or Last, and Epoch after
	// how many epochs the run had them; "" and 0 if the model is no run.
	Choice Choice
	Epoch  int
	// Assumed says in sentences what was taken for granted because the file does not
	// say it, such as the names of the classes. It is nil for most models.
	Assumed []string
	// AssumedPreprocessing says in a sentence what Preprocessing is, where neither the
	// model nor a file beside it says it; "" otherwise.
	AssumedPreprocessing string
	// Card is what Save writes into README.md besides. Load leaves it empty.
	Card Card
}

// Options are the choices of Load. The zero value is a good default.
type Options struct {
	// Net names the network of a model file that does not say which it is for.
	// It is an error if the model names another one.
	Net string
	// Size, if above 0, is the height and width of the input in place of those that
	// the model says. Without it, an ONNX file that leaves them open gets 224.
	Size int
	// Preprocessing takes the place of what the model says about pictures, in the fields
	// that are set. Its InputSize must be nil: see Size.
	Preprocessing preprocess.Config
	// Weights chooses between the weights of a run; the default is that of the
	// package comment. Best is an error, which wraps runfolder.ErrNoBest, if the run
	// has no best epoch. Of models that are no run it must be "".
	Weights Choice
	// AllOutputs makes the network of an ONNX file compute all outputs of the file; see
	// onnx.Options. The first one has the scores.
	AllOutputs bool
}

// A Choice is a choice between the weights that a run folder has.
type Choice string

const (
	// Best are the weights of the best epoch; see train.Config.Best.
	Best Choice = "best"
	// Last are the newest weights.
	Last Choice = "last"
)

// Load reads a run folder, a model folder or a model file, or, where there is
// none at that path, takes the pretrained weights of the network of that name.
// Errors name the file, what is wrong with it and what would be right.
func Load(path string, o Options) (*Model, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		source, err := readPretrained(path)
		if err != nil {
			return nil, err
		}
		return source.model(o)
	case err != nil:
		return nil, err
	}
	source := &source{path: path}
	switch {
	case info.IsDir():
		err = source.readFolder(o)
	case IsONNX(path):
		err = source.readONNX(o)
	default:
		err = source.readFile(o)
	}
	if err != nil {
		return nil, err
	}
	return source.model(o)
}

// A source is what was found at a path, before there is a model.
type source struct {
	path        string
	weightsFile string
	weights     *safetensors.File // nil if the network has its own
	run         *runfolder.Run
	choice      Choice    // of the run's weights
	network     *imported // from an ONNX file; nil for the networks of package zoo
	assumed     []string

	// What is said about the model; all may be missing.
	net, data     string
	trained       bool // by Stride, which always says with what data
	classes       []string
	descriptions  map[string]string
	input         tensor.Shape
	preprocessing *preprocess.Config
	described     string // the file beside the model file that has the preprocessing; "" if none has
	guessed       bool   // nothing says the preprocessing
}

// readPretrained takes the pretrained weights of the network of that name.
func readPretrained(name string) (*source, error) {
	weights, ok := zoo.PretrainedFor(name)
	if !ok {
		if _, err := zoo.Get(name); err == nil {
			return nil, fmt.Errorf("there is no run folder, model folder or model file %s, and this program has no pretrained weights of the network of that name: %w", name, fs.ErrNotExist)
		}
		return nil, fmt.Errorf("there is no run folder, model folder or model file %s: %w", name, fs.ErrNotExist)
	}
	state, err := weights.State()
	if err != nil {
		return nil, err
	}
	return &source{
		path: weights.Net, weightsFile: weights.Net, weights: &safetensors.File{Entries: state},
		net: weights.Net, data: weights.Data, classes: slices.Clone(weights.Classes()),
	}, nil
}

// readFolder reads a run folder or a model folder.
func (s *source) readFolder(o Options) error {
	config, err := readConfig(s.path)
	switch {
	case err != nil:
		return err
	case config.TrainImages != nil:
		return s.readRun(o)
	}
	if s.net, err = config.network(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(s.path, configFile), err)
	}
	if s.net == "" {
		return fmt.Errorf("%s does not name the network: want a field \"net\", or timm's \"architecture\"", filepath.Join(s.path, configFile))
	}
	s.data, s.trained, s.classes, s.descriptions = config.Data, config.Data != "", config.Classes, config.Descriptions
	if s.preprocessing = config.Preprocessing; s.preprocessing != nil {
		s.input = s.preprocessing.InputSize
	}
	if err := s.findNetwork(s.path, o); err != nil {
		return err
	}
	if err := s.readWeights(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the model folder %s is not complete: %s is missing: %w", s.path, weightsFile, err)
		}
		return err
	}
	if len(s.classes) == 0 {
		s.classes, err = readLabels(s.path)
	}
	return err
}

// readWeights reads the file at the source's path, or the weights in the folder there. Of
// a checkpoint it takes the names of the classes, if there are none from elsewhere.
func (s *source) readWeights() error {
	w, err := modelfile.Read(s.path)
	if err != nil {
		return err
	}
	s.weightsFile, s.weights = w.Path, &safetensors.File{Entries: w.Entries, Metadata: w.Metadata}
	if len(s.classes) == 0 && hasRows(w.Entries, len(w.Classes)) {
		s.classes = w.Classes
	}
	return nil
}

// readRun reads a run folder.
func (s *source) readRun(o Options) (err error) {
	switch o.Weights {
	case "":
		s.choice = Best
		if s.run, err = runfolder.ReadBest(s.path); errors.Is(err, runfolder.ErrNoBest) {
			s.choice = Last
			s.run, err = runfolder.Read(s.path)
		}
	case Best:
		s.choice = Best
		s.run, err = runfolder.ReadBest(s.path)
	case Last:
		s.choice = Last
		s.run, err = runfolder.Read(s.path)
	default:
		err = fmt.Errorf("there is no choice %q between the weights of a run: want %q or %q", o.Weights, Best, Last)
	}
	if err != nil {
		return err
	}
	settings := s.run.Settings
	if settings.Net == "" {
		return fmt.Errorf("%s does not name its network: build it and load %s into it", s.path, s.run.WeightsFile)
	}
	s.net, s.data, s.classes, s.input = settings.Net, settings.Data, settings.Classes, settings.Input
	if s.preprocessing = settings.Preprocessing; s.preprocessing == nil {
		plain := preprocess.Plain(s.input)
		s.preprocessing = &plain
	}
	s.weightsFile, s.weights = s.run.WeightsFile, s.run.Weights
	s.run.Weights = nil
	return s.findNetwork(s.path, o)
}

// model makes the model.
func (s *source) model(o Options) (*Model, error) {
	if s.run == nil && o.Weights != "" {
		return nil, fmt.Errorf("%s is no run folder, so there are no %s weights to choose", s.path, o.Weights)
	}
	spec, err := s.spec(o.Net)
	if err != nil {
		return nil, err
	}
	m := &Model{Path: s.path, WeightsFile: s.weightsFile, Spec: spec, Data: s.data, Run: s.run, Choice: s.choice, Classes: s.classes, Descriptions: s.descriptions}
	if s.network != nil {
		m.ONNX = s.network.path
	}
	if s.run != nil {
		if m.Epoch = len(s.run.History.Rows); s.choice == Best {
			m.Epoch = s.run.History.BestEpoch
		}
	}
	if s.guessed && s.preprocessing == nil { // a file of weights
		if err := s.describe(spec.Name, func(classes int) bool { return hasRows(s.weights.Entries, classes) }); err != nil {
			return nil, err
		}
		s.guessed, m.Classes, m.Descriptions = s.preprocessing == nil, s.classes, s.descriptions
	}
	m.Assumed = s.assumed
	if s.input == nil {
		s.input = spec.Input
	}
	if s.described != "" {
		s.preprocessing.InputSize = s.input
	}
	if o.Size > 0 {
		s.resize(o.Size)
	}
	if err := s.checkClasses(); err != nil {
		return nil, err
	}
	if err := m.build(s); err != nil {
		return nil, err
	}
	return m, m.setPreprocessing(s, o.Preprocessing)
}

// setPreprocessing decides how pictures become the input. Fields of instead take the place
// of what is known.
func (m *Model) setPreprocessing(s *source, instead preprocess.Config) error {
	if instead.InputSize != nil {
		return fmt.Errorf("%s: options give the input size %v with the preprocessing: want it in Size alone", s.path, instead.InputSize)
	}
	m.Preprocessing = s.pictures(m.Spec).Override(instead)
	if err := m.Preprocessing.Check(); err != nil {
		from := s.path
		if s.described != "" {
			from = s.described
		}
		return fmt.Errorf("%s: preprocessing: %w", from, err)
	}
	all := len(instead.Mean) > 0 && len(instead.Std) > 0 && instead.Interpolation != "" && instead.CropPct > 0
	if s.guessed && !all {
		m.AssumedPreprocessing = fmt.Sprintf("%s does not say how pictures become its input: assumed is %v", s.path, m.Preprocessing)
	}
	return nil
}

// checkClasses reports class names that cannot be those of the weights, before
// memory is allocated for so many classes.
func (s *source) checkClasses() error {
	n := len(s.classes)
	if n == 0 || s.weights == nil || hasRows(s.weights.Entries, n) {
		return nil
	}
	return fmt.Errorf("%s names %d classes, but no tensor in %s has that many rows", s.path, n, filepath.Base(s.weightsFile))
}

// hasRows reports whether a tensor has n rows, as that of the last layer has for n classes.
func hasRows(entries []tensor.Named, n int) bool {
	return slices.ContainsFunc(entries, func(e tensor.Named) bool {
		shape := e.Tensor.Shape()
		return len(shape) > 0 && shape.Size() > 0 && shape[0] == n
	})
}

// spec finds the network. asked is the name that the caller gives, or "".
func (s *source) spec(asked string) (zoo.Spec, error) {
	if asked != "" {
		spec, err := zoo.Get(asked)
		switch {
		case err != nil:
			return zoo.Spec{}, err
		case s.net != "" && s.net != spec.Name:
			return zoo.Spec{}, &otherNet{s.path, s.net, spec.Name}
		}
		return spec, nil
	}
	if s.net == "" {
		match, ok := zoo.Recognize(s.weights.Entries)
		return zoo.Spec{}, &nameless{s.path, match, ok}
	}
	if s.network != nil {
		return s.network.spec(), nil
	}
	spec, err := zoo.Get(s.net)
	if err != nil {
		return zoo.Spec{}, fmt.Errorf("%s is a model of the network %q, which is not known here: a Go program must register it with zoo.Register and load the model itself", s.path, s.net)
	}
	return spec, nil
}

// resize makes the input size×size.
func (s *source) resize(size int) {
	s.input = tensor.Shape{s.input[0], size, size}
	if s.preprocessing != nil {
		c := *s.preprocessing
		c.InputSize = s.input
		s.preprocessing = &c
	}
}

// pictures returns the preprocessing; see the package's documentation.
func (s *source) pictures(spec zoo.Spec) preprocess.Config {
	published := spec.Preprocessing
	switch {
	case s.preprocessing != nil:
		return s.preprocessing.WithDefaults()
	case !s.trained && len(published.InputSize) == 3 && published.InputSize[0] == s.input[0]:
		published.InputSize = s.input
		return published.WithDefaults()
	}
	return preprocess.Plain(s.input)
}

// nameless is the ErrNoNet of a model file. match is what it may be, if like is true.
type nameless struct {
	path  string
	match zoo.Match
	like  bool
}

func (e *nameless) Error() string {
	text := e.path + " does not say which network it is for: name it"
	if e.like {
		text += fmt.Sprintf(" (%s)", e.match)
	}
	return text
}

func (e *nameless) Unwrap() error { return ErrNoNet }

// otherNet is the ErrOtherNet of a model.
type otherNet struct{ path, net, asked string }

func (e *otherNet) Error() string {
	return fmt.Sprintf("%s is a model of the network %q, not of %q", e.path, e.net, e.asked)
}

func (e *otherNet) Unwrap() error { return ErrOtherNet }
