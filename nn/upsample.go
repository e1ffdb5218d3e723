package nn

import (
	"math"

	"github.com/strideml/stride/graph"
)

// UpsampleLayer resizes images; see [Upsample].
type UpsampleLayer struct {
	factor float64
	size   [2]int
	mode   graph.ResizeMode
	align  bool
}

// Upsample returns a layer that resizes images by a factor, as PyTorch's Upsample:
// N×C×H×W becomes N×C×⌊H·factor⌋×⌊W·factor⌋. Each element of the result is the nearest
// one of the image unless Bilinear or Bicubic is called.
func Upsample(factor float64) *UpsampleLayer { return &UpsampleLayer{factor: factor} }

// Size sets the height and the width of the result, in place of the factor.
func (u *UpsampleLayer) Size(height, width int) *UpsampleLayer {
	u.size = [2]int{height, width}
	return u
}

// Bilinear interpolates between the two nearest elements along each axis.
func (u *UpsampleLayer) Bilinear() *UpsampleLayer { u.mode = graph.ResizeLinear; return u }

// Bicubic interpolates between the four nearest elements along each axis.
func (u *UpsampleLayer) Bicubic() *UpsampleLayer { u.mode = graph.ResizeCubic; return u }

// AlignCorners makes the elements in the corners of the result those of the image. It
// is for Bilinear and Bicubic.
func (u *UpsampleLayer) AlignCorners() *UpsampleLayer { u.align = true; return u }

func (u *UpsampleLayer) kind() string { return "Upsample" }

// Forward adds the resizing of x.
func (u *UpsampleLayer) Forward(x *graph.Node) *graph.Node {
	return within(u, x, func(s scope) *graph.Node {
		in, size := x.Shape(), u.size
		r := graph.Resize{Mode: u.mode}
		switch {
		case len(in) != 4:
			s.g.Fail(u.kind(), "input must have rank 4 (N×C×H×W), got %v", in)
		case u.align && u.mode == graph.ResizeNearest:
			s.g.Fail(u.kind(), "only bilinear and bicubic interpolation can align corners")
		case size == [2]int{} && !(u.factor > 0 && u.factor <= 1<<16):
			s.g.Fail(u.kind(), "the factor must be above 0, got %v", u.factor)
		case u.align:
			r.Coordinates = graph.AlignCorners
		case u.mode == graph.ResizeNearest:
			r.Coordinates, r.Rounding = graph.Asymmetric, graph.RoundFloor
		}
		if size == [2]int{} {
			for i := range size {
				size[i] = int(math.Floor(float64(in[2+i]) * u.factor))
				if !u.align { // PyTorch keeps to the factor where it makes no whole size
					r.Scale[i] = u.factor
				}
			}
		}
		return graph.Resize2D(x, size[0], size[1], r)
	})
}
