package flow

import (
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// A box is one unit.
type box struct {
	unit   *Unit
	wide   float64 // at least
	turned bool    // the axis runs from left to right
	narrow bool    // the title is broken into lines, as in turned boxes
}

// size is that of the box in the figure, with its lines.
func (b *box) size() (w, h float64, before, title, after []string) {
	if b.unit.Sign != "" {
		return 2 * circle, 2 * circle, nil, nil, nil
	}
	const room = 190 // of lines
	title = []string{b.unit.Title}
	if b.turned || b.narrow {
		title = balanced(b.unit.Title, 92)
	}
	for _, line := range title {
		w = max(w, svg.Width("strong", line))
	}
	if b.turned || b.narrow {
		before, after = b.unit.Before, b.unit.Details
	} else {
		before, after = beside(b.unit.Before, max(w, room)), beside(b.unit.Details, max(w, room))
	}
	for _, line := range slices.Concat(before, after) {
		w = max(w, svg.Width("small", line))
	}
	return max(math.Ceil(w)+2*boxPadding, b.wide), 2*boxPadding - 4 + titleLine*float64(len(title)) + detailLine*float64(len(before)+len(after)), before, title, after
}

// balanced breaks a bold text at spaces and commas into as few lines as fit into a width, three at most, of lengths as
// equal as possible.
func balanced(text string, width float64) []string {
	pieces := strings.SplitAfter(strings.ReplaceAll(text, "，", "，\x00"), " ")
	pieces = strings.FieldsFunc(strings.Join(pieces, "\x00"), func(r rune) bool { return r == 0 })
	widest := func(lines []string) float64 {
		w := 0.0
		for _, l := range lines {
			w = max(w, svg.Width("strong", strings.TrimSpace(l)))
		}
		return w
	}
	best := []string{text}
	if len(pieces) > 1 && widest(best) > width {
		for i := 1; i < len(pieces); i++ {
			two := []string{strings.Join(pieces[:i], ""), strings.Join(pieces[i:], "")}
			if widest(two) < widest(best) {
				best = two
			}
		}
	}
	if len(pieces) > 2 && widest(best) > width {
		for i := 1; i < len(pieces); i++ {
			for j := i + 1; j < len(pieces); j++ {
				three := []string{strings.Join(pieces[:i], ""), strings.Join(pieces[i:j], ""), strings.Join(pieces[j:], "")}
				if widest(three) < widest(best) {
					best = three
				}
			}
		}
	}
	for i := range best {
		best[i] = strings.TrimSpace(best[i])
	}
	return best
}

// beside puts texts beside each other as far as there is room.
func beside(texts []string, room float64) []string {
	var out []string
	for _, t := range texts {
		if last := len(out) - 1; last >= 0 && svg.Width("small", out[last]+" · "+t) <= room {
			out[last] += " · " + t
		} else {
			out = append(out, t)
		}
	}
	return out
}

func (b *box) long() float64 {
	w, h, _, _, _ := b.size()
	if b.turned {
		return w
	}
	return h
}

func (b *box) across() span {
	w, h, _, _, _ := b.size()
	if b.turned {
		return span{h / 2, h / 2}
	}
	return span{w / 2, w / 2}
}

func (b *box) signature() string {
	return strings.Join([]string{b.unit.Class, strings.Join(b.unit.Before, ","), b.unit.Title, strings.Join(b.unit.Details, ","), b.unit.Sign, b.unit.Shape, b.unit.Inside, b.unit.Group}, "|")
}

func (b *box) draw(l *Layout, at, axis float64) {
	w, h, before, title, after := b.size()
	x, y := axis-w/2, at
	if l.Horizontal {
		x, y = at, axis-h/2
	}
	if b.unit.Sign != "" {
		l.d.Add("box", "circle", `cx="`+svg.Num(x+w/2)+`" cy="`+svg.Num(y+h/2)+`" r="`+svg.Num(circle)+`"`, "", svg.Box(x-1, y-1, x+w+1, y+h+1))
		l.d.Write("strong", x+w/2, y+h/2+5, b.unit.Sign)
		return
	}
	l.d.Rectangle(b.unit.Class, x, y, w, h, 6)
	y += boxPadding - 2
	write := func(class string, high float64, texts []string) {
		for _, line := range texts {
			l.d.Write(class, x+w/2, y+high-5, line)
			y += high
		}
	}
	write("small", detailLine, before)
	write("strong", titleLine, title)
	write("small", detailLine, after)
}
