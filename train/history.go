package train

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
	// TestAccuracy is measured after the epoch; NaN without a test set. Files
	// leave it empty (CSV) or null (JSON) then.
	TestAccuracy float64
	// ImagesPerSecond is the number of images divided by the time in training
	// steps.
	ImagesPerSecond float64
	// Seconds is the time that the epoch took in all, with data and test.
	Seconds float64
}

// rowJSON is a Row in a file.
type rowJSON struct {
	Epoch           int      `json:"epoch"`
	TrainLoss       float64  `json:"train_loss"`
	TrainAccuracy   float64  `json:"train_accuracy"`
	TestAccuracy    *float64 `json:"test_accuracy"`
	ImagesPerSecond float64  `json:"images_per_second"`
	Seconds         float64  `json:"seconds"`
}

// MarshalJSON implements json.Marshaler with the names of the CSV's columns.
func (r Row) MarshalJSON() ([]byte, error) {
	j := rowJSON{r.Epoch, r.TrainLoss, r.TrainAccuracy, nil, r.ImagesPerSecond, r.Seconds}
	if !math.IsNaN(r.TestAccuracy) {
		j.TestAccuracy = &r.TestAccuracy
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Row) UnmarshalJSON(b []byte) error {
	var j rowJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = Row{j.Epoch, j.TrainLoss, j.TrainAccuracy, math.NaN(), j.ImagesPerSecond, j.Seconds}
	if j.TestAccuracy != nil {
		r.TestAccuracy = *j.TestAccuracy
	}
	return nil
}

// String is a line for people.
func (r Row) String() string {
	s := fmt.Sprintf("epoch %d: loss %.3f, train accuracy %.3f", r.Epoch, r.TrainLoss, r.TrainAccuracy)
	if !math.IsNaN(r.TestAccuracy) {
		s += fmt.Sprintf(", test accuracy %.3f", r.TestAccuracy)
	}
	return s + fmt.Sprintf(", %.0f images/s, %.1f s", r.ImagesPerSecond, r.Seconds)
}

// A Point is how far an epoch under way had come.
type Point struct {
	// Epochs is the number of epochs done, with the part of the one under way.
	Epochs float64 `json:"epochs"`
	// Loss and Accuracy are means over that part, in training mode.
	Loss     float64 `json:"train_loss"`
	Accuracy float64 `json:"train_accuracy"`
}

// pointEpochs is how many epochs a run has at most for points to be noted
// within them: the curves of a longer one are dense enough.
const pointEpochs = 20

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

// newHistory derives the overall speed: all epochs have the same number of
// images, so it is the harmonic mean.
func newHistory(at *position) *History {
	h := &History{Rows: at.Rows, Points: at.Points, Steps: at.Step}
	inverse := 0.0
	for _, r := range at.Rows {
		inverse += 1 / r.ImagesPerSecond
	}
	if inverse > 0 && !math.IsInf(inverse, 0) {
		h.ImagesPerSecond = float64(len(at.Rows)) / inverse
	}
	return h
}

// csv returns the rows with a header. Numbers have all their digits.
func (h *History) csv() string {
	var b strings.Builder
	b.WriteString("epoch,train_loss,train_accuracy,test_accuracy,images_per_second,seconds\n")
	number := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	for _, r := range h.Rows {
		fmt.Fprintf(&b, "%d,%s,%s,%s,%s,%s\n", r.Epoch, number(r.TrainLoss), number(r.TrainAccuracy),
			number(r.TestAccuracy), number(r.ImagesPerSecond), number(r.Seconds))
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
