package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/internal/rng"
)

// An Initializer draws the first values of a weight. fanIn is the number of
// inputs that one output sums over and fanOut the number of outputs that one
// input goes to: for a linear layer its input and output sizes, for a
// convolution (C/groups)·Kh·Kw and O·Kh·Kw, as PyTorch counts them.
type Initializer interface {
	// Fill sets every element of w.
	Fill(r *rand.Rand, w []float32, fanIn, fanOut int)
	// String is a name for messages and records, such as "xavier-uniform".
	String() string
}

// filler is an Initializer with its fans filled in.
type filler func(r *rand.Rand, w []float32)

func fillWith(i Initializer, fanIn, fanOut int) filler {
	return func(r *rand.Rand, w []float32) { i.Fill(r, w, fanIn, fanOut) }
}

func fillConstant(v float32) filler {
	return func(_ *rand.Rand, w []float32) {
		// Pages that are zero already need no memory as long as nothing is written.
		bits := math.Float32bits(v)
		for i := range w {
			if math.Float32bits(w[i]) != bits {
				w[i] = v
			}
		}
	}
}

type uniform struct {
	name  string
	bound func(fanIn, fanOut float64) float64
}

func (u uniform) String() string { return u.name }

func (u uniform) Fill(r *rand.Rand, w []float32, fanIn, fanOut int) {
	b := float32(u.bound(float64(fanIn), float64(fanOut)))
	rng.Uniform(r, w, -b, b)
}

type normal struct {
	name string
	mean float32
	std  func(fanIn, fanOut float64) float64
}

func (n normal) String() string { return n.name }

func (n normal) Fill(r *rand.Rand, w []float32, fanIn, fanOut int) {
	rng.Normal(r, w, n.mean, float32(n.std(float64(fanIn), float64(fanOut))))
}

type constant float32

func (c constant) String() string { return fmt.Sprintf("constant(%v)", float32(c)) }

func (c constant) Fill(r *rand.Rand, w []float32, _, _ int) { fillConstant(float32(c))(r, w) }

// PyTorchDefault draws uniformly from ±1/√fanIn, as PyTorch does for Conv2d and
// Linear (there called Kaiming-uniform with a = √5). It is the default, and
// what biases get whatever the initializer of the weights.
func PyTorchDefault() Initializer {
	return uniform{"pytorch-default", func(in, _ float64) float64 { return 1 / math.Sqrt(in) }}
}

// XavierUniform draws uniformly from ±√(6/(fanIn+fanOut)) (Glorot & Bengio
// 2010).
func XavierUniform() Initializer {
	return uniform{"xavier-uniform", func(in, out float64) float64 { return math.Sqrt(6 / (in + out)) }}
}

// XavierNormal draws from a normal distribution with standard deviation
// √(2/(fanIn+fanOut)) (Glorot & Bengio 2010).
func XavierNormal() Initializer {
	return normal{"xavier-normal", 0, func(in, out float64) float64 { return math.Sqrt(2 / (in + out)) }}
}

// HeUniform draws uniformly from ±√(6/fanIn), for layers followed by ReLU (He et
// al. 2015).
func HeUniform() Initializer {
	return uniform{"he-uniform", func(in, _ float64) float64 { return math.Sqrt(6 / in) }}
}

// HeNormal draws from a normal distribution with standard deviation
// √(2/fanIn), for layers followed by ReLU (He et al. 2015).
func HeNormal() Initializer {
	return normal{"he-normal", 0, func(in, _ float64) float64 { return math.Sqrt(2 / in) }}
}

// Normal draws from a normal distribution with the given mean and standard
// deviation.
func Normal(mean, std float32) Initializer {
	return normal{fmt.Sprintf("normal(%v, %v)", mean, std), mean, func(_, _ float64) float64 { return float64(std) }}
}

// Constant sets every element to v.
func Constant(v float32) Initializer { return constant(v) }
