package viz

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/strideml/stride/internal/fonts"
)

// Dash says how a line is broken.
type Dash int

// The ways to draw a line.
const (
	Solid Dash = iota
	Dashed
	DashDot
	Dotted
)

var dashes = map[Dash][]vg.Length{
	Dashed:  {vg.Points(4), vg.Points(2)},
	DashDot: {vg.Points(6), vg.Points(2), vg.Points(1), vg.Points(2)},
	Dotted:  {vg.Points(1), vg.Points(2)},
}

// A Line is one curve of a Figure.
type Line struct {
	// Name is its name in the legend.
	Name string
	// X and Y have the same length. Points that are not finite are left out.
	X, Y []float64
	// Color is the line's colour; black if nil.
	Color color.Color
	// Dash is the line's style.
	Dash Dash
}

// A Figure is a line chart whose vertical axis begins at 0.
type Figure struct {
	// Title is drawn above the chart, if it is not empty.
	Title string
	// XLabel is drawn below the horizontal axis, if it is not empty.
	XLabel string
	// LogX makes the horizontal axis logarithmic; points whose x is not above 0 are
	// left out.
	LogX bool
	// Lines are drawn in order, later ones on top.
	Lines []Line
	// FontFile names a TrueType or OpenType font or collection (.ttf, .otf, .ttc) for
	// characters of Title, XLabel and Lines that Liberation Sans lacks, such as Chinese
	// ones. If it is empty, a font that is installed on this machine is looked for. It
	// is for PNG only: in an SVG file the viewer chooses fonts.
	FontFile string
	// Width and Height are in points (1/72 inch); 0 means 396 and 270.
	Width, Height float64
}

// Resolution of PNG files in pixels per inch: twice the points, for sharp
// pictures on dense screens.
const dotsPerInch = 144

var (
	ink   = color.Gray{0x26}
	faint = color.Gray{0xE2}
)

// WritePNG writes the figure as a PNG picture, two pixels per point. It is an error
// if a line has different numbers of x and y, or w fails, and a [MissingError] if the
// texts have characters that no font here has.
func (f *Figure) WritePNG(w io.Writer) error {
	h, err := newHandler(f.FontFile, f.normal().texts())
	if err != nil {
		return err
	}
	p, err := f.normal().plot(h)
	if err != nil {
		return err
	}
	width, height := f.size()
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))
	paint(p, canvas)
	return png.Encode(w, canvas.Image())
}

// WriteSVG writes the figure as an SVG picture, whose texts any viewer draws in fonts
// of its own. It is an error if a line has different numbers of x and y, if a text has
// a control character, or w fails.
func (f *Figure) WriteSVG(w io.Writer) error {
	if err := checkXML(f.texts()); err != nil {
		return err
	}
	p, err := f.plot(handler{Plain: text.Plain{Fonts: plot.DefaultTextHandler.Cache()}})
	if err != nil {
		return err
	}
	canvas := vgsvg.New(f.size())
	paint(p, canvas)
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// Where Liberation Sans is missing, these have the same widths.
	svg := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	_, err = w.Write(svg)
	return err
}

// paint draws the chart on white paper with a margin.
func paint(p *plot.Plot, canvas vg.CanvasSizer) {
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	p.BackgroundColor = nil
	p.Draw(draw.Crop(c, 8, -10, 6, -8))
}

func (f *Figure) size() (width, height vg.Length) {
	width, height = vg.Points(f.Width), vg.Points(f.Height)
	if width <= 0 {
		width = vg.Points(396)
	}
	if height <= 0 {
		height = vg.Points(270)
	}
	return width, height
}

// texts are all that the figure says.
func (f *Figure) texts() []string {
	list := []string{f.Title, f.XLabel}
	for _, l := range f.Lines {
		list = append(list, l.Name)
	}
	return list
}

// normal returns the figure with its texts in the form that fonts take.
func (f *Figure) normal() *Figure {
	g := *f
	g.Title, g.XLabel, g.Lines = fonts.Normal(f.Title), fonts.Normal(f.XLabel), slices.Clone(f.Lines)
	for i := range g.Lines {
		g.Lines[i].Name = fonts.Normal(g.Lines[i].Name)
	}
	return &g
}

func (f *Figure) plot(h handler) (*plot.Plot, error) {
	p := plot.New()
	p.TextHandler = h
	p.Title.TextStyle.Handler, p.X.Label.TextStyle.Handler, p.Y.Label.TextStyle.Handler = h, h, h
	p.Title.Text = f.Title
	p.Title.Padding = vg.Points(6)
	style(&p.Title.TextStyle, 12)
	p.X.Label.Text = f.XLabel
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		style(&axis.Label.TextStyle, 11)
		style(&axis.Tick.Label, 10)
		axis.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(.8)}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = vg.Points(3.5)
		axis.Label.Padding = vg.Points(4)
		axis.Padding = 0
	}
	p.Y.Label.Padding = 0

	grid := plotter.NewGrid()
	grid.Horizontal = draw.LineStyle{Color: faint, Width: vg.Points(.7)}
	grid.Vertical = grid.Horizontal
	p.Add(grid)

	lo, hi, top := math.Inf(1), math.Inf(-1), 0.0
	var entries []entry
	for _, line := range f.Lines {
		if len(line.X) != len(line.Y) {
			return nil, fmt.Errorf("line %q has %d values for x and %d for y", line.Name, len(line.X), len(line.Y))
		}
		var points plotter.XYs
		for i, x := range line.X {
			if y := line.Y[i]; finite(x) && finite(y) && (x > 0 || !f.LogX) {
				points = append(points, plotter.XY{X: x, Y: y})
				lo, hi, top = min(lo, x), max(hi, x), max(top, y)
			}
		}
		if len(points) == 0 {
			continue
		}
		drawn, err := drawnLine(line, points)
		if err != nil {
			return nil, err
		}
		p.Add(drawn...)
		entries = append(entries, entry{line.Name, drawn[0].(plot.Thumbnailer), points})
	}
	p.X.Min, p.X.Max = f.across(lo, hi)
	p.Y.Min, p.Y.Max = 0, headroom(top)
	p.X.Tick.Marker = ticks{whole: true, about: 10}
	if f.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	}
	p.Y.Tick.Marker = ticks{about: 6}
	p.Add(&legend{entries})
	return p, nil
}

// across returns the ends of the horizontal axis for values from lo to hi; lo is
// greater if there are none.
func (f *Figure) across(lo, hi float64) (left, right float64) {
	switch {
	case lo > hi && f.LogX:
		return 1, 10
	case lo > hi:
		return 0, 1
	case lo == hi && f.LogX:
		return lo / 2, hi * 2
	case lo == hi:
		return lo - .5, hi + .5
	}
	return lo, hi
}

// drawnLine returns the plotters of a line; a single point gets a dot, for a
// line of one point cannot be seen.
func drawnLine(line Line, points plotter.XYs) ([]plot.Plotter, error) {
	c := line.Color
	if c == nil {
		c = ink
	}
	drawn, err := plotter.NewLine(points)
	if err != nil {
		return nil, fmt.Errorf("line %q: %w", line.Name, err)
	}
	drawn.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(1.6), Dashes: dashes[line.Dash]}
	if len(points) > 1 {
		return []plot.Plotter{drawn}, nil
	}
	dot, err := plotter.NewScatter(points)
	if err != nil {
		return nil, fmt.Errorf("line %q: %w", line.Name, err)
	}
	dot.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
	return []plot.Plotter{drawn, dot}, nil
}

func style(s *text.Style, size float64) {
	s.Font.Variant = "Sans"
	s.Font.Size = vg.Points(size)
	s.Color = ink
}

// headroom returns the top of an axis for values up to top.
func headroom(top float64) float64 {
	if top <= 0 {
		return 1
	}
	return top * 1.04
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// decades places ticks at the powers of ten, every other one if there are many.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(lo, hi float64) []plot.Tick {
	const most = 10
	first, last := math.Ceil(math.Log10(lo)-1e-9), math.Floor(math.Log10(hi)+1e-9)
	step := max(1, math.Ceil((last-first+1)/most))
	var out []plot.Tick
	for e := first; e <= last; e += step {
		v := math.Pow(10, e)
		out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
	}
	return out
}

// ticks places about so many ticks at multiples of 1, 2 or 5 times a power of
// ten.
type ticks struct {
	whole bool // only whole numbers
	about int
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	step := t.step(hi - lo)
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var out []plot.Tick
	for k := math.Ceil(lo/step-1e-9) + 0; k*step <= hi*(1+1e-12); k++ {
		out = append(out, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step, 'f', digits, 64)})
	}
	return out
}

func (t ticks) step(width float64) float64 {
	for exponent := math.Floor(math.Log10(width / float64(t.about))); ; exponent++ {
		for _, m := range []float64{1, 2, 5} {
			step := m * math.Pow(10, exponent)
			if t.whole && step < 1 {
				continue
			}
			if width/step <= float64(t.about) {
				return step
			}
		}
	}
}
