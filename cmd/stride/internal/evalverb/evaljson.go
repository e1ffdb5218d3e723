package evalverb

import (
	"fmt"
	"math"

	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train"
)

// evalReport is an evaluation as JSON. Numbers that are not defined are null.
type evalReport struct {
	Model string `json:"model"`
	Net   string `json:"net"`
	Data  string `json:"data"`
	// Source is the folder or file that the images are in.
	Source string `json:"source"`
	Split  string `json:"split"`
	Images int    `json:"images"`
	// LeftOut is how many images of the split could not be read.
	LeftOut  int     `json:"left_out,omitempty"`
	Accuracy float64 `json:"accuracy"`
	// AccuracyInterval is its 95 % confidence interval.
	AccuracyInterval [2]float64 `json:"accuracy_interval"`
	Loss             *float64   `json:"loss"`
	ImagesPerSecond  float64    `json:"images_per_second"`
	Seconds          float64    `json:"seconds"`
	// Unfinished says that the run has epochs left; its accuracy may be low.
	Unfinished bool `json:"unfinished,omitempty"`
	// Weights are those of a run's "best" epoch or its "last" ones, after Epoch epochs.
	Weights string        `json:"weights,omitempty"`
	Epoch   int           `json:"epoch,omitempty"`
	Classes []classReport `json:"classes"`
	// Confusion has a row for each label and a column for each prediction.
	Confusion [][]int `json:"confusion"`

	TopK     []metrics.TopKAccuracy `json:"top_k"`
	Macro    metrics.Average        `json:"macro"`
	Weighted metrics.Average        `json:"weighted"`
	// ROCAUC and AveragePrecision are means over the classes.
	ROCAUC           *float64        `json:"roc_auc"`
	AveragePrecision *float64        `json:"average_precision"`
	Brier            *float64        `json:"brier"`
	ECE              *float64        `json:"ece"`
	MCE              *float64        `json:"mce"`
	Reliability      []binReport     `json:"reliability"`
	MostConfused     []pairReport    `json:"most_confused"`
	WorstMistakes    []mistakeReport `json:"worst_mistakes"`
	// Splits are the parts of the data, with the number of images of each class.
	Splits []splitReport `json:"splits"`
	// Report is the file of the report; "" if none was written.
	Report string `json:"report"`
}

type splitReport struct {
	Split  string `json:"split"`
	Images int    `json:"images"`
	// ByClass are the numbers of images in the order of the classes.
	ByClass []int `json:"by_class"`
}

type classReport struct {
	Class            string   `json:"class"`
	Precision        float64  `json:"precision"`
	Recall           float64  `json:"recall"`
	F1               float64  `json:"f1"`
	Images           int      `json:"images"`
	ROCAUC           *float64 `json:"roc_auc"`
	AveragePrecision *float64 `json:"average_precision"`
}

// A binReport has the images whose confidence is above Low and at most High.
type binReport struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Images     int     `json:"images"`
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
}

type pairReport struct {
	Class     string  `json:"class"`
	Predicted string  `json:"predicted"`
	Images    int     `json:"images"`
	Share     float64 `json:"share"`
}

type mistakeReport struct {
	// Item is the index of the image.
	Item int `json:"item"`
	// File is the path of a photo from the folder of all.
	File             string   `json:"file,omitempty"`
	Class            string   `json:"class"`
	Predicted        string   `json:"predicted"`
	Probability      *float64 `json:"probability"`
	ClassProbability *float64 `json:"class_probability"`
	Loss             *float64 `json:"loss"`
}

func newEvalReport(model *modelfolder.Model, images *evalData, e *train.Evaluation, s *metrics.Summary, report string) evalReport {
	r := evalReport{
		Model: model.Path, Net: model.Spec.Name, Data: images.name, Source: images.source, Split: images.split, Images: e.Images, LeftOut: images.set.Len() - e.Images,
		Weights: string(model.Choice), Epoch: model.Epoch,
		Accuracy: e.Accuracy, Loss: terminal.Finite(e.Loss), ImagesPerSecond: e.ImagesPerSecond, Seconds: e.Seconds, Unfinished: source.Unfinished(model.Run),
		TopK: s.TopK, Macro: s.Macro, Weighted: s.Weighted,
		ROCAUC: terminal.Finite(s.MacroROCAUC), AveragePrecision: terminal.Finite(s.MacroAveragePrecision), Brier: terminal.Finite(s.Brier),
		ECE: terminal.Finite(s.Reliability.ECE()), MCE: terminal.Finite(s.Reliability.MCE()), Report: report,
		MostConfused: []pairReport{}, WorstMistakes: []mistakeReport{},
	}
	for _, split := range images.splits {
		name := split.Name
		if name == source.SplitName(source.TrainSplit) {
			name = source.TrainSplit // as in Split
		}
		r.Splits = append(r.Splits, splitReport{name, split.Images, split.Counts})
	}
	m := s.Confusion
	r.AccuracyInterval[0], r.AccuracyInterval[1] = metrics.WilsonInterval(int(math.Round(s.Accuracy*float64(s.Images))), s.Images)
	names := m.Classes()
	for i, name := range names {
		r.Classes = append(r.Classes, classReport{name, m.Precision(i), m.Recall(i), m.F1(i), m.Support(i), terminal.Finite(s.ROCAUC[i]), terminal.Finite(s.AveragePrecision[i])})
		row := make([]int, len(names))
		for j := range row {
			row[j] = m.Count(i, j)
		}
		r.Confusion = append(r.Confusion, row)
	}
	for _, b := range s.Reliability.Bins() {
		r.Reliability = append(r.Reliability, binReport{b.Low, b.High, b.Images, b.MeanConfidence(), b.Accuracy()})
	}
	for _, c := range m.MostConfused(20) {
		r.MostConfused = append(r.MostConfused, pairReport{names[c.Label], names[c.Predicted], c.Count, c.Share})
	}
	for _, w := range s.Worst {
		r.WorstMistakes = append(r.WorstMistakes, mistakeReport{w.Item, images.file(w.Item), names[w.Label], names[w.Predicted], terminal.Finite(w.Probability), terminal.Finite(w.LabelProbability), terminal.Finite(w.Loss)})
	}
	return r
}

// summaryLine has those numbers of a summary that are not in the line of accuracy
// and loss.
func summaryLine(s *metrics.Summary) string {
	line := ""
	for _, t := range s.TopK {
		if t.K > 1 {
			line += fmt.Sprintf("top-%d %.4f   ", t.K, t.Accuracy)
		}
	}
	line += fmt.Sprintf("f1 %.4f", s.Macro.F1)
	if !math.IsNaN(s.MacroROCAUC) {
		line += fmt.Sprintf("   roc-auc %.4f", s.MacroROCAUC)
	}
	if ece := s.Reliability.ECE(); !math.IsNaN(ece) {
		line += fmt.Sprintf("   calibration error %.4f", ece)
	}
	return line
}
