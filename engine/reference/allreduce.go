package reference

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// allReduce is the sum over a group of one.
func allReduce(_ graph.AllReduceOp, y array, in []array) { copy(y.data, in[0].data) }

// NewReducing is New for a member of a group: graph.AllReduce adds up over r, and so in
// float32.
func NewReducing(r engine.Reducer) engine.Device { return device{r} }

// reduceOver stores the sum of x over the members of a group in y.
func reduceOver(r engine.Reducer, y, x []float64) error {
	sum := make([]float32, len(x))
	narrow(sum, x)
	if err := r.AllReduce(sum)(); err != nil {
		return err
	}
	copy(y, widen(sum))
	return nil
}

// A Member is what one member of a group computes, see Eval.
type Member struct {
	Outputs []*graph.Node
	Feed    map[*graph.Node][]float64
}

// EvalGroup is Eval for all members of a group, each with a graph of its own: where one
// has the k-th graph.AllReduce that its outputs need, so have all others, and the result is
// the sum of their arguments. It returns the outputs of each member.
func EvalGroup(members []Member) ([][][]float64, error) {
	runs := make([]*memberRun, len(members))
	for i, m := range members {
		if len(m.Outputs) == 0 {
			return nil, fmt.Errorf("reference: member %d has no outputs to compute", i)
		}
		runs[i] = &memberRun{rest: needed(m.Outputs[0].Graph(), m.Outputs, m.Feed), feed: m.Feed, values: map[*graph.Node][]float64{}}
	}
	for {
		var sum []float64
		waiting := 0
		for i, r := range runs {
			x, err := r.advance()
			switch {
			case err != nil:
				return nil, fmt.Errorf("member %d: %w", i, err)
			case x == nil:
			case sum == nil:
				sum = append([]float64{}, x...)
				waiting++
			case len(x) != len(sum):
				return nil, fmt.Errorf("reference: member %d adds %d elements to %d of others", i, len(x), len(sum))
			default:
				for k, v := range x {
					sum[k] += v
				}
				waiting++
			}
		}
		if waiting == 0 {
			break
		}
		if waiting < len(runs) {
			return nil, errors.New("reference: some members have more AllReduce operators than others")
		}
		for _, r := range runs {
			r.values[r.rest[0]] = append([]float64{}, sum...)
			r.rest = r.rest[1:]
		}
	}
	results := make([][][]float64, len(members))
	for i, m := range members {
		for _, n := range m.Outputs {
			results[i] = append(results[i], append([]float64{}, runs[i].values[n]...))
		}
	}
	return results, nil
}

// A memberRun computes the nodes of a member up to the next AllReduce.
type memberRun struct {
	rest   []*graph.Node
	feed   map[*graph.Node][]float64
	values map[*graph.Node][]float64
}

// advance computes nodes until the first of the rest is an AllReduce, and returns the
// argument of that; nil if all are computed.
func (r *memberRun) advance() (x []float64, err error) {
	for ; len(r.rest) > 0; r.rest = r.rest[1:] {
		n := r.rest[0]
		if v, ok := r.feed[n]; ok {
			r.values[n] = v
			continue
		}
		if _, ok := n.Op().(graph.AllReduceOp); ok {
			return r.values[n.Inputs()[0]], nil
		}
		if r.values[n], err = computeNode(n, r.values, nil); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
