package lower

import (
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// mostTaps is how many terms the sums of weighted have at most that it adds up one by
// one; longer ones are a product with a matrix.
const mostTaps = 8

// weighted replaces each line along an axis by weighted sums of its elements: terms has
// those of each element of the result, in rising order. An element without terms is 0.
//
// Short sums are elements that are taken, multiplied and added up, so that infinite
// elements and NaN go only where they have a weight. In a product of matrices, which
// long ones are, they make their whole line NaN.
func (b *builder) weighted(x value, axis int, terms [][]graph.ResizeTerm) value {
	most := 0
	for _, t := range terms {
		most = max(most, len(t))
	}
	if most > mostTaps {
		return b.matrixAlong(x, axis, terms)
	}
	var sum value
	for k := range most {
		t := b.tap(x, axis, terms, k)
		if k > 0 {
			t = b.Add(sum, t)
		}
		sum = t
	}
	return sum
}

// tap returns term k of each sum, 0 where there are fewer.
func (b *builder) tap(x value, axis int, terms [][]graph.ResizeTerm, k int) value {
	indices, weights, present := make([]int, len(terms)), make([]float32, len(terms)), make([]int, len(terms))
	all := true
	for i, t := range terms {
		if k < len(t) {
			indices[i], weights[i], present[i] = t[k].Index, float32(t[k].Weight), 1
		} else {
			all = false
			weights[i] = 1
			if i > 0 {
				indices[i] = indices[i-1]
			}
		}
	}
	y := b.take(x, axis, indices)
	along := func(v value) value { return b.alongAxis(v, y.Shape(), axis) }
	if slices.ContainsFunc(weights, func(w float32) bool { return w != 1 }) {
		y = b.Mul(y, along(b.Floats([]int{len(weights)}, weights)))
	}
	if !all {
		there := b.Ints(stablehlo.Of(stablehlo.I32, len(present)), present)
		y = b.Select(along(b.Compare(stablehlo.NE, there, b.fill(there, 0))), y, b.fill(y, 0))
	}
	return y
}

// matrixAlong is weighted as a product with the matrix of the weights.
func (b *builder) matrixAlong(x value, axis int, terms [][]graph.ResizeTerm) value {
	n := x.Shape()[axis]
	matrix := make([]float32, len(terms)*n)
	for i, t := range terms {
		for _, term := range t {
			matrix[i*n+term.Index] = float32(term.Weight)
		}
	}
	y := b.DotGeneral(x, b.Floats([]int{len(terms), n}, matrix), [2][]int{}, [2][]int{{axis}, {1}}, x.Type.Element, stablehlo.Highest)
	order := axesBut(y.Type.Rank()-1, y.Type.Rank()) // the axis stands last
	return b.Transpose(y, slices.Insert(order, axis, y.Type.Rank()-1)...)
}

// transposed returns the terms of the derivative of weighted: those of each of n
// elements are the sums that it is in.
func transposed(terms [][]graph.ResizeTerm, n int) [][]graph.ResizeTerm {
	list := make([][]graph.ResizeTerm, n)
	for i, t := range terms {
		for _, term := range t {
			list[term.Index] = append(list[term.Index], graph.ResizeTerm{Index: i, Weight: term.Weight})
		}
	}
	return list
}

// weightedImages is weighted along the height and the width of images, first along
// the one that leaves fewer elements.
func (b *builder) weightedImages(x value, rows, columns [][]graph.ResizeTerm) value {
	if len(rows)*x.Shape()[3] > len(columns)*x.Shape()[2] {
		return b.weighted(b.weighted(x, 3, columns), 2, rows)
	}
	return b.weighted(b.weighted(x, 2, rows), 3, columns)
}
