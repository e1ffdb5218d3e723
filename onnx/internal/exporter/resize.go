package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
)

// ONNX's names, in the order of package graph.
var (
	resizeModes   = [...]string{"nearest", "linear", "cubic"}
	roundingNames = [...]string{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}
	coordinates   = [...]string{"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"}
)

// resize2D is Resize, if ONNX's formulas lead to the same elements, and a product with
// two matrices of weights otherwise.
func resize2D(c *call, o graph.Resize2DOp) string {
	if y, ok := c.resize(o); ok {
		return y
	}
	var terms [2][][]graph.ResizeTerm
	for axis := range terms {
		terms[axis] = o.Terms(axis, c.node.Inputs()[0].Shape()[2+axis])
	}
	return c.alongAxes("weights", o.Output, func(axis, i, _ int, add func(k int, weight float32)) {
		for _, t := range terms[axis][i] {
			add(t.Index, float32(t.Weight))
		}
	})
}

// resize adds a Resize, or returns false. It states scales where float32 has the exact
// ones, since these are the same for every batch, and sizes otherwise. Antialiasing is
// never a Resize: ONNX has it from opset 18 on, and its weights are not the same
// everywhere.
func (c *call) resize(o graph.Resize2DOp) (string, bool) {
	if o.Antialias && o.Mode != graph.ResizeNearest {
		return "", false
	}
	scales, asScales, ratios := []float32{1, 1}, true, true
	for axis, n := range c.node.Inputs()[0].Shape()[2:] {
		out := float64(o.Output[axis])
		scale := out / float64(n)
		if s := o.Scale[axis]; s != 0 && math.Abs(s*float64(n)-out) > 1e-6*out {
			scale, ratios = float64(float32(s)), false // as the file has it
		}
		scales = append(scales, float32(scale))
		product := float64(n) * float64(float32(scale))
		asScales = asScales && (product == out || !ratios && math.Floor(product) == out)
		if o.Mode == graph.ResizeNearest && !(sameElements(o, axis, n, scale) && sameElements(o, axis, n, float32(scale))) {
			return "", false
		}
	}
	// Beside the formulas with the scale there are some with the ratio of the sizes.
	rule := o.Coordinates
	switch {
	case rule == graph.HalfPixelSymmetric && ratios: // an opset before 19 lacks it
		rule = graph.HalfPixel
	case !ratios && (!asScales || rule != graph.HalfPixel && rule != graph.Asymmetric):
		return "", false
	}
	attributes := []*proto.Attribute{text("mode", resizeModes[o.Mode]), text("coordinate_transformation_mode", coordinates[rule])}
	switch o.Mode {
	case graph.ResizeNearest:
		attributes = append(attributes, text("nearest_mode", roundingNames[o.Rounding]))
	case graph.ResizeCubic:
		if o.CubicA != 0 {
			attributes = append(attributes, float("cubic_coeff_a", float32(o.CubicA)))
		}
		attributes = append(attributes, number("exclude_outside", toInt(o.ExcludeOutside)))
	}
	if asScales {
		return c.op("Resize", []string{c.in(0), "", c.floats("scales", scales, 4)}, attributes...), true
	}
	sizes := c.dims(c.node)
	if c.opts.Opset >= 18 { // the sizes of some axes are enough
		sizes, attributes = sizes[2:], append(attributes, ints("axes", 2, 3))
	}
	return c.op("Resize", []string{c.in(0), "", "", c.shapeOf(sizes)}, attributes...), true
}

// sameElements reports whether a program that computes ONNX's formulas with this
// precision takes the same nearest elements. Where a position is exactly between two
// elements, or on one, rounding can lead to another one: element 8 with a scale of 1.6
// is at 5, but float32(1.6) is a little more.
func sameElements[T float32 | float64](o graph.Resize2DOp, axis, n int, scale T) bool {
	for i, terms := range o.Terms(axis, n) {
		x := float64(resizePosition(o, i, n, o.Output[axis], scale))
		switch o.Rounding {
		case graph.RoundPreferFloor:
			x = math.Ceil(x - 0.5)
		case graph.RoundPreferCeil:
			x = math.Floor(x + 0.5)
		case graph.RoundFloor:
			x = math.Floor(x)
		case graph.RoundCeil:
			x = math.Ceil(x)
		}
		if min(max(int(x), 0), n-1) != terms[0].Index {
			return false
		}
	}
	return true
}

// resizePosition is ONNX's coordinate transformation of element i of out elements.
func resizePosition[T float32 | float64](o graph.Resize2DOp, i, n, out int, scale T) T {
	switch {
	case o.Coordinates == graph.Asymmetric:
		return T(i) / scale
	case out == 1 && (o.Coordinates == graph.PyTorchHalfPixel || o.Coordinates == graph.AlignCorners):
		return 0
	case o.Coordinates == graph.AlignCorners:
		return T(i) * T(n-1) / T(out-1)
	}
	return (T(i)+0.5)/scale - 0.5
}
