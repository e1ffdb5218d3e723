package curves

import (
	"fmt"
	"image/color"

	"github.com/strideml/stride/train"
	"github.com/strideml/stride/viz"
)

// Rate returns the curve of train.FindLearningRate: the smoothed loss and the losses of
// the batches against the learning rate, which has a logarithmic axis, and the rates that
// it suggests.
func Rate(c *train.RateCurve) *viz.Figure {
	top := 0.0
	for _, loss := range c.Losses {
		top = max(top, loss)
	}
	batches := viz.Line{Name: "loss of the batch", Color: color.NRGBA{0xB8, 0xB8, 0xB8, 0xFF}}
	for i, loss := range c.BatchLosses {
		if loss <= 1.2*top { // one that explodes would make the rest flat
			batches.X, batches.Y = append(batches.X, c.Rates[i]), append(batches.Y, loss)
		}
	}
	figure := &viz.Figure{Title: "learning rate finder", XLabel: "learning rate", LogX: true, Lines: []viz.Line{
		batches, {Name: "loss, smoothed", X: c.Rates, Y: c.Losses, Color: palette[0]},
	}}
	for i, s := range []struct {
		name string
		rate float64
	}{{"valley", c.Valley}, {"steepest", c.Steepest}} {
		if s.rate > 0 {
			figure.Lines = append(figure.Lines, viz.Line{
				Name: fmt.Sprintf("%s: %.2g", s.name, s.rate), X: []float64{s.rate, s.rate}, Y: []float64{0, top},
				Color: palette[i+1], Dash: []viz.Dash{viz.Dashed, viz.Dotted}[i],
			})
		}
	}
	return figure
}
