package finetune

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/imagecache"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// The defaults of Options.
const (
	Epochs         = 8
	HeadEpochs     = 4
	BatchSize      = 32
	LearningRate   = 2e-3
	FirstRate      = 0.01
	LastRate       = 0.1
	WeightDecay    = 0.01
	LabelSmoothing = 0.1
	Patience       = 5
	Augment        = "rcrop=0.2:1,hflip,jitter=0.2,grayscale=0.1"
)

// enoughSteps is after how many steps nine tenths of the running statistics of batch
// normalizations are those of the photos: 0.9²² = 0.1.
const enoughSteps = 22

// Options says how to train. The zero value of each field is its default, but for
// Base or Net, one of which must be given.
type Options struct {
	// Base has the weights to start from. Its last layer is kept where its classes
	// are those of the photos, and otherwise drawn at random.
	Base *modelfolder.Model
	// Net is the network to train from random weights, without a Base.
	Net zoo.Spec
	// Size, if above 0, is the height and width of the input in place of that of the
	// base's preprocessing.
	Size int

	// Epochs is the number of epochs in all, HeadEpochs how many of them, the first
	// ones, train the last layer alone: below 0 is none, as it always is without a
	// Base.
	Epochs, HeadEpochs int
	// BatchSize is the number of photos in a step. With fewer than 32, or if all layers
	// are trained for fewer than 22 steps, the running statistics of batch normalizations
	// stay those of the base.
	BatchSize int
	// LearningRate is that of the last layer.
	LearningRate float32
	// FirstRate and LastRate are the rates of the first layer and of the last but
	// one, as multiples of LearningRate; those between lie between. Without a Base
	// all layers have LearningRate.
	FirstRate, LastRate float32
	// Freeze are the paths of layers that are not trained, such as "features.0", with
	// all that is in them. FirstLayers has those of the first layers.
	Freeze []string
	// Optimizer is AdamW with WeightDecay if nil. Biases, scales and shifts have no
	// weight decay.
	Optimizer optim.Optimizer
	// Schedule is a cosine after a warm-up of a third of an epoch if nil.
	Schedule optim.Schedule
	// LabelSmoothing is taken from the label and spread over all classes; below 0 is
	// none. A pipeline that mixes images has none by default.
	LabelSmoothing float32
	// ClassWeights gives rare classes as much weight in the loss as frequent ones.
	ClassWeights bool
	// Patience is the number of epochs without a better validation accuracy after
	// which the run ends; below 0 never ends it.
	Patience int
	// Augment changes the training photos; nil means the constant Augment, and one
	// without transforms leaves them as they are.
	Augment augment.Pipeline
	// Seed is the random seed of the last layer, the order of the photos and their
	// augmentation.
	Seed uint64

	// Cache keeps decoded photos on disk, if its Dir is set.
	Cache imagecache.Options
	// Strict makes a photo that cannot be read an error.
	Strict bool
	// Draft sets preprocess.Config.Draft: large JPEG files are decoded smaller, in training and,
	// as it is recorded with the model, in use.
	Draft bool
	// Log, if not nil, is given plain lines for people.
	Log func(line string)
}

// A Job is all that train.Fit wants. What New has not set in Config is the caller's:
// Dir, Device, Callbacks and so on.
type Job struct {
	// Model is the network.
	Model *nn.Model
	// Head is the path of the layer that was drawn at random, or the names of its
	// parameters; "" if all weights are those of the base.
	Head string
	// Train has the training photos, augmented; Validation is nil if there are none.
	Train      data.Dataset
	Validation *imagefolder.Images
	// Photos are the training photos as they are.
	Photos *imagefolder.Images
	// Augment is the pipeline of the training photos.
	Augment augment.Pipeline
	// Config is the configuration.
	Config train.Config
}

// New puts a job together. It is an error if the sets have no training photos, if an
// option is out of range or does not fit the network, or if the network cannot take
// photos of the size.
func New(sets *imagefolder.Sets, o Options) (*Job, error) {
	if sets.Train.Len() == 0 {
		return nil, fmt.Errorf("%s: there are no training photos", sets.Path)
	}
	spec, config, err := o.network()
	if err != nil {
		return nil, err
	}
	j := &Job{Augment: o.Augment}
	if j.Augment == nil {
		if j.Augment, err = augment.Parse(Augment); err != nil {
			return nil, err
		}
	}
	if err := j.datasets(sets, config, o); err != nil {
		return nil, err
	}
	if j.Model, err = nn.New(spec.New(len(sets.Classes)), config.InputSize, nn.Options{Seed: o.Seed, Init: spec.Init}); err != nil {
		return nil, err
	}
	if o.Base != nil {
		if j.Head, err = transfer(j.Model, o.Base, sets.Classes); err != nil {
			return nil, err
		}
	}
	j.configure(sets, spec, config, o)
	return j, nil
}

// network returns the network and how photos become its input.
func (o Options) network() (zoo.Spec, preprocess.Config, error) {
	spec, config := o.Net, o.Net.Preprocessing
	if o.Base != nil {
		spec, config = o.Base.Spec, o.Base.Preprocessing
	}
	if spec.New == nil {
		return spec, config, errors.New("fine-tuning needs a network")
	}
	if len(config.InputSize) == 0 {
		config = preprocess.Plain(spec.Input)
		if config.InputSize[0] == 1 && o.Base == nil {
			config.InputSize = tensor.Shape{3, spec.Input[1], spec.Input[2]}
		}
	}
	if o.Size > 0 {
		config.InputSize = tensor.Shape{config.InputSize[0], o.Size, o.Size}
	}
	config.Draft = config.Draft || o.Draft
	return spec, config, config.Check()
}

// datasets makes the datasets of the sets.
func (j *Job) datasets(sets *imagefolder.Sets, config preprocess.Config, o Options) error {
	reading := imagefolder.Reading{Preprocess: config, Cache: o.Cache, Strict: o.Strict, Log: o.Log}
	var err error
	if j.Photos, err = sets.Train.Images(reading); err != nil {
		return err
	}
	j.Train = j.Photos
	if len(j.Augment) > 0 {
		filter := raster.Bilinear
		if config.Interpolation == preprocess.Bicubic {
			filter = raster.Bicubic
		}
		photos, err := j.Augment.Photos(config.InputSize, filter)
		if err != nil {
			return fmt.Errorf("augmentation %v: %w", j.Augment, err)
		}
		j.Train = j.Photos.Augmented(photos.Draw)
	}
	if sets.Validation.Len() > 0 {
		j.Validation, err = sets.Validation.Images(reading)
	}
	return err
}

// configure fills in the configuration.
func (j *Job) configure(sets *imagefolder.Sets, spec zoo.Spec, config preprocess.Config, o Options) {
	c := &j.Config
	if len(o.Freeze) > 0 {
		c.Freeze = append(c.Freeze, train.Freeze{Layers: o.Freeze})
	}
	c.Net, c.Data, c.Preprocessing, c.Seed, c.Log = spec.Name, "photos", config, o.Seed, o.Log
	c.Epochs, c.BatchSize = cmp.Or(o.Epochs, Epochs), cmp.Or(o.BatchSize, BatchSize)
	c.LearningRate = cmp.Or(o.LearningRate, LearningRate)
	groups := optim.Groups{Of: o.Optimizer, NoDecay: true}
	if groups.Of == nil {
		groups.Of = optim.AdamW{WeightDecay: WeightDecay}
	}
	if o.Base != nil {
		head := headOf(j.Model)
		for _, path := range head {
			groups.Rates = append(groups.Rates, optim.LayerRate{Layers: path, Rate: 1})
		}
		groups.Depth = optim.DepthRates{Params: j.Model.Parameters(), From: cmp.Or(o.FirstRate, FirstRate), To: cmp.Or(o.LastRate, LastRate)}
		alone := max(min(cmp.Or(o.HeadEpochs, HeadEpochs), c.Epochs-1), 0)
		if alone > 0 {
			c.Freeze = append(c.Freeze, train.Freeze{Except: head, Epochs: alone})
		}
		steps := (c.Epochs - alone) * ((j.Train.Len() + c.BatchSize - 1) / c.BatchSize)
		if (c.BatchSize < 32 || steps < enoughSteps) && len(j.Model.Buffers()) > 0 {
			c.Freeze = append(c.Freeze, train.Freeze{Statistics: true})
		}
	}
	c.Optimizer = groups
	if c.Schedule = o.Schedule; c.Schedule == nil {
		c.Schedule = optim.Warmup{Epochs: 1. / 3, Then: optim.Cosine{}}
	}
	batch := j.Augment.Batch()
	if c.LabelSmoothing = max(o.LabelSmoothing, 0); o.LabelSmoothing == 0 && batch == nil {
		c.LabelSmoothing = LabelSmoothing
	}
	if o.ClassWeights {
		c.ClassWeights = balance(sets)
	}
	c.Augment = j.Augment.Rest().PerImage()
	if batch != nil {
		c.Mix = Mixer{batch}
	}
	if j.Validation != nil {
		c.Best = runfolder.TestAccuracy
		if patience := cmp.Or(o.Patience, Patience); patience > 0 {
			c.EarlyStop = train.EarlyStop{Patience: patience}
		}
	}
}

// A Mixer lets train mix the images of a batch as package augment does.
type Mixer struct{ augment.BatchTransform }

// Mix implements train.Mixer.
func (m Mixer) Mix(r *rand.Rand, b *data.Batch, targets *tensor.Tensor) {
	m.ApplyBatch(r, b.Images, targets)
}

// balance returns weights of the classes in inverse proportion to their numbers of
// training photos, of which the mean over all photos is 1 (scikit-learn's
// class_weight="balanced").
func balance(sets *imagefolder.Sets) []float32 {
	counts := countTraining(sets)
	weights := make([]float32, len(counts))
	for i, n := range counts {
		weights[i] = float32(float64(sets.Train.Len()) / float64(len(counts)*max(n, 1)))
	}
	return weights
}

// countTraining returns how many training photos each class has, of those that are left
// in Train: the Summary counts all that were found.
func countTraining(sets *imagefolder.Sets) []int {
	counts := make([]int, len(sets.Classes))
	for _, item := range sets.Train.Items {
		counts[item.Label]++
	}
	return counts
}

// Imbalance returns the class with the most training photos and the one with the
// fewest, and how many times as many the first has.
func Imbalance(sets *imagefolder.Sets) (most, fewest string, ratio float64) {
	counts := countTraining(sets)
	if len(counts) == 0 {
		return "", "", 1
	}
	i, k := slices.Index(counts, slices.Max(counts)), slices.Index(counts, slices.Min(counts))
	return sets.Classes[i], sets.Classes[k], float64(counts[i]) / float64(max(counts[k], 1))
}

// A Header is a network that says which of its parameters give the scores of the
// classes: their names, or the paths of their layers. Of other networks it is the layer
// of the last parameter.
type Header interface {
	Head() []string
}

// headOf returns the paths of what gives the scores of the classes.
func headOf(m *nn.Model) []string {
	if net, ok := m.Net().(Header); ok {
		if head := net.Head(); len(head) > 0 {
			return head
		}
	}
	params := m.Parameters()
	if len(params) == 0 {
		return nil
	}
	last := params[len(params)-1].Name
	return []string{cmp.Or(layerpath.Of(last), last)}
}

// FirstLayers returns the paths of the first n layers of a model that have parameters,
// and of all if it has no more. The head counts, too.
func FirstLayers(m *nn.Model, n int) (paths []string) {
	for _, p := range m.Parameters() {
		path := cmp.Or(layerpath.Of(p.Name), p.Name)
		if slices.Contains(paths, path) {
			continue
		}
		if len(paths) == n {
			break
		}
		paths = append(paths, path)
	}
	return paths
}

// transfer gives the model the weights of the base, but for the last layer where the
// classes are others, and returns the path of that layer then.
func transfer(m *nn.Model, base *modelfolder.Model, classes []string) (drawn string, err error) {
	var head []string
	if !slices.Equal(base.Classes, classes) {
		head = headOf(m)
	}
	inHead := func(name string) bool {
		return slices.ContainsFunc(head, func(path string) bool { return layerpath.In(name, path) })
	}
	own := map[string]*tensor.Tensor{}
	for _, e := range m.State() {
		own[e.Name] = e.Tensor
	}
	state := base.Net.State()
	for i, e := range state {
		if inHead(e.Name) && own[e.Name] != nil {
			state[i].Tensor = own[e.Name].Clone()
		}
	}
	if err := m.LoadState(state); err != nil {
		return "", fmt.Errorf("weights of %s: %w", base.WeightsFile, err)
	}
	return strings.Join(head, ", "), nil
}
