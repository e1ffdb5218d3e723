package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/runfolder"
)

// settings gathers the settings of a run.
func (c Config) settings(model *nn.Model, train, test data.Dataset, o objective.Objective, hash string) runfolder.Settings {
	s := runfolder.Settings{
		Version: 1, Net: c.Net, Data: c.Data, Options: c.Options,
		Input: model.Input(), Classes: train.Classes(), Loss: o.Custom(),
		TrainImages: train.Len(), TrainHash: hash,
		Epochs: c.Epochs, BatchSize: c.BatchSize, LearningRate: c.LearningRate,
		Optimizer: c.Optimizer.String(), Augment: c.Augment.String(), Seed: c.Seed, Device: c.Device.Name(),
	}
	if o.Targeted {
		s.Target = o.Target
	}
	s.Freeze, s.Accumulate, s.EMA = freezing(c.Freeze).String(), c.Accumulate, c.EMA.String()
	if c.Accumulate == 1 {
		s.Accumulate = 0
	}
	if c.Mix != nil {
		s.Mix = c.Mix.String()
	}
	s.LabelSmoothing, s.ClassWeights = c.LabelSmoothing, c.ClassWeights
	s.Best, s.EarlyStop, s.Plateau = c.Best, c.EarlyStop.String(), c.Plateau.String()
	if c.Schedule != (optim.Schedule)(optim.Constant{}) {
		s.Schedule = runfolder.Schedule(c.Schedule.Describe(c.length(train.Len())))
	}
	if test != nil {
		s.TestImages = test.Len()
	}
	if recorded := c.preprocessing(s.Input); recorded.Check() == nil {
		s.Preprocessing = &recorded
	}
	for _, p := range model.Parameters() {
		s.Parameters += p.Value.Size()
	}
	if c.Dist != nil {
		s.Shards = c.Dist.Shards
	}
	return s
}

// length is that of a run on so many images, in updates.
func (c Config) length(images int) optim.Run {
	updates := ceil(ceil(images, min(c.BatchSize, images)), c.Accumulate)
	return optim.Run{Steps: c.Epochs * updates, StepsPerEpoch: updates}
}

// ceil is a/b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// preprocessing returns the Preprocessing of a model for images of a shape.
func (c Config) preprocessing(input tensor.Shape) preprocess.Config {
	if len(c.Preprocessing.InputSize) == 0 {
		return preprocess.Plain(input)
	}
	return c.Preprocessing.WithDefaults()
}

// checkPreprocessing reports a Preprocessing that cannot be that of a model.
func (c Config) checkPreprocessing(input tensor.Shape) error {
	if len(c.Preprocessing.InputSize) == 0 {
		return nil
	}
	if err := c.Preprocessing.Check(); err != nil {
		return fmt.Errorf("preprocessing: %w", err)
	}
	if size := c.Preprocessing.InputSize; !size.Equal(input) {
		return fmt.Errorf("preprocessing makes images of %v, the network takes %v", size, input)
	}
	return nil
}

// samples are hashes of some images of a dataset, evenly spread, with their labels and
// targets.
type samples struct {
	hashes [][sha256.Size]byte
	whole  string // of all
}

// mostSamples is how many images are hashed.
const mostSamples = 64

// fingerprint hashes some images of a dataset: all samples, or those that choose wants.
func fingerprint(set data.Dataset, choose func(sample int) bool) (*samples, error) {
	h := sha256.New()
	pixels := make([]float32, set.ImageShape().Size())
	targets, targeted := set.(data.Targeted)
	var target []float32
	if targeted {
		target = make([]float32, targets.TargetShape().Size())
	}
	s := &samples{hashes: make([][sha256.Size]byte, min(mostSamples, set.Len()))}
	for k := range s.hashes {
		if choose != nil && !choose(k) {
			continue
		}
		i := k * set.Len() / len(s.hashes)
		label, err := set.Read(i, pixels)
		if errors.Is(err, data.ErrSkip) { // another one takes its place in training
			label = -1
			clear(pixels)
		} else if err != nil {
			return nil, fmt.Errorf("read image %d: %w", i, err)
		}
		bytes := floatBytes(binary.LittleEndian.AppendUint64(nil, uint64(label)), pixels)
		if targeted {
			if err := targets.ReadTarget(i, target); err != nil {
				return nil, fmt.Errorf("read the target of image %d: %w", i, err)
			}
			bytes = floatBytes(bytes, target)
		}
		_, _ = h.Write(bytes) // never fails
		s.hashes[k] = sha256.Sum256(bytes)
	}
	s.whole = hex.EncodeToString(h.Sum(nil)[:8])
	return s, nil
}

// floatBytes appends values as little-endian bytes.
func floatBytes(to []byte, values []float32) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
	}
	return to
}
