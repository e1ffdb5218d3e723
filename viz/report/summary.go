package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train/runfolder"
)

// A tile is a number in large letters.
type tile struct{ Name, Value, Note string }

func tiles(s *metrics.Summary) []tile {
	low, high := metrics.WilsonInterval(hits(s.Confusion), s.Images)
	list := []tile{{"Accuracy", percent(s.Accuracy), fmt.Sprintf("95\u202f%% interval: %s to %s", percent(low), percent(high))}}
	for _, t := range s.TopK {
		if t.K > 1 {
			list = append(list, tile{fmt.Sprintf("Top-%d accuracy", t.K), percent(t.Accuracy), fmt.Sprintf("the class is among the %d most probable", t.K)})
		}
	}
	list = append(list,
		tile{"F1, macro", ratioText(s.Macro.F1), fmt.Sprintf("precision %s, recall %s", ratioText(s.Macro.Precision), ratioText(s.Macro.Recall))},
		tile{"F1, weighted", ratioText(s.Weighted.F1), "classes weighted by their images"})
	if !math.IsNaN(s.MacroROCAUC) {
		list = append(list, tile{"ROC-AUC, macro", ratioText(s.MacroROCAUC), "average precision " + ratioText(s.MacroAveragePrecision)})
	}
	list = append(list, tile{"Log-loss", ratioText(s.LogLoss), "Brier score " + ratioText(s.Brier)})
	if s.Reliability != nil {
		list = append(list, tile{"ECE", percent(s.Reliability.ECE()), "mean distance of confidence from accuracy"})
	}
	return list
}

// remarks says in sentences what stands out.
func remarks(p Page, names []string) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	s, m := p.Result, p.Result.Confusion
	if pairs := m.MostConfused(1); len(pairs) > 0 && pairs[0].Count > 1 {
		c := pairs[0]
		say("Most often confused: %s of class “%s” were predicted as “%s” (%s of the class).", images(c.Count), names[c.Label], names[c.Predicted], percent(c.Share))
	}
	worst := -1
	for i := range names {
		if m.Support(i) > 0 && (worst < 0 || m.Recall(i) < m.Recall(worst)) {
			worst = i
		}
	}
	if worst >= 0 && m.Recall(worst) < 1 && len(names) > 1 {
		say("The class found least often is “%s”: %s of its images (recall).", names[worst], percent(m.Recall(worst)))
	}
	if text := calibrationRemark(s); text != "" {
		list = append(list, text)
	}
	var unseen int
	for i := range names {
		if m.Support(i) == 0 {
			unseen++
		}
	}
	if unseen > 0 && s.Images > 0 {
		say("%d of %d classes have no image here: their numbers count as 0 in macro means.", unseen, len(names))
	}
	for _, split := range p.Splits {
		if len(split.Counts) == 0 {
			continue
		}
		least, most := slices.Min(split.Counts), slices.Max(split.Counts)
		if least > 0 && most >= 10*least {
			say("The %s images are imbalanced: the largest class has %s, the smallest %d.", split.Name, images(most), least)
		}
	}
	if p.History != nil {
		if text := overfitting(p.History, p.Tested); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// calibrationRemark says whether the model is too sure.
func calibrationRemark(s *metrics.Summary) string {
	if s.Reliability == nil || s.Images == 0 || math.IsNaN(s.Reliability.ECE()) {
		return ""
	}
	sum := 0.0
	for _, b := range s.Reliability.Bins() {
		sum += b.Confidence
	}
	confidence := sum / float64(s.Images)
	switch gap := confidence - s.Accuracy; {
	case gap > .03:
		return fmt.Sprintf("The model is overconfident: its mean confidence is %s, its accuracy %s.", percent(confidence), percent(s.Accuracy))
	case gap < -.03:
		return fmt.Sprintf("The model is underconfident: its mean confidence is %s, its accuracy %s.", percent(confidence), percent(s.Accuracy))
	}
	return ""
}

// overfitting says whether the test loss has risen for two epochs or more since its minimum while the
// training loss fell.
func overfitting(h *runfolder.History, tested string) string {
	best := -1
	for i, r := range h.Rows {
		if !math.IsNaN(r.TestLoss) && (best < 0 || r.TestLoss < h.Rows[best].TestLoss) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	last := h.Last()
	if last.Epoch-h.Rows[best].Epoch > 1 && last.TestLoss > 1.05*h.Rows[best].TestLoss && last.TrainLoss < h.Rows[best].TrainLoss {
		return fmt.Sprintf("The %s loss was lowest after epoch %d (%.3f) and is %.3f after the last one, while the training loss fell: the network is overfitting.",
			tested, h.Rows[best].Epoch, h.Rows[best].TestLoss, last.TestLoss)
	}
	return ""
}

// thin returns at most about 40 rows of a history, the first and the last among
// them.
func thin(rows []runfolder.Row) []runfolder.Row {
	const most = 40
	if len(rows) <= most {
		return rows
	}
	var list []runfolder.Row
	for i := range most {
		list = append(list, rows[i*(len(rows)-1)/(most-1)])
	}
	return list
}
