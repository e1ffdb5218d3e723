package diagram

import (
	"errors"
	"fmt"
	"io"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/flow"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Detail says what a box of a [Network] is.
type Detail int

// The levels of detail.
const (
	// Blocks draws each outermost custom block, such as a residual block, as one box, and each layer outside of
	// such blocks.
	Blocks Detail = iota
	// Layers draws each layer and each operator that a custom block adds by itself.
	Layers
)

// Network draws a network as boxes with arrows, from its graph. Normalization and activation stand in the box of the layer
// before them, equal boxes that follow each other are drawn once with ×2, paths that part and join
// are drawn side by side, and a path without any layer is a shortcut. The weights of the network are not made.
type Network struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Net is the network, and Input the shape of its input without the batch, C×H×W.
	Net   nn.Layer
	Input tensor.Shape
	// Block is the path of a block, such as "1.0", of which the inside is drawn; "" is the whole network.
	Block string
	// Detail is what a box is.
	Detail Detail
	// Language is that of the names of layers: "zh" for Chinese, otherwise English.
	Language string
	// Names are names for layers and blocks in place of those of Language, by their path or their kind: {"Residual":
	// "residual block"}. With Detail Blocks, a Sequential whose path is there is one box, too. "input" is the name of
	// the input.
	Names map[string]string
	// Frames are names of blocks, by their path, that have a frame around what is in them, with the name on it. Networks that
	// are drawn horizontally have none.
	Frames map[string]string
	// Horizontal draws from left to right instead of from top to bottom.
	Horizontal bool
	// Unfolded draws what repeats each time.
	Unfolded bool
	// Shapeless leaves out the shapes of the results.
	Shapeless bool
}

// WriteSVG writes the figure. It is an error if the network cannot be traced for the input, if there is no block with
// that path, if there is no title, or if w fails.
func (n Network) WriteSVG(w io.Writer) error {
	if n.Net == nil {
		return fmt.Errorf("diagram: %q: there is no network", n.Title)
	}
	trace, err := nn.Outline(n.Net, n.Input, 1)
	if err != nil {
		return fmt.Errorf("diagram: %q: %w", n.Title, err)
	}
	units, err := n.units(trace)
	if err != nil {
		return fmt.Errorf("diagram: %q: %w", n.Title, err)
	}
	d := svg.New()
	l := &flow.Layout{Unfolded: n.Unfolded, Shapeless: n.Shapeless, Horizontal: n.Horizontal}
	for _, u := range units {
		l.Units = append(l.Units, &u.Unit)
	}
	l.Draw(d)
	return d.WriteSVG(w, n.Title, n.Description)
}

// A unit is a box with what is needed to make it.
type unit struct {
	flow.Unit
	norm  bool // normalization and activation, which may stand in the box of the layer behind them
	block bool
}

// units makes the boxes of a trace; the first one is the input.
func (n Network) units(trace *nn.Trace) ([]*unit, error) {
	m := &unitMaker{Network: n, trace: trace, rows: trace.Rows(), of: map[int]int{}}
	first, last, err := m.part()
	if err != nil {
		return nil, err
	}
	input := m.word("input", "input", "input", "输入")
	shape := trace.Input.Shape()
	if n.Block != "" {
		shape = m.inputOf(first)
	}
	m.units = append(m.units, &unit{Unit: flow.Unit{Class: "box", Title: input, Shape: shapeText(shape)}})
	m.of[-1] = 0
	for i := first; i < last; {
		i = m.take(i, last)
	}
	for i, u := range m.units {
		for _, from := range u.In {
			m.units[from].Out = append(m.units[from].Out, i)
		}
	}
	return m.units, nil
}

// unitMaker turns rows into units.
type unitMaker struct {
	Network
	trace *nn.Trace
	rows  []nn.Row
	units []*unit
	of    map[int]int // the unit of each row
}

// part returns the rows of the block, all without one.
func (m *unitMaker) part() (first, last int, err error) {
	if m.Block == "" {
		return 0, len(m.rows), nil
	}
	first = -1
	for i, r := range m.rows {
		if within(r.Path, m.Block) {
			if first < 0 {
				first = i
			}
			last = i + 1
		}
	}
	if first < 0 {
		_, err = m.trace.OutputOf(m.Block)
		return 0, 0, errors.Join(err, fmt.Errorf("no layer is in the block %q", m.Block))
	}
	return first, last, nil
}

// inputOf returns the shape of what a row takes from outside.
func (m *unitMaker) inputOf(row int) tensor.Shape {
	for _, from := range m.rows[row].Inputs {
		if from >= 0 {
			return m.rows[from].Node.Shape()
		}
	}
	return m.trace.Input.Shape()
}

// take makes a unit of the row at i, or adds it to the one before, and returns the next row.
func (m *unitMaker) take(i, last int) int {
	next := i + 1
	u := &unit{}
	if path, kind := m.blockAround(m.rows[i].Path); path != "" {
		for next < last && within(m.rows[next].Path, path) {
			next++
		}
		m.describeBlock(u, path, kind, i, next)
	} else if m.describe(u, i) && m.folds(i) {
		into := m.units[m.of[m.rows[i].Inputs[0]]]
		into.Details = append(into.Details, u.Title)
		into.Shape = u.Shape
		m.of[i] = m.of[m.rows[i].Inputs[0]]
		return next
	}
	u.Group = m.frameAround(m.rows[i].Path)
	u.GroupName = m.Frames[u.Group]
	at := len(m.units)
	for j := i; j < next; j++ {
		m.of[j] = at
	}
	for j := i; j < next; j++ {
		for _, from := range m.rows[j].Inputs {
			k, ok := m.of[from]
			if !ok {
				k = 0 // from outside of the block
			}
			if k != at && !contains(u.In, k) {
				u.In = append(u.In, k)
			}
		}
	}
	if before := m.before(u); before != nil && before.norm && u.Class == "kind-blue" {
		// Normalization and activation before a convolution, as in DenseNet, are one box with it.
		u.Before, u.In = append([]string{before.Title}, before.Details...), before.In
		for j := i; j < next; j++ {
			m.of[j] = at - 1
		}
		m.units[at-1] = u
		return next
	}
	m.units = append(m.units, u)
	return next
}

// before returns the unit before, if it is the only input and has no other use.
func (m *unitMaker) before(u *unit) *unit {
	if len(u.In) != 1 || u.In[0] != len(m.units)-1 {
		return nil
	}
	for i, r := range m.rows {
		if _, made := m.of[i]; made {
			continue
		}
		for _, from := range r.Inputs {
			if k, ok := m.of[from]; ok && k == u.In[0] {
				return nil
			}
		}
	}
	return m.units[u.In[0]]
}

// folds reports whether the row, normalization or activation, stands in the box of the one before it.
func (m *unitMaker) folds(i int) bool {
	r := m.rows[i]
	if len(r.Inputs) != 1 || r.Inputs[0] < 0 {
		return false
	}
	from := r.Inputs[0]
	at, ok := m.of[from]
	if !ok || at != len(m.units)-1 || m.units[at].stands() {
		return false
	}
	for j := range m.rows {
		if j != i && contains(m.rows[j].Inputs, from) {
			return false
		}
	}
	return m.lastOf(at) == from
}

// stands reports whether nothing may be folded into the unit.
func (u *unit) stands() bool { return u.Concat || u.Sign != "" || u.block || u.Class == "box" }

// lastOf is the last row of a unit so far.
func (m *unitMaker) lastOf(at int) int {
	last := -1
	for row, u := range m.of {
		if u == at {
			last = max(last, row)
		}
	}
	return last
}

// blockAround returns the outermost block that is drawn as one box and has a layer of the given path, "" if there is none.
func (m *unitMaker) blockAround(path string) (block, kind string) {
	if m.Detail != Blocks {
		return "", ""
	}
	for _, l := range m.trace.Layers() {
		_, named := m.Names[l.Path]
		switch {
		case l.Path == m.Block || !within(path, l.Path) || !within(l.Path, m.Block):
		case l.Path == path && !m.operatorAt(path): // a layer of package nn
		case l.Kind == "Sequential" && !named:
		case block == "" || len(l.Path) < len(block):
			block, kind = l.Path, l.Kind
		}
	}
	return block, kind
}

// frameAround returns the outermost block with a frame that has a layer of the given path, "" if there is none.
func (m *unitMaker) frameAround(path string) (block string) {
	for _, l := range m.trace.Layers() {
		if _, framed := m.Frames[l.Path]; !framed || l.Path == m.Block || !within(path, l.Path) || !within(l.Path, m.Block) {
			continue
		}
		if block == "" || len(l.Path) < len(block) {
			block = l.Path
		}
	}
	return block
}

// operatorAt reports whether operators have the path, which is that of a block.
func (m *unitMaker) operatorAt(path string) bool {
	for _, r := range m.rows {
		if r.Path == path && r.Operator {
			return true
		}
	}
	return false
}

// within reports whether a path is that of a block or of something in it.
func within(path, block string) bool {
	return block == "" || path == block || len(path) > len(block) && path[:len(block)] == block && path[len(block)] == '.'
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}
