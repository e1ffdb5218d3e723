package results

import (
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/strideml/stride/internal/atomicfile"
)

// Sizes of the picture in points; a PNG has two pixels for each.
const (
	chartWidth  = vg.Length(900)
	panelHeight = vg.Length(270)
	barWidth    = vg.Length(15)
	chartDPI    = 144
)

var (
	chartInk   = color.Gray{0x26}
	chartFaint = color.Gray{0xE2}
	goalColor  = color.RGBA{0xC4, 0x3C, 0x39, 0xFF}
	barColors  = []color.Color{color.RGBA{0x2F, 0x6D, 0xA8, 0xFF}, color.RGBA{0x8F, 0xBC, 0xE0, 0xFF}}
)

// A panel is a bar chart: for each network a bar of each series.
type panel struct {
	title  string
	names  []string
	labels []string // the same for people
	series []series
	goals  []float64 // horizontal lines
}

// A series has one ratio's rounds for each name, empty where there is none.
type series struct {
	name   string
	values [][]float64
}

// panels are those that have something to show.
func panels(results []Result) []panel {
	var out []panel
	for _, k := range []struct {
		mode, precision, rival, title string
		goals                         []float64
	}{
		{Train, Float32, PyTorch, "Training: times the speed of PyTorch", []float64{1, trainGoal}},
		{Train, BFloat16, PyTorch, "Training in bfloat16: times the speed of PyTorch with autocast", []float64{1, bf16TrainGoal}},
		{Infer, Float32, ONNXRuntime, "Inference: times the speed of ONNX Runtime", []float64{inferEachGoal, inferMeanGoal}},
		{Infer, BFloat16, OpenVINO, "Inference in bfloat16: times the speed of OpenVINO", []float64{1, lowMeanGoal}},
		{Infer, Int8, OpenVINO, "Inference in int8: times the speed of OpenVINO", []float64{1, lowMeanGoal}},
	} {
		p := panel{title: k.title, goals: k.goals}
		var one, many series
		for i := range results {
			r := &results[i]
			values := r.faster(k.rival)
			if r.Mode != k.mode || r.Precision != k.precision || values == nil {
				continue
			}
			at := slices.Index(p.names, r.Net)
			if at < 0 {
				at = len(p.names)
				p.names, one.values, many.values = append(p.names, r.Net), append(one.values, nil), append(many.values, nil)
				p.labels = append(p.labels, fmt.Sprintf("%s\n%d px", strings.TrimPrefix(r.Net, "torchvision/"), r.Resolution))
			}
			if r.Batch == 1 {
				one.values[at] = values
			} else {
				many.values[at] = values // the largest, for they are sorted
			}
		}
		one.name, many.name = "one image", "a batch"
		for _, s := range []series{one, many} {
			if slices.ContainsFunc(s.values, func(v []float64) bool { return v != nil }) {
				p.series = append(p.series, s)
			}
		}
		if len(p.names) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// WriteChart draws the ratios of a report as a PNG file.
func WriteChart(path string, results []Result) error {
	list := panels(results)
	if len(list) == 0 {
		return fmt.Errorf("%s: there is no ratio to draw", path)
	}
	canvas := vgimg.NewWith(vgimg.UseWH(chartWidth, panelHeight*vg.Length(len(list))), vgimg.UseDPI(chartDPI))
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	for i, p := range list {
		drawn, err := p.plot()
		if err != nil {
			return err
		}
		below := panelHeight * vg.Length(len(list)-1-i)
		drawn.Draw(draw.Crop(c, 8, -10, below+6, below+panelHeight-8-c.Max.Y))
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error { return png.Encode(w, canvas.Image()) })
}

func (p panel) plot() (*plot.Plot, error) {
	out := plot.New()
	out.BackgroundColor = nil
	out.Title.Text = p.title
	out.Title.Padding = vg.Points(6)
	chartStyle(&out.Title.TextStyle, 12)
	for _, axis := range []*plot.Axis{&out.X, &out.Y} {
		chartStyle(&axis.Tick.Label, 9)
		axis.LineStyle = draw.LineStyle{Color: chartInk, Width: vg.Points(.8)}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: chartFaint, Width: vg.Points(.7)}
	out.Add(grid)
	out.NominalX(p.labels...)
	chartStyle(&out.X.Tick.Label, 8)
	top := slices.Max(p.goals)
	for i, s := range p.series {
		high, err := s.add(out, barColors[i%len(barColors)], barWidth*(vg.Length(i)-vg.Length(len(p.series)-1)/2))
		if err != nil {
			return nil, err
		}
		top = max(top, high)
	}
	p.addGoals(out)
	out.X.Min, out.X.Max = -.6, float64(len(p.names))-.4
	out.Y.Min, out.Y.Max = 0, top*1.2
	out.Y.Tick.Marker = plot.TickerFunc(ratioTicks)
	out.Legend.Top = true
	out.Legend.Padding = vg.Points(2)
	chartStyle(&out.Legend.TextStyle, 9)
	return out, nil
}

// ratioTicks are at multiples of 0.5, 1, 2 or 5, …, ten of them at most.
func ratioTicks(low, high float64) (ticks []plot.Tick) {
	step := .5
	for factors := []float64{2, 2, 2.5}; (high-low)/step > 10; factors = append(factors[1:], factors[0]) {
		step *= factors[0]
	}
	for v := math.Ceil(low/step) * step; v <= high; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
	}
	return ticks
}

// add draws the bars, their quartiles and the medians in figures, and returns
// the greatest value.
func (s series) add(out *plot.Plot, fill color.Color, offset vg.Length) (top float64, err error) {
	heights := make(plotter.Values, len(s.values))
	var spread quartiles
	var marks plotter.XYLabels
	for i, values := range s.values {
		if values == nil {
			continue
		}
		v := summarize(values)
		heights[i] = v.median
		spread.XYs = append(spread.XYs, plotter.XY{X: float64(i), Y: v.median})
		spread.YErrors = append(spread.YErrors, struct{ Low, High float64 }{v.median - v.q1, v.q3 - v.median})
		marks.XYs = append(marks.XYs, plotter.XY{X: float64(i), Y: v.q3})
		marks.Labels = append(marks.Labels, fmt.Sprintf("%.1f", v.median))
		top = max(top, v.q3)
	}
	bars, err := plotter.NewBarChart(heights, barWidth)
	if err != nil {
		return 0, err
	}
	bars.Color, bars.Offset, bars.LineStyle.Width = fill, offset, 0
	figures, err := plotter.NewLabels(marks)
	if err != nil {
		return 0, err
	}
	figures.Offset = vg.Point{X: offset, Y: vg.Points(2)}
	for i := range figures.TextStyle {
		chartStyle(&figures.TextStyle[i], 8)
		figures.TextStyle[i].XAlign = text.XCenter
	}
	out.Add(bars, whiskers{spread, offset}, figures)
	out.Legend.Add(s.name, bars)
	return top, nil
}

// addGoals draws a line across the chart at each goal; at 1 the engines are
// equally fast.
func (p panel) addGoals(out *plot.Plot) {
	for _, goal := range p.goals {
		line := plotter.NewFunction(func(float64) float64 { return goal })
		line.LineStyle = draw.LineStyle{Color: goalColor, Width: vg.Points(.9), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
		if goal == 1 {
			line.LineStyle = draw.LineStyle{Color: chartInk, Width: vg.Points(.9)}
		}
		line.XMin, line.XMax, line.Samples = -.6, float64(len(p.names))-.4, 2
		out.Add(line)
		if goal != 1 {
			out.Legend.Add(fmt.Sprintf("goal: %.1f", goal), line)
		}
	}
}

type quartiles struct {
	plotter.XYs
	plotter.YErrors
}

// whiskers draws quartiles at an offset, which plotter.YErrorBars cannot.
type whiskers struct {
	quartiles
	offset vg.Length
}

// Plot implements plot.Plotter.
func (w whiskers) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	sty := draw.LineStyle{Color: chartInk, Width: vg.Points(.8)}
	for i, at := range w.XYs {
		x, e := toX(at.X)+w.offset, w.YErrors[i]
		low, high := toY(at.Y-e.Low), toY(at.Y+e.High)
		c.StrokeLine2(sty, x, low, x, high)
		c.StrokeLine2(sty, x-2, low, x+2, low)
		c.StrokeLine2(sty, x-2, high, x+2, high)
	}
}

func chartStyle(s *text.Style, size float64) {
	s.Font.Variant = "Sans"
	s.Font.Size = vg.Points(size)
	s.Color = chartInk
}
