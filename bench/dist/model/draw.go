package main

import (
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

var colours = []color.RGBA{{0x1f, 0x5f, 0xa8, 255}, {0xc4, 0x4e, 0x1b, 255}, {0x2e, 0x8b, 0x57, 255}, {0x7a, 0x3e, 0x9d, 255}, {0x8a, 0x6d, 0x1f, 255}, {0x00, 0x80, 0x80, 255}}

// draw writes the two drawings below each other, narrow enough for a telephone: what was
// measured beside what the model says of it, as dots; and what is predicted, as dashed lines,
// where nothing was measured.
func (m *study) draw(file string) error {
	above, err := m.drawMeasured()
	if err != nil {
		return err
	}
	below, err := m.drawPredicted()
	if err != nil {
		return err
	}
	const width, height = 13 * vg.Centimeter, 23 * vg.Centimeter
	var canvas vg.CanvasSizer
	if filepath.Ext(file) == ".svg" {
		canvas = vgsvg.New(width, height)
	} else {
		canvas = vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(110), vgimg.UseBackgroundColor(color.White))
	}
	whole := draw.New(canvas)
	margin := vg.Points(6)
	above.Draw(draw.Crop(whole, margin, -margin, height/2+margin, -margin))
	below.Draw(draw.Crop(whole, margin, -margin, margin, -height/2-margin))
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	switch c := canvas.(type) {
	case *vgsvg.Canvas:
		_, err = c.WriteTo(f)
	case *vgimg.Canvas:
		_, err = vgimg.PngCanvas{Canvas: c}.WriteTo(f)
	}
	if err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil // it would cross the legend
	p.Add(grid)
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	return p
}

// drawMeasured has a dot for each step that was measured: to the right its time, up what the
// model says. On the line both are the same; between the dashed ones they differ by less than
// 15 %.
func (m *study) drawMeasured() (*plot.Plot, error) {
	p := newPlot("Steps in the testbed: measured, and by the model", "measured, milliseconds", "model, milliseconds")
	p.Legend.Left = true
	least, most := math.Inf(1), 0.0
	groups := []struct {
		name   string
		runs   []comparison
		colour color.RGBA
		shape  draw.GlyphDrawer
	}{
		{"the model was made with these", nil, colours[0], draw.RingGlyph{}},
		{"the test: it was not changed for these", nil, colours[1], draw.CircleGlyph{}},
		{"the test, with losses, which it leaves out", nil, colours[2], draw.TriangleGlyph{}},
	}
	groups[0].runs = m.comparisons
	for _, c := range m.test {
		at := 1
		if !c.lossless() {
			at = 2
		}
		groups[at].runs = append(groups[at].runs, c)
	}
	for _, g := range groups {
		var dots plotter.XYs
		for _, c := range g.runs {
			dots = append(dots, plotter.XY{X: 1e3 * c.Step, Y: 1e3 * c.predicted})
			least, most = min(least, c.Step, c.predicted), max(most, c.Step, c.predicted)
		}
		if len(dots) == 0 {
			continue
		}
		s, err := plotter.NewScatter(dots)
		if err != nil {
			return nil, err
		}
		s.Color, s.Shape, s.Radius = g.colour, g.shape, vg.Points(3.5)
		p.Add(s)
		p.Legend.Add(g.name, s)
	}
	least, most = 1e3*least/1.2, 1e3*most*1.2
	for _, factor := range []float64{0.85, 1, 1.15} {
		l, err := plotter.NewLine(plotter.XYs{{X: least, Y: factor * least}, {X: most, Y: factor * most}})
		if err != nil {
			return nil, err
		}
		l.Color = color.Gray{130}
		if factor != 1 {
			l.Dashes = []vg.Length{vg.Points(3), vg.Points(3)}
		}
		p.Add(l)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = least, most, least, most*2 // room for the legend
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	var ticks plot.ConstantTicks
	for _, v := range []float64{5, 10, 20, 50, 100, 200, 500, 1000, 2000} {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.Itoa(int(v))})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks, ticks
	return p, nil
}

func (m *study) drawPredicted() (*plot.Plot, error) {
	p := newPlot("ResNet-18: predicted (dashed), and one measured (dot)", "machines", "efficiency, %")
	i := 0
	for _, kind := range kinds {
		for _, n := range networks {
			var line plotter.XYs
			for _, k := range machines {
				line = append(line, plotter.XY{X: float64(k), Y: 100 * m.efficiency(kind.faster, k, n.network)})
			}
			l, err := plotter.NewLine(line)
			if err != nil {
				return nil, err
			}
			l.Color, l.Dashes = colours[i], []vg.Length{vg.Points(5), vg.Points(3)}
			p.Add(l)
			p.Legend.Add(kind.name+" a machine, "+n.name, l)
			i++
		}
	}
	if one, two := m.of(1), m.of(2); len(one) > 0 {
		s, err := plotter.NewScatter(plotter.XYs{{X: 2, Y: 100 * one[len(one)/2].Step / two[len(two)/2].Step}})
		if err != nil {
			return nil, err
		}
		s.Shape, s.Radius = draw.CircleGlyph{}, vg.Points(4)
		p.Add(s)
		p.Legend.Add("measured: 2 ranks × 1 thread beside 1 × 2, one machine", s)
	}
	p.X.Scale = plot.LogScale{}
	var ticks plot.ConstantTicks
	for _, k := range machines {
		ticks = append(ticks, plot.Tick{Value: float64(k), Label: strconv.Itoa(k)})
	}
	p.X.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = 0, 175 // room for the legend
	p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"}}
	return p, nil
}
