package curves_test

import (
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/curves"
	"github.com/strideml/stride/viz"
)

// Two lines for each run, in its colour; without accuracy the second is the loss.
func TestCompare(t *testing.T) {
	nan := math.NaN()
	f := curves.Compare("a\nb", []curves.Named{
		{Name: "first", History: &train.History{Rows: []train.Row{
			{Epoch: 1, TrainLoss: 2, TrainAccuracy: .5, TestAccuracy: .25}, {Epoch: 2, TrainLoss: 1, TrainAccuracy: .75, TestAccuracy: nan},
		}}},
		{Name: "second\x1b", History: &train.History{Rows: []train.Row{{Epoch: 1, TrainLoss: 3, TrainAccuracy: nan, TestLoss: 4, TestAccuracy: nan}}}},
	})
	if f.Title != `a\nb` || len(f.Lines) != 4 || f.Lines[0].Color != f.Lines[1].Color || f.Lines[0].Color == f.Lines[2].Color {
		t.Fatalf("%+v", f)
	}
	for i, want := range []viz.Line{
		{Name: "first: train loss", X: []float64{1, 2}, Y: []float64{2, 1}},
		{Name: "first: test accuracy", X: []float64{1}, Y: []float64{.25}, Dash: viz.DashDot},
		{Name: `second\u001b: train loss`, X: []float64{1}, Y: []float64{3}},
		{Name: `second\u001b: test loss`, X: []float64{1}, Y: []float64{4}, Dash: viz.DashDot},
	} {
		if l := f.Lines[i]; l.Name != want.Name || !slices.Equal(l.X, want.X) || !slices.Equal(l.Y, want.Y) || l.Dash != want.Dash {
			t.Errorf("got %+v, want %+v", l, want)
		}
	}
}

// The finder's figure has both curves and the suggestions that there are.
func TestRate(t *testing.T) {
	c := &train.RateCurve{Rates: []float64{1e-3, 1e-2, 1e-1}, BatchLosses: []float64{2, 1, 50}, Losses: []float64{2, 1.5, 8}, Valley: 1e-2}
	f := curves.Rate(c)
	if !f.LogX || len(f.Lines) != 3 || f.Lines[2].Name != "valley: 0.01" || !slices.Equal(f.Lines[0].X, []float64{1e-3, 1e-2}) || !slices.Equal(f.Lines[1].Y, c.Losses) {
		t.Errorf("%+v", f)
	}
}
