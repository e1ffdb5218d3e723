package operators

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/tensor"
)

// A resizing is what Resize and Upsample do along one axis.
type resizing struct {
	in, out    int
	scale      float64 // out/in as the file says it, before rounding
	start, end float64 // of the region of interest, as a share of the axis
}

// resize changes the sizes of axes, one after the other: nearest takes elements, linear and
// cubic are a product with a matrix that has the weights.
func resize(c *Call) []*Value {
	axes, plan := c.resizings()
	x := c.x()
	mode := c.Text("mode", "nearest")
	if y := c.resizeImage(x, axes, plan, mode); y != nil {
		return c.one(y)
	}
	for i, a := range axes {
		r := plan[i]
		if r.in == r.out && r.scale == 1 && c.coordinates() != "tf_crop_and_resize" {
			continue
		}
		switch mode {
		case "nearest":
			x = c.resizeNearest(x, a, r)
		case "linear", "cubic", "bilinear":
			x = c.resizeSmooth(x, a, r, mode == "cubic")
		default:
			c.unsupported("mode", mode, "")
		}
	}
	return c.one(x)
}

// resizeImage resizes images in one operator; nil where graph has none for that.
func (c *Call) resizeImage(x *graph.Node, axes []int, plan []resizing, mode string) *graph.Node {
	if len(x.Shape()) != 4 {
		return nil
	}
	var size [2]int
	copy(size[:], x.Shape()[2:])
	r := graph.Resize{
		CubicA: float64(c.Float("cubic_coeff_a", 0)), ExcludeOutside: c.flag("exclude_outside"), Antialias: c.flag("antialias"), Scale: [2]float64{1, 1},
	}
	for i, a := range axes {
		switch {
		case a >= 2:
			size[a-2], r.Scale[a-2] = plan[i].out, plan[i].scale
		case plan[i].in != plan[i].out || plan[i].scale != 1:
			return nil
		}
	}
	// In the order of graph's constants.
	kind := slices.Index(words("nearest linear cubic"), mode)
	rule := slices.Index(words("half_pixel pytorch_half_pixel align_corners asymmetric half_pixel_symmetric"), c.coordinates())
	rounding := slices.Index(words("round_prefer_floor round_prefer_ceil floor ceil"), c.nearestMode())
	if min(kind, rule, rounding) < 0 {
		return nil
	}
	r.Mode, r.Coordinates, r.Rounding = graph.ResizeMode(kind), graph.ResizeCoordinates(rule), graph.ResizeRounding(rounding)
	return graph.Resize2D(x, size[0], size[1], r)
}

// nearestMode returns how positions are rounded.
func (c *Call) nearestMode() string {
	if c.OpType == "Upsample" || c.Version < 11 {
		return "floor"
	}
	return c.Text("nearest_mode", "round_prefer_floor")
}

// coordinates returns the rule by which positions in the result become positions in the
// input.
func (c *Call) coordinates() string {
	if c.OpType == "Upsample" || c.Version < 11 {
		return "asymmetric"
	}
	return c.Text("coordinate_transformation_mode", "half_pixel")
}

// resizings reads the scales or sizes.
func (c *Call) resizings() (axes []int, plan []resizing) {
	var scales, roi []float64
	var sizes []int
	switch {
	case c.OpType == "Upsample" && c.Version < 9:
		if a := c.Attribute("scales"); a != nil {
			for _, s := range a.Floats {
				scales = append(scales, float64(s))
			}
		}
	case c.OpType == "Upsample" || c.Version < 11:
		scales = c.floats(1, "scales")
	default:
		roi, scales, sizes = c.floats(1, "roi"), c.floats(2, "scales"), c.integers(3, "sizes")
	}
	axes = c.axes(c.ints("axes"), c.rank())
	if len(axes) == 0 {
		for a := range c.rank() {
			axes = append(axes, a)
		}
	}
	if len(scales) == 0 == (len(sizes) == 0) || len(scales)+len(sizes) != len(axes) {
		c.fail("%d scales and %d sizes for %d axes, want the one or the other", len(scales), len(sizes), len(axes))
	}
	dims := c.dims()
	if len(sizes) > 0 {
		scales = c.scalesOf(slices.Clone(sizes), axes, dims)
	}
	for i, a := range axes {
		r := resizing{in: dims[a], out: int(math.Floor(float64(dims[a]) * scales[i])), scale: scales[i], end: 1}
		if len(sizes) > 0 {
			r.out = int(math.Round(float64(dims[a]) * scales[i]))
		}
		if !(r.scale > 0) || r.out < 1 || r.out > constant.MaxElements {
			c.fail("scale %v of axis %d of %v", r.scale, a, dims)
		}
		if len(roi) == 2*len(axes) {
			r.start, r.end = roi[i], roi[len(axes)+i]
		}
		plan = append(plan, r)
	}
	return axes, plan
}

// scalesOf returns the scales for sizes.
func (c *Call) scalesOf(sizes, axes, dims []int) []float64 {
	scales := make([]float64, len(sizes))
	for i, a := range axes {
		if a == 0 && c.scaled(dims) && sizes[i] == c.File.Input[0] {
			sizes[i] = dims[0] // the batch that the file was written for
		}
		scales[i] = float64(sizes[i]) / float64(dims[a])
	}
	common := 0.
	switch policy := c.Text("keep_aspect_ratio_policy", "stretch"); policy {
	case "stretch":
		return scales
	case "not_larger":
		common = slices.Min(scales)
	case "not_smaller":
		common = slices.Max(scales)
	default:
		c.unsupported("keep_aspect_ratio_policy", policy, "")
	}
	for i := range scales {
		scales[i] = common
	}
	return scales
}

// position returns the position in the input of element i of the result.
func (c *Call) position(r resizing, i int) float64 {
	x := float64(i)
	switch mode := c.coordinates(); mode {
	case "half_pixel":
		return (x+0.5)/r.scale - 0.5
	case "half_pixel_symmetric":
		adjustment := float64(r.out) / (r.scale * float64(r.in))
		return float64(r.in)/2*(1-adjustment) + (x+0.5)/r.scale - 0.5
	case "pytorch_half_pixel":
		if r.out == 1 {
			return 0
		}
		return (x+0.5)/r.scale - 0.5
	case "align_corners":
		if r.out == 1 {
			return 0
		}
		return x * float64(r.in-1) / (r.scale*float64(r.in) - 1)
	case "asymmetric":
		return x / r.scale
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / r.scale
	case "tf_crop_and_resize":
		last := float64(r.in - 1)
		if r.out == 1 {
			return (r.start + r.end) / 2 * last
		}
		return r.start*last + x*(r.end-r.start)*last/float64(r.out-1)
	default:
		c.unsupported("coordinate_transformation_mode", mode, "")
		return 0
	}
}

// outside reports whether a position gets the extrapolation value.
func (c *Call) outside(r resizing, x float64) bool {
	return c.coordinates() == "tf_crop_and_resize" && (x < 0 || x > float64(r.in-1))
}

func (c *Call) resizeNearest(x *graph.Node, axis int, r resizing) *graph.Node {
	mode := c.nearestMode()
	indices := make([]int, r.out)
	for i := range indices {
		at := c.position(r, i)
		if c.outside(r, at) {
			c.unsupported("extrapolation", "nearest", "")
		}
		switch mode {
		case "round_prefer_floor":
			at = math.Ceil(at - 0.5)
		case "round_prefer_ceil":
			at = math.Floor(at + 0.5)
		case "floor":
			at = math.Floor(at)
		case "ceil":
			at = math.Ceil(at)
		default:
			c.unsupported("nearest_mode", mode, "")
		}
		indices[i] = int(min(max(at, 0), float64(r.in-1)))
	}
	return gatherAxis(x, axis, indices)
}

// resizeSmooth is linear or cubic interpolation. With antialias, the kernel of an axis that
// becomes shorter is so much wider.
func (c *Call) resizeSmooth(x *graph.Node, axis int, r resizing, cubic bool) *graph.Node {
	if r.in > 1<<13 || r.out > 1<<13 {
		c.unsupported("sizes", max(r.in, r.out), "more than 8192 elements of an axis")
	}
	a := float64(c.Float("cubic_coeff_a", -0.75))
	kernel, reach := func(t float64) float64 { return max(0, 1-t) }, 1.
	if cubic {
		reach = 2
		kernel = func(t float64) float64 {
			switch {
			case t <= 1:
				return ((a+2)*t-(a+3))*t*t + 1
			case t < 2:
				return ((a*t-5*a)*t+8*a)*t - 4*a
			}
			return 0
		}
	}
	squeeze := 1.
	if c.flag("antialias") {
		squeeze = min(r.scale, 1)
	}
	weights := tensor.New(r.out, r.in)
	extra := tensor.New(r.out)
	extrapolated := false
	for i := range r.out {
		at := c.position(r, i)
		if c.outside(r, at) {
			extra.Set(c.Float("extrapolation_value", 0), i)
			extrapolated = true
			continue
		}
		first, last := int(math.Floor(at-reach/squeeze))+1, int(math.Ceil(at+reach/squeeze))-1
		row := make([]float64, r.in)
		sum := 0.
		for k := first; k <= last; k++ {
			w := kernel(math.Abs(float64(k)-at) * squeeze)
			if c.flag("exclude_outside") && (k < 0 || k >= r.in) {
				continue
			}
			row[min(max(k, 0), r.in-1)] += w
			sum += w
		}
		for k, w := range row {
			weights.Set(float32(w/sum), i, k)
		}
	}
	y := c.product(x, axis, weights)
	if extrapolated {
		shape := slices.Repeat([]int{1}, len(x.Shape()))
		shape[axis] = r.out
		y = graph.Add(y, graph.Reshape(c.Graph.Constant(extra), shape...))
	}
	return y
}

// product multiplies the vectors along an axis of x by a matrix, out×in.
func (c *Call) product(x *graph.Node, axis int, matrix *tensor.Tensor) *graph.Node {
	s := x.Shape()
	m := c.Graph.Constant(matrix)
	inner := s[axis+1:].Size()
	flat := graph.Reshape(x, s[:axis].Size(), s[axis], inner)
	if inner == 1 {
		flat = graph.MatMulT(graph.Reshape(flat, -1, s[axis]), m, false, true)
	} else {
		flat = graph.MatMul(m, flat)
	}
	return graph.Reshape(flat, slices.Concat(s[:axis], []int{matrix.Shape()[0]}, s[axis+1:])...)
}
