package metrics_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/metrics"
)

func ExampleCollector() {
	c, err := metrics.NewCollector([]string{"cat", "dog"}, metrics.CollectorConfig{})
	if err != nil {
		panic(err)
	}
	for item, image := range []struct {
		probabilities []float32
		label         int
	}{{[]float32{.9, .1}, 0}, {[]float32{.2, .8}, 1}, {[]float32{.7, .3}, 1}, {[]float32{.6, .4}, 0}} {
		if err := c.AddProbabilities(item, image.probabilities, image.label); err != nil {
			panic(err)
		}
	}
	s := c.Summary()
	fmt.Printf("accuracy %.2f, ROC-AUC %.2f, log-loss %.3f, ECE %.3f\n", s.Accuracy, s.MacroROCAUC, s.LogLoss, s.Reliability.ECE())
	for _, m := range s.Worst {
		fmt.Printf("image %d is of class %d, not %d\n", m.Item, m.Label, m.Predicted)
	}
	// Output:
	// accuracy 0.75, ROC-AUC 0.75, log-loss 0.511, ECE 0.350
	// image 2 is of class 1, not 0
}

func TestWorst(t *testing.T) {
	c, err := metrics.NewCollector([]string{"a", "b"}, metrics.CollectorConfig{Worst: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i, second := range []float32{1, 3, 2, 3, 0.5, -4, 9} { // the label is 0 but for the last image
		if err := c.AddLogits(10+i, []float32{0, second}, i/6); err != nil {
			t.Fatal(err)
		}
	}
	var items []int
	for _, m := range c.Summary().Worst {
		items = append(items, m.Item)
		if m.Label != 0 || m.Predicted != 1 || math.Abs(m.Probability+m.LabelProbability-1) > 1e-12 || math.Abs(m.Loss+math.Log(m.LabelProbability)) > 1e-12 {
			t.Errorf("%+v", m)
		}
	}
	if want := []int{11, 13, 12}; !reflect.DeepEqual(items, want) {
		t.Errorf("worst mistakes are %v, want %v", items, want)
	}
}

// Scores of a network that has diverged leave accuracy, and NaN for the rest.
func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, bad := range [][]float32{{0, nan, 1}, {nan, nan, nan}, {0, float32(math.Inf(1)), 0}} {
		c, err := metrics.NewCollector([]string{"a", "b", "c"}, metrics.CollectorConfig{})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range [][]float32{{2, 1, 0}, bad, {0, 1, 2}} {
			if err := c.AddLogits(i, row, 0); err != nil {
				t.Fatal(err)
			}
		}
		s := c.Summary()
		for what, v := range map[string]float64{
			"loss": s.LogLoss, "Brier": s.Brier, "ECE": s.Reliability.ECE(), "MCE": s.Reliability.MCE(), "AUC": s.MacroROCAUC, "AP": s.MacroAveragePrecision,
		} {
			if !math.IsNaN(v) {
				t.Errorf("%v: %s is %v", bad, what, v)
			}
		}
		if want := 1. / 3; s.Images != 3 || s.Accuracy != want && s.Accuracy != 2*want || len(s.Worst) == 0 {
			t.Errorf("%v: %+v", bad, s)
		}
	}
}

// A score of −∞ is a probability of 0: the loss of that label is infinite.
func TestImpossible(t *testing.T) {
	c, err := metrics.NewCollector([]string{"a", "b"}, metrics.CollectorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddLogits(0, []float32{0, float32(math.Inf(-1))}, 1); err != nil {
		t.Fatal(err)
	}
	if s := c.Summary(); !math.IsInf(s.LogLoss, 1) || s.Brier != 2 {
		t.Errorf("%+v", s)
	}
}

func TestCollectorErrors(t *testing.T) {
	c, err := metrics.NewCollector([]string{"a", "b"}, metrics.CollectorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"there are no classes":      second(metrics.NewCollector(nil, metrics.CollectorConfig{})),
		"top-0":                     second(metrics.NewCollector([]string{"a"}, metrics.CollectorConfig{TopK: []int{1, 0}})),
		"3 scores for 2 classes":    c.AddLogits(0, make([]float32, 3), 0),
		"label 2":                   c.AddLogits(0, make([]float32, 2), 2),
		"label -1":                  c.AddProbabilities(0, []float32{.5, .5}, -1),
		"probability 1.5":           c.AddProbabilities(0, []float32{1.5, -.5}, 0),
		"probability -0.5":          c.AddProbabilities(0, []float32{-.5, 1.5}, 0),
		"sum to 0.9":                c.AddProbabilities(0, []float32{.5, .4}, 0),
		"confidence 2":              metrics.NewReliability(3).Add(2, true),
		"2 scores for 1 images":     second(metrics.ROCAUC(make([]float32, 2), make([]bool, 1))),
		"0 scores for 1 images":     second(metrics.AveragePrecision(nil, make([]bool, 1))),
		"confidence -0.1: want 0 t": metrics.NewReliability(3).Add(-.1, true),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to mention %q", err, want)
		}
	}
	if s := c.Summary(); s.Images != 0 || !math.IsNaN(s.LogLoss) || !math.IsNaN(s.MacroROCAUC) {
		t.Errorf("refused images count: %+v", s)
	}
}

func second[T any](_ T, err error) error { return err }

func TestMostConfused(t *testing.T) {
	m := metrics.NewConfusionMatrix([]string{"a", "b", "c"})
	for _, p := range [][3]int{{0, 0, 6}, {0, 2, 2}, {1, 0, 3}, {2, 1, 2}, {2, 2, 2}} {
		for range p[2] {
			if err := m.Add(p[0], p[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []metrics.Confusion{{Label: 1, Predicted: 0, Count: 3, Share: 1}, {Label: 0, Predicted: 2, Count: 2, Share: .25}, {Label: 2, Predicted: 1, Count: 2, Share: .5}}
	if got := m.MostConfused(9); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := m.MostConfused(1); !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("got %+v", got)
	}
}

// A confidence at a bound belongs to the bin below it, whatever the rounding.
func TestBinBounds(t *testing.T) {
	for bins := 1; bins < 40; bins++ {
		r := metrics.NewReliability(bins)
		for i := range bins {
			if err := r.Add(r.Bins()[i].High, true); err != nil {
				t.Fatal(err)
			}
			if b := r.Bins()[i]; b.Images != 1 {
				t.Errorf("%d bins: the upper bound %v of bin %d is not in it", bins, b.High, i)
			}
		}
	}
}

// Values of scipy.stats.binomtest(hits, n).proportion_ci(method="wilson").
func TestWilsonInterval(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{0, 0, 0, 1}, {8, 10, 0.4901624715366418, 0.9433178485456248}, {0, 5, 0, 0.43448246478317476}, {5, 5, 0.5655175352168251, 1}, {900, 1000, 0.8798480368046515, 0.9170905564069043}} {
		low, high := metrics.WilsonInterval(c.hits, c.n)
		if math.Abs(low-c.low) > 1e-12 || math.Abs(high-c.high) > 1e-12 {
			t.Errorf("%d of %d: %.15f to %.15f, want %v to %v", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}
