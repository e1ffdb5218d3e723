package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train/internal/step"
	"github.com/strideml/stride/train/runfolder"
)

// Config says how to train. Epochs, BatchSize and LearningRate must be set.
type Config struct {
	// Epochs is the number of passes over the training set, at least 1. A
	// resumed run counts those that it has done.
	Epochs int
	// BatchSize is the number of images in a step, at least 1. The last batch
	// of an epoch may be smaller.
	BatchSize int
	// LearningRate is positive.
	LearningRate float32
	// Schedule changes the learning rate from step to step; nil means
	// optim.Constant. An optim.ScheduleFunc takes the place of LearningRate, which
	// may then be 0. A run cannot be resumed with more epochs if its schedule depends
	// on their number.
	Schedule optim.Schedule
	// Loss is a function of the network's output and the targets of a batch that
	// returns a single number, the mean over the batch; nil means
	// nn.CrossEntropyLoss, whose targets are class labels. It is called once for
	// each batch size, to build a graph. The targets have shape N×TargetShape for
	// a data.Targeted, and hold class labels, N, for any other dataset.
	//
	// Accuracy is reported for datasets with labels and networks with one output
	// for each class. Elsewhere it is NaN, and the test measures the loss alone.
	Loss func(output, target *graph.Node) *graph.Node
	// LabelSmoothing and ClassWeights are options of the cross-entropy of training;
	// see nn.CrossEntropy. The test measures the plain cross-entropy. They do not go
	// with a Loss.
	LabelSmoothing float32
	ClassWeights   []float32
	// Optimizer is plain SGD if nil. Those of package optim that wrap another one
	// give layers learning rates of their own and clip gradients.
	Optimizer optim.Optimizer
	// Plateau lowers the learning rate when a metric no longer improves; nil is none.
	Plateau *Plateau
	// Accumulate is the number of batches that an update is made from, with the mean
	// of their gradients over all images; 0 means 1. The last update of an epoch may
	// have fewer. Batch normalization still sees one batch at a time, as in PyTorch.
	// Schedules count updates.
	Accumulate int
	// Freeze says which layers are not trained, and in which epochs.
	Freeze []Freeze
	// EMA keeps a moving average of the weights. Where there is one, the test, the
	// checkpoints and the model after Fit have the average; training goes on with the
	// weights themselves.
	EMA optim.EMA
	// Best is the metric by which the best epoch is chosen, whose weights are kept in
	// the run folder beside the last ones; "" chooses none. Of equal epochs the
	// first is best.
	Best Metric
	// EarlyStop ends the run when a metric no longer improves.
	EarlyStop EarlyStop
	// Augment changes the training images at random, again in each epoch, but not
	// their targets; an empty one leaves them as they are. It must not contain
	// augment.Normalize, which must be applied to test images and to all
	// predictions, too.
	Augment augment.Pipeline
	// Mix mixes the images of each training batch, after Augment; nil does not. The
	// loss is then the cross-entropy with probabilities as targets, and an image
	// counts as right if the most probable class of its target has the greatest score.
	Mix Mixer
	// Seed is the random seed of the order of the images and their augmentation.
	Seed uint64
	// Device computes; nil means the cpu engine with all threads.
	Device engine.Device
	// MemoryBudget limits the memory of a training step, in bytes, as
	// Stepper.Memory counts it; 0 is no limit. See Stepper.SetMemoryBudget: the
	// weights are the same bit for bit.
	MemoryBudget int64
	// Workers is the number of goroutines that prepare batches; 0 leaves it to
	// data.Loader.
	Workers int

	// Dist trains together with other processes; nil is a training on its own.
	Dist *Dist

	// Dir is the run folder, made if need be. It must be empty unless the run
	// is resumed. Without it nothing is written.
	Dir string
	// Resume continues the run in Dir. Its settings must be those of the run,
	// except that Epochs may be raised.
	Resume bool
	// CheckpointEvery is the number of epochs between checkpoints; 0 means 1.
	// The last epoch always has one.
	CheckpointEvery int

	// Net is the network's name for records. Package modelfolder makes the
	// model of a run whose network is registered in package zoo under it.
	Net string
	// Data is the dataset's name for records.
	Data string
	// Preprocessing is how a picture becomes an image of the data set, mean and
	// standard deviation included. It is recorded for those who use the model;
	// Fit takes images that are made that way. Without an InputSize it is
	// preprocess.Plain of the model's input.
	Preprocessing preprocess.Config
	// Options are recorded in config.json as they are, for the program
	// that started the run.
	Options map[string]string

	// Save asks for checkpoints between those of the epochs; nil is none. After each step
	// Fit takes a function from it, if one waits, writes a checkpoint and calls the
	// function with its path, or with the error, after which training goes on. A
	// function that still waits when Fit returns is not called. It needs a Dir.
	Save <-chan func(path string, err error)

	// Callbacks are told what happens.
	Callbacks Callbacks
	// Log, if not nil, is given plain lines for people. They go to log.txt
	// too.
	Log func(line string)
}

// What a run has done is told to callers and kept in run folders.
type (
	// A History is what a run has done.
	History = runfolder.History
	// A Row is the result of one epoch.
	Row = runfolder.Row
	// A Point is how far an epoch under way had come.
	Point = runfolder.Point
)

// Callbacks are functions that Fit calls from its own goroutine; any may be
// nil. They should return soon: no step runs meanwhile.
type Callbacks struct {
	// OnStart is called once all is checked and compiled, before the first
	// step.
	OnStart func(StartInfo)
	// OnStep is called after each training step, in order. A device that works on its
	// own (engine.Starter) may be doing the next step by then, so that the weights
	// are of one step or of the other.
	OnStep func(StepInfo)
	// OnTest is called after each batch of the test set.
	OnTest func(done, total int)
	// OnScores is called in the test for each image, in the order of the test set, where
	// the network's output names a class; see EvalConfig.OnScores. It costs next to
	// nothing: the test computes these numbers anyway.
	OnScores func(item int, logits []float32, label int)
	// OnHistory is called after each epoch, when its files are written and
	// before OnEpoch, and when a run with a folder is interrupted; last says
	// that Fit returns next. It must not keep or change the history. Its error
	// ends the training. Package train/curves draws with it.
	OnHistory func(h *History, last bool) error
	// OnEpoch is called after each epoch, when its files are written.
	OnEpoch func(EpochInfo)
}

// StartInfo says what is about to be done.
type StartInfo struct {
	// Epochs is the number of epochs in all, and Batches that of steps in an
	// epoch.
	Epochs, Batches int
	// Done holds the rows of epochs that an earlier part of the run did, and
	// Step the number of its training steps.
	Done []Row
	Step int
}

// StepInfo says where training stands after a step.
type StepInfo struct {
	// Epoch is the running epoch and Batch the number of its steps done, both
	// counted from 1; Epochs and Batches are how many there are.
	Epoch, Epochs, Batch, Batches int
	// Step is the number of steps done since the run began.
	Step int
	// BatchLoss is the mean loss of the batch.
	BatchLoss float64
	// Loss and Accuracy are the means over the epoch so far. Accuracy is NaN
	// where it means nothing; see Config.Loss.
	Loss, Accuracy float64
	// LearningRate is the one that the step used.
	LearningRate float32
	// ImagesPerSecond is the speed in the epoch so far.
	ImagesPerSecond float64
}

// EndsFifth reports whether a fifth of the epoch ends with the step, or the
// epoch itself: there the book's curves have points.
func (s StepInfo) EndsFifth() bool {
	return s.Batch%max(s.Batches/5, 1) == 0 || s.Batch == s.Batches
}

// Point returns the point of the curves after the step.
func (s StepInfo) Point() Point {
	return Point{Epochs: float64(s.Epoch-1) + float64(s.Batch)/float64(s.Batches), Loss: s.Loss, Accuracy: s.Accuracy}
}

// EpochInfo is the result of an epoch.
type EpochInfo struct {
	Row
	// Epochs is how many there are.
	Epochs int
	// Step is the number of steps done since the run began.
	Step int
	// Test is the whole result of the test set, with its confusion matrix; nil
	// without a test set.
	Test *Evaluation
	// Waiting is the share, 0 to 1, of the time of its training steps in which they
	// waited for images; of an epoch that was resumed, since then.
	Waiting float64
	// Checkpoint is the path of the checkpoint written after it, or "".
	Checkpoint string
	// Best says that it is the best epoch so far; see Config.Best.
	Best bool
	// Warning says that the network learns nothing, and what may help; "" if it
	// does. It comes once, after 2 epochs in a row whose mean loss and accuracy are
	// those of guessing, or after 10 if the network has sigmoids or tanh, which
	// often begins with a long plateau; after fewer if they end the training. It is
	// among the lines for Config.Log, too.
	Warning string
}

// Errors that Fit's errors wrap, besides those of package runfolder.
var (
	// ErrInterrupted says that the context ended; it wraps its cause, usually
	// context.Canceled.
	ErrInterrupted = errors.New("training was interrupted")
	// ErrDiverged says that a loss or a weight is infinite or not a number.
	ErrDiverged = errors.New("training diverged")
	// ErrBudget says that a training step needs more memory than it may have,
	// whatever is computed again.
	ErrBudget = step.ErrBudget
)

// withDefaults checks the settings and fills in the others.
func (c Config) withDefaults() (Config, error) {
	rate := float64(c.LearningRate)
	_, free := c.Schedule.(optim.ScheduleFunc)
	switch {
	case c.Epochs < 1:
		return c, fmt.Errorf("%d epochs: want at least 1", c.Epochs)
	case c.BatchSize < 1:
		return c, fmt.Errorf("batch size %d: want at least 1", c.BatchSize)
	case math.IsNaN(rate) || math.IsInf(rate, 0) || !free && rate <= 0:
		return c, fmt.Errorf("learning rate %v: want a number above 0", c.LearningRate)
	case c.CheckpointEvery < 0:
		return c, fmt.Errorf("a checkpoint every %d epochs: want at least 1", c.CheckpointEvery)
	case c.MemoryBudget < 0:
		return c, fmt.Errorf("memory budget of %d bytes: want at least 1, or 0 for no limit", c.MemoryBudget)
	case c.Workers < 0:
		return c, fmt.Errorf("%d workers: want at least 1, or 0 for the default", c.Workers)
	case len(c.Augment.Fixed()) > 0:
		return c, fmt.Errorf("augmentation %v: normalize must be applied to test images and to all predictions too, not to training images only", c.Augment)
	case c.Accumulate < 0:
		return c, fmt.Errorf("an update from %d batches: want at least 1", c.Accumulate)
	case c.Loss != nil && (c.LabelSmoothing != 0 || c.ClassWeights != nil || c.Mix != nil):
		return c, errors.New("label smoothing, class weights and mixed images are for the cross-entropy: they do not go with another loss")
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1):
		return c, fmt.Errorf("label smoothing %v: want at least 0 and below 1", c.LabelSmoothing)
	case c.Save != nil && c.Dir == "":
		return c, errors.New("checkpoints need a folder: the training has none")
	case c.Resume && c.Dir == "":
		return c, errors.New("a run can only be resumed from a folder")
	}
	if c.Schedule == nil {
		c.Schedule = optim.Constant{}
	}
	if c.Optimizer == nil {
		c.Optimizer = optim.SGD{}
	}
	c.Device = cpu.OrDefault(c.Device)
	if c.Accumulate == 0 {
		c.Accumulate = 1
	}
	if c.CheckpointEvery == 0 {
		c.CheckpointEvery = 1
	}
	if c.Log == nil {
		c.Log = func(string) {}
	}
	if c.Dist != nil {
		if err := c.Dist.check(c); err != nil {
			return c, err
		}
	}
	err := cmp.Or(c.monitorDefaults(), optim.CheckSchedule(c.Schedule), c.EMA.Check())
	return c, err
}
