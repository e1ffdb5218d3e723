package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train/runfolder"
)

// The plotting area within a chart of 360×230 units.
const (
	plotLeft, plotRight = 44.0, 348.0
	plotTop, plotBottom = 12.0, 196.0
)

// A chart is a line chart as SVG.
type chart struct {
	Name    string
	Lines   []line
	X, Y    []tick
	Summary string // for screen readers
}

// A line is a curve. Its style is a number of the style sheet: each has another
// colour and is dashed in another way.
type line struct {
	Name  string
	Style int
	Path  string
	Dots  [][2]string
	last  float64
}

// A tick is a mark of an axis.
type tick struct{ At, Label string }

type point struct{ x, y float64 }

// charts draws the loss and, where there is one, the accuracy over the epochs.
// tested is the name of the test's curve.
func charts(h *runfolder.History, tested string) []chart {
	var trainLoss, trainAccuracy, testLoss, testAccuracy []point
	for _, p := range h.Points {
		trainLoss, trainAccuracy = append(trainLoss, point{p.Epochs, p.Loss}), append(trainAccuracy, point{p.Epochs, p.Accuracy})
	}
	for _, r := range h.Rows {
		at := float64(r.Epoch)
		trainLoss, trainAccuracy = append(trainLoss, point{at, r.TrainLoss}), append(trainAccuracy, point{at, r.TrainAccuracy})
		testLoss, testAccuracy = append(testLoss, point{at, r.TestLoss}), append(testAccuracy, point{at, r.TestAccuracy})
	}
	var list []chart
	for _, c := range []chart{
		newChart("Loss", 0, tested, trainLoss, testLoss),
		newChart("Accuracy", 1, tested, trainAccuracy, testAccuracy),
	} {
		if len(c.Lines) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// newChart draws a chart whose vertical axis begins at 0 and ends at most, or above
// the highest value if most is 0.
func newChart(name string, most float64, testName string, trained, tested []point) chart {
	trained, tested = drawable(trained), drawable(tested)
	c := chart{Name: name}
	if len(trained)+len(tested) == 0 {
		return c
	}
	right := 1.0
	for _, p := range slices.Concat(trained, tested) {
		right = max(right, p.x)
		if name == "Loss" {
			most = max(most, p.y)
		}
	}
	step := niceStep(most / 4)
	top := step * math.Ceil(most/step-1e-9)
	if top <= 0 {
		top = 1
	}
	x := func(v float64) float64 { return plotLeft + v/right*(plotRight-plotLeft) }
	y := func(v float64) float64 { return plotBottom - v/top*(plotBottom-plotTop) }
	for v := 0.0; v <= top*1.0001; v += step {
		c.Y = append(c.Y, tick{coordinate(y(v)), fmt.Sprintf("%.4g", v)})
	}
	for v, by := 0.0, math.Ceil(niceStep(right/6)); v <= right; v += by {
		c.X = append(c.X, tick{coordinate(x(v)), fmt.Sprintf("%.0f", v)})
	}
	for i, points := range [][]point{trained, tested} {
		if len(points) == 0 {
			continue
		}
		l := line{Name: []string{"training", testName}[i], Style: i + 1, last: points[len(points)-1].y}
		var path strings.Builder
		for j, p := range points {
			fmt.Fprintf(&path, "%c%s %s", "ML"[min(j, 1)], coordinate(x(p.x)), coordinate(y(p.y)))
			if len(points) <= 30 {
				l.Dots = append(l.Dots, [2]string{coordinate(x(p.x)), coordinate(y(p.y))})
			}
		}
		l.Path = path.String()
		c.Lines = append(c.Lines, l)
	}
	var ends []string
	for _, l := range c.Lines {
		ends = append(ends, fmt.Sprintf("%s ends at %.3g", l.Name, l.last))
	}
	c.Summary = fmt.Sprintf("%s over %.0f epochs: %s.", name, right, strings.Join(ends, ", "))
	return c
}

// drawable returns the points that are finite, in the order of x.
func drawable(points []point) []point {
	var list []point
	for _, p := range points {
		if !math.IsNaN(p.y) && !math.IsInf(p.y, 0) && !math.IsNaN(p.x) && !math.IsInf(p.x, 0) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b point) int { return cmp.Compare(a.x, b.x) })
	return thinPoints(list)
}

// thinPoints returns at most about 1,000 points, the first and the last among them.
func thinPoints(points []point) []point {
	const most = 1000
	if len(points) <= most {
		return points
	}
	list := make([]point, 0, most)
	for i := range most {
		list = append(list, points[i*(len(points)-1)/(most-1)])
	}
	return list
}

// niceStep returns 1, 2, 2.5 or 5 times a power of ten, at least v.
func niceStep(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 2.5, 5} {
		if n*unit >= v*(1-1e-9) {
			return n * unit
		}
	}
	return 10 * unit
}

// coordinate writes a coordinate with one digit behind the point.
func coordinate(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

// A reliabilityDiagram is a bar for each bin: how often the model was right when it
// was that sure.
type reliabilityDiagram struct {
	Bars    []bar
	Ticks   []tick
	XTicks  []tick
	Summary string
}

// A bar has the place of a bin's accuracy and of its mean confidence, and its share
// of all images.
type bar struct{ X, Width, Y, Height, Gap, GapHeight, Share string }

type binRow struct {
	Low, High, Confidence, Accuracy float64
	Images                          int
}

func newReliabilityDiagram(r *metrics.Reliability) (reliabilityDiagram, []binRow) {
	d := reliabilityDiagram{}
	y := func(v float64) float64 { return plotBottom - v*(plotBottom-plotTop) }
	x := func(v float64) float64 { return plotLeft + v*(plotRight-plotLeft) }
	for v := 0; v <= 4; v++ {
		share := float64(v) / 4
		d.Ticks = append(d.Ticks, tick{coordinate(y(share)), fmt.Sprint(share)})
		d.XTicks = append(d.XTicks, tick{coordinate(x(share)), fmt.Sprint(share)})
	}
	var rows []binRow
	total := 0
	for _, b := range r.Bins() {
		total += b.Images
	}
	for _, b := range r.Bins() {
		if b.Images == 0 {
			continue
		}
		rows = append(rows, binRow{b.Low, b.High, b.MeanConfidence(), b.Accuracy(), b.Images})
		high, low := max(b.Accuracy(), b.MeanConfidence()), min(b.Accuracy(), b.MeanConfidence())
		d.Bars = append(d.Bars, bar{
			X: coordinate(x(b.Low) + .75), Width: coordinate(x(b.High) - x(b.Low) - 1.5),
			Y: coordinate(y(b.Accuracy())), Height: coordinate(plotBottom - y(b.Accuracy())),
			Gap: coordinate(y(high)), GapHeight: coordinate(y(low) - y(high)),
			Share: fmt.Sprintf("%.2f", .25+.75*math.Sqrt(float64(b.Images)/float64(total))),
		})
	}
	d.Summary = fmt.Sprintf("Reliability diagram: accuracy against confidence in %d bins. Expected calibration error %s, largest error %s.",
		len(rows), percent(r.ECE()), percent(r.MCE()))
	return d, rows
}
