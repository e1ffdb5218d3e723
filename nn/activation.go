package nn

import (
	"github.com/strideml/stride/graph"
)

// ActivationLayer applies a function to each element, or, for [Softmax], to each
// sample. It has no parameters that are trained.
type ActivationLayer struct {
	name string
	f    func(*graph.Node) *graph.Node
}

// ReLU returns a layer that computes max(0, x).
func ReLU() *ActivationLayer { return &ActivationLayer{"ReLU", graph.ReLU} }

// ReLU6 returns a layer that computes min(max(0, x), 6).
func ReLU6() *ActivationLayer { return &ActivationLayer{"ReLU6", graph.ReLU6} }

// Sigmoid returns a layer that computes 1/(1+e⁻ˣ).
func Sigmoid() *ActivationLayer { return &ActivationLayer{"Sigmoid", graph.Sigmoid} }

// Tanh returns a layer that computes the hyperbolic tangent.
func Tanh() *ActivationLayer { return &ActivationLayer{"Tanh", graph.Tanh} }

// LeakyReLU returns a layer that computes x where x > 0 and slope·x elsewhere
// (Maas et al. 2013). PyTorch's default slope is 0.01.
func LeakyReLU(slope float32) *ActivationLayer {
	return &ActivationLayer{"LeakyReLU", func(x *graph.Node) *graph.Node { return graph.LeakyReLU(x, slope) }}
}

// ELU returns a layer that computes x where x > 0 and alpha·(eˣ−1) elsewhere
// (Clevert et al. 2016). PyTorch's default alpha is 1.
func ELU(alpha float32) *ActivationLayer {
	return &ActivationLayer{"ELU", func(x *graph.Node) *graph.Node { return graph.ELU(x, alpha) }}
}

// Softplus returns a layer that computes log(1+e^(beta·x))/beta, and x itself
// where beta·x > threshold. PyTorch's defaults are beta 1 and threshold 20.
func Softplus(beta, threshold float32) *ActivationLayer {
	return &ActivationLayer{"Softplus", func(x *graph.Node) *graph.Node { return graph.Softplus(x, beta, threshold) }}
}

// SiLU returns a layer that computes x/(1+e⁻ˣ), also called Swish, the
// activation of EfficientNet.
func SiLU() *ActivationLayer { return &ActivationLayer{"SiLU", graph.SiLU} }

// HardSigmoid returns a layer that computes min(max(0, x+3), 6)/6: PyTorch's
// Hardsigmoid.
func HardSigmoid() *ActivationLayer { return &ActivationLayer{"HardSigmoid", graph.HardSigmoid} }

// HardSwish returns a layer that computes x·min(max(0, x+3), 6)/6, the activation
// of MobileNetV3: PyTorch's Hardswish.
func HardSwish() *ActivationLayer { return &ActivationLayer{"HardSwish", graph.HardSwish} }

// GELU returns a layer that computes x·Φ(x), where Φ is the distribution function
// of the standard normal distribution (Hendrycks & Gimpel 2016).
func GELU() *ActivationLayer { return &ActivationLayer{"GELU", graph.GELU} }

// GELUTanh returns a layer that computes x/2·(1+tanh(√(2/π)·(x+0.044715·x³))):
// PyTorch's GELU with approximate="tanh".
func GELUTanh() *ActivationLayer { return &ActivationLayer{"GELUTanh", graph.GELUTanh} }

// Softmax returns a layer that computes eˣ / Σ eˣ over axis 1, the classes of
// N×K or the channels of N×C×H×W. Networks trained with cross-entropy end in
// logits and do not need it.
func Softmax() *ActivationLayer {
	return &ActivationLayer{"Softmax", func(x *graph.Node) *graph.Node { return graph.Softmax(x, 1) }}
}

func (a *ActivationLayer) kind() string { return a.name }

// Forward adds the function of x.
func (a *ActivationLayer) Forward(x *graph.Node) *graph.Node {
	return within(a, x, func(scope) *graph.Node { return a.f(x) })
}
