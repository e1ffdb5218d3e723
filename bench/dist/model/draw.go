package main

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var colours = []color.RGBA{{0x1f, 0x5f, 0xa8, 255}, {0xc4, 0x4e, 0x1b, 255}, {0x2e, 0x8b, 0x57, 255}, {0x7a, 0x3e, 0x9d, 255}, {0x8a, 0x6d, 0x1f, 255}, {0x00, 0x80, 0x80, 255}}

// draw writes the two drawings beside each other: steps that were measured, as dots, on
// the lines of the model; and what is predicted, as dashed lines, where nothing was measured.
func (m *study) draw(file string) error {
	left, err := m.drawMeasured()
	if err != nil {
		return err
	}
	right, err := m.drawPredicted()
	if err != nil {
		return err
	}
	const width, height = 30 * vg.Centimeter, 12 * vg.Centimeter
	var canvas vg.CanvasSizer
	if filepath.Ext(file) == ".svg" {
		canvas = vgsvg.New(width, height)
	} else {
		canvas = vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(110), vgimg.UseBackgroundColor(color.White))
	}
	whole := draw.New(canvas)
	left.Draw(draw.Crop(whole, 0, -width/2-vg.Points(6), 0, 0))
	right.Draw(draw.Crop(whole, width/2+vg.Points(6), 0, 0, 0))
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
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	return p
}

func (m *study) drawMeasured() (*plot.Plot, error) {
	p := newPlot("LeNet, 16 images a rank: dots are measured, lines are the model", "ranks", "milliseconds a step")
	p.Legend.Left = true
	var names []string
	byName := map[string][]comparison{}
	for _, c := range m.comparisons {
		if c.longDelay() {
			continue
		}
		name := strings.Replace(c.Rate, "mbit", " Mbit/s", 1)
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], c)
	}
	for i, name := range names {
		var dots, line plotter.XYs
		for _, c := range byName[name] {
			dots = append(dots, plotter.XY{X: float64(c.Ranks), Y: 1e3 * c.Step})
			line = append(line, plotter.XY{X: float64(c.Ranks), Y: 1e3 * c.predicted})
		}
		l, err := plotter.NewLine(line)
		if err != nil {
			return nil, err
		}
		s, err := plotter.NewScatter(dots)
		if err != nil {
			return nil, err
		}
		l.Color, s.Color = colours[i%len(colours)], colours[i%len(colours)]
		s.Shape, s.Radius = draw.CircleGlyph{}, vg.Points(3.5)
		p.Add(l, s)
		p.Legend.Add(name, l, s)
	}
	p.Y.Min = 0
	p.Y.Max *= 1.35 // room for the legend
	p.X.Tick.Marker = plot.ConstantTicks{{Value: 2, Label: "2"}, {Value: 4, Label: "4"}, {Value: 8, Label: "8"}}
	return p, nil
}

func (m *study) drawPredicted() (*plot.Plot, error) {
	p := newPlot("ResNet-18: predicted, but for the circle, which is measured", "machines", "efficiency, %")
	p.Title.TextStyle.Font.Size = vg.Points(10)
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
	p.Y.Min, p.Y.Max = 0, 165 // room for the legend
	p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"}}
	return p, nil
}
