package runfolder

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Row is the result of one epoch.
type Row struct {
	// Epoch counts from 1.
	Epoch int
	// TrainLoss and TrainAccuracy are means over the epoch in training mode.
	TrainLoss, TrainAccuracy float64
	// TestLoss and TestAccuracy are measured after the epoch; NaN without a test
	// set. Accuracy is also NaN where it means nothing; see train.Config.Loss. In files
	// NaN is empty (CSV) or null (JSON).
	TestLoss, TestAccuracy float64
	// ImagesPerSecond is the number of images divided by the time in training
	// steps.
	ImagesPerSecond float64
	// Seconds is the time that the epoch took in all, with data and test.
	Seconds float64
}

// number is a float64 that is null in JSON where it is NaN.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// rowJSON is a Row in a file, with the names of the CSV's columns.
type rowJSON struct {
	Epoch           int     `json:"epoch"`
	TrainLoss       float64 `json:"train_loss"`
	TrainAccuracy   number  `json:"train_accuracy"`
	TestAccuracy    number  `json:"test_accuracy"`
	ImagesPerSecond float64 `json:"images_per_second"`
	Seconds         float64 `json:"seconds"`
	TestLoss        number  `json:"test_loss"`
}

// MarshalJSON implements json.Marshaler.
func (r Row) MarshalJSON() ([]byte, error) {
	return json.Marshal(rowJSON{r.Epoch, r.TrainLoss, number(r.TrainAccuracy), number(r.TestAccuracy), r.ImagesPerSecond, r.Seconds, number(r.TestLoss)})
}

// UnmarshalJSON implements json.Unmarshaler. Files of older versions have no
// test loss.
func (r *Row) UnmarshalJSON(b []byte) error {
	j := rowJSON{TestAccuracy: number(math.NaN()), TestLoss: number(math.NaN())}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = Row{j.Epoch, j.TrainLoss, float64(j.TrainAccuracy), float64(j.TestLoss), float64(j.TestAccuracy), j.ImagesPerSecond, j.Seconds}
	return nil
}

// String is a line for people. Where there is an accuracy, it speaks for the test.
func (r Row) String() string {
	s := fmt.Sprintf("epoch %d: loss ", r.Epoch)
	switch {
	case math.IsNaN(r.TrainAccuracy):
		s += fmt.Sprintf("%.4g", r.TrainLoss)
		if !math.IsNaN(r.TestLoss) {
			s += fmt.Sprintf(", test loss %.4g", r.TestLoss)
		}
	default:
		s += fmt.Sprintf("%.3f, train accuracy %.3f", r.TrainLoss, r.TrainAccuracy)
		if !math.IsNaN(r.TestAccuracy) {
			s += fmt.Sprintf(", test accuracy %.3f", r.TestAccuracy)
		}
	}
	return s + fmt.Sprintf(", %.0f images/s, %.1f s", r.ImagesPerSecond, r.Seconds)
}

// A Point is how far an epoch under way had come.
type Point struct {
	// Epochs is the number of epochs done, with the part of the one under way.
	Epochs float64
	// Loss and Accuracy are means over that part, in training mode. Accuracy is
	// NaN where it means nothing.
	Loss, Accuracy float64
}

// pointJSON is a Point in a file.
type pointJSON struct {
	Epochs   float64 `json:"epochs"`
	Loss     float64 `json:"train_loss"`
	Accuracy number  `json:"train_accuracy"`
}

// MarshalJSON implements json.Marshaler.
func (p Point) MarshalJSON() ([]byte, error) {
	return json.Marshal(pointJSON{p.Epochs, p.Loss, number(p.Accuracy)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Point) UnmarshalJSON(b []byte) error {
	var j pointJSON
	err := json.Unmarshal(b, &j)
	*p = Point{j.Epochs, j.Loss, float64(j.Accuracy)}
	return err
}

// A History is what a run has done.
type History struct {
	// Rows has one entry for each epoch, in order, with those of earlier parts
	// of a resumed run.
	Rows []Row
	// Points has four points within each epoch, as the book's curves have, if
	// the run has at most 20 epochs.
	Points []Point
	// Steps is the number of training steps since the run began.
	Steps int
	// BestEpoch is the number of the best epoch, from 1, by the run's metric; 0 if
	// none is chosen. StoppedEarly says that the run ended before its last epoch
	// because the metric no longer improved.
	BestEpoch    int
	StoppedEarly bool
	// ImagesPerSecond is the mean speed of the training steps of all epochs.
	ImagesPerSecond float64
}

// Last returns the row of the last epoch; the zero Row if there is none.
func (h *History) Last() Row {
	if len(h.Rows) == 0 {
		return Row{}
	}
	return h.Rows[len(h.Rows)-1]
}

// History returns what the run has done. All epochs have the same number of
// images, so the overall speed is the harmonic mean of theirs.
func (p *Position) History() *History {
	h := &History{Rows: p.Rows, Points: p.Points, Steps: p.Step, StoppedEarly: p.StoppedEarly}
	if p.Best != nil {
		h.BestEpoch = p.Best.Epoch
	}
	inverse := 0.0
	for _, r := range p.Rows {
		inverse += 1 / r.ImagesPerSecond
	}
	if inverse > 0 && !math.IsInf(inverse, 0) {
		h.ImagesPerSecond = float64(len(p.Rows)) / inverse
	}
	return h
}

// csv returns the rows with a header. Numbers have all their digits.
func (h *History) csv() string {
	var b strings.Builder
	b.WriteString("epoch,train_loss,train_accuracy,test_accuracy,images_per_second,seconds,test_loss\n")
	digits := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	for _, r := range h.Rows {
		fmt.Fprintf(&b, "%d,%s,%s,%s,%s,%s,%s\n", r.Epoch, digits(r.TrainLoss), digits(r.TrainAccuracy),
			digits(r.TestAccuracy), digits(r.ImagesPerSecond), digits(r.Seconds), digits(r.TestLoss))
	}
	return b.String()
}

// jsonl returns the rows as JSON objects, one a line.
func (h *History) jsonl() (string, error) {
	var b strings.Builder
	for _, r := range h.Rows {
		line, err := json.Marshal(r)
		if err != nil {
			return "", err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String(), nil
}
