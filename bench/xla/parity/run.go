package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

const (
	classes     = 10
	steps       = 10
	momentum    = 0.9
	weightDecay = 5e-4
	// noise is the relative size of the noise that stands for rounding, that of package
	// enginetest; its signs are random.
	noise = 1e-6
	draws = 3
)

// sides are the heights and widths of images, of which a network gets the first that it
// can be trained with.
var sides = []int{48, 64, 96, 128, 224, 299}

// A subject is a network with the size of the images that it is trained with.
type subject struct {
	spec  zoo.Spec
	input tensor.Shape
	batch int
}

// rate is small: the larger it is, the sooner rounding decides how a training goes on. If
// it is too small, rounding of the weights hides how they move.
func (s subject) rate() float32 {
	if strings.HasPrefix(s.spec.Name, "torchvision/") {
		return 2e-6 // with He's initial weights the gradients are larger than with Xavier's
	}
	return 2e-4
}

// subjectOf chooses the size of the images.
func subjectOf(name string, batch int) (s subject, err error) {
	s.batch = batch
	if s.spec, err = zoo.Get(name); err != nil {
		return s, err
	}
	s.input = s.spec.Input.Clone()
	candidates := sides
	if own := s.spec.Input[1]; own <= sides[0] {
		candidates = []int{own}
	}
	for _, side := range candidates {
		s.input[1], s.input[2] = side, side
		var m *nn.Model
		if m, err = s.model(); err != nil {
			continue
		}
		if _, err = m.Trace(batch, nn.Train); err == nil {
			return s, nil
		}
	}
	return s, err
}

func (s subject) model() (*nn.Model, error) {
	return nn.New(s.spec.New(classes), s.input, nn.Options{Seed: 1, Init: s.spec.Init})
}

// images returns a batch of random images with random labels.
func (s subject) images() (*data.Batch, error) {
	r := rng.New(2, "parity")
	x, labels := tensor.New(append(tensor.Shape{s.batch}, s.input...)...), tensor.New(s.batch)
	rng.Normal(r, x.Data(), 0, 1)
	for i := range labels.Data() {
		labels.Data()[i] = float32(r.IntN(classes))
	}
	return &data.Batch{Images: x, Labels: labels}, nil
}

// A training is what came out of the steps.
type training struct {
	losses []float64
	state  []tensor.Named // weights and running statistics after the last step
	before []tensor.Named // before the first
}

// train trains the network on the device by stochastic gradient descent with momentum
// and weight decay, dropout included: its random bits are the same on all engines. With
// a shaker, images and weights get noise for each step, which is taken away after it:
// what stays is its effect on the gradients.
func (s subject) train(device engine.Device, shaker *rand.Rand) (t training, err error) {
	model, err := s.model()
	if err != nil {
		return t, err
	}
	b, err := s.images()
	if err != nil {
		return t, err
	}
	t.before = copied(model.State())
	stepper := train.NewStepper(model, device, optim.SGD{Momentum: momentum, WeightDecay: weightDecay})
	defer stepper.Close()
	for i := range uint64(steps) {
		restore := func() {}
		if shaker != nil {
			restore = shake(shaker, model, b.Images)
		}
		loss, _, err := stepper.Run(b, i, s.rate())
		if err != nil {
			return t, fmt.Errorf("step %d: %w", i, err)
		}
		restore()
		t.losses = append(t.losses, loss)
	}
	t.state = copied(model.State())
	return t, nil
}

// shake adds noise to images, weights and running statistics. restore subtracts it
// again.
func shake(r *rand.Rand, model *nn.Model, images *tensor.Tensor) (restore func()) {
	type shaken struct {
		values *tensor.Tensor
		noise  []float32
	}
	var all []shaken
	add := func(t *tensor.Tensor) {
		s := shaken{t, make([]float32, t.Size())}
		var bits uint64 // of the signs of the next values
		for i, v := range t.Data() {
			if i%64 == 0 {
				bits = r.Uint64()
			}
			n := v * (1 - noise + 2*noise*float32(bits&1))
			bits >>= 1
			t.Data()[i], s.noise[i] = n, n-v
		}
		all = append(all, s)
	}
	variables := slices.Concat(model.Parameters(), model.Buffers())
	add(images)
	for _, v := range variables {
		add(v.Value)
		v.Changed()
	}
	return func() {
		for _, s := range all {
			for i, n := range s.noise {
				s.values.Data()[i] -= n
			}
		}
		for _, v := range variables {
			v.Changed()
		}
	}
}

func copied(state []tensor.Named) []tensor.Named {
	out := slices.Clone(state)
	for i, e := range state {
		out[i].Tensor = e.Tensor.Clone()
	}
	return out
}

// measure trains a network on both devices, with noise on engine/cpu and, if other is not nil, in
// PyTorch.
func (s subject) measure(xla, cpu engine.Device, other *subprocess.Process) (*measurement, error) {
	exact, err := s.train(cpu, nil)
	if err != nil {
		return nil, fmt.Errorf("on %s: %w", cpu.Name(), err)
	}
	m := newMeasurement(exact)
	m.Network, m.Input, m.Batch, m.Rate = s.spec.Name, s.input, s.batch, s.rate()
	for i := range uint64(draws) {
		noisy, err := s.train(cpu, rng.New(3, "parity noise", i))
		if err != nil {
			return nil, fmt.Errorf("on %s with noise: %w", cpu.Name(), err)
		}
		m.addNoisy(noisy, exact)
	}
	got, err := s.train(xla, nil)
	if err != nil {
		return nil, fmt.Errorf("on %s: %w", xla.Name(), err)
	}
	m.add(onXLA, got, onCPU, exact)
	if other != nil {
		theirs, err := s.trainInPyTorch(other)
		if err != nil {
			return nil, fmt.Errorf("in PyTorch: %w", err)
		}
		m.add(inPyTorch, theirs, onCPU, exact)
		m.add(onXLA, got, inPyTorch, theirs)
	}
	return m, nil
}
