package diagram

import (
	"cmp"
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// A Part is a part of [Panels]: a [Grid] or a [Sign].
type Part interface {
	// layout measures the part and returns a function that draws it, with the middle of its left
	// edge at x, y.
	layout() (extent, func(d *svg.Drawing, x, y float64), error)
}

// An extent is the size of a part: its width, and how far it reaches above and below its middle line.
type extent struct{ width, above, below float64 }

// A Sign is an operator between grids, such as "∗", "=" or "+".
type Sign string

func (s Sign) layout() (extent, func(d *svg.Drawing, x, y float64), error) {
	w := svg.Width("sign", string(s))
	return extent{w, 14, 14}, func(d *svg.Drawing, x, y float64) {
		d.Write("sign", x+w/2, y+7.5, string(s))
	}, nil
}

// Shading says how the values of a [Grid] colour its cells.
type Shading int

// The ways to colour cells.
const (
	Plain    Shading = iota // all cells are white
	Positive                // blue, the darker the greater
	Signed                  // blue for positive and orange for negative values, the darker the greater their size
	Picture                 // the colour of the text, the stronger the greater: dark on light paper, light on dark
)

// A Mark lets a part of a grid stand out: a window, or one cell.
type Mark struct {
	// Row and Column are the upper left cell, counted from 0; those of padding above and on the left
	// are negative.
	Row, Column int
	// Height and Width are in cells; 0 means 1.
	Height, Width int
	// Step is the distance of the marked cells, as that of a dilated kernel; 0 means 1. With a greater
	// one, Height and Width count the marked cells.
	Step int
	// Sheet is the only sheet that is marked, counted from 1, the one in front; 0 means all.
	Sheet int
	Color Color
	// Dashed draws the edge only, dashed: a window that is not the one of interest.
	Dashed bool
}

// A Grid is a matrix of numbers as a grid of cells.
type Grid struct {
	// Values are H×W, or C×H×W: then C sheets lie behind each other, and the first one, in front, shows
	// its numbers.
	Values *tensor.Tensor
	// Texts stand in the cells of the (first) sheet in place of numbers, row by row; "" is an empty cell.
	Texts [][]string
	// Label is written below the grid. It may have several lines.
	Label string
	// Above is written above the grid.
	Above string
	// Pad is the number of rows of zeros above and below, and of columns on the left and right, drawn dashed.
	Pad [2]int
	// Marks are drawn on the cells.
	Marks []Mark
	// Shading colours the cells by their values.
	Shading Shading
	// Most is the value with the darkest colour; 0 means the greatest absolute value of the grid.
	Most float64
	// Decimals is how many decimals numbers have at most.
	Decimals int
	// Numberless leaves out the numbers: for pictures.
	Numberless bool
	// Spread is how far each sheet lies to the right of the one before it and above, in cells; 0 means 0.4. With 1 the
	// cells at the upper right corner can be seen on all sheets.
	Spread float64
	// Cell is the side of a cell in pixels; 0 means 34, more if a number needs it, and less for grids without
	// numbers.
	Cell float64

	padding string // what stands in the cells of the padding, in place of 0
}

const maxCells = 20_000

// check returns sheets, height and width.
func (g Grid) check() (c, h, w int, err error) {
	if g.Values == nil {
		return 0, 0, 0, fmt.Errorf("diagram: a grid has no values")
	}
	s := g.Values.Shape()
	if len(s) == 2 {
		s = tensor.Shape{1, s[0], s[1]}
	}
	if len(s) != 3 || s.Size() == 0 || s.Size() > maxCells {
		return 0, 0, 0, fmt.Errorf("diagram: a grid of shape %v: want H×W or C×H×W, 1 to %d values", g.Values.Shape(), maxCells)
	}
	if g.Pad[0] < 0 || g.Pad[1] < 0 || g.Pad[0] > 100 || g.Pad[1] > 100 {
		return 0, 0, 0, fmt.Errorf("diagram: a grid with %d×%d rows and columns of padding", g.Pad[0], g.Pad[1])
	}
	for _, v := range g.Values.Data() {
		if v-v != 0 {
			return 0, 0, 0, fmt.Errorf("diagram: a grid with the value %v: want finite numbers", v)
		}
	}
	return s[0], s[1], s[2], nil
}

// text is what stands in a cell of the first sheet.
func (g Grid) text(row, column, width int) string {
	switch {
	case g.Texts != nil:
		if row < len(g.Texts) && column < len(g.Texts[row]) {
			return g.Texts[row][column]
		}
		return ""
	case g.Numberless:
		return ""
	}
	return svg.Format(float64(g.Values.Data()[row*width+column]), g.Decimals)
}

// cellSize is the side of a cell.
func (g Grid) cellSize(h, w int) float64 {
	widest := 0.0
	for i := range h {
		for j := range w {
			widest = max(widest, svg.Width("number", g.text(i, j, w)))
		}
	}
	switch {
	case g.Cell > 0:
		return max(g.Cell, math.Ceil(widest+4))
	case widest == 0:
		return min(34, max(4, math.Floor(168/float64(max(h, w)))))
	}
	return max(34, math.Ceil(widest+10))
}

// sheetStep is how far to the right and up the next sheet lies.
func (g Grid) sheetStep(cell float64) float64 {
	if g.Spread > 0 {
		return math.Round(cell * g.Spread)
	}
	return max(5, math.Round(cell*0.4))
}

const (
	labelHeight = 19.0
	labelGap    = 5.0
)

func (g Grid) layout() (extent, func(d *svg.Drawing, x, y float64), error) {
	c, h, w, err := g.check()
	if err != nil {
		return extent{}, nil, err
	}
	cell := g.cellSize(h, w)
	step := g.sheetStep(cell) * float64(c-1)
	wide := cell*float64(w+2*g.Pad[1]) + step
	high := cell*float64(h+2*g.Pad[0]) + step
	e := extent{wide, high / 2, high / 2}
	below, above := splitLines(g.Label), splitLines(g.Above)
	for _, l := range append(append([]string(nil), below...), above...) {
		e.width = max(e.width, svg.Width("label", l))
	}
	if len(below) > 0 {
		e.below += labelGap + labelHeight*float64(len(below))
	}
	if len(above) > 0 {
		e.above += labelGap + labelHeight*float64(len(above))
	}
	return e, func(d *svg.Drawing, x, y float64) {
		left, top := x+(e.width-wide)/2, y-high/2
		for sheet := c - 1; sheet >= 0; sheet-- {
			at := g.sheetStep(cell) * float64(sheet)
			g.draw(d, left+at, top+step-at, cell, sheet, h, w)
		}
		for i, l := range below {
			d.Write("label", x+e.width/2, y+high/2+labelGap+labelHeight*float64(i)+13, l)
		}
		for i, l := range above {
			d.Write("label", x+e.width/2, y-high/2-labelGap-labelHeight*float64(len(above)-1-i)-3, l)
		}
	}, nil
}

// draw draws one sheet with its upper left corner, padding included, at x, y.
func (g Grid) draw(d *svg.Drawing, x, y, cell float64, sheet, h, w int) {
	all := svg.Box(x, y, x+cell*float64(w+2*g.Pad[1]), y+cell*float64(h+2*g.Pad[0]))
	if g.Pad != [2]int{} {
		d.Path("padding", gridPath(x, y, cell, h+2*g.Pad[0], w+2*g.Pad[1]), all)
	}
	left, top := x+cell*float64(g.Pad[1]), y+cell*float64(g.Pad[0])
	path := gridPath(left, top, cell, h, w)
	if g.Shading == Picture && cell < 12 {
		path = fmt.Sprintf("M%s %sh%sv%sh%sz", svg.Num(left), svg.Num(top), svg.Num(cell*float64(w)), svg.Num(cell*float64(h)), svg.Num(-cell*float64(w)))
	}
	d.Path("cell", path, svg.Box(left-1, top-1, left+cell*float64(w)+1, top+cell*float64(h)+1))
	g.shade(d, left, top, cell, sheet, h, w)
	for _, m := range g.Marks {
		if m.on(sheet) {
			m.fill(d, left, top, cell)
		}
	}
	if sheet == 0 {
		g.numbers(d, left, top, cell, h, w)
	}
	for _, m := range g.Marks {
		if m.on(sheet) {
			m.outline(d, left, top, cell)
		}
	}
}

// gridPath is a rectangle with the lines between its cells.
func gridPath(x, y, cell float64, h, w int) string {
	wide, high := cell*float64(w), cell*float64(h)
	path := fmt.Sprintf("M%s %sh%sv%sh%sz", svg.Num(x), svg.Num(y), svg.Num(wide), svg.Num(high), svg.Num(-wide))
	for i := 1; i < h; i++ {
		path += fmt.Sprintf("M%s %sh%s", svg.Num(x), svg.Num(y+cell*float64(i)), svg.Num(wide))
	}
	for j := 1; j < w; j++ {
		path += fmt.Sprintf("M%s %sv%s", svg.Num(x+cell*float64(j)), svg.Num(y), svg.Num(high))
	}
	return path
}

// shade colours the cells: one path for each shade, in which neighbours of a row are one rectangle.
func (g Grid) shade(d *svg.Drawing, left, top, cell float64, sheet, h, w int) {
	if g.Shading == Plain {
		return
	}
	most := g.Most
	if most <= 0 {
		for _, v := range g.Values.Data() {
			most = max(most, math.Abs(float64(v)))
		}
	}
	if most == 0 {
		return
	}
	values := g.Values.Data()[sheet*h*w:][:h*w]
	paths := map[int]string{}
	for i := range h {
		for j := 0; j < w; {
			s, n := g.level(float64(values[i*w+j])/most), 1
			for j+n < w && g.level(float64(values[i*w+j+n])/most) == s {
				n++
			}
			if s != 0 {
				paths[s] += fmt.Sprintf("M%s %sh%sv%sh%sz", svg.Num(left+cell*float64(j)), svg.Num(top+cell*float64(i)), svg.Num(cell*float64(n)), svg.Num(cell), svg.Num(-cell*float64(n)))
			}
			j += n
		}
	}
	kind := ""
	switch {
	case g.Shading == Picture:
		kind = "ink"
	case g.Numberless && g.Texts == nil:
		kind = "deep"
	}
	for s := -svg.Shades; s <= svg.Shades; s++ {
		if paths[s] != "" {
			d.Path(kind+svg.ShadeClass(s), paths[s], svg.Box(left, top, left+cell*float64(w), top+cell*float64(h)))
		}
	}
}

// level is the shade of a value from −1 to 1: 0 is none.
func (g Grid) level(v float64) int {
	s := int(math.Round(math.Abs(v) * svg.Shades))
	if v != 0 {
		s = max(s, 1)
	}
	s = min(s, svg.Shades)
	switch {
	case v >= 0:
		return s
	case g.Shading == Signed:
		return -s
	}
	return 0
}

// numbers writes the first sheet's numbers, and the zeros of the padding.
func (g Grid) numbers(d *svg.Drawing, left, top, cell float64, h, w int) {
	put := func(class string, row, column int, text string) {
		d.Write(class, left+cell*(float64(column)+0.5), top+cell*(float64(row)+0.5)+5.5, text)
	}
	for i := range h {
		for j := range w {
			put("number", i, j, g.text(i, j, w))
		}
	}
	if g.Numberless || cell < 20 {
		return
	}
	for i := -g.Pad[0]; i < h+g.Pad[0]; i++ {
		for j := -g.Pad[1]; j < w+g.Pad[1]; j++ {
			if i < 0 || i >= h || j < 0 || j >= w {
				put("zero", i, j, cmp.Or(g.padding, "0"))
			}
		}
	}
}

// normal returns the mark with its defaults.
func (m Mark) normal() Mark {
	m.Height, m.Width, m.Step = max(m.Height, 1), max(m.Width, 1), max(m.Step, 1)
	return m
}

// on reports whether the mark is drawn on a sheet, counted from 0.
func (m Mark) on(sheet int) bool { return m.Sheet == 0 || m.Sheet == sheet+1 }

func (m Mark) fill(d *svg.Drawing, left, top, cell float64) {
	m = m.normal()
	if m.Dashed {
		return
	}
	x, y := left+cell*float64(m.Column), top+cell*float64(m.Row)
	wide, high := cell*float64(m.Width), cell*float64(m.Height)
	if m.Step == 1 {
		d.Rectangle("soft-"+m.Color.Name(), x, y, wide, high, 0)
		return
	}
	for i := range m.Height {
		for j := range m.Width {
			d.Rectangle("soft-"+m.Color.Name(), x+cell*float64(j*m.Step), y+cell*float64(i*m.Step), cell, cell, 0)
		}
	}
}

func (m Mark) outline(d *svg.Drawing, left, top, cell float64) {
	m = m.normal()
	class := "edge-" + m.Color.Name()
	if m.Dashed {
		class += " dashed"
	}
	d.Rectangle(class, left+cell*float64(m.Column), top+cell*float64(m.Row),
		cell*float64((m.Width-1)*m.Step+1), cell*float64((m.Height-1)*m.Step+1), 0)
}
