package diagram

import (
	"fmt"
	"io"
	"strings"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Panels draws grids and signs in rows: an equation of matrices, or several of them.
type Panels struct {
	// Title and Description are read by screen readers. The description says what the figure shows to somebody
	// who cannot see it; it may be empty.
	Title, Description string
	// Rows are drawn below each other, or beside each other as far as Width allows. Parts of rows of the same
	// number of parts stand below each other.
	Rows [][]Part
	// Notes are written below the rows: "" or nothing for none. A note that is wider than its row is broken.
	Notes []string
	// Width is how wide the figure may become, in pixels, by drawing rows beside each other; 0 means that each
	// has a line of its own.
	Width float64
}

const (
	partGap = 12.0
	rowGap  = 22.0
	noteGap = 6.0
)

// A panel is a row that has been measured.
type panel struct {
	parts         []extent
	draw          []func(d *svg.Drawing, x, y float64)
	note          string
	width         float64
	above, below  float64
	columnsWidths []float64
}

// WriteSVG writes the figure. It is an error if a grid has no values or too many, if a text has a control
// character, if there is no title, or if w fails.
func (p Panels) WriteSVG(w io.Writer) error {
	d := svg.New()
	panels, err := p.measure()
	if err != nil {
		return err
	}
	y := 0.0
	for first := 0; first < len(panels); {
		last, wide := first+1, panels[first].width // the rows of a line
		for last < len(panels) && wide+2*rowGap+panels[last].width <= p.Width {
			wide += 2*rowGap + panels[last].width
			last++
		}
		above, below := 0.0, 0.0
		for _, q := range panels[first:last] {
			above, below = max(above, q.above), max(below, q.below)
		}
		x := 0.0
		for _, q := range panels[first:last] {
			q.paint(d, x, y+above)
			x += q.width + 2*rowGap
		}
		y += above + below + rowGap
		first = last
	}
	return d.WriteSVG(w, p.Title, p.Description)
}

// measure lays out the parts of all rows, which form columns.
func (p Panels) measure() ([]*panel, error) {
	var panels []*panel
	columns := map[int][]float64{} // widths, by the number of parts
	for i, row := range p.Rows {
		q := &panel{}
		if i < len(p.Notes) {
			q.note = p.Notes[i]
		}
		for _, part := range row {
			if part == nil {
				return nil, fmt.Errorf("diagram: %q: a part of row %d is nil", p.Title, i)
			}
			e, draw, err := part.layout()
			if err != nil {
				return nil, fmt.Errorf("%w (row %d of %q)", err, i, p.Title)
			}
			q.parts, q.draw = append(q.parts, e), append(q.draw, draw)
			q.above, q.below = max(q.above, e.above), max(q.below, e.below)
		}
		if columns[len(row)] == nil {
			columns[len(row)] = make([]float64, len(row))
		}
		for j, e := range q.parts {
			columns[len(row)][j] = max(columns[len(row)][j], e.width)
		}
		panels = append(panels, q)
	}
	for _, q := range panels {
		q.columnsWidths = columns[len(q.parts)]
		for j, wide := range q.columnsWidths {
			if j > 0 {
				q.width += partGap
			}
			q.width += wide
		}
		if q.note != "" {
			q.below += noteGap + labelHeight*float64(len(svg.Lines("words", q.note, max(q.width, 300))))
		}
	}
	return panels, nil
}

// paint draws the row with the left end of its middle line at x, y.
func (q *panel) paint(d *svg.Drawing, x, y float64) {
	left := x
	bottom := 0.0
	for j, draw := range q.draw {
		draw(d, left+(q.columnsWidths[j]-q.parts[j].width)/2, y)
		left += q.columnsWidths[j] + partGap
		bottom = max(bottom, q.parts[j].below)
	}
	if q.note == "" {
		return
	}
	for i, l := range svg.Lines("words", q.note, max(q.width, 300)) {
		d.Write("center", x+q.width/2, y+bottom+noteGap+labelHeight*float64(i)+13, l)
	}
}

// splitLines returns the lines of a text, none for "".
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
