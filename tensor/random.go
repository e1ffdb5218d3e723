package tensor

import (
	"math/rand/v2"

	"github.com/strideml/stride/internal/rng"
)

// Seed returns a source of random numbers for [Rand] and [Randn]. The same seed
// gives the same numbers in every run. Tensors drawn one after the other from
// one source are independent:
//
//	r := tensor.Seed(0)
//	x, k := tensor.Rand(r, 8, 8), tensor.Randn(r, 3, 3)
//
// Any other source of math/rand/v2 may take its place. A source is not safe for
// use by several goroutines.
func Seed(seed uint64) *rand.Rand { return rng.New(seed, "tensor") }

// Rand returns a tensor of numbers drawn uniformly from [0, 1). It panics where
// [New] does.
func Rand(r *rand.Rand, shape ...int) *Tensor {
	t := New(shape...)
	rng.Uniform(r, t.data, 0, 1)
	return t
}

// Randn returns a tensor of numbers drawn from the normal distribution with
// mean 0 and standard deviation 1. It panics where [New] does.
func Randn(r *rand.Rand, shape ...int) *Tensor {
	t := New(shape...)
	rng.Normal(r, t.data, 0, 1)
	return t
}
