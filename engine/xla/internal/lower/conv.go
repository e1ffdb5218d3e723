package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Images stay N×C×H×W and weights O×C×Kh×Kw: XLA chooses the layouts in memory.
//
// The derivatives have the forms that XLA's GPU compiler recognises as those of a
// convolution: with respect to the input a convolution of dy, spread by the stride,
// with the reversed weight; with respect to the weight a convolution of the image
// with dy, whose batch is the feature that is summed over. With deterministic
// operations (--xla_gpu_deterministic_ops) XLA takes cuDNN's deterministic algorithms.

// conv2D takes x, w and perhaps a bias.
func conv2D(b *builder, op graph.Conv2DOp, y *graph.Node, in []value) value {
	z := b.convolve(in[0], in[1], stablehlo.Conv{
		Input: "bf01", Kernel: "oi01", Output: "bf01",
		Stride: op.Stride, InputDilation: [2]int{1, 1}, KernelDilation: op.Dilation,
		Pad: [2][2]int{
			{op.Pad[0], op.Pad[0] + op.ExtraPad[0]},
			{op.Pad[1], op.Pad[1] + op.ExtraPad[1]},
		},
		Groups: op.Groups,
	})
	if len(in) == 3 {
		z = b.Add(z, b.alongAxis(in[2], y.Shape(), 1))
	}
	return z
}

func conv2DInputGrad(b *builder, op graph.Conv2DInputGradOp, _ *graph.Node, in []value) value {
	return b.inputGrad(op.Conv, op.InputShape, in[0], in[1])
}

// inputGrad spreads dy back over the windows of an image of shape x, weighted by w.
func (b *builder) inputGrad(op graph.Conv2DOp, x tensor.Shape, w, dy value) value {
	c := stablehlo.Conv{
		Input: "bf01", Kernel: "io01", Output: "bf01",
		Stride: [2]int{1, 1}, InputDilation: op.Stride, KernelDilation: op.Dilation,
		Groups: op.Groups,
	}
	for i := range 2 {
		extent := op.Dilation[i]*(w.Shape()[2+i]-1) + 1
		spread := op.Stride[i]*(dy.Shape()[2+i]-1) + 1
		before := extent - 1 - op.Pad[i]
		c.Pad[i] = [2]int{before, x[2+i] + extent - 1 - spread - before}
	}
	return b.convolve(dy, b.Reverse(b.exchangeFeatures(w, op.Groups), 2, 3), c)
}

// exchangeFeatures makes O×(C/G)×Kh×Kw weights (O/G)×C×Kh×Kw, so that they lead from
// the output to the input.
func (b *builder) exchangeFeatures(w value, groups int) value {
	if groups == 1 {
		return w
	}
	s := w.Shape()
	w = b.Reshape(w, groups, s[0]/groups, s[1], s[2], s[3])
	w = b.Transpose(w, 1, 0, 2, 3, 4)
	return b.Reshape(w, s[0]/groups, groups*s[1], s[2], s[3])
}

func conv2DWeightGrad(b *builder, op graph.Conv2DWeightGradOp, _ *graph.Node, in []value) value {
	x, dy := in[0], in[1]
	c := stablehlo.Conv{
		Input: "fb01", Kernel: "io01", Output: "fb01",
		Stride: op.Conv.Dilation, InputDilation: [2]int{1, 1}, KernelDilation: op.Conv.Stride,
		BatchGroups: op.Conv.Groups,
	}
	for i := range 2 {
		extent := op.Conv.Dilation[i]*(op.WeightShape[2+i]-1) + 1
		spread := op.Conv.Stride[i]*(dy.Shape()[2+i]-1) + 1
		c.Pad[i] = [2]int{op.Conv.Pad[i], spread + extent - 1 - x.Shape()[2+i] - op.Conv.Pad[i]}
	}
	return b.convolve(x, dy, c)
}

// convolve computes a convolution with the precision that is asked for.
func (b *builder) convolve(x, kernel value, c stablehlo.Conv) value {
	c.Element, c.Precision = stablehlo.F32, b.precision()
	if b.options.Math == BF16 { // cuDNN wants arguments and result of one type
		x, kernel, c.Element = b.narrow(x), b.narrow(kernel), stablehlo.BF16
	}
	return b.widen(b.Convolution(x, kernel, c))
}
