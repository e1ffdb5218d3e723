package viz

import (
	"image/color"
	"math"
)

// An Epoch is a point of each curve that Curves draws. A value that is NaN is
// left out.
type Epoch struct {
	// Epoch is the number of epochs done; 0.2 is a fifth of the first one.
	Epoch float64
	// TrainLoss and TrainAccuracy are means over the epoch, as far as it is done.
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
	line := func(name string, c color.NRGBA, dash Dash, value func(e Epoch) float64) Line {
		l := Line{Name: name, Color: c, Dash: dash}
		for _, e := range epochs {
			if v := value(e); !math.IsNaN(v) {
				l.X, l.Y = append(l.X, e.Epoch), append(l.Y, v)
			}
		}
		return l
	}
	return &Figure{
		Title:  title,
		XLabel: "epoch",
		Lines: []Line{
			line("train loss", blue, Solid, func(e Epoch) float64 { return e.TrainLoss }),
			line("train accuracy", magenta, Dashed, func(e Epoch) float64 { return e.TrainAccuracy }),
			line("test accuracy", green, DashDot, func(e Epoch) float64 { return e.TestAccuracy }),
		},
	}
}
