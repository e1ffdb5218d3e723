// Package cases is the table of operators that the conformance suite goes
// through: for each operator of package graph, in a file of the operator's
// name, graphs that use it with different shapes and attributes, and how to
// build what PyTorch's golden values were computed with.
//
// [Operators] is the table. To add an operator, write a file with its cases
// and a line in the table.
package cases

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A Case applies an operator to some arguments.
type Case struct {
	Name string
	Args []Arg
	// Build adds the operator to the graph.
	Build func(x []*graph.Node) *graph.Node
	// Forward and Backward are the tolerances of the result and of the
	// derivatives.
	Forward, Backward Tolerance
	// Flat says that there is no derivative to compare.
	Flat bool
	// BFloat16 says that all values are rounded to bfloat16, as [RoundToBFloat16] does.
	BFloat16 bool
}

// A Tolerance says how results are compared; package enginetest's comment
// explains the kinds.
type Tolerance int

// The tolerances, the strictest first.
const (
	Exact     Tolerance = iota // the same bits, except that −0 = 0
	Pointwise                  // functions of single numbers
	Sums                       // sums, each of one operator
	Measured                   // compositions
)

// An Arg is an argument of an operator.
type Arg struct {
	shape tensor.Shape
	// fill draws an element; nil means the standard normal distribution.
	fill func(r *rand.Rand) float32
	// data, if not nil, is the value.
	data []float32
	// Fixed arguments (labels, for one) get no derivative.
	Fixed bool
}

// Values returns the values of the arguments, always the same for a case.
func (c Case) Values() []*tensor.Tensor {
	hash := fnv.New64a()
	hash.Write([]byte(c.Name))
	values := make([]*tensor.Tensor, len(c.Args))
	for i, a := range c.Args {
		r := rng.New(hash.Sum64(), "enginetest", uint64(i))
		x := normal(r, a.shape...)
		switch {
		case a.data != nil:
			copy(x.Data(), a.data)
		case a.fill != nil:
			for k := range x.Data() {
				x.Data()[k] = a.fill(r)
			}
		}
		if c.BFloat16 {
			RoundToBFloat16(x.Data())
		}
		values[i] = x
	}
	return values
}

// RoundToBFloat16 rounds finite numbers to the nearest that have 8 significant bits; zeros are chosen
// instead of subnormal ones.
func RoundToBFloat16(x []float32) {
	for i, v := range x {
		bits := math.Float32bits(v)
		switch size := math.Abs(float64(v)); {
		case size < 0x1p-126:
			x[i] = float32(math.Copysign(0, float64(v)))
		case size <= math.MaxFloat32:
			x[i] = math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
		}
	}
}

// WithoutSubnormals returns the case with zeros instead of the numbers below 2⁻¹²⁶ that
// it feeds, and with 2¹²⁶ instead of finite numbers above, whose reciprocals are below.
func (c Case) WithoutSubnormals() Case {
	c.Args = slices.Clone(c.Args)
	for i := range c.Args {
		c.Args[i].data = slices.Clone(c.Args[i].data)
		for k, v := range c.Args[i].data {
			switch size := math.Abs(float64(v)); {
			case size < 0x1p-126:
				c.Args[i].data[k] = float32(math.Copysign(0, float64(v)))
			case size > 0x1p126 && size <= math.MaxFloat32:
				c.Args[i].data[k] = float32(math.Copysign(0x1p126, float64(v)))
			}
		}
	}
	return c
}

func of(shape ...int) Arg { return Arg{shape: shape} }

func (a Arg) with(fill func(r *rand.Rand) float32) Arg {
	a.fill = fill
	return a
}

func constant(shape []int, data ...float32) Arg {
	return Arg{shape: shape, data: data, Fixed: true}
}

// positive draws numbers from ½ to 2.
func positive(r *rand.Rand) float32 { return 0.5 + 1.5*r.Float32() }

// large draws numbers up to ±30, where exponentials nearly overflow.
func large(r *rand.Rand) float32 { return 60*r.Float32() - 30 }

// around6 draws numbers on both sides of 0 and of 6.
func around6(r *rand.Rand) float32 { return 12*r.Float32() - 3 }

// around3 draws numbers on both sides of −3 and of 3.
func around3(r *rand.Rand) float32 { return 10*r.Float32() - 5 }

// halves draws multiples of ¼, of which every second one is a half or a whole number.
func halves(r *rand.Rand) float32 { return float32(r.IntN(33)-16) / 4 }

// digit draws small whole numbers, so that there are many ties.
func digit(r *rand.Rand) float32 { return float32(r.IntN(4) - 1) }

// normal returns a tensor of standard normal numbers.
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	rng.Normal(r, x.Data(), 0, 1)
	return x
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func square(stride, pad, dilation int) graph.Window {
	return graph.Window{Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation}}
}

// apply makes the Build of a case out of a function of one node.
func apply(f func(x *graph.Node) *graph.Node) func([]*graph.Node) *graph.Node {
	return func(x []*graph.Node) *graph.Node { return f(x[0]) }
}
