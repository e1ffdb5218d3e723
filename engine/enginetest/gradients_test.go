package enginetest

import (
	"math"
	"testing"

	"github.com/strideml/stride/engine/enginetest/internal/cases"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
)

// TestGradients compares the derivative of every case with central
// differences in float64, along random directions and single elements.
func TestGradients(t *testing.T) {
	t.Parallel()
	for _, o := range cases.Operators {
		t.Run(o.File, func(t *testing.T) {
			for _, c := range o.Cases() {
				if !c.Flat && c.Name != "CrossEntropy with bad labels" && !hasTies(c) {
					t.Run(c.Name, func(t *testing.T) { checkGradient(t, c) })
				}
			}
		})
	}
}

// hasTies reports whether a maximum may have no derivative.
func hasTies(c cases.Case) bool {
	for _, v := range c.Values()[:1] {
		seen := map[float32]bool{}
		for _, x := range v.Data() {
			if seen[x] && x == float32(math.Trunc(float64(x))) {
				return true
			}
			seen[x] = true
		}
	}
	return false
}

func checkGradient(t *testing.T, c cases.Case) {
	t.Helper()
	const eps = 1e-6
	p, nodes := caseProblem(c, asInputs, true)
	grads, err := reference.Eval(p.outputs[1:], p.feed())
	if err != nil {
		t.Fatal(err)
	}
	r, weight := rng.New(9, "enginetest gradients"), p.feeds[p.graph.Inputs()[len(p.graph.Inputs())-1]]
	result := func(n *graph.Node, direction []float64, distance float64) []float64 {
		feed := p.feed()
		for k, d := range direction {
			feed[n][k] += distance * d
		}
		y, err := reference.Eval(p.outputs[:1], feed)
		if err != nil {
			t.Fatal(err)
		}
		return y[0]
	}
	for i, n := range differentiated(c, nodes) {
		for try := range 4 {
			direction := make([]float64, n.Shape().Size())
			if try == 0 {
				for k := range direction {
					direction[k] = r.NormFloat64()
				}
			} else {
				direction[r.IntN(len(direction))] = 1
			}
			plus, minus := result(n, direction, eps), result(n, direction, -eps)
			want := 0.0
			for k, w := range weight.Data() {
				want += float64(w) * (plus[k] - minus[k]) / (2 * eps)
			}
			got, size := 0.0, 0.0
			for k, d := range direction {
				got += grads[i][k] * d
				size += math.Abs(grads[i][k] * d)
			}
			if math.Abs(got-want) > 1e-5*size+1e-5*math.Abs(want)+1e-7 {
				t.Errorf("derivative with respect to argument %d, try %d: got %v, central difference %v", i, try, got, want)
			}
		}
	}
}
