package train

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/runfolder"
)

// A Metric is a number by which epochs are compared; see package runfolder.
type Metric = runfolder.Metric

// EarlyStop ends a run when a metric no longer improves. It is a function of the rows
// of the epochs, so a resumed run stops where one that was not interrupted does.
type EarlyStop struct {
	// Patience is the number of epochs without improvement after which the run
	// stops; 0 never stops it.
	Patience int
	// Metric is what should improve; "" means Config.Best, or else the test loss.
	Metric Metric
	// Least is an improvement that is too small to count.
	Least float64
}

// String is like "test loss, patience 5"; "" without Patience.
func (e EarlyStop) String() string {
	if e.Patience == 0 {
		return ""
	}
	s := fmt.Sprintf("%s, patience %d", e.Metric, e.Patience)
	if e.Least > 0 {
		s += fmt.Sprintf(", at least %v", e.Least)
	}
	return s
}

// over reports whether a run with these rows is to stop.
func (e EarlyStop) over(rows []Row) bool {
	return e.Patience > 0 && len(rows)-e.Metric.Best(rows, e.Least) >= e.Patience
}

// Plateau lowers the learning rate when a metric no longer improves. The rate of the
// schedule is multiplied with what it says.
type Plateau struct {
	optim.Plateau
	// Metric is what should improve; "" means Config.Best, or else the test loss.
	Metric Metric
}

// String is like "test loss, factor 0.1, patience 10, threshold 0.0001".
func (p *Plateau) String() string {
	if p == nil {
		return ""
	}
	return string(p.Metric) + ", " + p.Plateau.String()
}

// scale is what the rate is multiplied with after these rows.
func (p *Plateau) scale(rows []Row) float64 {
	if p == nil {
		return 1
	}
	return p.Scale(p.Metric.Values(rows), p.Metric.Higher())
}

// monitorDefaults fills in and checks what depends on metrics.
func (c *Config) monitorDefaults() error {
	standard := c.Best
	if standard == "" {
		standard = runfolder.TestLoss
	}
	if c.EarlyStop.Patience != 0 && c.EarlyStop.Metric == "" {
		c.EarlyStop.Metric = standard
	}
	if c.EarlyStop.Patience < 0 || !(c.EarlyStop.Least >= 0) || math.IsInf(c.EarlyStop.Least, 0) {
		return fmt.Errorf("early stopping: patience %d and least improvement %v: neither can be negative", c.EarlyStop.Patience, c.EarlyStop.Least)
	}
	if c.Plateau != nil {
		p := *c.Plateau // it is the caller's
		if p.Metric == "" {
			p.Metric = standard
		}
		c.Plateau = &p
		if err := p.Check(); err != nil {
			return err
		}
	}
	for _, m := range c.metrics() {
		if err := m.Check(); err != nil {
			return err
		}
	}
	return nil
}

// metrics are those that something depends on.
func (c *Config) metrics() []Metric {
	metrics := []Metric{c.Best, c.EarlyStop.Metric}
	if c.Plateau != nil {
		metrics = append(metrics, c.Plateau.Metric)
	}
	return metrics
}

// checkMetrics reports metrics that will not be measured.
func (c *Config) checkMetrics(tested bool, o objective.Objective) error {
	for _, m := range c.metrics() {
		switch {
		case m.Tested() && !tested:
			return fmt.Errorf("the %s cannot be watched without a test set", m)
		case o.NoAccuracy && (m == runfolder.TestAccuracy || m == runfolder.TrainAccuracy):
			return fmt.Errorf("the %s cannot be watched: the loss is not that of classes", m)
		}
	}
	return nil
}

// A Mixer mixes the images of a training batch with each other, as mixup and CutMix
// do.
type Mixer interface {
	// Mix changes the images of a batch in place, and the probabilities of the
	// classes for each of them, N×classes, which come with 1 for the label. r is a
	// stream for this batch of this epoch.
	//
	// With several ranks, b is a rank's part of the batch with the image before it in
	// front, which is dropped afterwards: the last image of the batch is before the first.
	// So a mixer that mixes each image with the one before it, and draws as many random
	// numbers for any number of images, makes the same of them for any number of ranks.
	// Those of package augment do.
	Mix(r *rand.Rand, b *data.Batch, targets *tensor.Tensor)
	// String describes the mixer with its settings, for records.
	String() string
}
