package viz

import "image/color"

// An Epoch is a point of each curve that Curves draws. A value that is NaN is
// left out.
type Epoch struct {
	// Epoch is the number of epochs done, from 1.
	Epoch int
	// TrainLoss and TrainAccuracy are means over the epoch.
	TrainLoss, TrainAccuracy float64
	// TestAccuracy is measured after the epoch.
	TestAccuracy float64
}

var (
	blue    = color.NRGBA{0x1F, 0x5F, 0xBF, 0xFF}
	magenta = color.NRGBA{0xC4, 0x1E, 0xA8, 0xFF}
	green   = color.NRGBA{0x1B, 0x87, 0x3A, 0xFF}
)

// Curves returns the chart of a training run as Dive into Deep Learning draws
// it: loss on the training data (solid, blue), accuracy on it (dashed,
// magenta) and accuracy on the test data (dash-dotted, green) against the
// epoch. Without any test accuracy that line is left out.
func Curves(title string, epochs []Epoch) *Figure {
	x := make([]float64, len(epochs))
	loss, train, test := make([]float64, len(epochs)), make([]float64, len(epochs)), make([]float64, len(epochs))
	for i, e := range epochs {
		x[i] = float64(e.Epoch)
		loss[i], train[i], test[i] = e.TrainLoss, e.TrainAccuracy, e.TestAccuracy
	}
	return &Figure{
		Title:  title,
		XLabel: "epoch",
		Lines: []Line{
			{Name: "train loss", X: x, Y: loss, Color: blue},
			{Name: "train accuracy", X: x, Y: train, Color: magenta, Dash: Dashed},
			{Name: "test accuracy", X: x, Y: test, Color: green, Dash: DashDot},
		},
	}
}
