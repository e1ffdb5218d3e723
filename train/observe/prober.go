package observe

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/diagnose"
)

var nan = Number(math.NaN())

const (
	maxParameters = 128
	// deadImages and deadBytes bound the images that dead units are looked for with, gradientImages those
	// that gradients are computed from. Small training sets have fewer; see sizes.
	minDeadImages, deadImages         = 16, 128
	deadBytes                         = 16 << 20
	minGradientImages, gradientImages = 4, 16
	// fewWeights is the number of weights up to which programs are kept between probes: they
	// hold copies of them.
	fewWeights = 1 << 20
)

// A prober looks at the weights of a model, its gradients and its ReLUs.
type prober struct {
	config            train.Config
	model             *nn.Model
	trainSet, testSet data.Dataset

	shown              []int // indices of the parameters that are looked at
	pictures           *tensor.Tensor
	images, targets    *tensor.Tensor
	dead               *diagnose.DeadCounter
	gradient           *diagnose.GradientProbe
	noDead, noGradient bool // they cannot be computed
}

// probe looks at the model after an epoch. With an error there may be a part of it.
func (p *prober) probe(epoch int) (*Probe, error) {
	params := p.model.Parameters()
	if p.shown == nil {
		p.shown = mostInteresting(params)
	}
	result := &Probe{Epoch: epoch, All: len(params)}
	gradients, err := p.gradients(epoch)
	for _, i := range p.shown {
		v := params[i]
		one := Parameter{Name: v.Name, Shape: v.Value.Shape(), Weights: newHistogram(v.Value.Data())}
		if gradients != nil {
			one.Gradients = newHistogram(gradients[i].Data())
		}
		result.Parameters = append(result.Parameters, one)
	}
	shares, failed := p.deadUnits()
	if shares != nil {
		result.Images = p.pictures.Shape()[0]
	}
	for _, s := range shares {
		result.Dead = append(result.Dead, Dead{s.Name(), s.Units, s.Dead})
	}
	few := 0
	for _, v := range params {
		few += v.Value.Size()
	}
	if few > fewWeights {
		p.close()
	}
	return result, errors.Join(err, failed)
}

// sizes returns from how many images gradients are computed, and with how many dead units are looked for: together they
// take about 2 % of the time of an epoch, if the sets are not very small. An image of a training step takes three times as
// long as one of a test, whose forward pass is the unit here.
func (p *prober) sizes() (gradients, dead int) {
	epoch := 3 * p.trainSet.Len()
	if p.testSet != nil {
		epoch += p.testSet.Len()
	}
	share := epoch / 50
	return min(max(share/6, minGradientImages), gradientImages), min(max(share/2, minDeadImages), deadImages)
}

// mostInteresting returns the indices of at most maxParameters parameters: all of them, or
// weights of layers (of rank 2 and more), evenly spread.
func mostInteresting(params []*graph.Variable) (shown []int) {
	for i := range params {
		shown = append(shown, i)
	}
	if len(shown) <= maxParameters {
		return shown
	}
	shown = slices.DeleteFunc(shown, func(i int) bool { return params[i].Value.Rank() < 2 })
	if all := len(shown); all > maxParameters {
		for k := range maxParameters {
			shown[k] = shown[k*all/maxParameters]
		}
		shown = shown[:maxParameters]
	}
	return shown
}

// gradients returns those of the loss of some training images, without augmentation.
func (p *prober) gradients(epoch int) (_ []*tensor.Tensor, err error) {
	if p.noGradient {
		return nil, nil
	}
	defer func() { p.noGradient = err != nil }()
	if p.images == nil {
		n, _ := p.sizes()
		n = min(n, p.config.BatchSize, p.trainSet.Len())
		if p.images, p.targets, err = readSome(p.trainSet, n); err != nil {
			return nil, err
		}
	}
	if p.gradient == nil {
		loss := p.config.Loss
		if loss == nil {
			loss = nn.CrossEntropy{LabelSmoothing: p.config.LabelSmoothing, Weights: p.config.ClassWeights}.Loss
		}
		if p.gradient, err = diagnose.NewGradientProbe(p.model, p.config.Device, loss, p.images.Shape()[0], p.targets.Shape()); err != nil {
			return nil, err
		}
	}
	return p.gradient.Run(p.images, p.targets, uint64(epoch))
}

// deadUnits counts dead units for images of the test set, or of the training set if there is none.
func (p *prober) deadUnits() (_ []diagnose.DeadShare, err error) {
	if p.noDead {
		return nil, nil
	}
	defer func() { p.noDead = p.noDead || err != nil }()
	if p.pictures == nil {
		set := p.testSet
		if set == nil {
			set = p.trainSet
		}
		_, n := p.sizes()
		n = max(min(n, set.Len(), deadBytes/(4*set.ImageShape().Size())), 1)
		if p.pictures, _, err = readSome(set, n); err != nil {
			return nil, err
		}
	}
	if p.dead == nil {
		if p.dead, err = diagnose.NewDeadCounter(p.model, p.config.Device, p.pictures.Shape()[0]); err != nil {
			return nil, err
		}
	}
	shares, err := p.dead.Count(p.pictures)
	p.noDead = len(shares) == 0 // the network has no ReLU
	return shares, err
}

// readSome reads n images of a set, evenly spread, with their labels or targets. An image that is to
// be left out is replaced by the one after it.
func readSome(set data.Dataset, n int) (images, targets *tensor.Tensor, err error) {
	shape := set.ImageShape()
	images, targets = tensor.New(append([]int{n}, shape...)...), tensor.New(n)
	targeted, ok := set.(data.Targeted)
	if ok {
		targets = tensor.New(append([]int{n}, targeted.TargetShape()...)...)
	}
	for k := range n {
		i := k * set.Len() / n
		pixels := images.Data()[k*shape.Size() : (k+1)*shape.Size()]
		label, err := set.Read(i, pixels)
		for tries := 0; errors.Is(err, data.ErrSkip) && tries < 8; tries++ {
			i = (i + 1) % set.Len()
			label, err = set.Read(i, pixels)
		}
		if err == nil && ok {
			size := targeted.TargetShape().Size()
			err = targeted.ReadTarget(i, targets.Data()[k*size:(k+1)*size])
		} else if err == nil {
			targets.Data()[k] = float32(label)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read image %d: %w", i, err)
		}
	}
	return images, targets, nil
}

// close releases the programs. They are made again when they are needed.
func (p *prober) close() {
	if p.dead != nil {
		_ = p.dead.Close() // nothing depends on it any more
	}
	if p.gradient != nil {
		_ = p.gradient.Close()
	}
	p.dead, p.gradient = nil, nil
}

// newConfusion takes the classes with the most mistakes.
func newConfusion(m *metrics.ConfusionMatrix) *Confusion {
	k := len(m.Classes())
	c := &Confusion{All: k}
	for i := range k {
		c.Classes = append(c.Classes, i)
	}
	support := make([]int, k)
	if k > MaxClasses {
		mistakes := make([]int, k)
		for i := range k {
			support[i] = m.Support(i)
			mistakes[i] = support[i] + m.Predicted(i) - 2*m.Count(i, i)
		}
		slices.SortStableFunc(c.Classes, func(a, b int) int { return mistakes[b] - mistakes[a] })
		c.Classes = c.Classes[:MaxClasses]
		slices.Sort(c.Classes)
	}
	for _, i := range c.Classes {
		row := make([]int, len(c.Classes))
		for col, j := range c.Classes {
			row[col] = m.Count(i, j)
		}
		c.Counts, c.Support = append(c.Counts, row), append(c.Support, m.Support(i))
	}
	return c
}

// predict returns the most probable classes of an image.
func predict(item int, logits []float32) Prediction {
	p := Prediction{Item: item}
	probabilities := metrics.Softmax(logits)
	for _, class := range metrics.Top(logits, topKept) {
		p.Top = append(p.Top, Chance{class, Number(probabilities[class])})
	}
	return p
}
