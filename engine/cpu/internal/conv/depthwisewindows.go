package conv

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
)

// windowRows say how the rows of the output are computed by [vec.DepthwiseWindows].
type windowRows struct {
	rows   []windowRow
	groups []windowGroup
}

// A windowRow is what the windows of one output row see of the kernel's rows and of the
// source's.
type windowRow struct{ weights, in, count int }

// A windowGroup is some neighbouring windows, or several such groups that see the same of
// the image.
type windowGroup struct {
	out, in int // of the first group: element of the output row, and of the source row its first column that exists
	windows vec.Windows
}

// planWindows plans them, or nothing if there can be no kernel for these windows.
func (d *Depthwise) planWindows() {
	d.windows = windowRows{}
	op, width := d.problem.Op, d.problem.W[3]
	if d.problem.Kind != Output || op.Dilation[1] != 1 || width != 3 && width != 5 || op.Stride[1] > 2 {
		return
	}
	phases := axisPhases(d.problem)
	for y := range d.out.H {
		r, v := windowRow{}, phases[0][0]
		for _, t := range v.taps {
			at := t.at + y*v.advance
			if at < 0 || at >= d.src.H {
				continue
			}
			if r.count == 0 {
				r.weights, r.in = t.k*width*d.src.C, at*d.src.W*d.src.Pitch
			}
			r.count++
		}
		d.windows.rows = append(d.windows.rows, r)
	}
	groups := (d.out.W + vec.MaxWindows - 1) / vec.MaxWindows
	for i := range groups {
		first, end := i*d.out.W/groups, (i+1)*d.out.W/groups
		column := first*op.Stride[1] - op.Pad[1]
		w := vec.Windows{
			Groups: 1, Width: width, Stride: op.Stride[1], N: end - first, From: max(0, -column),
			DstStep: d.dstStep, SrcStep: d.src.Pitch, SrcRow: op.Dilation[0] * d.src.W * d.src.Pitch, WStep: d.src.C,
		}
		w.To = min((w.N-1)*w.Stride+width, d.src.W-column)
		g := windowGroup{out: first * d.out.Pitch, windows: w}
		if w.From < w.To {
			g.in = (column + w.From) * d.src.Pitch
		}
		d.windows.add(g)
	}
}

// add adds windows to the list, or to its last element if they are alike.
func (w *windowRows) add(g windowGroup) {
	if k := len(w.groups) - 1; k >= 0 {
		last := &w.groups[k]
		like := last.windows
		like.Groups, like.DstGroup, like.SrcGroup = 1, 0, 0
		n := last.windows.Groups
		dst, src := (g.out-last.out)/n, (g.in-last.in)/n
		if like == g.windows && (n == 1 || dst == last.windows.DstGroup && src == last.windows.SrcGroup) {
			last.windows.Groups, last.windows.DstGroup, last.windows.SrcGroup = n+1, dst, src
			return
		}
	}
	w.groups = append(w.groups, g)
}

// runWindows is row with [vec.DepthwiseWindows].
func (d *Depthwise) runWindows(y int, to, from []float32, base int, packed, bias []float32, clip gemm.Clip) {
	r := &d.windows.rows[y]
	in := max(0, r.in-base)
	for i := range d.windows.groups {
		g := &d.windows.groups[i]
		w := g.windows
		w.Rows, w.Bounds = r.count, clipBounds[clip]
		vec.DepthwiseWindows(to[g.out:], from[in+g.in:], packed[r.weights:], bias, &w, len(bias))
	}
}
