package results

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/internal/atomicfile"
)

// Sizes of the picture of curves in points.
const (
	curveWidth  = vg.Length(450)
	curveHeight = vg.Length(250)
)

// A dimension is what speed is drawn against.
type dimension struct {
	name string
	of   func(c *Case) *int
	log  bool
}

var dimensions = []dimension{
	{"batch", func(c *Case) *int { return &c.Batch }, true},
	{"resolution", func(c *Case) *int { return &c.Resolution }, false},
	{"threads", func(c *Case) *int { return &c.Threads }, false},
}

// A curve has the results of one network that differ in one dimension alone, sorted.
type curve struct {
	dimension dimension
	results   []*Result
}

// curves are those of at least two results. A case can be in several.
func curves(results []Result) []curve {
	var out []curve
	for _, d := range dimensions {
		found := map[Case]int{} // the rest of the case: index of the curve
		for i := range results {
			r := &results[i]
			if r.Mode != Infer || len(r.Engines) == 0 {
				continue
			}
			rest := r.Case
			*d.of(&rest) = 0
			at, ok := found[rest]
			if !ok {
				at = len(out)
				found[rest] = at
				out = append(out, curve{dimension: d})
			}
			out[at].results = append(out[at].results, r)
		}
	}
	out = slices.DeleteFunc(out, func(c curve) bool { return len(c.results) < 2 })
	for _, c := range out {
		slices.SortFunc(c.results, func(a, b *Result) int { return c.x(a) - c.x(b) })
	}
	return out
}

func (c curve) x(r *Result) int { return *c.dimension.of(&r.Case) }

// title names what all results of the curve have in common.
func (c curve) title() string {
	r := c.results[0]
	parts := []string{strings.TrimPrefix(r.Net, "torchvision/"), r.Precision}
	for _, d := range dimensions {
		v := *d.of(&r.Case)
		switch {
		case d.name == c.dimension.name:
		case d.name == "resolution":
			parts = append(parts, fmt.Sprintf("%d × %d", v, v))
		case d.name == "threads" && v == 1:
			parts = append(parts, "1 thread")
		case d.name == "threads":
			parts = append(parts, fmt.Sprintf("%d threads", v))
		default:
			parts = append(parts, fmt.Sprintf("%s %d", d.name, v))
		}
	}
	return strings.Join(parts, ", ")
}

// WriteCurves draws, for results that differ in batch, resolution or threads alone,
// images a second and beside it peak memory, as an SVG or PNG file by the name's end.
func WriteCurves(path string, results []Result) error {
	list := curves(results)
	if len(list) == 0 {
		return fmt.Errorf("%s: there are no results that differ only in batch, resolution or threads", path)
	}
	width, height := 2*curveWidth, curveHeight*vg.Length(len(list))
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch ext := filepath.Ext(path); ext {
	case ".svg":
		canvas = vgsvg.New(width, height)
	case ".png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(chartDPI))}
	default:
		return fmt.Errorf("%s: want a name that ends in .svg or .png", path)
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	for i, v := range list {
		below := curveHeight * vg.Length(len(list)-1-i)
		for side, y := range []yAxis{
			{"images a second", func(r *Result, f *Figures) float64 { return float64(r.Batch) / stats.Median(f.Seconds) }},
			{"peak memory in MB", func(_ *Result, f *Figures) float64 { return float64(f.PeakBytes) / 1e6 }},
		} {
			drawn, err := v.plot(y, side == 1)
			if err != nil {
				return err
			}
			left := curveWidth * vg.Length(side)
			drawn.Draw(draw.Crop(c, left+8, left+curveWidth-10-c.Max.X, below+6, below+curveHeight-8-c.Max.Y))
		}
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		_, err := canvas.WriteTo(w)
		return err
	})
}

// A yAxis is what is drawn upwards.
type yAxis struct {
	name string
	of   func(*Result, *Figures) float64
}

// curveColors are those of Engines.
var curveColors = []color.Color{
	color.RGBA{0x2F, 0x6D, 0xA8, 0xFF}, color.RGBA{0xD9, 0x5F, 0x02, 0xFF}, color.RGBA{0x1B, 0x9E, 0x77, 0xFF}, color.RGBA{0x75, 0x70, 0xB3, 0xFF},
	color.RGBA{0xE7, 0x29, 0x8A, 0xFF}, color.RGBA{0x66, 0xA6, 0x1E, 0xFF}, color.RGBA{0xA6, 0x76, 0x1D, 0xFF}, color.RGBA{0x66, 0x66, 0x66, 0xFF},
}

func (c curve) plot(y yAxis, legend bool) (*plot.Plot, error) {
	out := plot.New()
	out.BackgroundColor = nil
	out.Title.Text, out.X.Label.Text, out.Y.Label.Text = c.title(), c.dimension.name, y.name
	chartStyle(&out.Title.TextStyle, 10)
	for _, axis := range []*plot.Axis{&out.X, &out.Y} {
		chartStyle(&axis.Label.TextStyle, 9)
		chartStyle(&axis.Tick.Label, 8)
		axis.LineStyle = draw.LineStyle{Color: chartInk, Width: vg.Points(.8)}
		axis.Tick.LineStyle = axis.LineStyle
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: chartFaint, Width: vg.Points(.7)}
	out.Add(grid)
	for i, engine := range Engines {
		var points plotter.XYs
		for _, r := range c.results {
			if f := r.Of(engine); f != nil && y.of(r, f) > 0 {
				points = append(points, plotter.XY{X: float64(c.x(r)), Y: y.of(r, f)})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = curveColors[i], vg.Points(1.2)
		dots.GlyphStyle = draw.GlyphStyle{Color: curveColors[i], Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		if engine == Stride {
			line.Width = vg.Points(2.2)
		}
		out.Add(line, dots)
		if legend {
			out.Legend.Add(engine, line)
		}
	}
	out.Y.Min = 0
	out.Legend.Top, out.Legend.Left = true, true
	chartStyle(&out.Legend.TextStyle, 8)
	var ticks []plot.Tick
	for _, r := range c.results {
		ticks = append(ticks, plot.Tick{Value: float64(c.x(r)), Label: strconv.Itoa(c.x(r))})
	}
	out.X.Tick.Marker = plot.ConstantTicks(ticks)
	if c.dimension.log {
		out.X.Scale = plot.LogScale{}
	}
	return out, nil
}
