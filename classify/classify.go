package classify

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/tensor"
)

// A Class is a class of the model with its probability for a picture.
type Class struct {
	// Name is the name of the class.
	Name string `json:"class"`
	// Index is the number of the class, from 0: the place of its score in the
	// network's output.
	Index int `json:"index"`
	// Probability is from 0 to 1; those of all classes sum to 1.
	Probability float64 `json:"probability"`
}

// Options are the choices of New. The zero value is a good default.
type Options struct {
	// CPU configures the cpu engine: its Threads are how many threads compute in
	// all; 0 means GOMAXPROCS.
	CPU cpu.Options
	// Parallel is how many overlapping calls compute side by side, each on its
	// share of the threads; 0 stands for one on each thread, and there are never
	// more. Memory grows with it: with 1 it is the least, and calls take turns on
	// all threads.
	Parallel int
	// Device, if it is not nil, computes in place of the cpu engine, one picture
	// at a time. Close does not close it.
	Device engine.Device
	// TakeWeights lets the Classifier release the weights of the model once the engine has
	// packed them, at the first prediction, where it can: they are not in memory twice then.
	// The model must not be used for anything else afterwards. Load does that by itself.
	TakeWeights bool
}

// A Classifier names what pictures show. It is safe for concurrent use.
type Classifier struct {
	model *modelfolder.Model
	lanes *lanes
}

// Load reads a run folder, a model folder or a model file, or takes the
// pretrained weights of the network of that name if the program imports them, with
// all of the machine's threads to compute. See modelfolder.Load for errors and for networks
// of your own.
func Load(path string) (*Classifier, error) {
	model, err := modelfolder.Load(path, modelfolder.Options{})
	if err != nil {
		return nil, err
	}
	return New(model, Options{TakeWeights: true})
}

// New makes a Classifier of a model, whose weights must not be changed as long
// as it is in use. It takes the Preprocessing that the model has by then, and its weights
// with Options.TakeWeights.
func New(model *modelfolder.Model, o Options) (*Classifier, error) {
	own := *model
	if err := own.Preprocessing.Check(); err != nil {
		return nil, fmt.Errorf("%s: preprocessing: %w", own.Path, err)
	}
	if size, input := own.Preprocessing.InputSize, own.Net.Input(); !size.Equal(input) {
		return nil, fmt.Errorf("%s: preprocessing makes inputs of %v, the network takes %v", own.Path, size, input)
	}
	c := &Classifier{model: &own}
	var err error
	if c.lanes, err = newLanes(own.Net, o); err != nil {
		return nil, fmt.Errorf("%s: %w", own.Path, err)
	}
	// A Classifier that nobody uses any more takes its memory with it.
	runtime.AddCleanup(c, func(l *lanes) { _ = l.close() }, c.lanes)
	return c, nil
}

// Classes returns the names of all classes, by index. The caller must not change
// it.
func (c *Classifier) Classes() []string { return c.model.Classes }

// Preprocessing returns how pictures become the network's input.
func (c *Classifier) Preprocessing() preprocess.Config {
	return c.model.Preprocessing.WithDefaults()
}

// MemoryBytes returns the memory that the Classifier has by now: the model's
// variables, packed weights, and values between layers.
func (c *Classifier) MemoryBytes() int64 {
	variables := int64(0)
	for _, e := range c.model.Net.State() {
		variables += 4 * int64(e.Tensor.Size())
	}
	return variables + c.lanes.memoryBytes()
}

// Close waits for the calls under way and releases the Classifier's memory. A
// call that comes later fails.
func (c *Classifier) Close() error { return c.lanes.close() }

// Predict returns the top most probable classes of a picture, the most probable first; 0
// means all. It fails when the context ends before it has begun to compute,
// and when the picture is empty or far too long and narrow to be cropped.
func (c *Classifier) Predict(ctx context.Context, picture image.Image, top int) ([]Class, error) {
	return c.predict(ctx, top, false, c.input(picture))
}

// input makes the network's input of a picture when it is called.
func (c *Classifier) input(picture image.Image) func() (*tensor.Tensor, error) {
	return func() (*tensor.Tensor, error) {
		if picture == nil {
			return nil, errors.New("there is no picture")
		}
		return c.model.Preprocessing.Tensor(picture)
	}
}

// PredictFile is Predict of the picture in a file: PNG, JPEG, GIF, BMP or WebP.
// Errors name the file. A JPEG file that is cut short is an error; PredictPicture
// takes what is there of it.
func (c *Classifier) PredictFile(ctx context.Context, path string, top int) ([]Class, error) {
	size := c.model.Preprocessing.InputSize
	x := tensor.New(1, size[0], size[1], size[2])
	from, err := c.model.Preprocessing.OpenInput(x.Data(), path, imagefile.Options{})
	switch {
	case err != nil:
		return nil, err
	case from.Warning != "":
		return nil, errors.New(from.Warning)
	}
	classes, err := c.predict(ctx, top, false, func() (*tensor.Tensor, error) { return x, nil })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return classes, nil
}

// PredictPicture is Predict of a picture that Preprocessing().Open or Decode has read
// from a file. Its Warning is for the caller to heed.
func (c *Classifier) PredictPicture(ctx context.Context, picture *preprocess.Picture, top int) ([]Class, error) {
	if picture == nil || picture.Raster == nil {
		return nil, errors.New("there is no picture")
	}
	return c.predict(ctx, top, false, func() (*tensor.Tensor, error) {
		size := c.model.Preprocessing.InputSize
		x := tensor.New(1, size[0], size[1], size[2])
		return x, c.model.Preprocessing.Cut(x.Data(), picture.Raster)
	})
}

// PredictBatch is Predict of several pictures, which are computed side by side.
// The result has the classes of each picture, in the order of the pictures. The
// first error ends it, and names the picture by its index.
func (c *Classifier) PredictBatch(ctx context.Context, pictures []image.Image, top int) ([][]Class, error) {
	results := make([][]Class, len(pictures))
	group, ctx := errgroup.WithContext(ctx)
	// One more than can compute prepares its picture meanwhile. A few pictures
	// are done sooner one after the other, each by all threads.
	overlap := len(pictures) >= c.lanes.parallel
	group.SetLimit(1)
	if overlap {
		group.SetLimit(c.lanes.parallel + 1)
	}
	for i, picture := range pictures {
		group.Go(func() (err error) {
			if results[i], err = c.predict(ctx, top, overlap, c.input(picture)); err != nil {
				return fmt.Errorf("picture %d: %w", i, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// predict is Predict of what input makes; overlap says that other calls are about to
// come.
func (c *Classifier) predict(ctx context.Context, top int, overlap bool, input func() (*tensor.Tensor, error)) ([]Class, error) {
	defer runtime.KeepAlive(c) // and with it the lanes' memory
	switch {
	case top < 0:
		return nil, fmt.Errorf("the %d most probable classes: want at least 1, or 0 for all", top)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	x, err := input()
	if err != nil {
		return nil, err
	}
	scores := tensor.New(1, len(c.model.Classes))
	if err := c.lanes.run(ctx, x, scores, overlap); err != nil {
		return nil, err
	}
	return c.likeliest(scores.Data(), top)
}

// likeliest returns the classes with the greatest scores.
func (c *Classifier) likeliest(scores []float32, top int) ([]Class, error) {
	for i, s := range scores {
		if s-s != 0 {
			return nil, fmt.Errorf("%s: the network's output %d is %v: its weights cannot be used", c.model.WeightsFile, i, s)
		}
	}
	probabilities := metrics.Softmax(scores)
	if top == 0 || top > len(scores) {
		top = len(scores)
	}
	classes := make([]Class, 0, top)
	for _, i := range metrics.Top(scores, top) {
		classes = append(classes, Class{c.model.Classes[i], i, probabilities[i]})
	}
	return classes, nil
}
