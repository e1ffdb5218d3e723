package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// ConvTranspose2DOp is the transposed convolution of a batch of images x (N×C×H×W)
// with weights w (C×(O/Groups)×Kh×Kw), as PyTorch's conv_transpose2d without a bias:
// each element of x is spread over a window of the result, weighted by w,
//
//	y[n,o,i·s+a·d−p,j·s+b·d−p] += w[c,o',a,b] · x[n,c,i,j]
//
// where o' is the number of o in its group, which is that of c. The result N×O×H'×W'
// is cut off by the padding and has OutputPad more rows below and columns to the right:
//
//	H' = (H−1)·s − 2p − e + d·(k−1) + 1 + OutputPad
//
// where e is the extra padding. It is the derivative of a Conv2DOp of y with respect to
// its input, which Conv returns; OutputPad chooses one of the sizes of y that give an
// output of H×W, so it is smaller than the stride. Arguments: x, w.
type ConvTranspose2DOp struct {
	Window
	OutputPad [2]int
	Groups    int
}

// Kind returns "ConvTranspose2D".
func (ConvTranspose2DOp) Kind() string { return "ConvTranspose2D" }

func (o ConvTranspose2DOp) describe(in []tensor.Shape) string {
	s := "ConvTranspose2D"
	if len(in) > 1 && len(in[1]) == 4 {
		s += " " + pair([2]int{in[1][2], in[1][3]}, false)
	}
	s += fmt.Sprintf(", stride %s, padding %s", pair(o.Stride, true), o.padding())
	if o.OutputPad != [2]int{} {
		s += ", output padding " + pair(o.OutputPad, true)
	}
	return s
}

// Conv is the convolution whose input is the result.
func (o ConvTranspose2DOp) Conv() Conv2DOp { return Conv2DOp{o.Window, o.Groups} }

// Infer returns N×O×H'×W'.
func (o ConvTranspose2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	x, w := in[0], in[1]
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	if err := rank("weight", w, 4, "C×O×Kh×Kw"); err != nil {
		return nil, err
	}
	if o.Groups < 1 || x[1]%o.Groups != 0 {
		return nil, fmt.Errorf("%d groups must divide the %d input channels", o.Groups, x[1])
	}
	if w[0] != x[1] {
		return nil, fmt.Errorf("input %v has %d channels, the weight %v expects %d", x, x[1], w, w[0])
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	y := tensor.Shape{x[0], w[1] * o.Groups, 0, 0}
	for i := range 2 {
		if o.OutputPad[i] < 0 || o.OutputPad[i] >= o.Stride[i] {
			return nil, fmt.Errorf("output padding %v must be at least 0 and smaller than the stride %v", o.OutputPad, o.Stride)
		}
		y[2+i] = o.transposedSize(i, x[2+i], w[2+i], o.OutputPad[i])
		if y[2+i] < 1 {
			return nil, fmt.Errorf("input %v is too small for the padding: output %s %s", x, axisNames[i], signed(y[2+i]))
		}
	}
	return y, nil
}

// transposedSize is the size of the result of a transposed convolution along an axis.
func (w Window) transposedSize(axis, n, kernel, outputPad int) int {
	return (n-1)*w.Stride[axis] - w.Pad[axis] - w.after(axis) + w.extent(axis, kernel) + outputPad
}

func (o ConvTranspose2DOp) gradient(y, dy *Node) []*Node {
	x, w := y.inputs[0], y.inputs[1]
	return []*Node{
		Conv2D(dy, w, nil, o.Window, o.Groups),
		dy.graph.add(Conv2DWeightGradOp{Conv: o.Conv(), WeightShape: w.shape}, dy, x),
	}
}

func (o ConvTranspose2DOp) rebatch(b batching) (Op, bool) { return o, b.only(0) }

func (o ConvTranspose2DOp) multiplyAdds(n *Node) int64 {
	return taps(n.inputs[0].shape, n.inputs[1].shape)
}

func (o ConvTranspose2DOp) window(n *Node, axis int) (size, stride int) {
	return (o.extent(axis, n.inputs[1].shape[2+axis]) + o.Stride[axis] - 1) / o.Stride[axis], 1
}

// ConvTranspose2D returns the transposed convolution of x (N×C×H×W) with weight
// (C×(O/groups)×Kh×Kw) plus bias (O, or nil), as PyTorch's conv_transpose2d; see
// ConvTranspose2DOp. outputPad adds rows below and columns to the right, which the
// window reaches only in part or not at all; PyTorch allows it to be smaller than the
// stride or than the dilation. Zero groups mean 1.
func ConvTranspose2D(x, weight, bias *Node, window Window, outputPad [2]int, groups int) *Node {
	w := window.normal()
	var zeros [2]int // rows and columns of the result that no window reaches
	for i := range 2 {
		if w.after(i) < 0 || outputPad[i] < w.Stride[i] {
			continue
		}
		// Less padding after the image makes the result larger too.
		less := min(outputPad[i]-w.Stride[i]+1, w.after(i))
		w.ExtraPad[i] -= less
		outputPad[i] -= less
		zeros[i] = max(0, outputPad[i]-w.Stride[i]+1)
		outputPad[i] -= zeros[i]
	}
	y := x.graph.add(ConvTranspose2DOp{w, outputPad, max(groups, 1)}, x, weight)
	if zeros != [2]int{} {
		y = Pad(y, []int{0, 0, 0, 0}, []int{0, 0, zeros[0], zeros[1]}, 0)
	}
	if bias == nil {
		return y
	}
	if !bias.shape.Equal(y.shape[1:2]) {
		fail(x.graph.failurePath(), "ConvTranspose2D", "bias must have shape %d, got %v", y.shape[1], bias.shape)
	}
	return Add(y, Reshape(bias, y.shape[1], 1, 1))
}
