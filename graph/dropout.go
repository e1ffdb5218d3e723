package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// DropoutOp zeroes each element with probability P and multiplies the others
// by 1/(1−P). Arguments: x and step, a node of shape 2 or 3 that holds the
// number of the training step as two whole numbers below 2²⁴, the high part
// first, and perhaps a third one, the number of the first sample: x is then the part
// of a larger batch that begins there. Which elements are dropped depends on Key, the
// step and the element's row-major index in the whole batch only: index i is kept if
// and only if DropoutBits(Key, step, i)>>8 ≥ ⌊P·2²⁴⌋. Element k of x has index
// first·(size of x)/(first size of x) + k, modulo 2³², where first is the number of the
// first sample, 0 if it is not given. The derivative is the same operator applied to
// dy.
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
	if !in[1].Equal(tensor.Shape{2}) && !in[1].Equal(tensor.Shape{3}) {
		return nil, fmt.Errorf("step must have shape 2 or 3, got %v", in[1])
	}
	return in[0], nil
}

func (o DropoutOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(o, dy, y.inputs[1]), nil}
}

func (DropoutOp) cheap() {}

// Dropout zeroes each element of x with probability p, at least 0 and below 1, and
// multiplies the others by 1/(1−p) (Srivastava et al. 2014). step has shape 2 or 3 and
// holds the number of the training step, see [StepValue], and perhaps where in a larger
// batch x begins; key tells apart the dropouts of a graph. [DropoutOp] says which
// elements are zeroed.
func Dropout(x, step *Node, p float32, key uint64) *Node {
	return x.graph.add(DropoutOp{p, key}, x, step)
}

// DropoutStart returns the index of the first element of a part of a batch, of the given
// shape, that begins with sample number first.
func DropoutStart(shape tensor.Shape, first uint32) uint32 {
	if len(shape) == 0 {
		return first
	}
	return first * uint32(shape[1:].Size())
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
