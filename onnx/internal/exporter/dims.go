package exporter

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// pair finds for each node that n is computed from the node of the other graph that
// does the same, counts uses, and notes which nodes are fixed.
func (e *exporter) pair(n, twin *graph.Node) error {
	other, seen := e.twins[n]
	if seen && other == twin {
		return nil
	}
	e.twins[n] = twin
	if seen || reflect.TypeOf(n.Op()) != reflect.TypeOf(twin.Op()) || len(n.Inputs()) != len(twin.Inputs()) || len(n.Shape()) != len(twin.Shape()) {
		return fmt.Errorf("the network is another one for a batch of %d than for a batch of %d: %v and %v. Fix the batch size", e.batches[0], e.batches[1], n, twin)
	}
	fixed := true
	for i, in := range n.Inputs() {
		e.uses[in]++
		if err := e.pair(in, twin.Inputs()[i]); err != nil {
			return err
		}
		fixed = fixed && e.fixed[in]
	}
	_, isInput := n.Op().(graph.InputOp)
	e.fixed[n] = fixed && !isInput
	if e.dims(n); e.err != nil {
		return e.err
	}
	return e.sameOp(n, twin)
}

// sameOp reports attributes that depend on the batch size, unless the operator's rule
// looks at those of both graphs.
func (e *exporter) sameOp(n, twin *graph.Node) error {
	r := rules[reflect.TypeOf(n.Op())]
	if r.both || reflect.DeepEqual(n.Op(), twin.Op()) {
		return nil
	}
	e.fail(n, "the operator is %+v for a batch of %d and %+v for one of %d. Fix the batch size", n.Op(), e.batches[0], twin.Op(), e.batches[1])
	return e.err
}

// A dim is the size of an axis: size, or size·N.
type dim struct {
	size int
	perN bool
}

// dims returns the shape of a node for every batch size.
func (e *exporter) dims(n *graph.Node) []dim {
	return e.symbolic(n, n.Shape(), e.twins[n].Shape())
}

// symbolic compares shapes, or parts of them, that belong to a node for two batch sizes.
func (e *exporter) symbolic(n *graph.Node, a, b tensor.Shape) []dim {
	dims := make([]dim, len(a))
	for i := range a {
		switch k := a[i] / e.batches[0]; {
		case a[i] == b[i]:
			dims[i] = dim{a[i], false}
		case k*e.batches[0] == a[i] && k*e.batches[1] == b[i]:
			dims[i] = dim{k, true}
		default:
			e.fail(n, "it is %v for a batch of %d and %v for one of %d: a size is no multiple of the batch. Fix the batch size", a, e.batches[0], b, e.batches[1])
		}
	}
	return dims
}

// perBatch reports whether a size of the node depends on the batch size.
func (e *exporter) perBatch(n *graph.Node) bool {
	return slices.ContainsFunc(e.dims(n), func(d dim) bool { return d.perN })
}

// infoDims is a shape as the file's inputs and outputs state it.
func infoDims(dims []dim) []proto.Dim {
	out := make([]proto.Dim, len(dims))
	for i, d := range dims {
		switch {
		case d == dim{1, true}:
			out[i].Param = "N"
		case !d.perN:
			out[i].Value = int64(d.size)
		}
	}
	return out
}

// batchSize returns a value that holds the batch size, of type int64 and shape 1.
func (e *exporter) batchSize() string {
	if e.batch == "" {
		shape := e.add("", "Shape", []string{e.opts.Input})
		e.batch = e.add("", "Gather", []string{shape, e.int64s(0)})
	}
	return e.batch
}

// shapeOf returns a value that holds a shape or a part of one, of type int64.
func (c *call) shapeOf(dims []dim) string {
	factors, constants := make([]int, len(dims)), make([]int, len(dims))
	scaled := false
	for i, d := range dims {
		if d.perN {
			factors[i], scaled = d.size, true
		} else {
			constants[i] = d.size
		}
	}
	if !scaled {
		return c.int64s(constants...)
	}
	scaledDims := c.op("Mul", []string{c.batchSize(), c.int64s(factors...)})
	return c.op("Add", []string{scaledDims, c.int64s(constants...)})
}

// reshape adds a Reshape of a value from one shape to another. A size that depends on
// the batch is 0, "as before", or −1, "what is left", if one of them can say it. Where
// the batch is not the first axis, the shape is computed instead: readers that look for
// a batch size written in the file do not take another number for it then.
func (c *call) reshape(x string, from, to []dim) string {
	if slices.Equal(from, to) {
		return x
	}
	if len(to) == 2 && len(from) > 1 && from[0] == to[0] && !to[1].perN {
		return c.op("Flatten", []string{x}, number("axis", 1))
	}
	target := make([]int, len(to))
	left := -1 // the axis that is −1
	for i, d := range to {
		switch {
		case !d.perN:
			target[i] = d.size
		case i < len(from) && from[i] == d:
			target[i] = 0
		case left < 0 && to[0].perN:
			left, target[i] = i, -1
		default:
			return c.op("Reshape", []string{x, c.shapeOf(to)})
		}
	}
	return c.op("Reshape", []string{x, c.int64s(target...)})
}

// plain is a shape that does not depend on the batch.
func plain(sizes ...int) []dim {
	dims := make([]dim, len(sizes))
	for i, size := range sizes {
		dims[i] = dim{size, false}
	}
	return dims
}
