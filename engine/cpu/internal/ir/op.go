package ir

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/graph"
)

// An Operator says what an operation computes: an operator of package graph or
// one of this package.
type Operator interface{ Kind() string }

// A Need says which layout and place in memory an operation requires of an argument.
type Need struct {
	Layout Layout
	// Pitched allows that other floats lie between the pixels of an argument in
	// NHWC.
	Pitched bool
	// Arena requires that the argument lies in the program's own memory, where
	// kernels may read up to work.SlackFloats elements past its end.
	Arena bool
}

// An Op is one operation of a Func.
type Op struct {
	Do Operator
	// Node is the node of the graph that the operation works for: names and
	// profiles use it.
	Node *graph.Node
	// Args are the values that it reads, apart from those of the epilogue. Needs has
	// an entry for each, from the layout pass on.
	Args  []*Value
	Needs []Need
	// Outs are the results, the main result first.
	Outs []*Value
	// Placeable operations can write their main result with any pitch.
	Placeable bool
	// Anywhere says that the operation can write its main result, in row-major order, to
	// any place in memory.
	Anywhere bool
	// Plan is the algorithm that was chosen for a convolution or product.
	Plan any
	// Epilogue is done on each range of the main result.
	Epilogue Epilogue
	// Source, if it is not nil, makes the first argument, with its epilogue, part by part as
	// the operation needs it: that value is never in memory as a whole. It is no
	// longer in Ops.
	Source *Op
	// Once, if it is not nil, has the variables that the results depend on: the
	// operation runs again only when one of them has changed.
	Once []*graph.Variable

	index int
}

// Out returns the main result.
func (o *Op) Out() *Value { return o.Outs[0] }

// Alias reports whether the operation only gives memory another name: nothing is
// computed.
func (o *Op) Alias() bool {
	switch o.Do.(type) {
	case View, Join, Bucket:
		return true
	}
	return false
}

// IsElementwise returns the group that an operation computes. ok is false if its
// operator is not *Elementwise.
func (o *Op) IsElementwise() (e *Elementwise, ok bool) {
	e, ok = o.Do.(*Elementwise)
	return e, ok
}

// Index returns the position of the operation in Ops when [Func.Number] was called
// last.
func (o *Op) Index() int { return o.index }

// SetIndex sets the index of an operation that is not in Ops yet to that of the
// operation that it will be next to.
func (o *Op) SetIndex(i int) { o.index = i }

// An Epilogue is work that an operation does on each range of its main result
// as soon as it is computed, while it is in cache, in this order.
type Epilogue struct {
	// Add, if it is not nil, has the shape of the result, to which the operation adds it
	// before it stores: a residual, for instance.
	Add *Value
	// Clip is an activation that the operation applies as it stores.
	Clip gemm.Clip
	// Elementwise is an elementwise operation that is applied to the result in
	// place: the result is its argument number Self. It is no longer in Ops.
	Elementwise *Op
	Self        int
	// Mask, if it is not nil, is the result of a ReLU, of the same shape. The
	// result is set to 0 where the mask is 0: that is the gradient of the ReLU.
	Mask *Value
	// Sums are sums over the rows of the result, or of some of its channels.
	// They are no longer in Ops.
	Sums []*Op
}

// Busy reports whether the epilogue changes the result: sums do not.
func (e *Epilogue) Busy() bool {
	return e.Add != nil || e.Clip != gemm.NoClip || e.Elementwise != nil || e.Mask != nil
}

// Reads calls f for each value that the operation reads: first its arguments, or what its
// source reads instead of the first, then,
// with late set, those of the epilogue. Late values may be read after a part of the
// result has been written.
func (o *Op) Reads(f func(v *Value, late bool)) {
	args := o.Args
	if o.Source != nil {
		o.Source.Reads(f)
		args = args[1:]
	}
	for _, v := range args {
		f(v, false)
	}
	if v := o.Epilogue.Add; v != nil {
		f(v, true)
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

// Elementwise is a fused group of elementwise nodes. It computes each element of its
// result from the elements of its arguments at the same place, block by block,
// without storing intermediate values.
type Elementwise struct {
	// Members are computed in this order. The last one is the result.
	Members []Member
	// Forms say how the elements of the arguments map to those of the result.
	Forms []Form
}

// A Member is one operator of a group. Its arguments are numbered: those of the
// operation first, then the members before it.
type Member struct {
	Op   graph.Op
	Args []int
}

// A Form says how the elements of an argument map to those of an elementwise
// result.
type Form int

// The forms.
const (
	Full     Form = iota // it has the shape of the result
	Scalar               // it has one element, which all elements of the result use
	Periodic             // its elements in memory repeat over and over
	PerImage             // N rows of channels: those of an image repeat over its pixels
)

// Copy copies its argument: to another layout, to memory with nothing between the
// pixels, to the arena, or into a concatenation.
type Copy struct{}

// Expand is its argument broadcast to a larger shape.
type Expand struct{}

// Fold computes the weights and the bias of a convolution that is the sum of some terms.
type Fold struct {
	Groups int
	Terms  []FoldTerm
}

// A FoldTerm is a convolution of the same image, or the image itself, and what is done
// with the result. Its fields are numbers of arguments, −1 where there is none.
type FoldTerm struct {
	Weights, Bias int    // without weights it is the image itself
	At            [2]int // where its kernel lies in that of the sum
	Then          []Affine
}

// An Affine is something that is done with each channel. Args are numbers of arguments:
// a factor or a summand, of one element for each channel or one for all; for a
// normalization its statistics, gamma and beta.
type Affine struct {
	Kind AffineKind
	Args []int
	Eps  float32
}

// An AffineKind says what an Affine does.
type AffineKind int

// The kinds.
const (
	AffineNone AffineKind = iota
	AffineNormalize
	AffineMultiply
	AffineDivide
	AffineAdd
	AffineSubtract
	AffineNegate
)

// Join is a concatenation of images along the channels. Its parts are computed in or
// copied to their places in its memory before it, so it computes nothing itself.
type Join struct{}

// Bucket is a concatenation of vectors that are added up over a group together. Like
// those of a Join, its parts are computed in or copied to their places before it.
type Bucket struct{}

// BeginAllReduce begins the sum of its argument over the members of a group. Nothing may
// use its result but the one WaitAllReduce that reads it.
type BeginAllReduce struct{}

// WaitAllReduce waits for the sum that a BeginAllReduce, which made its argument, has
// begun, and returns it.
type WaitAllReduce struct{}

// View is its argument with another shape (a reshape), some of its channels from Start
// on, or, if it is Transposed, an image in NHWC as N×H×W×C in row-major order or the
// reverse. Of a value in row-major order it has the elements from number Start on. It
// computes nothing.
type View struct {
	Start      int
	Transposed bool
}

// RowSums adds up the rows of its first argument. Its result stands for several
// partial sums, whose number package lower decides.
type RowSums struct{ Of Sum }

// Totals adds up the partial sums of a RowSums, its first argument.
type Totals struct{ Of Sum }

// Interleave has the channels of its arguments, images of one shape, in turn: the first
// of each, then the second of each, and so on.
type Interleave struct{}

// JoinStatistics concatenates the statistics of the parts of a concatenation.
type JoinStatistics struct{}

// Deviation computes 1/√(variance+Eps) of each channel from statistics.
type Deviation struct{ Eps float32 }

// A Sum is what is summed over rows.
type Sum int

// The sums.
const (
	// SumRows is the sum or mean of each column.
	SumRows Sum = iota
	// SumMoments is the mean and the sum of squared deviations of each column.
	SumMoments
	// SumBatchNorm is the gradients of gamma and beta of a batch normalization.
	// Arguments: dy, x, statistics.
	SumBatchNorm
)

func (s Sum) String() string { return [...]string{"rows", "moments", "gamma and beta"}[s] }

// Kind names the operators.
func (Elementwise) Kind() string    { return "Elementwise" }
func (Copy) Kind() string           { return "Copy" }
func (Expand) Kind() string         { return "Expand" }
func (Fold) Kind() string           { return "Fold" }
func (Join) Kind() string           { return "Join" }
func (Bucket) Kind() string         { return "Bucket" }
func (BeginAllReduce) Kind() string { return "BeginAllReduce" }
func (WaitAllReduce) Kind() string  { return "WaitAllReduce" }
func (View) Kind() string           { return "View" }
func (RowSums) Kind() string        { return "RowSums" }
func (Totals) Kind() string         { return "Totals" }
func (Interleave) Kind() string     { return "Interleave" }
func (JoinStatistics) Kind() string { return "JoinStatistics" }
func (Deviation) Kind() string      { return "Deviation" }
