// Package curves draws the curves of a training run: loss and accuracy over the
// epochs, as Dive into Deep Learning has them.
//
// Package train itself draws nothing and depends on no plotting library. Whoever
// wants curves.png and curves.svg in a run folder adds them to its settings:
//
//	config.Callbacks.OnHistory = curves.Files(config)
//	history, err := train.Fit(ctx, model, trainSet, testSet, config)
package curves

import (
	"cmp"
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/viz"
)

// Figure returns the curves of a history under a title: the loss on the training
// data and the accuracy on it and on the test data, or, for a run without accuracy,
// the loss on both. Values that are not a number have no point.
func Figure(title string, h *train.History) *viz.Figure {
	var epochs []viz.Epoch
	for _, p := range h.Points {
		epochs = append(epochs, viz.Epoch{Epoch: p.Epochs, TrainLoss: p.Loss, TrainAccuracy: p.Accuracy, TestAccuracy: math.NaN()})
	}
	for _, r := range h.Rows {
		epochs = append(epochs, viz.Epoch{Epoch: float64(r.Epoch), TrainLoss: r.TrainLoss, TrainAccuracy: r.TrainAccuracy, TestAccuracy: r.TestAccuracy})
	}
	slices.SortFunc(epochs, func(a, b viz.Epoch) int { return cmp.Compare(a.Epoch, b.Epoch) })
	figure := viz.Curves(title, epochs)
	if slices.ContainsFunc(epochs, func(e viz.Epoch) bool { return !math.IsNaN(e.TrainAccuracy) }) {
		return figure
	}
	loss, test := figure.Lines[0], figure.Lines[2]
	test.Name = "test loss"
	for _, r := range h.Rows {
		if !math.IsNaN(r.TestLoss) {
			test.X, test.Y = append(test.X, float64(r.Epoch)), append(test.Y, r.TestLoss)
		}
	}
	figure.Lines = []viz.Line{loss, test}
	return figure
}

// Files returns a function for train.Callbacks.OnHistory that keeps curves.png
// and curves.svg in the folder config.Dir. Their title names the network and the
// data: "lenet on fashion-mnist". Characters that no font on this machine has, as may be
// for Chinese names, are written as numbers in the PNG file, such as \u6570: a run does
// not fail for want of a font. To draw takes longer than a short epoch, so
// the files are replaced at most every five seconds, and at the end.
func Files(config train.Config) func(h *train.History, last bool) error {
	title := config.Net
	if config.Net != "" && config.Data != "" {
		title = config.Net + " on " + config.Data
	}
	title = printable.Line(title) // control characters are not allowed in SVG
	var drawn time.Time
	return func(h *train.History, last bool) error {
		if len(h.Rows) == 0 || !last && time.Since(drawn) < 5*time.Second {
			return nil
		}
		figure := Figure(title, h)
		writePNG := func(w io.Writer) error { return writePNG(w, figure) }
		for name, write := range map[string]func(io.Writer) error{"curves.png": writePNG, "curves.svg": figure.WriteSVG} {
			if err := atomicfile.WriteFile(filepath.Join(config.Dir, name), write); err != nil {
				return err
			}
		}
		drawn = time.Now()
		return nil
	}
}

// writePNG draws a figure with its title, or with the characters of the title as numbers
// where there is no font for them.
func writePNG(w io.Writer, figure *viz.Figure) error {
	err := figure.WritePNG(w)
	var missing *viz.MissingError
	if !errors.As(err, &missing) {
		return err
	}
	plain := *figure
	plain.Title = strings.Trim(strconv.QuoteToASCII(figure.Title), `"`)
	return plain.WritePNG(w)
}
