package operators

import (
	"math"

	"github.com/strideml/stride/graph"
)

func leakyRelu(c *Call, x *graph.Node) *graph.Node {
	return graph.LeakyReLU(x, c.Float("alpha", 0.01))
}

func elu(c *Call, x *graph.Node) *graph.Node { return graph.ELU(x, c.Float("alpha", 1)) }

// selu is gamma·(x for x > 0, alpha·(eˣ−1) elsewhere).
func selu(c *Call, x *graph.Node) *graph.Node {
	y := graph.ELU(x, c.Float("alpha", 1.67326319217681884765625))
	return graph.Mul(y, c.Graph.Scalar(c.Float("gamma", 1.05070102214813232421875)))
}

// celu is x for x > 0, alpha·(e^(x/alpha)−1) elsewhere.
func celu(c *Call, x *graph.Node) *graph.Node {
	alpha := float64(c.Float("alpha", 1))
	return graph.Mul(graph.ELU(graph.Mul(x, c.scalar(1/alpha)), 1), c.scalar(alpha))
}

// prelu is x for x > 0 and slope·x elsewhere; the slope has a number for each channel, or one.
func prelu(c *Call) []*Value {
	x, slope := c.x(), c.arg(1)
	if s := slope.Shape(); c.Version < 7 && len(s) == 1 && s[0] > 1 {
		slope = channelwise(slope, c.rank())
	}
	return c.one(graph.Add(graph.ReLU(x), graph.Mul(slope, graph.Minimum(x, c.scalar(0)))))
}

// hardSigmoid is max(0, min(1, alpha·x + beta)).
func hardSigmoid(c *Call, x *graph.Node) *graph.Node {
	alpha, beta := c.Float("alpha", 0.2), c.Float("beta", 0.5)
	if math.Abs(float64(alpha)-1./6) < 1e-6 && beta == 0.5 {
		return graph.HardSigmoid(x)
	}
	return graph.Clip(graph.Add(graph.Mul(x, c.Graph.Scalar(alpha)), c.Graph.Scalar(beta)), 0, 1)
}

func gelu(c *Call, x *graph.Node) *graph.Node {
	switch kind := c.Text("approximate", "none"); kind {
	case "none":
		return graph.GELU(x)
	case "tanh":
		return graph.GELUTanh(x)
	default:
		c.unsupported("approximate", kind, "")
		return nil
	}
}

// mish is x·tanh(log(1+eˣ)) (Misra 2019).
func mish(_ *Call, x *graph.Node) *graph.Node { return graph.Mul(x, graph.Tanh(softplus(nil, x))) }

func softplus(_ *Call, x *graph.Node) *graph.Node { return graph.Softplus(x, 1, 20) }

// softsign is x/(1+|x|).
func softsign(c *Call, x *graph.Node) *graph.Node {
	return graph.Div(x, graph.Add(graph.Abs(x), c.scalar(1)))
}

// swish is x·σ(alpha·x).
func swish(c *Call, x *graph.Node) *graph.Node {
	alpha := c.Float("alpha", 1)
	if alpha == 1 {
		return graph.SiLU(x)
	}
	return graph.Mul(x, graph.Sigmoid(graph.Mul(x, c.Graph.Scalar(alpha))))
}

// thresholdedRelu is x for x > alpha and 0 elsewhere.
func thresholdedRelu(c *Call, x *graph.Node) *graph.Node {
	return graph.Where(graph.Greater(x, c.Graph.Scalar(c.Float("alpha", 1))), x, c.scalar(0))
}

// shrink is x−bias for x > lambd, x+bias for x < −lambd and 0 between.
func shrink(c *Call, x *graph.Node) *graph.Node {
	lambda, bias := c.Float("lambd", 0.5), c.Graph.Scalar(c.Float("bias", 0))
	below := graph.Where(graph.Less(x, c.Graph.Scalar(-lambda)), graph.Add(x, bias), c.scalar(0))
	return graph.Where(graph.Greater(x, c.Graph.Scalar(lambda)), graph.Sub(x, bias), below)
}
