package graph

import (
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
)

// ResizeMode says from which elements of an axis an element of the resized one is
// computed.
type ResizeMode int

// The modes of resizing.
const (
	// ResizeNearest takes the element that Rounding chooses.
	ResizeNearest ResizeMode = iota
	// ResizeLinear interpolates between the two elements around the position.
	ResizeLinear
	// ResizeCubic takes the four elements around it, by Keys' cubic convolution (1981).
	ResizeCubic
)

// ResizeCoordinates says which position x of an axis of n elements element i of the
// resized one, of out elements, stands for. s is the scale.
type ResizeCoordinates int

// The coordinate transformations, under the names that ONNX has for them.
const (
	// HalfPixel is x = (i+½)/s − ½, PyTorch's align_corners=False.
	HalfPixel ResizeCoordinates = iota
	// PyTorchHalfPixel is HalfPixel, but x = 0 where s·n ≤ 1.
	PyTorchHalfPixel
	// AlignCorners is x = i·(n−1)/(s·n−1), or 0 where s·n = 1.
	AlignCorners
	// Asymmetric is x = i/s.
	Asymmetric
	// HalfPixelSymmetric is HalfPixel around the middle of the image:
	// x = (i+½)/s − ½ + n/2·(1 − out/(s·n)).
	HalfPixelSymmetric
)

// ResizeRounding says which element is nearest to a position x.
type ResizeRounding int

// The ways to round, under the names that ONNX has for them.
const (
	RoundPreferFloor ResizeRounding = iota // ⌈x−½⌉
	RoundPreferCeil                        // ⌊x+½⌋
	RoundFloor                             // ⌊x⌋
	RoundCeil                              // ⌈x⌉
)

// Resize says how Resize2D computes an image of another size. The zero value is ONNX's
// default. PyTorch's interpolate is
//
//	nearest        {Coordinates: Asymmetric, Rounding: RoundFloor}
//	nearest-exact  {Rounding: RoundPreferCeil}
//	bilinear       {Mode: ResizeLinear}, with align_corners {…, Coordinates: AlignCorners}
//	bicubic        {Mode: ResizeCubic}, the same
//	antialias      {…, ExcludeOutside: true, Antialias: true}, and CubicA −0.5
type Resize struct {
	Mode        ResizeMode
	Coordinates ResizeCoordinates
	Rounding    ResizeRounding
	// CubicA is the coefficient a of the cubic; 0 stands for −0.75.
	CubicA float64
	// ExcludeOutside leaves out elements beyond the edges of the image and makes the
	// weights of the others add up to 1. Otherwise an edge repeats beyond itself.
	ExcludeOutside bool
	// Antialias stretches the linear or the cubic function by 1/s where s < 1, so that
	// all elements have a part in the result.
	Antialias bool
	// Scale is s for height and width; 0 stands for the size of the result divided by
	// that of the image. Another one may be given that s·n differs from the size of the
	// result by at most 1, as n·s rounded down does.
	Scale [2]float64
}

// Resize2DOp resizes images N×C×H×W to N×C×Output, each axis by itself: the elements
// of the result are weighted sums of those of the image, with the weights of Terms for
// the rows times those for the columns. Argument: x.
type Resize2DOp struct {
	Resize
	Output [2]int
}

// Kind returns "Resize2D".
func (Resize2DOp) Kind() string { return "Resize2D" }

func (o Resize2DOp) describe([]tensor.Shape) string { return "Resize2D to " + pair(o.Output, false) }

// Infer returns N×C×Output.
func (o Resize2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return o.infer(in[0])
}

func (o Resize2DOp) infer(x tensor.Shape) (tensor.Shape, error) {
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	if o.Output[0] < 1 || o.Output[1] < 1 {
		return nil, fmt.Errorf("output size %s must be at least 1×1", pair(o.Output, false))
	}
	if o.Mode < ResizeNearest || o.Mode > ResizeCubic || o.Coordinates < HalfPixel || o.Coordinates > HalfPixelSymmetric ||
		o.Rounding < RoundPreferFloor || o.Rounding > RoundCeil || math.IsNaN(o.CubicA) || math.IsInf(o.CubicA, 0) {
		return nil, fmt.Errorf("unknown mode %d, coordinates %d, rounding %d or cubic coefficient %v", o.Mode, o.Coordinates, o.Rounding, o.CubicA)
	}
	for i, s := range o.Scale {
		if length := s * float64(x[2+i]); s != 0 && !(length >= 0.5 && math.Abs(length-float64(o.Output[i])) <= 1) {
			return nil, fmt.Errorf("scale %v of %s %d does not give %d", s, axisNames[i], x[2+i], o.Output[i])
		}
	}
	return tensor.Shape{x[0], x[1], o.Output[0], o.Output[1]}, nil
}

// A ResizeTerm is an element of an axis and its weight.
type ResizeTerm struct {
	Index  int
	Weight float64
}

// Terms returns what each element of the result is the sum of along an axis (0
// vertical, 1 horizontal) of n elements, in rising order.
func (o Resize2DOp) Terms(axis, n int) [][]ResizeTerm {
	list := make([][]ResizeTerm, o.Output[axis])
	for i := range list {
		x, scale := o.position(axis, i, n)
		if o.Mode == ResizeNearest {
			list[i] = []ResizeTerm{{o.nearest(x, n), 1}}
		} else {
			list[i] = o.weights(x, scale, n)
		}
	}
	return list
}

// position returns the position of element i of the result, and the scale. Positions far
// outside, where a given scale is nearly too small, are cut off.
func (o Resize2DOp) position(axis, i, n int) (x, scale float64) {
	x, scale = o.transformed(axis, i, n)
	return min(max(x, -8*float64(n)), 8*float64(n)), scale
}

// transformed is the coordinate transformation. Where the scale is the ratio of the
// sizes, whole positions are exact.
func (o Resize2DOp) transformed(axis, i, n int) (x, scale float64) {
	at, in, out := float64(i), float64(n), float64(o.Output[axis])
	length := out // of the resized axis: s·n
	if s := o.Scale[axis]; s != 0 && math.Abs(s*in-out) > 1e-6*out {
		length = s * in
	}
	half := ((2*at+1)*in - length) / (2 * length)
	switch o.Coordinates {
	case PyTorchHalfPixel:
		if length <= 1 {
			half = 0
		}
	case AlignCorners:
		if length == 1 {
			return 0, length / in
		}
		return at * (in - 1) / (length - 1), length / in
	case Asymmetric:
		return at * in / length, length / in
	case HalfPixelSymmetric:
		half += in / 2 * (1 - out/length)
	}
	return half, length / in
}

// nearest returns the element that is nearest to x.
func (o Resize2DOp) nearest(x float64, n int) int {
	switch o.Rounding {
	case RoundPreferFloor:
		x = math.Ceil(x - 0.5)
	case RoundPreferCeil:
		x = math.Floor(x + 0.5)
	case RoundFloor:
		x = math.Floor(x)
	case RoundCeil:
		x = math.Ceil(x)
	}
	return inside(int(x), n)
}

// inside returns the element of an axis that is nearest to element i.
func inside(i, n int) int { return min(max(i, 0), n-1) }

// weights returns the elements around x and their weights. Those of elements beyond an
// edge are added to that of the edge, unless they are excluded.
func (o Resize2DOp) weights(x, scale float64, n int) (terms []ResizeTerm) {
	if !o.Antialias || scale > 1 {
		scale = 1
	}
	support := float64(o.Mode) / scale // 1 for linear, 2 for cubic
	total := 0.0
	for i := int(math.Floor(x - support)); float64(i) < x+support; i++ {
		w := o.weight((float64(i) - x) * scale)
		at := inside(i, n)
		if w == 0 || o.ExcludeOutside && at != i {
			continue
		}
		total += w
		if last := len(terms) - 1; last >= 0 && terms[last].Index == at {
			terms[last].Weight += w
		} else {
			terms = append(terms, ResizeTerm{at, w})
		}
	}
	if len(terms) == 0 || total == 0 { // all are excluded
		return []ResizeTerm{{inside(int(math.Round(x)), n), 1}}
	}
	if o.ExcludeOutside || scale < 1 {
		for i := range terms {
			terms[i].Weight /= total
		}
	}
	return terms
}

// weight is the linear or the cubic function of the distance from the position.
func (o Resize2DOp) weight(t float64) float64 {
	t = math.Abs(t)
	if o.Mode == ResizeLinear {
		return max(0, 1-t)
	}
	a := o.CubicA
	if a == 0 {
		a = -0.75
	}
	switch {
	case t <= 1:
		return ((a+2)*t-(a+3))*t*t + 1
	case t < 2:
		return ((a*t-5*a)*t+8*a)*t - 4*a
	}
	return 0
}

func (o Resize2DOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(Resize2DGradOp{Resize: o, InputShape: y.inputs[0].shape}, dy)}
}

func (Resize2DOp) cheap() {}

func (o Resize2DOp) rebatch(batching) (Op, bool) { return o, true }

func (o Resize2DOp) window(n *Node, axis int) (size, stride int) {
	in := n.inputs[0].shape[2+axis]
	size = 1
	for _, t := range o.Terms(axis, in) {
		size = max(size, t[len(t)-1].Index-t[0].Index+1)
	}
	return size, max(1, in/o.Output[axis])
}

// Resize2DGradOp is the derivative of Resize2DOp: each dy element is added to the
// elements that it was computed from, times their weights. Argument: dy.
type Resize2DGradOp struct {
	noGradient
	Resize     Resize2DOp
	InputShape tensor.Shape
}

// Kind returns "Resize2DGrad".
func (Resize2DGradOp) Kind() string { return "Resize2DGrad" }

// Infer returns InputShape.
func (o Resize2DGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	out, err := o.Resize.infer(o.InputShape)
	if err == nil && !out.Equal(in[0]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[0])
	}
	return o.InputShape, err
}

// Resize2D resizes images x (N×C×H×W) to N×C×height×width; see Resize and Resize2DOp.
func Resize2D(x *Node, height, width int, r Resize) *Node {
	return x.graph.add(Resize2DOp{r, [2]int{height, width}}, x)
}
