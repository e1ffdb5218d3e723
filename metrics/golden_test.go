package metrics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/strideml/stride/metrics"
)

// golden is a case of testdata/make_golden.py. Numbers that are not defined are
// nil.
type golden struct {
	Name             string
	Logits           bool
	Classes          int
	Scores           [][]float32
	Labels           []int
	Accuracy         float64
	TopK             [][2]*float64 `json:"top_k"`
	Confusion        [][]int
	Precision        []float64
	Recall           []float64
	F1               []float64
	Macro, Weighted  [3]float64
	ROCAUC           []*float64 `json:"roc_auc"`
	AveragePrecision []*float64 `json:"average_precision"`
	LogLoss          float64    `json:"log_loss"`
	Brier            float64
	BrierBinary      *float64 `json:"brier_binary"`
	Bins             [][2]int
	ECE, MCE         float64
}

func goldens(t *testing.T) (cases []golden) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 4 {
		t.Fatalf("%d cases", len(cases))
	}
	return cases
}

// collect adds a case's images to a Collector.
func (g golden) collect(t *testing.T, config metrics.CollectorConfig) *metrics.Summary {
	t.Helper()
	names := make([]string, g.Classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	config.Bins = len(g.Bins)
	for _, k := range g.TopK {
		config.TopK = append(config.TopK, int(*k[0]))
	}
	c, err := metrics.NewCollector(names, config)
	if err != nil {
		t.Fatal(err)
	}
	for i, scores := range g.Scores {
		add := c.AddProbabilities
		if g.Logits {
			add = c.AddLogits
		}
		if err := add(i, scores, g.Labels[i]); err != nil {
			t.Fatal(err)
		}
	}
	return c.Summary()
}

func TestLikeScikitLearn(t *testing.T) {
	for _, g := range goldens(t) {
		s := g.collect(t, metrics.CollectorConfig{})
		near := func(what string, got float64, want *float64) {
			t.Helper()
			if want == nil && math.IsNaN(got) {
				return
			}
			if want == nil || !(math.Abs(got-*want) <= 1e-12) {
				w := math.NaN()
				if want != nil {
					w = *want
				}
				t.Errorf("%s: %s is %.15g, want %.15g", g.Name, what, got, w)
			}
		}
		near("accuracy", s.Accuracy, &g.Accuracy)
		for i, k := range g.TopK {
			if k[1] != nil {
				near(fmt.Sprintf("top-%d", s.TopK[i].K), s.TopK[i].Accuracy, k[1])
			}
		}
		for i, row := range g.Confusion {
			for j, n := range row {
				if got := s.Confusion.Count(i, j); got != n {
					t.Errorf("%s: %d predicted as %d: %d, want %d", g.Name, i, j, got, n)
				}
			}
			near(fmt.Sprint("precision of ", i), s.Confusion.Precision(i), &g.Precision[i])
			near(fmt.Sprint("recall of ", i), s.Confusion.Recall(i), &g.Recall[i])
			near(fmt.Sprint("F1 of ", i), s.Confusion.F1(i), &g.F1[i])
			near(fmt.Sprint("ROC-AUC of ", i), s.ROCAUC[i], g.ROCAUC[i])
			near(fmt.Sprint("average precision of ", i), s.AveragePrecision[i], g.AveragePrecision[i])
		}
		for what, pair := range map[string]struct {
			got  metrics.Average
			want [3]float64
		}{"macro": {s.Macro, g.Macro}, "weighted": {s.Weighted, g.Weighted}} {
			near(what+" precision", pair.got.Precision, &pair.want[0])
			near(what+" recall", pair.got.Recall, &pair.want[1])
			near(what+" F1", pair.got.F1, &pair.want[2])
		}
		near("log-loss", s.LogLoss, &g.LogLoss)
		near("Brier score", s.Brier, &g.Brier)
		if g.BrierBinary != nil {
			near("half the Brier score", s.Brier/2, g.BrierBinary)
		}
		near("ECE", s.Reliability.ECE(), &g.ECE)
		near("MCE", s.Reliability.MCE(), &g.MCE)
		for i, b := range s.Reliability.Bins() {
			if got := [2]int{b.Images, b.Correct}; got != g.Bins[i] {
				t.Errorf("%s: bin %d holds %v, want %v", g.Name, i, got, g.Bins[i])
			}
		}
	}
}

// ROCAUC and AveragePrecision alone agree with those of a Collector.
func TestRankingsAlone(t *testing.T) {
	for _, g := range goldens(t) {
		if g.Logits {
			continue
		}
		s := g.collect(t, metrics.CollectorConfig{})
		for j := range g.Classes {
			var scores []float32
			var positive []bool
			for i, row := range g.Scores {
				scores, positive = append(scores, row[j]), append(positive, g.Labels[i] == j)
			}
			auc, err1 := metrics.ROCAUC(scores, positive)
			ap, err2 := metrics.AveragePrecision(scores, positive)
			if err1 != nil || err2 != nil || auc != s.ROCAUC[j] || ap != s.AveragePrecision[j] {
				t.Errorf("%s, class %d: %v %v, want %v %v (%v, %v)", g.Name, j, auc, ap, s.ROCAUC[j], s.AveragePrecision[j], err1, err2)
			}
		}
	}
}

// Above MaxScores only the rankings are missing.
func TestMaxScores(t *testing.T) {
	g := goldens(t)[0]
	most := len(g.Scores) * g.Classes
	whole, cut := g.collect(t, metrics.CollectorConfig{MaxScores: most}), g.collect(t, metrics.CollectorConfig{MaxScores: most - 1})
	if whole.Unranked || math.IsNaN(whole.MacroROCAUC) {
		t.Error("as many scores as MaxScores have no rankings")
	}
	if !cut.Unranked || !math.IsNaN(cut.ROCAUC[0]) || !math.IsNaN(cut.MacroAveragePrecision) || cut.LogLoss != whole.LogLoss {
		t.Errorf("more scores than MaxScores: %+v", cut)
	}
}
