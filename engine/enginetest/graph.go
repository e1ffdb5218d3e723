package enginetest

import (
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// TB is what checks need of a test; *testing.T and *rapid.T have it.
type TB = tb

// Graph runs a graph on the device, twice, and compares the outputs and what
// is assigned to variables with the reference engine. The tolerance of each
// element is measured: it is what errors of 1e-6 in each intermediate value
// amount to.
func Graph(t TB, device engine.Device, feeds engine.Feeds, outputs ...*graph.Node) {
	t.Helper()
	p := &problem{graph: outputs[0].Graph(), feeds: feeds, outputs: outputs}
	p.check(t, device, measured, 2)
}

// Precision says how Expect measures tolerances.
type Precision struct {
	// Draws is how many times errors are drawn. Where rounding decides between
	// values that lie far apart, as the index of a maximum among equal values,
	// [FewDraws] may all decide alike: before a result is called wrong, compare it
	// with the tolerance that [ManyDraws] give.
	Draws int
	// Conv, if it is not 0, is the standard deviation of a further error of
	// convolutions and their gradients, relative to M·√n, where M is the product of
	// the greatest elements of the two arguments and n the number of products that
	// each sum has: so are the errors of Winograd's algorithms, whatever the sums
	// themselves cancel to.
	Conv float64
	// Factors, if it is not 0, is the standard deviation of a further error of each product that
	// convolutions, matrix products and their gradients add up, relative to the product: see [RoundsFactors].
	Factors float64
}

// Numbers of draws: as a rule, and to settle whether a result is wrong.
const (
	FewDraws  = 3
	ManyDraws = 30
)

// Expect computes nodes of one graph by the reference engine, from the inputs
// and the current values of the variables. want has the right values of each
// node and slack how far each element may be off, measured as by [Graph];
// an infinite slack means that the element cannot be compared.
func Expect(precision Precision, feeds engine.Feeds, nodes ...*graph.Node) (want, slack [][]float64, err error) {
	p := &problem{graph: nodes[0].Graph(), feeds: feeds, precision: precision}
	e, err := p.expectation(nodes, measured)
	if err != nil {
		return nil, nil, err
	}
	return e.want, e.slack, nil
}

// Near reports whether a result is within slack of what Expect wants. NaN is
// near NaN only, and an infinity near itself only.
func Near(got float32, want, slack float64) bool { return near(float64(got), want, slack) }
