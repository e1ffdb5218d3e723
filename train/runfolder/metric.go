package runfolder

import (
	"fmt"
	"math"
	"strings"
)

// A Metric is a number of a Row by which epochs are compared.
type Metric string

// The metrics. "" is none.
const (
	TestAccuracy  Metric = "test accuracy"
	TestLoss      Metric = "test loss"
	TrainAccuracy Metric = "train accuracy"
	TrainLoss     Metric = "train loss"
)

// Check reports a name that is no metric's. "" is right.
func (m Metric) Check() error {
	switch m {
	case "", TestAccuracy, TestLoss, TrainAccuracy, TrainLoss:
		return nil
	}
	return fmt.Errorf("unknown metric %q: want %s, %s, %s or %s", string(m), TestAccuracy, TestLoss, TrainAccuracy, TrainLoss)
}

// Of returns the metric of an epoch: NaN where it was not measured.
func (m Metric) Of(r Row) float64 {
	switch m {
	case TestAccuracy:
		return r.TestAccuracy
	case TestLoss:
		return r.TestLoss
	case TrainAccuracy:
		return r.TrainAccuracy
	case TrainLoss:
		return r.TrainLoss
	}
	return math.NaN()
}

// Higher says that a greater value is better.
func (m Metric) Higher() bool { return m == TestAccuracy || m == TrainAccuracy }

// Tested says that the metric needs a test set.
func (m Metric) Tested() bool { return strings.HasPrefix(string(m), "test ") }

// Values returns the metric of each epoch.
func (m Metric) Values(rows []Row) []float64 {
	values := make([]float64, len(rows))
	for i, r := range rows {
		values[i] = m.Of(r)
	}
	return values
}

// Best returns the number of the best epoch, from 1, the first of equal ones; 0 if
// there is none. A later epoch is only better if it is so by more than least.
func (m Metric) Best(rows []Row, least float64) int {
	best, value := 0, math.NaN()
	for i, r := range rows {
		v := m.Of(r)
		gain := value - v
		if m.Higher() {
			gain = -gain
		}
		if !math.IsNaN(v) && (best == 0 || gain > least) {
			best, value = i+1, v
		}
	}
	return best
}
