package diagram

import (
	"fmt"
	"image"
	"io"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
)

// Fields draws receptive fields as nested squares over a picture, one for each layer, with a legend.
type Fields struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Picture is H×W, drawn in shades; its values are from 0 to 1.
	Picture *tensor.Tensor
	// Boxes are the receptive fields in pixels of the picture, the smallest first, as explain.Model.ReceptiveField
	// finds them. What lies outside of the picture is drawn too, up to a quarter of its size.
	Boxes []FieldBox
	// Cell is the size of a pixel of the picture; 0 makes the picture about 240 pixels wide.
	Cell float64
}

// A FieldBox is a receptive field with its name.
type FieldBox struct {
	Label string
	Box   image.Rectangle
}

// WriteSVG writes the figure. It is an error if the picture is no matrix or too large, if a text has a control
// character, if there is no title, or if w fails.
func (f Fields) WriteSVG(w io.Writer) error {
	if !isMatrix(f.Picture) {
		return fmt.Errorf("diagram: %q: want a matrix as picture", f.Title)
	}
	s := f.Picture.Shape()
	cell := f.Cell
	if cell <= 0 {
		cell = max(1, float64(int(240/max(s[0], s[1]))))
	}
	g := Grid{Values: f.Picture, Numberless: true, Shading: Picture, Most: 1, Cell: cell}
	e, draw, err := g.layout()
	if err != nil {
		return fmt.Errorf("%w (%q)", err, f.Title)
	}
	d := svg.New()
	draw(d, 0, 0)
	wide, high := float64(s[1]), float64(s[0])
	x0, y0 := 0.0, -cell*high/2
	clip := func(v, size float64) float64 { return cell * min(max(v, -size/4), size*5/4) }
	right := e.width
	for i, b := range f.Boxes {
		left, top := clip(float64(b.Box.Min.X), wide), clip(float64(b.Box.Min.Y), high)
		w, h := clip(float64(b.Box.Max.X), wide)-left, clip(float64(b.Box.Max.Y), high)-top
		d.Rectangle(boxClass(i), x0+left, y0+top, w, h, 0)
		right = max(right, x0+left+w)
	}
	y := y0 + 12
	for i, b := range f.Boxes {
		d.Polyline(boxClass(i), right+16, y-5, right+40, y-5)
		text := fmt.Sprintf("%d×%d", b.Box.Dy(), b.Box.Dx())
		if b.Label != "" {
			text = b.Label + colon(b.Label) + text
		}
		d.Write("words", right+46, y, text)
		y += 21
	}
	return d.WriteSVG(w, f.Title, f.Description)
}

// colon is the colon of a label's language.
func colon(label string) string {
	if strings.ContainsFunc(label, svg.Wide) {
		return "："
	}
	return ": "
}

// boxClass is the colour of a box, with dashes from the fifth on.
func boxClass(i int) string {
	c := "edge-" + []Color{Orange, Green, Purple, Grey, Blue}[i%5].Name()
	if i >= 5 {
		c += " dashed"
	}
	return c
}

// Pyramid draws along one axis which elements of each layer an output depends on: rows of elements, with the windows between
// them. The first layer is the input, at the bottom.
type Pyramid struct {
	// Title and Description are read by screen readers.
	Title, Description string
	// Layers are the windows from the input up.
	Layers []PyramidLayer
	// Input is the name of the input, which is written beside it.
	Input string
}

// A PyramidLayer is a window along one axis.
type PyramidLayer struct {
	Label string
	// Kernel is the size of the window; Stride and Dilation 0 mean 1.
	Kernel, Stride, Dilation int
}

// WriteSVG writes the figure. It is an error if there is no layer, if a kernel is not above 0, if the input would have
// more than 60 elements, if a text has a control character, if there is no title, or if w fails.
func (p Pyramid) WriteSVG(w io.Writer) error {
	if len(p.Layers) == 0 {
		return fmt.Errorf("diagram: %q: there are no layers", p.Title)
	}
	// needed[i] are the elements of level i, level 0 being the input, that the output depends on; level i has size[i].
	needed := make([]map[int]bool, len(p.Layers)+1)
	size := make([]int, len(p.Layers)+1)
	needed[len(p.Layers)], size[len(p.Layers)] = map[int]bool{0: true}, 1
	for i := len(p.Layers) - 1; i >= 0; i-- {
		l := p.Layers[i]
		if l.Kernel < 1 {
			return fmt.Errorf("diagram: %q: layer %d has a window of %d", p.Title, i, l.Kernel)
		}
		size[i] = (size[i+1]-1)*max(l.Stride, 1) + max(l.Dilation, 1)*(l.Kernel-1) + 1
		if size[i] > 60 {
			return fmt.Errorf("diagram: %q: the receptive field has more than 60 elements", p.Title)
		}
		needed[i] = map[int]bool{}
		for at := range needed[i+1] {
			for k := range l.Kernel {
				needed[i][at*max(l.Stride, 1)+k*max(l.Dilation, 1)] = true
			}
		}
	}
	d := svg.New()
	p.draw(d, needed, size)
	return d.WriteSVG(w, p.Title, p.Description)
}

func (p Pyramid) draw(d *svg.Drawing, needed []map[int]bool, size []int) {
	const level = 58.0
	cell := min(26, max(8, float64(int(300/size[0]))))
	at := func(i, k int) (x, y float64) { // the middle of an element
		step, first := 1.0, 0.0 // of the elements of level i, in those of the input
		for j := range i {
			first += step * float64(max(p.Layers[j].Dilation, 1)*(p.Layers[j].Kernel-1)) / 2
			step *= float64(max(p.Layers[j].Stride, 1))
		}
		return cell * (first + step*float64(k) + 0.5), -level * float64(i)
	}
	for i, l := range p.Layers {
		for k := range size[i+1] {
			for j := range l.Kernel {
				x, y := at(i+1, k)
				x2, y2 := at(i, k*max(l.Stride, 1)+j*max(l.Dilation, 1))
				if needed[i+1][k] {
					d.Polyline("thin", x, y+cell/2, x2, y2-cell/2)
				}
			}
		}
	}
	for i := range size {
		for k := range size[i] {
			x, y := at(i, k)
			class := "cell"
			if needed[i][k] {
				class = "kind-" + Color(i%int(Grey)).Name()
			}
			d.Rectangle(class, x-cell/2+1, y-cell/2+1, cell-2, cell-2, 0)
		}
	}
	right := cell*float64(size[0]) + 14
	for i := range size {
		label := p.Input
		if i > 0 {
			label = p.Layers[i-1].Label
		}
		_, y := at(i, 0)
		if i < len(size)-1 || label != "" {
			d.Write("words", right, y+5, label)
		}
	}
}

// FieldsOf returns the receptive fields of the units in the middle of the outputs of the layers with the given paths, as far as
// convolution and pooling tell. input is C×H×W. labels are the names of the boxes; there may be fewer. It is an error if the
// network cannot be traced, if there is no such layer, or if its output is no stack of maps.
func FieldsOf(net nn.Layer, input tensor.Shape, paths []string, labels ...string) ([]FieldBox, error) {
	trace, err := nn.Outline(net, input, 1)
	if err != nil {
		return nil, fmt.Errorf("diagram: %w", err)
	}
	var list []FieldBox
	for i, path := range paths {
		n, err := trace.OutputOf(path)
		if err != nil {
			return nil, fmt.Errorf("diagram: %w", err)
		}
		s := n.Shape()
		if len(s) != 4 {
			return nil, fmt.Errorf("diagram: the output of layer %q is %v, not maps C×H×W", path, s[1:])
		}
		unit := image.Rect(s[3]/2, s[2]/2, s[3]/2+1, s[2]/2+1)
		b := FieldBox{Box: field(n, trace.Input, unit)}
		if i < len(labels) {
			b.Label = labels[i]
		}
		list = append(list, b)
	}
	return list, nil
}

// field returns the pixels of the input that some pixels of a node are computed from.
func field(n, input *graph.Node, pixels image.Rectangle) image.Rectangle {
	needed := map[*graph.Node]image.Rectangle{n: pixels}
	for id := n.ID(); id > input.ID(); id-- {
		at := n.Graph().Nodes()[id]
		if needed[at].Empty() {
			continue
		}
		box := behind(at, needed[at])
		for _, in := range at.Inputs() {
			if len(in.Shape()) == 4 && (in == input || len(in.Inputs()) > 0) {
				needed[in] = needed[in].Union(box)
			}
		}
	}
	return needed[input]
}

// behind returns the pixels of a node's arguments that some of its own are computed from.
func behind(n *graph.Node, pixels image.Rectangle) image.Rectangle {
	var w graph.Window
	switch op := n.Op().(type) {
	case graph.Conv2DOp:
		w = op.Window
	case graph.MaxPool2DOp:
		w = op.Window
	case graph.AvgPool2DOp:
		w = op.Window
	}
	height, down := n.Window(0)
	width, right := n.Window(1)
	return image.Rect(pixels.Min.X*right-w.Pad[1], pixels.Min.Y*down-w.Pad[0],
		(pixels.Max.X-1)*right-w.Pad[1]+width, (pixels.Max.Y-1)*down-w.Pad[0]+height)
}
