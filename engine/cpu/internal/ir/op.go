package ir

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/graph"
)

// An Operator says what an operation computes: an operator of package graph or
// one of this package.
type Operator interface{ Kind() string }

// A Need is what an operation requires of an argument, beyond that it is there.
type Need struct {
	Layout Layout
	// Pitched arguments in NHWC may have other floats between their pixels.
	Pitched bool
	// Arena arguments must lie in the program's own memory, where kernels may
	// read a little past the end.
	Arena bool
}

// An Op is one operation of a Func.
type Op struct {
	Do Operator
	// Node is the node of the graph that the operation works for: names and
	// profiles use it.
	Node *graph.Node
	// Args are read. Needs, which the layout pass fills in, has one for each.
	Args  []*Value
	Needs []Need
	// Outs are made, the main result first.
	Outs []*Value
	// Placeable operations can write their main result with any pitch.
	Placeable bool
	// Plan is the algorithm that was chosen for a convolution or product.
	Plan any
	// Epilogue is done on each range of the main result.
	Epilogue Epilogue
	// Once is not nil for operations that need to run again only when one of these
	// variables has changed.
	Once []*graph.Variable

	index int
}

// Out returns the main result.
func (o *Op) Out() *Value { return o.Outs[0] }

// Alias reports whether the operation only gives memory another name: nothing is
// computed.
func (o *Op) Alias() bool {
	switch o.Do.(type) {
	case View, Join:
		return true
	}
	return false
}

// Index is the place of the operation in the order in which operations run, as
// Number counted last. Leaves are before all of them: see Ready.
func (o *Op) Index() int { return o.index }

// SetIndex gives an operation that is not in the list yet the place of the one
// that it will stand next to.
func (o *Op) SetIndex(i int) { o.index = i }

// An Epilogue is work that an operation does on each range of its main result
// as soon as it is computed, while it is in cache, in this order.
type Epilogue struct {
	// Clip is an activation that the operation applies as it stores.
	Clip gemm.Clip
	// Elementwise is an elementwise operation in place of the result, its
	// argument number Self. It is no longer in the list of operations.
	Elementwise *Op
	Self        int
	// Mask is a ReLU's result of the same shape, where it is 0 the result
	// becomes 0 too. nil if there is none.
	Mask *Value
	// Sums are sums over the rows of the result, or of some of its channels.
	// They are no longer in the list of operations.
	Sums []*Op
}

// Busy reports whether elementwise work has been attached.
func (e *Epilogue) Busy() bool { return e.Clip != gemm.NoClip || e.Elementwise != nil || e.Mask != nil }

// Reads calls f for each value that the operation reads, arguments and those of
// the epilogue, which are late: some of them are read after a part of the result
// has been written.
func (o *Op) Reads(f func(v *Value, late bool)) {
	for _, v := range o.Args {
		f(v, false)
	}
	if e := o.Epilogue.Elementwise; e != nil {
		for i, v := range e.Args {
			if i != o.Epilogue.Self {
				f(v, true)
			}
		}
	}
	if m := o.Epilogue.Mask; m != nil {
		f(m, true)
	}
	for _, s := range o.Epilogue.Sums {
		for _, v := range s.Args[1:] {
			f(v, true)
		}
	}
}

// ReadsLate reports whether the epilogue reads a value.
func (o *Op) ReadsLate(v *Value) (late bool) {
	o.Reads(func(u *Value, l bool) { late = late || l && u == v })
	return late
}

// All of this package's operators:

// Elementwise computes each element of its result from the elements of its
// arguments at the same place, block by block, without storing what lies
// between.
type Elementwise struct {
	// Members are the nodes that it computes, in order, the result last.
	Members []*graph.Node
	// Inputs are the nodes that the arguments are values of, and Forms how
	// their elements map to those of the result.
	Inputs []*graph.Node
	Forms  []Form
}

// A Form says how the elements of an argument map to those of an elementwise
// result.
type Form int

// The forms.
const (
	Full     Form = iota // one to one
	Scalar               // one for all
	Periodic             // repeated along the innermost axes
)

// Copy is its argument in another layout, without gaps, or in the arena.
type Copy struct{}

// Expand is its argument written out in a larger shape.
type Expand struct{}

// Fold computes the weights and the bias of a convolution that a batch
// normalization is folded into. Arguments: weights, statistics, gamma, beta and,
// if there is one, the convolution's bias.
type Fold struct{ Eps float32 }

// Join is the concatenation of images along the channels whose parts are made
// in its own memory.
type Join struct{}

// View is its argument under another shape (a reshape), or some of its channels
// from Start on. Nothing is computed.
type View struct{ Start int }

// RowSums adds up rows of its first argument, in several partial results.
type RowSums struct{ Of Sum }

// Totals adds up the partial results of RowSums, its first argument.
type Totals struct{ Of Sum }

// JoinStatistics puts together the statistics of the parts of a concatenation.
type JoinStatistics struct{}

// Deviation is 1/√(variance+Eps) of each channel, given statistics.
type Deviation struct{ Eps float32 }

// A Sum is what is summed over rows.
type Sum int

// The sums.
const (
	// SumRows is the sum or mean of each column.
	SumRows Sum = iota
	// SumMoments is the mean and the sum of squared deviations of each column.
	SumMoments
	// SumBatchNorm has the gradients of gamma and beta of a batch
	// normalization. Arguments: dy, x, statistics.
	SumBatchNorm
)

func (s Sum) String() string { return [...]string{"rows", "moments", "gamma and beta"}[s] }

// Kind names the operators.
func (Elementwise) Kind() string    { return "Elementwise" }
func (Copy) Kind() string           { return "Copy" }
func (Expand) Kind() string         { return "Expand" }
func (Fold) Kind() string           { return "Fold" }
func (Join) Kind() string           { return "Join" }
func (View) Kind() string           { return "View" }
func (RowSums) Kind() string        { return "RowSums" }
func (Totals) Kind() string         { return "Totals" }
func (JoinStatistics) Kind() string { return "JoinStatistics" }
func (Deviation) Kind() string      { return "Deviation" }

// IsElementwise reports whether the operation is an elementwise one of its own.
func (o *Op) IsElementwise() (e *Elementwise, ok bool) {
	e, ok = o.Do.(*Elementwise)
	return e, ok
}

// ArgOf returns the number of the argument that is the value of a node, or −1.
func (e *Elementwise) ArgOf(n *graph.Node) int { return slices.Index(e.Inputs, n) }
