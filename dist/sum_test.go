package dist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// tree adds numbers up as the comment of Sum says, written as a recursion.
func tree(x []float32) float32 {
	if len(x) == 1 {
		return x[0]
	}
	half := 1
	for 2*half < len(x) {
		half *= 2
	}
	return tree(x[:half]) + tree(x[half:])
}

func randomParts(rng *rand.Rand, ranks, length int) [][]float32 {
	parts := make([][]float32, ranks)
	for i := range parts {
		parts[i] = make([]float32, length)
		for j := range parts[i] {
			parts[i][j] = float32(rng.NormFloat64() * math.Exp(4*rng.NormFloat64()))
		}
	}
	return parts
}

func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for ranks := 1; ranks <= 17; ranks++ {
		for _, length := range []int{0, 1, 7, 8, 9, 4095, 4096, 4097, 10000} {
			parts := randomParts(rng, ranks, length)
			want := make([]float32, length)
			column := make([]float32, ranks)
			for j := range want {
				for i := range column {
					column[i] = parts[i][j]
				}
				want[j] = tree(column)
			}
			last := make([][]float32, ranks)
			for i := range last {
				last[i] = slices.Clone(parts[i])
			}
			Sum(parts)
			if !slices.Equal(parts[0], want) {
				t.Errorf("%d parts of %d numbers: not the sum in the order that is documented", ranks, length)
			}
			SumTo(last[ranks-1], last)
			if !slices.Equal(last[ranks-1], want) {
				t.Errorf("%d parts of %d numbers: another sum in place of the last part", ranks, length)
			}
		}
	}
}

// Ranks that add up several parts themselves give the same bits as more ranks.
func TestSumOfSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	parts := randomParts(rng, 8, 1000)
	want := make([][]float32, 8)
	for i := range want {
		want[i] = slices.Clone(parts[i])
	}
	Sum(want)
	for _, ranks := range []int{1, 2, 4} {
		sums := make([][]float32, ranks)
		for i := range sums {
			own := make([][]float32, 8/ranks)
			for j := range own {
				own[j] = slices.Clone(parts[i*len(own)+j])
			}
			Sum(own)
			sums[i] = own[0]
		}
		Sum(sums)
		if !slices.Equal(sums[0], want[0]) {
			t.Errorf("%d ranks that add up %d parts each: other bits than 8 ranks", ranks, 8/ranks)
		}
	}
}

func BenchmarkSum(b *testing.B) {
	parts := randomParts(rand.New(rand.NewPCG(5, 6)), 2, 1<<20)
	b.SetBytes(4 << 20)
	for b.Loop() {
		Sum(parts)
	}
}
