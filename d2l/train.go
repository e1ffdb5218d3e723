package d2l

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/viz"
)

// EvaluateAccuracy returns the share of a loader's images that the network
// gets right. A nil device means cpu.Default(). The book's
// evaluate_accuracy_gpu.
func EvaluateAccuracy(ctx context.Context, net *nn.Model, test *data.Loader, device engine.Device) (float64, error) {
	device = cpu.OrDefault(device)
	result, err := train.Evaluate(ctx, net, test.Dataset(), train.EvalConfig{BatchSize: test.Config().BatchSize, Device: device})
	if err != nil {
		return 0, err
	}
	return result.Accuracy, nil
}

// An Animator says where the lines and curves of TrainCh6 go. The curves are
// those of the book: training loss and accuracy, five points an epoch, and test
// accuracy.
type Animator struct {
	// Title stands above the curves.
	Title string
	// Path is a file, .png or .svg, that is replaced whenever there is a new
	// point. None if empty.
	Path string
	// OnDraw, if not nil, is given the curves whenever there is a new point.
	// It must not keep the figure.
	OnDraw func(*viz.Figure)
	// Out is given the lines; nil means standard output.
	Out io.Writer
}

// TrainCh6 trains a network on a device with plain SGD and the mean
// cross-entropy. It prints a line after each epoch, and the results:
//
//	training on cpu
//	epoch 1/10, loss 2.317, train acc 0.105, test acc 0.100, 12.3 s
//	…
//	loss 0.469, train acc 0.824, test acc 0.808
//	5000.0 examples/sec on cpu
//
// First it draws the weights of all convolutions and linear layers again
// (Xavier, uniform; biases as PyTorch has them), with the seed of the training
// loader. A nil device means cpu.Default(), a nil animator prints only. The
// book's train_ch6. Loss and accuracy on the training data are means over the
// last epoch; speed is that of the training steps.
//
// The history is there even with an error. A file that could not be written
// is an error, but does not stop the training.
func TrainCh6(ctx context.Context, net *nn.Model, trainSet, testSet *data.Loader, epochs int, lr float32, device engine.Device, animator *Animator) (*train.History, error) {
	device = cpu.OrDefault(device)
	c, err := newCurves(animator)
	if err != nil {
		return nil, err
	}
	config := trainSet.Config()
	if !config.Shuffle || config.DropLast {
		return nil, errors.New("the training loader must shuffle and keep the last batch")
	}
	var transforms augment.Pipeline
	if config.Transform != nil {
		transforms = augment.Pipeline{transform(config.Transform)}
	}
	if err := net.Reinitialize(nn.XavierUniform(), config.Seed); err != nil {
		return nil, err
	}
	history, err := train.Fit(ctx, net, trainSet.Dataset(), testSet.Dataset(), train.Config{
		Epochs: epochs, BatchSize: config.BatchSize, LearningRate: lr, Seed: config.Seed, Device: device,
		Workers: config.Workers, Augment: transforms,
		Callbacks: train.Callbacks{
			OnStart: func(train.StartInfo) { fmt.Fprintf(c.out, "training on %s\n", device.Name()) },
			OnStep:  c.step,
			OnEpoch: c.epoch,
		},
	})
	if err != nil {
		return history, err
	}
	last := history.Last()
	fmt.Fprintf(c.out, "loss %.3f, train acc %.3f, test acc %.3f\n", last.TrainLoss, last.TrainAccuracy, last.TestAccuracy)
	fmt.Fprintf(c.out, "%.1f examples/sec on %s\n", history.ImagesPerSecond, device.Name())
	return history, c.failed
}

// A transform is what a loader does to images, as an augment.Transform.
type transform func(r *rand.Rand, pixels []float32, shape tensor.Shape)

func (f transform) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) { f(r, pixels, shape) }
func (f transform) Check(tensor.Shape) error                                 { return nil }
func (f transform) String() string                                           { return "loader" }

// curves collects the points of an Animator.
type curves struct {
	Animator
	out    io.Writer
	figure *viz.Figure
	failed error // the first failure of writing the file
}

func newCurves(a *Animator) (*curves, error) {
	c := &curves{out: os.Stdout}
	if a != nil {
		c.Animator = *a
		if a.Out != nil {
			c.out = a.Out
		}
	}
	switch strings.ToLower(filepath.Ext(c.Path)) {
	case ".png", ".svg":
	default:
		if c.Path != "" {
			return nil, fmt.Errorf("curves in %s: want a name that ends in .png or .svg", c.Path)
		}
	}
	c.figure = viz.Curves(c.Title, nil) // its lines have names and colours
	return c, nil
}

// step adds points of loss and accuracy five times an epoch, as the book does.
func (c *curves) step(s train.StepInfo) {
	if !s.EndsFifth() {
		return
	}
	p := s.Point()
	c.add(0, p.Epochs, p.Loss)
	c.add(1, p.Epochs, p.Accuracy)
	c.draw()
}

// epoch prints a line and adds the point of the test accuracy.
func (c *curves) epoch(e train.EpochInfo) {
	fmt.Fprintf(c.out, "epoch %d/%d, loss %.3f, train acc %.3f, test acc %.3f, %.1f s\n",
		e.Epoch, e.Epochs, e.TrainLoss, e.TrainAccuracy, e.TestAccuracy, e.Seconds)
	if !math.IsNaN(e.TestAccuracy) {
		c.add(2, float64(e.Epoch), e.TestAccuracy)
		c.draw()
	}
}

func (c *curves) add(line int, x, y float64) {
	l := &c.figure.Lines[line]
	l.X, l.Y = append(l.X, x), append(l.Y, y)
}

func (c *curves) draw() {
	if c.OnDraw != nil {
		c.OnDraw(c.figure)
	}
	if c.Path == "" {
		return
	}
	write := c.figure.WritePNG
	if strings.EqualFold(filepath.Ext(c.Path), ".svg") {
		write = c.figure.WriteSVG
	}
	if err := atomicfile.WriteFile(c.Path, write); err != nil && c.failed == nil {
		c.failed = fmt.Errorf("curves: %w", err)
	}
}
