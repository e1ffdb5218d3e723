package curves

import (
	"image/color"
	"math"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/viz"
)

// A Named is the history of a run, with the name that the legend has for it.
type Named struct {
	Name    string
	History *train.History
}

// palette tells runs apart, also for people who do not see all colours alike: the
// colours of Okabe and Ito.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, {0xD5, 0x5E, 0x00, 0xFF}, {0x00, 0x9E, 0x73, 0xFF}, {0xCC, 0x79, 0xA7, 0xFF},
	{0xE6, 0x9F, 0x00, 0xFF}, {0x56, 0xB4, 0xE9, 0xFF}, {0x44, 0x44, 0x44, 0xFF},
}

// Compare returns the curves of several runs over each other, a colour for each run:
// the training loss (solid) and the test accuracy (dash-dotted), or the test loss
// for a run without accuracy. The colours repeat after seven runs.
func Compare(title string, runs []Named) *viz.Figure {
	figure := &viz.Figure{Title: printable.Line(title), XLabel: "epoch", Width: 540, Height: 360}
	for i, r := range runs {
		name, c := printable.Line(r.Name), palette[i%len(palette)]
		loss := viz.Line{Name: name + ": train loss", Color: c}
		test := viz.Line{Name: name + ": test accuracy", Color: c, Dash: viz.DashDot}
		if !hasAccuracy(r.History) {
			test.Name = name + ": test loss"
		}
		for _, row := range r.History.Rows {
			loss.X, loss.Y = append(loss.X, float64(row.Epoch)), append(loss.Y, row.TrainLoss)
			v := row.TestAccuracy
			if !hasAccuracy(r.History) {
				v = row.TestLoss
			}
			if !math.IsNaN(v) {
				test.X, test.Y = append(test.X, float64(row.Epoch)), append(test.Y, v)
			}
		}
		figure.Lines = append(figure.Lines, loss, test)
	}
	return figure
}

// hasAccuracy reports whether an accuracy means something in a run.
func hasAccuracy(h *train.History) bool {
	for _, r := range h.Rows {
		if !math.IsNaN(r.TrainAccuracy) {
			return true
		}
	}
	return false
}
