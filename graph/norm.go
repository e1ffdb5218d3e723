package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// Batch normalization (Ioffe & Szegedy 2015) works on N×C or N×C×H×W; axis 1
// is the channel, and m = N·H·W elements share its statistics. It is split
// into the statistics and their use, so that running statistics, fusion and
// inference all come from the same operators.

// BatchStatsOp gives the 2×C matrix of the mean (row 0) and the biased
// variance Σ(x−mean)²/m (row 1) of each channel. It has no derivative of its
// own: that of BatchNormOp with Train contains it.
type BatchStatsOp struct{ noGradient }

// Kind returns "BatchStats".
func (BatchStatsOp) Kind() string { return "BatchStats" }

// Infer returns 2×C.
func (BatchStatsOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if err := checkChannels(in[0]); err != nil {
		return nil, err
	}
	return tensor.Shape{2, in[0][1]}, nil
}

func checkChannels(x tensor.Shape) error {
	if len(x) != 2 && len(x) != 4 {
		return fmt.Errorf("input must be N×C or N×C×H×W, got %v", x)
	}
	return nil
}

// BatchNormOp gives gamma·(x−mean)/√(variance+Eps) + beta. Arguments: x,
// stats (2×C: mean, variance), gamma (C), beta (C). Train says that stats are
// the BatchStats of x itself, so that the derivative with respect to x takes
// their dependence on x into account; without it stats are constants. stats
// never get a derivative.
type BatchNormOp struct {
	Eps   float32
	Train bool
}

// Kind returns "BatchNorm".
func (BatchNormOp) Kind() string { return "BatchNorm" }

// Infer returns the shape of x.
func (BatchNormOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 4); err != nil {
		return nil, err
	}
	if err := checkChannels(in[0]); err != nil {
		return nil, err
	}
	c := in[0][1]
	if !in[1].Equal(tensor.Shape{2, c}) || !in[2].Equal(tensor.Shape{c}) || !in[3].Equal(tensor.Shape{c}) {
		return nil, fmt.Errorf("input %v needs statistics 2×%d and scale and shift of %d, got %v, %v and %v", in[0], c, c, in[1], in[2], in[3])
	}
	return in[0], nil
}

func (o BatchNormOp) gradient(y, dy *Node) []*Node {
	g := dy.graph
	x, stats, gamma := y.inputs[0], y.inputs[1], y.inputs[2]
	p := g.add(BatchNormParamGradOp{Eps: o.Eps}, x, stats, dy)
	c := gamma.shape[0]
	return []*Node{
		g.add(BatchNormInputGradOp{BatchNorm: o}, x, stats, gamma, p, dy),
		nil,
		Reshape(Slice(p, 0, 0, 1), c),
		Reshape(Slice(p, 0, 1, 2), c),
	}
}

// BatchNormParamGradOp gives the 2×C matrix of the derivatives with respect to
// gamma, Σ dy·x̂ with x̂ = (x−mean)/√(variance+Eps) (row 0), and beta, Σ dy
// (row 1). Arguments: x, stats, dy.
type BatchNormParamGradOp struct {
	noGradient
	Eps float32
}

// Kind returns "BatchNormParamGrad".
func (BatchNormParamGradOp) Kind() string { return "BatchNormParamGrad" }

// Infer returns 2×C.
func (BatchNormParamGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[2]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[2])
	}
	return in[1], nil
}

// BatchNormInputGradOp is the derivative of BatchNormOp with respect to x:
// gamma/√(variance+Eps) · dy, and with Train
// gamma/√(variance+Eps) · (dy − dbeta/m − x̂·dgamma/m). Arguments: x, stats,
// gamma, the result of BatchNormParamGradOp, dy.
type BatchNormInputGradOp struct {
	noGradient
	BatchNorm BatchNormOp
}

// Kind returns "BatchNormInputGrad".
func (BatchNormInputGradOp) Kind() string { return "BatchNormInputGrad" }

// Infer returns the shape of x.
func (BatchNormInputGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 5); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[4]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[4])
	}
	return in[0], nil
}

// BatchStats returns the mean and biased variance of each channel of x (N×C
// or N×C×H×W) as a 2×C node.
func BatchStats(x *Node) *Node { return x.graph.add(BatchStatsOp{}, x) }

// BatchNorm normalises x with its own statistics stats = BatchStats(x), as in
// training.
func BatchNorm(x, stats, gamma, beta *Node, eps float32) *Node {
	return x.graph.add(BatchNormOp{Eps: eps, Train: true}, x, stats, gamma, beta)
}

// BatchNormInference normalises x with given statistics (2×C: mean and
// variance), as in inference; they are constants to Gradients.
func BatchNormInference(x, stats, gamma, beta *Node, eps float32) *Node {
	return x.graph.add(BatchNormOp{Eps: eps}, x, stats, gamma, beta)
}

// DropoutOp zeroes each element with probability P and multiplies the others
// by 1/(1−P). Arguments: x and step, a node of shape 2 that holds the
// number of the training step as two whole numbers below 2²⁴, the high part
// first. Which elements are dropped depends on Key, the step and the
// element's row-major index only: index i is kept if and only if
// DropoutBits(Key, step, i)>>8 ≥ ⌊P·2²⁴⌋. The derivative is the same operator
// applied to dy.
type DropoutOp struct {
	P   float32
	Key uint64
}

// Kind returns "Dropout".
func (DropoutOp) Kind() string { return "Dropout" }

// Infer returns the shape of x.
func (o DropoutOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	if !(o.P >= 0 && o.P < 1) {
		return nil, fmt.Errorf("probability must be at least 0 and below 1, got %v", o.P)
	}
	if !in[1].Equal(tensor.Shape{2}) {
		return nil, fmt.Errorf("step must have shape 2, got %v", in[1])
	}
	return in[0], nil
}

func (o DropoutOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(o, dy, y.inputs[1]), nil}
}

// Dropout drops elements of x with probability p, as DropoutOp says.
func Dropout(x, step *Node, p float32, key uint64) *Node {
	return x.graph.add(DropoutOp{p, key}, x, step)
}

// StepValue splits a step number below 2⁴⁸ into the two numbers that a
// dropout's step argument holds.
func StepValue(step uint64) (hi, lo float32) {
	return float32(step >> 24 & (1<<24 - 1)), float32(step & (1<<24 - 1))
}

// StepNumber is the inverse of StepValue.
func StepNumber(hi, lo float32) uint64 { return uint64(hi)<<24 | uint64(lo) }

// DropoutBits returns the 32 random bits of element i in the given step: a
// counter hashed with a key, so that any element's bits can be computed by
// itself. With k = key xor the SplitMix64 finaliser of step, it is
// mix(mix(i xor low(k)) + high(k)), mix being the 32-bit finaliser of
// C. Wellons' "lowbias32".
func DropoutBits(key, step uint64, i uint32) uint32 {
	k := key ^ mix64(step)
	return mix32(mix32(i^uint32(k)) + uint32(k>>32))
}

func mix32(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}

func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
