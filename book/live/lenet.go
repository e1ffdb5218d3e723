package live

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist/sample"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// TrainLeNetArgs are the arguments of TrainLeNet.
type TrainLeNetArgs struct {
	Activation   string  `json:"activation"`
	Pooling      string  `json:"pooling"`
	Kernels      [2]int  `json:"kernels"`
	Channels     [2]int  `json:"channels"`
	Hidden       [2]int  `json:"hidden"`
	BatchNorm    bool    `json:"batchNorm"`
	Optimizer    string  `json:"optimizer"`
	LearningRate float32 `json:"learningRate"`
	BatchSize    int     `json:"batchSize"`
	Epochs       int     `json:"epochs"`
	Images       int     `json:"images"`
	TestImages   int     `json:"testImages"`
	Seed         uint64  `json:"seed"`
}

// defaultTrainLeNet is LeNet as in the book, but for the optimizer. Plain SGD takes
// 250,000 images to a test accuracy of 0.8, minutes in a page; Adam takes 30,000.
var defaultTrainLeNet = TrainLeNetArgs{
	Activation: "sigmoid", Pooling: "avg", Kernels: [2]int{5, 5}, Channels: [2]int{6, 16}, Hidden: [2]int{120, 84},
	Optimizer: "adam", BatchSize: 16, Epochs: 5, Images: 6000, TestImages: 1000,
}

// A LeNetStart is the first event of TrainLeNet.
type LeNetStart struct {
	Type         string  `json:"type"` // "start"
	Parameters   int     `json:"parameters"`
	Images       int     `json:"images"`
	TestImages   int     `json:"testImages"`
	Epochs       int     `json:"epochs"`
	Batches      int     `json:"batches"`
	LearningRate float32 `json:"learningRate"`
}

// A LeNetStep is an event of TrainLeNet after a step.
type LeNetStep struct {
	Type            string  `json:"type"` // "step"
	Epoch           int     `json:"epoch"`
	Epochs          int     `json:"epochs"`
	Batch           int     `json:"batch"`
	Batches         int     `json:"batches"`
	At              float64 `json:"at"`
	Loss            float64 `json:"loss"`
	Accuracy        float64 `json:"accuracy"`
	BatchLoss       float64 `json:"batchLoss"`
	ImagesPerSecond float64 `json:"imagesPerSecond"`
	SecondsLeft     float64 `json:"secondsLeft"`
}

// A LeNetEpoch is an event of TrainLeNet after an epoch.
type LeNetEpoch struct {
	Type            string    `json:"type"` // "epoch"
	Epoch           int       `json:"epoch"`
	Epochs          int       `json:"epochs"`
	Loss            float64   `json:"loss"`
	TrainAccuracy   float64   `json:"trainAccuracy"`
	TestLoss        float64   `json:"testLoss"`
	TestAccuracy    float64   `json:"testAccuracy"`
	ImagesPerSecond float64   `json:"imagesPerSecond"`
	Seconds         float64   `json:"seconds"`
	SecondsLeft     float64   `json:"secondsLeft"`
	Confusion       Array     `json:"confusion"`
	Examples        []Example `json:"examples"`
}

// An Example is a prediction for an image of the test sample.
type Example struct {
	Index       int     `json:"index"`
	Label       int     `json:"label"`
	Prediction  int     `json:"prediction"`
	Probability float32 `json:"probability"`
	Image       Array   `json:"image"`
}

// TrainLeNetResult is the result of TrainLeNet.
type TrainLeNetResult struct {
	TestAccuracy    float64  `json:"testAccuracy"`
	TrainAccuracy   float64  `json:"trainAccuracy"`
	Loss            float64  `json:"loss"`
	Epochs          int      `json:"epochs"`
	Seconds         float64  `json:"seconds"`
	ImagesPerSecond float64  `json:"imagesPerSecond"`
	Parameters      int      `json:"parameters"`
	Classes         []string `json:"classes"`
}

// activations are those that a page may choose.
var activations = map[string]func() *nn.ActivationLayer{"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}

// optimizers are those that a page may choose.
var optimizers = map[string]optim.Optimizer{"sgd": optim.SGD{}, "momentum": optim.SGD{Momentum: 0.9}, "adam": optim.Adam{}}

// check says what is wrong with the options.
func (a TrainLeNetArgs) check() error {
	if activations[a.Activation] == nil {
		return fmt.Errorf("there is no activation %q: want sigmoid, tanh or relu", a.Activation)
	}
	if a.Pooling != "avg" && a.Pooling != "max" {
		return fmt.Errorf("there is no pooling %q: want avg or max", a.Pooling)
	}
	if optimizers[a.Optimizer] == nil {
		return fmt.Errorf("there is no optimizer %q: want sgd, momentum or adam", a.Optimizer)
	}
	if rate := float64(a.LearningRate); !(rate >= 0 && rate <= 1000) {
		return fmt.Errorf("learningRate is %v: want more than 0, or 0 for a good one", a.LearningRate)
	}
	for i := range 2 {
		if a.Kernels[i]%2 == 0 {
			return fmt.Errorf("kernels are %v: want odd numbers", a.Kernels)
		}
		for _, err := range []error{within("kernels", a.Kernels[i], 1, 13), within("channels", a.Channels[i], 1, 128), within("hidden", a.Hidden[i], 1, 1024)} {
			if err != nil {
				return err
			}
		}
	}
	for _, err := range []error{
		within("batchSize", a.BatchSize, 1, 512), within("epochs", a.Epochs, 1, 100), within("images", a.Images, 1, 10_000), within("testImages", a.TestImages, 1, 2000),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// rate is the learning rate.
func (a TrainLeNetArgs) rate() float32 {
	if a.LearningRate > 0 {
		return a.LearningRate
	}
	// A larger batch makes fewer steps, which may be larger.
	scale := float32(math.Sqrt(float64(a.BatchSize) / 32))
	switch saturates := a.Activation == "sigmoid" && !a.BatchNorm; {
	case a.Optimizer == "adam" && saturates:
		return 0.0085 * scale
	case a.Optimizer == "adam":
		return 0.002 * scale
	case a.Optimizer == "momentum" && saturates:
		return 0.1 * scale
	case a.Optimizer == "momentum":
		return 0.02 * scale
	case saturates:
		return 1 * scale
	}
	return 0.1 * scale
}

// network returns LeNet with the options.
func (a TrainLeNetArgs) network() *nn.SequentialLayer {
	net := nn.Sequential()
	activate := func(l nn.Layer) {
		net.Append(l)
		if a.BatchNorm {
			net.Append(nn.BatchNorm())
		}
		net.Append(activations[a.Activation]())
	}
	for i, pad := range []int{a.Kernels[0] / 2, 0} {
		activate(nn.Conv2D(a.Channels[i], a.Kernels[i]).Pad(pad))
		if a.Pooling == "max" {
			net.Append(nn.MaxPool2D(2))
		} else {
			net.Append(nn.AvgPool2D(2))
		}
	}
	net.Append(nn.Flatten())
	for _, units := range a.Hidden {
		activate(nn.Linear(units))
	}
	return net.Append(nn.Linear(10))
}

// TrainLeNet trains LeNet on the sample of Fashion-MNIST. The network is kept for
// PredictDrawing, however the training ends.
func (s *Session) TrainLeNet(ctx context.Context, args TrainLeNetArgs, event func(any)) (r TrainLeNetResult, err error) {
	if err := args.check(); err != nil {
		return r, err
	}
	model, err := nn.New(args.network(), tensor.Shape{1, sample.Side, sample.Side}, nn.Options{Seed: args.Seed, Init: nn.XavierUniform()})
	if err != nil {
		return r, err
	}
	leave, err := s.enter(ctx)
	if err != nil {
		return r, err
	}
	defer leave()
	training, err := s.images(ctx, trainFile)
	if err != nil {
		return r, err
	}
	test, err := s.images(ctx, testFile)
	if err != nil {
		return r, err
	}
	trainSet, testSet := data.Limit(training, args.Images), data.Limit(test, args.TestImages)
	s.keep(model, "trained")
	began := time.Now()
	w := &leNetWatch{session: s, ctx: ctx, event: event, began: began, test: testSet, images: trainSet.Len(), args: args}
	for _, v := range model.Parameters() {
		r.Parameters += v.Value.Size()
	}
	w.parameters = r.Parameters
	history, err := train.Fit(ctx, model, trainSet, testSet, train.Config{
		Epochs: args.Epochs, BatchSize: args.BatchSize, LearningRate: args.rate(), Optimizer: optimizers[args.Optimizer],
		Seed: args.Seed, Device: s.fast, Workers: 1, Callbacks: w.callbacks(),
	})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return r, err
	}
	last := history.Last()
	r.TestAccuracy, r.TrainAccuracy, r.Loss, r.Epochs = last.TestAccuracy, last.TrainAccuracy, last.TrainLoss, last.Epoch
	r.Seconds, r.ImagesPerSecond, r.Classes = time.Since(began).Seconds(), w.speed, sample.Classes()
	return r, nil
}

// A leNetWatch makes events of what train.Fit tells.
type leNetWatch struct {
	session    *Session
	ctx        context.Context
	event      func(any)
	began      time.Time
	args       TrainLeNetArgs
	test       data.Dataset
	images     int
	parameters int

	told     time.Time // the latest event of a step
	testing  time.Time // when the test began
	tests    time.Duration
	speed    float64
	examples []Example
	seen     [10]bool // classes that have an example
	wrong    int      // examples with a wrong prediction
}

func (w *leNetWatch) callbacks() train.Callbacks {
	return train.Callbacks{
		OnStart: func(i train.StartInfo) {
			w.event(LeNetStart{"start", w.parameters, w.images, w.test.Len(), i.Epochs, i.Batches, w.args.rate()})
		},
		OnStep:   w.step,
		OnTest:   func(int, int) { _ = w.session.turn(w.ctx) }, // Fit sees that the context has ended
		OnScores: w.scores,
		OnEpoch:  w.epoch,
	}
}

// eventEvery is the time between two events of steps.
const eventEvery = 100 * time.Millisecond

func (w *leNetWatch) step(i train.StepInfo) {
	_ = w.session.turn(w.ctx) // Fit sees that the context has ended
	last := i.Batch == i.Batches
	if last {
		w.testing = time.Now()
	}
	if time.Since(w.told) < eventEvery && !last {
		return
	}
	w.told, w.speed = time.Now(), i.ImagesPerSecond
	w.event(LeNetStep{
		"step", i.Epoch, i.Epochs, i.Batch, i.Batches, float64(i.Epoch-1) + float64(i.Batch)/float64(i.Batches),
		i.Loss, i.Accuracy, i.BatchLoss, i.ImagesPerSecond, w.left(i.Epoch-1, i.Batch, i.Batches),
	})
}

// left is about how many seconds remain after some epochs and steps of the next one.
func (w *leNetWatch) left(epochs, batch, batches int) float64 {
	steps := float64(w.args.Epochs-epochs) - float64(batch)/float64(batches)
	test := float64(w.test.Len()) / 2 / w.speed // inference takes less than half of a training step
	if w.tests > 0 {
		test = w.tests.Seconds()
	}
	return steps*float64(w.images)/w.speed + float64(w.args.Epochs-epochs)*test
}

// scores keeps the first picture of each class and the first wrong predictions.
func (w *leNetWatch) scores(item int, logits []float32, label int) {
	if item == 0 {
		w.examples, w.seen, w.wrong = nil, [10]bool{}, 0
	}
	prediction := metrics.ArgMax(logits)
	mistake := prediction != label && w.wrong < 6
	if w.seen[label] && !mistake {
		return
	}
	if w.seen[label] {
		w.wrong++
	}
	w.seen[label] = true
	picture, err := read(w.test, item)
	if err != nil {
		return // images in memory can be read
	}
	probabilities := metrics.Softmax(logits)
	w.examples = append(w.examples, Example{item, label, prediction, float32(probabilities[prediction]), picture.Image})
}

func (w *leNetWatch) epoch(i train.EpochInfo) {
	w.tests = time.Since(w.testing)
	e := LeNetEpoch{
		Type: "epoch", Epoch: i.Epoch, Epochs: i.Epochs, Loss: i.TrainLoss, TrainAccuracy: i.TrainAccuracy, TestLoss: i.Test.Loss, TestAccuracy: i.TestAccuracy,
		ImagesPerSecond: w.speed, Seconds: time.Since(w.began).Seconds(), SecondsLeft: w.left(i.Epoch, 0, 1), Examples: w.examples,
	}
	n := len(sample.Classes())
	e.Confusion = Array{[]int{n, n}, make([]float32, n*n)}
	for label := range n {
		for prediction := range n {
			e.Confusion.Data[label*n+prediction] = float32(i.Test.Confusion.Count(label, prediction))
		}
	}
	w.event(e)
}
