package diagram

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// A Line is a curve of a [Chart].
type Line struct {
	// Name stands in the legend; "" for none.
	Name string
	// X and Y are of the same length. Points that are not finite are left out, and interrupt the curve.
	X, Y []float64
	// Color is the curve's, whose dashes go with it. The zero value takes the colours in their order.
	Color LineColor
	// Dots draws a dot at each point.
	Dots bool
}

// A LineColor is the colour of a line or band; Auto takes the next colour.
type LineColor int

// Auto is the colour in the order of lines; OfColor names one.
const Auto LineColor = 0

// OfColor returns a colour for a line or a band.
func OfColor(c Color) LineColor { return LineColor(c) + 1 }

func (c LineColor) at(i int) Color {
	if c == Auto {
		return Color(i % int(Grey))
	}
	return Color(c - 1)
}

// A Band is the area between two curves of a [Chart], such as the quantiles of 5 and 95 per cent. Bands of the
// same colour that lie in each other show the distribution.
type Band struct {
	// Name stands in the legend; "" for none.
	Name string
	// X, Low and High are of the same length; all must be finite.
	X, Low, High []float64
	// Color is that of the area; the zero value is Blue.
	Color Color
}

// A Chart is a line chart.
type Chart struct {
	// Title and Description are read by screen readers. Heading is drawn above the chart; it may be empty.
	Title, Description, Heading string
	// XLabel and YLabel are drawn at the axes; "" for none.
	XLabel, YLabel string
	// Lines are drawn over the Bands.
	Lines []Line
	Bands []Band
	// LogX and LogY make an axis logarithmic. Points that are not above 0 are left out.
	LogX, LogY bool
	// Ticks name the values 0, 1, 2, … of the horizontal axis, such as layers; nil writes numbers.
	Ticks []string
	// Zero lets the vertical axis begin at 0.
	Zero bool
	// Width and Height are those of the area between the axes in pixels; 0 means 360 and 220.
	Width, Height float64
}

// An axis maps values to pixels.
type axis struct {
	lo, hi float64
	log    bool
	from   float64 // pixel of lo
	to     float64 // pixel of hi
}

func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi, v = math.Log10(lo), math.Log10(hi), math.Log10(v)
	}
	return a.from + float64((v-lo)/(hi-lo)*(a.to-a.from))
}

func (a axis) has(v float64) bool { return v-v == 0 && (v > 0 || !a.log) }

// ticks returns about n round values.
func (a axis) ticks(n int) []float64 {
	var out []float64
	if a.log {
		first, last := math.Ceil(math.Log10(a.lo)-1e-9), math.Floor(math.Log10(a.hi)+1e-9)
		step := max(1, math.Ceil((last-first+1)/float64(n)))
		for e := first; e <= last; e += step {
			out = append(out, math.Pow(10, e))
		}
		return out
	}
	step := niceStep((a.hi - a.lo) / float64(n))
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+step*1e-9; k++ {
		out = append(out, k*step)
	}
	return out
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is at least so large.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// tickText writes a value of an axis.
func (a axis) tickText(v float64, ticks []float64) string {
	if a.log {
		e := math.Round(math.Log10(v))
		far := len(ticks) > 0 && (ticks[0] < 1e-3 || ticks[len(ticks)-1] > 1e4) // powers for all, then
		switch {
		case far:
		case e >= 0 && e <= 3:
			return svg.Format(v, 0)
		case e < 0 && e >= -2:
			return svg.Format(v, int(-e))
		}
		return "10" + superscript(int(e))
	}
	if math.Abs(v) >= 1e4 {
		return svg.Short(v)
	}
	decimals := 0
	if len(ticks) > 1 {
		decimals = max(0, -int(math.Floor(math.Log10(ticks[1]-ticks[0])+1e-9)))
	}
	return svg.Format(v, decimals)
}

func superscript(n int) string {
	digits := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	var b strings.Builder
	for _, c := range fmt.Sprint(n) {
		if c == '-' {
			b.WriteRune('⁻')
		} else {
			b.WriteRune(digits[c-'0'])
		}
	}
	return b.String()
}

// WriteSVG writes the figure. It is an error if the numbers of x and y differ, if there is nothing to draw, if a text
// has a control character, if there is no title, or if w fails.
func (c Chart) WriteSVG(w io.Writer) error {
	d := svg.New()
	if err := c.draw(d); err != nil {
		return fmt.Errorf("diagram: %q: %w", c.Title, err)
	}
	return d.WriteSVG(w, c.Title, c.Description)
}

func (c Chart) draw(d *svg.Drawing) error {
	wide, high := c.Width, c.Height
	if wide <= 0 {
		wide = 360
	}
	if high <= 0 {
		high = 220
	}
	x, y, err := c.axes()
	if err != nil {
		return err
	}
	x.to, y.from = wide, high
	c.frame(d, x, y, wide, high)
	for _, b := range c.Bands {
		b.draw(d, x, y)
	}
	for i, l := range c.Lines {
		l.draw(d, x, y, l.Color.at(i), i)
	}
	c.legend(d, wide)
	return nil
}

// axes finds the range of all values.
func (c Chart) axes() (x, y axis, err error) {
	x = axis{lo: math.Inf(1), hi: math.Inf(-1), log: c.LogX}
	y = axis{lo: math.Inf(1), hi: math.Inf(-1), log: c.LogY}
	take := func(vx, vy float64) {
		if x.has(vx) && y.has(vy) {
			x.lo, x.hi, y.lo, y.hi = min(x.lo, vx), max(x.hi, vx), min(y.lo, vy), max(y.hi, vy)
		}
	}
	for _, l := range c.Lines {
		if len(l.X) != len(l.Y) {
			return x, y, fmt.Errorf("line %q has %d values for x and %d for y", l.Name, len(l.X), len(l.Y))
		}
		for i := range l.X {
			take(l.X[i], l.Y[i])
		}
	}
	for _, b := range c.Bands {
		if len(b.X) != len(b.Low) || len(b.X) != len(b.High) {
			return x, y, fmt.Errorf("band %q has %d values for x and %d and %d for its borders", b.Name, len(b.X), len(b.Low), len(b.High))
		}
		for i := range b.X {
			if !x.has(b.X[i]) || !y.has(b.Low[i]) || !y.has(b.High[i]) {
				return x, y, fmt.Errorf("band %q: point %d is %v: %v to %v, which the axes cannot show", b.Name, i, b.X[i], b.Low[i], b.High[i])
			}
			take(b.X[i], b.Low[i])
			take(b.X[i], b.High[i])
		}
	}
	if x.lo > x.hi {
		return x, y, fmt.Errorf("there is no point to draw")
	}
	if c.Ticks != nil {
		x.lo, x.hi = min(x.lo, 0)-0.3, max(x.hi, float64(len(c.Ticks)-1))+0.3
	}
	widen(&x)
	if c.Zero && !c.LogY {
		y.lo, y.hi = min(0, y.lo), max(0, y.hi)
	}
	widen(&y)
	if !c.LogY {
		if room := (y.hi - y.lo) * 0.04; y.lo != 0 || !c.Zero {
			y.lo, y.hi = y.lo-room, y.hi+room
		} else {
			y.hi += room
		}
	}
	return x, y, nil
}

// widen makes room around a single value.
func widen(a *axis) {
	switch {
	case a.lo < a.hi:
	case a.log:
		a.lo, a.hi = a.lo/2, a.hi*2
	default:
		a.lo, a.hi = a.lo-0.5, a.hi+0.5
	}
}

// frame draws the axes, the lines of the grid and the texts around.
func (c Chart) frame(d *svg.Drawing, x, y axis, wide, high float64) {
	ticks := y.ticks(5)
	left := 0.0
	for _, t := range ticks {
		d.Polyline("gridline", 0, y.at(t), wide, y.at(t))
	}
	for _, t := range ticks {
		text := y.tickText(t, ticks)
		d.Write("smallr", -6, y.at(t)+4.5, text)
		left = max(left, svg.Width("smallr", text))
	}
	d.Polyline("axis", 0, 0, 0, high)
	d.Polyline("axis", 0, high, wide, high)
	bottom := high + 18
	if c.Ticks != nil {
		c.names(d, x, wide, high, &bottom)
	} else {
		ticks := x.ticks(6)
		for _, t := range ticks {
			d.Polyline("axis", x.at(t), high, x.at(t), high+4)
		}
		for _, t := range ticks {
			d.Write("small", x.at(t), high+18, x.tickText(t, ticks))
		}
	}
	if c.XLabel != "" {
		d.Write("label", wide/2, bottom+20, c.XLabel)
	}
	if c.YLabel != "" {
		d.Write("smalll", -left-6, -12, c.YLabel)
	}
}

// names writes the names of the horizontal axis, on two levels or more where they are too long.
func (c Chart) names(d *svg.Drawing, x axis, wide, high float64, bottom *float64) {
	room := wide / float64(len(c.Ticks))
	widest := 0.0
	for _, t := range c.Ticks {
		widest = max(widest, svg.Width("small", t)+8)
	}
	levels := int(max(1, math.Ceil(widest/room)))
	for i, t := range c.Ticks {
		level := float64(i % levels)
		if t != "" {
			d.Polyline("axis", x.at(float64(i)), high, x.at(float64(i)), high+4+16*level)
			d.Write("small", x.at(float64(i)), high+18+16*level, t)
		}
		*bottom = max(*bottom, high+18+16*level)
	}
}

// draw draws the area from left to right and back.
func (b Band) draw(d *svg.Drawing, x, y axis) {
	var path strings.Builder
	var covers svg.Rect
	put := func(vx, vy float64) {
		px, py := x.at(vx), y.at(vy)
		if path.Len() == 0 {
			fmt.Fprintf(&path, "M%s %s", num1(px), num1(py))
		} else {
			fmt.Fprintf(&path, "L%s %s", num1(px), num1(py))
		}
		covers = covers.Union(svg.Box(px-1, py-1, px+1, py+1))
	}
	for i := range b.X {
		put(b.X[i], b.High[i])
	}
	for i := len(b.X) - 1; i >= 0; i-- {
		put(b.X[i], b.Low[i])
	}
	if path.Len() > 0 {
		d.Path("band-"+b.Color.Name(), path.String()+"z", covers)
	}
}

// num1 writes a coordinate with one decimal, which is enough for curves.
func num1(v float64) string { return svg.Num(math.Round(v*10) / 10) }

// class is that of a curve, with its dashes.
func curveClass(c Color) string {
	class := "curve-" + c.Name()
	if i := int(c) % len(svg.Dashes); svg.Dashes[i] != "" {
		class += fmt.Sprintf(" dash%d", i)
	}
	return class
}

func (l Line) draw(d *svg.Drawing, x, y axis, c Color, index int) {
	var path strings.Builder
	var covers svg.Rect
	var dots [][2]float64
	pen, lone := false, 0
	for i := range l.X {
		if !x.has(l.X[i]) || !y.has(l.Y[i]) {
			pen = false
			continue
		}
		px, py := x.at(l.X[i]), y.at(l.Y[i])
		if pen {
			fmt.Fprintf(&path, "L%s %s", num1(px), num1(py))
		} else {
			fmt.Fprintf(&path, "M%s %s", num1(px), num1(py))
			lone++
		}
		pen = true
		covers = covers.Union(svg.Box(px-1, py-1, px+1, py+1))
		dots = append(dots, [2]float64{px, py})
	}
	if len(dots) == 0 {
		return
	}
	if len(dots) > lone {
		d.Path(curveClass(c), path.String(), covers)
	}
	if l.Dots || len(dots) == lone {
		for _, p := range dots {
			d.Add("fill-"+c.Name(), "circle", fmt.Sprintf(`cx="%s" cy="%s" r="3.5"`, num1(p[0]), num1(p[1])), "", svg.Box(p[0]-4, p[1]-4, p[0]+4, p[1]+4))
		}
	}
}

// legend writes heading and names above the chart.
func (c Chart) legend(d *svg.Drawing, wide float64) {
	type key struct {
		name  string
		class string
		band  bool
	}
	var keys []key
	for i, l := range c.Lines {
		if l.Name != "" {
			keys = append(keys, key{l.Name, curveClass(l.Color.at(i)), false})
		}
	}
	for _, b := range c.Bands {
		if b.Name != "" {
			keys = append(keys, key{b.Name, "band-" + b.Color.Name(), true})
		}
	}
	y := -16.0
	if c.YLabel != "" {
		y = -34
	}
	var rows [][]key
	room := 0.0
	for _, k := range keys {
		w := 34 + svg.Width("words", k.name) + 16
		if len(rows) == 0 || room+w > wide+40 {
			rows, room = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
		room += w
	}
	for _, row := range slices.Backward(rows) {
		x := 0.0
		for _, k := range row {
			if k.band {
				d.Rectangle(k.class, x, y-10, 28, 10, 0)
			} else {
				d.Polyline(k.class, x, y-5, x+28, y-5)
			}
			d.Write("words", x+34, y, k.name)
			x += 34 + svg.Width("words", k.name) + 16
		}
		y -= 20
	}
	if c.Heading != "" {
		d.Write("strongl", 0, y-2, c.Heading)
	}
}
