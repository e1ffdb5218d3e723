package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
)

// settings gathers the settings of a run.
func (c Config) settings(model *nn.Model, train, test data.Dataset, o objective) (runfolder.Settings, error) {
	hash, err := fingerprint(train)
	if err != nil {
		return runfolder.Settings{}, err
	}
	s := runfolder.Settings{
		Version: 1, Net: c.Net, Data: c.Data, Options: c.Options,
		Input: model.Input(), Classes: train.Classes(), Loss: o.custom(),
		TrainImages: train.Len(), TrainHash: hash,
		Epochs: c.Epochs, BatchSize: c.BatchSize, LearningRate: c.LearningRate,
		Optimizer: c.Optimizer.String(), Augment: c.Augment.String(), Seed: c.Seed, Device: c.Device.Name(),
	}
	if o.targeted {
		s.Target = o.target
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
	return s, nil
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

// fingerprint hashes some images of a dataset, evenly spread, with their labels and
// targets.
func fingerprint(set data.Dataset) (string, error) {
	const most = 64
	h := sha256.New()
	pixels := make([]float32, set.ImageShape().Size())
	bytes := make([]byte, 4*len(pixels)+8)
	targets, targeted := set.(data.Targeted)
	var target []float32
	if targeted {
		target = make([]float32, targets.TargetShape().Size())
	}
	for k := range min(most, set.Len()) {
		i := k * set.Len() / min(most, set.Len())
		label, err := set.Read(i, pixels)
		if err != nil {
			return "", fmt.Errorf("read image %d: %w", i, err)
		}
		binary.LittleEndian.PutUint64(bytes, uint64(label))
		for j, v := range pixels {
			binary.LittleEndian.PutUint32(bytes[8+4*j:], math.Float32bits(v))
		}
		h.Write(bytes)
		if !targeted {
			continue
		}
		if err := targets.ReadTarget(i, target); err != nil {
			return "", fmt.Errorf("read the target of image %d: %w", i, err)
		}
		for _, v := range target {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
