package viz

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend is a framed legend in the place where it hides least of the lines.
// plot.Legend has no frame, so that lines run through its words, and has to be
// told its corner.
type legend struct{ entries []entry }

type entry struct {
	name   string
	icon   plot.Thumbnailer
	points plotter.XYs
}

// Sizes in points. The icon is as long as whole numbers of dashes.
const (
	legendPad    = vg.Length(5)
	legendRow    = vg.Length(15)
	legendIcon   = vg.Length(28)
	legendGap    = vg.Length(6)
	legendMargin = vg.Length(8)
)

// Plot implements plot.Plotter.
func (l *legend) Plot(c draw.Canvas, p *plot.Plot) {
	if len(l.entries) == 0 {
		return
	}
	sty := text.Style{Font: plot.DefaultFont, Handler: p.TextHandler, YAlign: draw.YCenter}
	style(&sty, 10)
	size := vg.Point{Y: 2*legendPad + legendRow*vg.Length(len(l.entries))}
	for _, e := range l.entries {
		size.X = max(size.X, sty.Width(e.name))
	}
	size.X += 2*legendPad + legendIcon + legendGap
	box := l.place(c, p, size)

	c.SetColor(color.NRGBA{255, 255, 255, 230})
	c.Fill(box.Path())
	c.SetLineStyle(draw.LineStyle{Color: color.Gray{0xCC}, Width: vg.Points(.7)})
	c.Stroke(box.Path())
	for i, e := range l.entries {
		x, y := box.Min.X+legendPad, box.Max.Y-legendPad-legendRow*(vg.Length(i)+.5)
		e.icon.Thumbnail(&draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - legendRow/2},
			Max: vg.Point{X: x + legendIcon, Y: y + legendRow/2},
		}})
		c.FillText(sty, vg.Point{X: x + legendIcon + legendGap, Y: y}, e.name)
	}
}

// place tries fifteen places, from the right to the left and from the middle,
// where falling losses and rising accuracies leave room, and returns the first
// of those that cover the least of the lines.
func (l *legend) place(c draw.Canvas, p *plot.Plot, size vg.Point) vg.Rectangle {
	toX, toY := p.Transforms(&c)
	var dots []vg.Point // along the lines
	const steps = 20
	for _, e := range l.entries {
		for i, a := range e.points {
			b := e.points[min(i+1, len(e.points)-1)]
			for k := range steps {
				t := float64(k) / steps
				dots = append(dots, vg.Point{X: toX(a.X + t*(b.X-a.X)), Y: toY(a.Y + t*(b.Y-a.Y))})
			}
		}
	}
	free := vg.Point{X: c.Max.X - c.Min.X - size.X - 2*legendMargin, Y: c.Max.Y - c.Min.Y - size.Y - 2*legendMargin}
	var best vg.Rectangle
	least := len(dots) + 1
	for _, right := range []vg.Length{1, .5, 0} {
		for _, up := range []vg.Length{.5, .3, .7, 1, 0} {
			lo := vg.Point{X: c.Min.X + legendMargin + right*free.X, Y: c.Min.Y + legendMargin + up*free.Y}
			box := vg.Rectangle{Min: lo, Max: lo.Add(size)}
			hidden := 0
			for _, d := range dots {
				if d.X > box.Min.X-4 && d.X < box.Max.X+4 && d.Y > box.Min.Y-4 && d.Y < box.Max.Y+4 {
					hidden++
				}
			}
			if hidden < least {
				best, least = box, hidden
			}
		}
	}
	return best
}
