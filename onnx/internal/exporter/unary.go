package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
)

// plainUnary has the functions that ONNX has under one name and without parameters.
var plainUnary = map[graph.UnaryKind]string{
	graph.KindNeg:     "Neg",
	graph.KindExp:     "Exp",
	graph.KindLog:     "Log",
	graph.KindSqrt:    "Sqrt",
	graph.KindReLU:    "Relu",
	graph.KindSigmoid: "Sigmoid",
	graph.KindTanh:    "Tanh",
	graph.KindErf:     "Erf",
	graph.KindAbs:     "Abs",
	graph.KindFloor:   "Floor",
	graph.KindCeil:    "Ceil",
	graph.KindRound:   "Round", // to the even one of two, as ours
	graph.KindSign:    "Sign",
	graph.KindSin:     "Sin",
	graph.KindCos:     "Cos",
}

// unary is a function of one number.
func unary(c *call, o graph.UnaryOp) string {
	x := c.in(0)
	if kind, ok := plainUnary[o.Func]; ok {
		return c.op(kind, []string{x})
	}
	switch o.Func {
	case graph.KindReLU6:
		return c.clip(x, 0, 6)
	case graph.KindClip:
		return c.clip(x, o.A, o.B)
	case graph.KindLeakyReLU:
		return c.op("LeakyRelu", []string{x}, float("alpha", o.A))
	case graph.KindELU:
		return c.op("Elu", []string{x}, float("alpha", o.A))
	case graph.KindSoftplus:
		return c.softplus(x, o.A, o.B)
	case graph.KindSiLU:
		return c.op("Mul", []string{x, c.op("Sigmoid", []string{x})})
	case graph.KindHardSigmoid:
		return c.hardSigmoid(x)
	case graph.KindHardSwish:
		if c.opts.Opset >= 14 {
			return c.op("HardSwish", []string{x})
		}
		return c.op("Mul", []string{x, c.hardSigmoid(x)})
	case graph.KindGELU:
		return c.gelu(x)
	case graph.KindGELUTanh:
		return c.geluTanh(x)
	case graph.KindPow:
		return c.op("Pow", []string{x, c.scalar(o.A)})
	}
	c.fail(c.node, "the function has no form in ONNX")
	return ""
}

// clip is Clip; an infinite bound is left out.
func (c *call) clip(x string, lo, hi float32) string {
	inputs := []string{x, "", ""}
	if !math.IsInf(float64(lo), -1) {
		inputs[1] = c.scalar(lo)
	}
	if !math.IsInf(float64(hi), 1) {
		inputs[2] = c.scalar(hi)
	}
	return c.op("Clip", inputs)
}

// hardSigmoid has the slope of MobileNetV3: ONNX's default is another one.
func (c *call) hardSigmoid(x string) string {
	return c.op("HardSigmoid", []string{x}, float("alpha", 1./6), float("beta", 0.5))
}

// exactSoftplus is the argument from which on log(1+eˣ) is x in float32.
const exactSoftplus = 18

// softplus is log(1+e^(beta·x))/beta, and x where beta·x is above the threshold.
func (c *call) softplus(x string, beta, threshold float32) string {
	if beta == 1 && threshold >= exactSoftplus {
		return c.op("Softplus", []string{x})
	}
	scaled := c.op("Mul", []string{x, c.scalar(beta)})
	y := c.op("Div", []string{c.op("Softplus", []string{scaled}), c.scalar(beta)})
	if threshold >= exactSoftplus {
		return y
	}
	return c.op("Where", []string{c.op("Greater", []string{scaled, c.scalar(threshold)}), x, y})
}

// gelu is Gelu from opset 20 on, and before that x·(1+erf(x/√2))/2 in the form that
// PyTorch's exporter writes and other programs recognize.
func (c *call) gelu(x string) string {
	if c.opts.Opset >= 20 {
		return c.op("Gelu", []string{x})
	}
	erf := c.op("Erf", []string{c.op("Div", []string{x, c.scalar(math.Sqrt2)})})
	y := c.op("Mul", []string{x, c.op("Add", []string{erf, c.scalar(1)})})
	return c.op("Mul", []string{y, c.scalar(0.5)})
}

// geluTanh is x/2·(1+tanh(√(2/π)·(x+0.044715·x³))).
func (c *call) geluTanh(x string) string {
	if c.opts.Opset >= 20 {
		return c.op("Gelu", []string{x}, text("approximate", "tanh"))
	}
	cube := c.op("Mul", []string{c.op("Mul", []string{x, x}), x})
	inner := c.op("Add", []string{x, c.op("Mul", []string{cube, c.scalar(0.044715)})})
	tanh := c.op("Tanh", []string{c.op("Mul", []string{inner, c.scalar(float32(math.Sqrt(2 / math.Pi)))})})
	y := c.op("Mul", []string{x, c.op("Add", []string{tanh, c.scalar(1)})})
	return c.op("Mul", []string{y, c.scalar(0.5)})
}
