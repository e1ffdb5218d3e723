package tensor

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Limits of the printed form; the first three are NumPy's defaults.
const (
	lineWidth      = 75
	elideAbove     = 1000 // elements
	edgeItems      = 3    // shown at either end of an elided axis
	maxDigits      = 8    // after the point
	maxShown       = 20000
	ellipsis       = "..."
	minFixed       = 1e-4 // below, or from maxFixed on, numbers are scientific
	maxFixed       = 1e8
	maxFixedSpread = 1000 // largest ratio of two magnitudes without exponent
)

// String writes the elements as NumPy does: nested brackets, columns aligned
// at the decimal point, as many digits as tell neighbouring float32 apart (at
// most 8 after the point), an exponent where magnitudes are very large, small
// or mixed. Above 1000 elements only the first and last three along each axis
// are shown. A scalar is a bare number; a tensor without elements is "[]",
// followed by its shape unless it is a plain vector. One that was released is "released" with its shape,
// and one that cannot be fetched is its shape with the error.
func (t *Tensor) String() string {
	if t.Released() {
		return fmt.Sprintf("released (%v)", t.shape)
	}
	if err := t.Fetch(); err != nil {
		return fmt.Sprintf("%v (%v)", t.shape, err)
	}
	switch {
	case len(t.shape) == 0:
		return formatScalar(t.data[0])
	case len(t.data) == 0 && len(t.shape) == 1:
		return "[]"
	case len(t.data) == 0:
		return fmt.Sprintf("[] (%v)", t.shape)
	}
	p := &printer{t: t, edge: math.MaxInt / 2}
	if len(t.data) > elideAbove {
		// High ranks show more than fits a screen even so; they get less.
		p.edge = edgeItems
		for p.edge > 1 && p.shown() > maxShown {
			p.edge--
		}
		if p.shown() > maxShown {
			return fmt.Sprintf("[%s] (%v)", ellipsis, t.shape)
		}
	}
	var visible []float32
	p.each(0, 0, func(o int) { visible = append(visible, t.data[o]) })
	p.cell = newCellFormat(visible)
	p.axis(0, 0)
	return p.out.String()
}

// formatScalar writes one number alone: at least one digit after the point.
func formatScalar(v float32) string {
	a := math.Abs(float64(v))
	switch {
	case math.IsNaN(a):
		return "nan"
	case math.IsInf(a, 0):
		if v < 0 {
			return "-inf"
		}
		return "inf"
	case a != 0 && (a < minFixed || a >= 1e16):
		return strconv.FormatFloat(float64(v), 'e', -1, 32)
	}
	s := strconv.FormatFloat(float64(v), 'f', -1, 32)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// A printer writes the elements of a tensor of rank 1 or more.
type printer struct {
	t    *Tensor
	edge int // number of items shown at either end of an elided axis
	cell cellFormat
	out  bytes.Buffer
	line int // bytes in the current line
}

// shown returns how many elements will be printed.
func (p *printer) shown() int {
	n := 1
	for _, d := range p.t.shape {
		n *= min(d, 2*p.edge)
		if n > maxShown {
			break
		}
	}
	return n
}

// items calls f for the positions shown along an axis, and gap where the
// others are left out.
func (p *printer) items(axis int, f func(i int), gap func()) {
	d := p.t.shape[axis]
	if d <= 2*p.edge {
		for i := range d {
			f(i)
		}
		return
	}
	for i := range p.edge {
		f(i)
	}
	gap()
	for i := d - p.edge; i < d; i++ {
		f(i)
	}
}

// each calls f with the offset of every element that is shown; offset counts
// in blocks of the size of the axes from axis on.
func (p *printer) each(axis, offset int, f func(offset int)) {
	if axis == len(p.t.shape) {
		f(offset)
		return
	}
	p.items(axis, func(i int) { p.each(axis+1, offset*p.t.shape[axis]+i, f) }, func() {})
}

// axis prints the brackets of one axis and all that is inside.
func (p *printer) axis(axis, offset int) {
	rank := len(p.t.shape)
	indent := strings.Repeat(" ", axis+1)
	p.write("[")
	first := true
	if axis < rank-1 {
		next := func() {
			if !first {
				p.newlines(rank-1-axis, indent)
			}
			first = false
		}
		p.items(axis,
			func(i int) { next(); p.axis(axis+1, offset*p.t.shape[axis]+i) },
			func() { next(); p.write(ellipsis) })
		p.write("]")
		return
	}
	// A cell moves to the next line if it and all closing brackets would
	// otherwise pass the width.
	limit := lineWidth - rank
	word := func(s string) {
		if !first {
			if p.line+1+len(s) > limit {
				p.newlines(1, indent)
			} else {
				p.write(" ")
			}
		}
		first = false
		p.write(s)
	}
	p.items(axis,
		func(i int) { word(p.cell.format(p.t.data[offset*p.t.shape[axis]+i])) },
		func() { word(ellipsis) })
	p.write("]")
}

// newlines ends the line, without the spaces at its end, and starts another.
func (p *printer) newlines(n int, indent string) {
	p.out.Truncate(len(bytes.TrimRight(p.out.Bytes(), " ")))
	p.out.WriteString(strings.Repeat("\n", n))
	p.line = 0
	p.write(indent)
}

func (p *printer) write(s string) {
	p.out.WriteString(s)
	p.line += len(s)
}

// A cellFormat writes numbers at equal width with their points in one column.
type cellFormat struct {
	scientific bool
	digits     int // after the point: exactly so if scientific, else at most
	left       int // width before the point, sign included
	right      int // width after the point, exponent included
}

// newCellFormat chooses the format for the numbers that will be shown.
func newCellFormat(values []float32) cellFormat {
	var c cellFormat
	smallest, largest := math.Inf(1), 0.0
	special := 0 // width of the widest NaN or infinity
	for _, v := range values {
		a := math.Abs(float64(v))
		switch {
		case math.IsNaN(a):
			special = max(special, len("nan"))
		case math.IsInf(float64(v), -1):
			special = max(special, len("-inf"))
		case math.IsInf(a, 0):
			special = max(special, len("inf"))
		case a != 0:
			smallest, largest = min(smallest, a), max(largest, a)
		}
	}
	c.scientific = largest > 0 && (largest >= maxFixed || smallest < minFixed || largest/smallest > maxFixedSpread)
	exponent := 0
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			continue
		}
		whole, frac, exp := c.parts(v)
		c.left = max(c.left, len(whole))
		c.digits = max(c.digits, len(frac))
		exponent = max(exponent, len(exp))
	}
	c.right = c.digits + exponent
	c.left = max(c.left, special-c.right-1)
	return c
}

// parts returns the shortest text that tells v from its neighbours, cut to
// maxDigits, as what stands before the point, after it, and the exponent.
func (c *cellFormat) parts(v float32) (whole, frac, exp string) {
	verb := byte('f')
	if c.scientific {
		verb = 'e'
	}
	whole, frac, exp = splitNumber(strconv.FormatFloat(float64(v), verb, -1, 32))
	if len(frac) > maxDigits {
		whole, frac, exp = splitNumber(strconv.FormatFloat(float64(v), verb, maxDigits, 32))
		frac = strings.TrimRight(frac, "0")
	}
	return whole, frac, exp
}

func splitNumber(s string) (whole, frac, exp string) {
	if e := strings.IndexByte(s, 'e'); e >= 0 {
		s, exp = s[:e], s[e:]
	}
	whole, frac, _ = strings.Cut(s, ".")
	return whole, frac, exp
}

// format writes one number, padded to the width of all.
func (c *cellFormat) format(v float32) string {
	width := c.left + 1 + c.right
	b := make([]byte, 0, width)
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		s := formatScalar(v)
		b = append(b, strings.Repeat(" ", max(0, width-len(s)))...)
		return string(append(b, s...))
	}
	whole, frac, exp := c.parts(v)
	if c.scientific { // all with as many digits as the longest needs
		whole, frac, exp = splitNumber(strconv.FormatFloat(float64(v), 'e', c.digits, 32))
	}
	b = append(b, strings.Repeat(" ", max(0, c.left-len(whole)))...)
	b = append(b, whole...)
	b = append(b, '.')
	b = append(b, frac...)
	b = append(b, exp...)
	return string(append(b, strings.Repeat(" ", max(0, width-len(b)))...))
}
