package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Fold makes one convolution of what computes the same as one: a convolution and
// batch normalizations with given statistics, products with and sums of constants for
// each channel after it; and sums of such convolutions of the same image, also with
// that image itself, like the branches of RepVGG and MobileOne. Nothing else may read
// the values in between, and all weights and constants must depend on nothing but
// variables that the program does not assign. Of an image with an infinity such a sum
// may be finite where that of its terms is NaN.
func Fold(f *ir.Func) error {
	p := &folding{uses: f.Uses(), linear: map[*ir.Value]*linear{}, used: map[*ir.Value]bool{}}
	for _, o := range f.Ops {
		if l := p.form(o); l != nil {
			p.linear[o.Out()] = l
		}
	}
	var ops []*ir.Op
	gone := map[*ir.Op]bool{}
	for _, o := range f.Ops {
		l := p.linear[o.Out()]
		_, alone := o.Do.(graph.Conv2DOp)
		if l == nil || alone || l.kernel == nil || p.used[o.Out()] {
			ops = append(ops, o)
			continue
		}
		for _, within := range l.ops {
			gone[within] = within != o
		}
		ops = append(ops, l.replace(f, o), o)
	}
	f.Ops = ops
	f.Remove(gone)
	return nil
}

// A folding finds the values that are linear functions of an image.
type folding struct {
	uses   *ir.Uses
	linear map[*ir.Value]*linear
	used   map[*ir.Value]bool // values that are a part of another linear function
}

// A linear function of the image x is a sum of terms. kernel is the term with the
// largest kernel, nil if there is no convolution among them.
type linear struct {
	x      *ir.Value
	terms  []*term
	kernel *term
	ops    []*ir.Op // that compute it
}

// A term is a convolution of x, or x itself, and what is done with the result.
type term struct {
	op            graph.Conv2DOp
	weights, bias *ir.Value // nil: there are none
	then          []affine
}

// An affine is something that is done with each channel of a term.
type affine struct {
	kind ir.AffineKind
	eps  float32
	args []*ir.Value
}

// form returns the result of an operation as a linear function, nil if it is none
// that Fold can use.
func (p *folding) form(o *ir.Op) *linear {
	if !o.Out().Image() {
		return nil
	}
	switch op := o.Do.(type) {
	case graph.Conv2DOp:
		if _, fixed := variablesOf(o.Args[1:]...); !fixed {
			return nil
		}
		t := &term{op: op, weights: o.Args[1]}
		if len(o.Args) == 3 {
			t.bias = o.Args[2]
		}
		return &linear{x: o.Args[0], terms: []*term{t}, kernel: t, ops: []*ir.Op{o}}
	case graph.BatchNormOp:
		if _, fixed := variablesOf(o.Args[1:]...); fixed && !op.Train {
			return p.argument(o, 0).then(o, affine{ir.AffineNormalize, op.Eps, o.Args[1:]})
		}
	case graph.BinaryOp:
		return p.binary(o, op)
	}
	return nil
}

// argument returns argument i as a linear function: of another image, if nothing else
// reads it, otherwise of itself.
func (p *folding) argument(o *ir.Op, i int) *linear {
	v := o.Args[i]
	if l := p.linear[v]; l != nil && p.uses.Only(v, o) {
		p.used[v] = true
		return l
	}
	return itself(v)
}

// itself is a value as a function of itself.
func itself(v *ir.Value) *linear { return &linear{x: v, terms: []*term{{}}} }

// then returns l with one thing more done to it, by operation o.
func (l *linear) then(o *ir.Op, a affine) *linear {
	r := &linear{x: l.x, ops: append(append([]*ir.Op{}, l.ops...), o)}
	for i, t := range l.terms {
		c := *t
		if i == 0 || a.kind != ir.AffineAdd { // a sum is added to once
			c.then = append(append([]affine{}, t.then...), a)
		}
		r.add(&c)
	}
	return r
}

// add adds a term.
func (l *linear) add(t *term) {
	l.terms = append(l.terms, t)
	if t.weights != nil && (l.kernel == nil || area(t) > area(l.kernel)) {
		l.kernel = t
	}
}

// area is the number of taps of a convolution.
func area(t *term) int { return t.weights.Shape[2] * t.weights.Shape[3] }

// affineKinds has what a sum or product with a constant does, by which argument the
// constant is.
var affineKinds = map[graph.BinaryKind][2]ir.AffineKind{
	graph.KindAdd: {ir.AffineAdd, ir.AffineAdd},
	graph.KindSub: {ir.AffineNone, ir.AffineSubtract},
	graph.KindMul: {ir.AffineMultiply, ir.AffineMultiply},
	graph.KindDiv: {ir.AffineNone, ir.AffineDivide},
}

// binary is form for sums and products.
func (p *folding) binary(o *ir.Op, op graph.BinaryOp) *linear {
	for i, v := range o.Args {
		kind := affineKinds[op.Func][i]
		if kind == ir.AffineDivide && !neverZero(v) { // ±Inf in the weights would make NaN of the result
			kind = ir.AffineNone
		}
		if kind != ir.AffineNone && v != o.Args[1-i] && perChannel(v, o.Out().Shape) && o.Args[1-i].Shape.Equal(o.Out().Shape) {
			return p.argument(o, 1-i).then(o, affine{kind: kind, args: []*ir.Value{v}})
		}
	}
	if op.Func != graph.KindAdd && op.Func != graph.KindSub || !o.Args[0].Shape.Equal(o.Args[1].Shape) {
		return nil
	}
	for _, own := range [][2]bool{{false, false}, {false, true}, {true, false}} {
		var parts [2]*linear
		for i, v := range o.Args {
			if parts[i] = itself(v); !own[i] && p.uses.Only(v, o) && p.linear[v] != nil {
				parts[i] = p.linear[v]
			}
		}
		if sum := plus(o, parts[0], parts[1], op.Func == graph.KindSub); sum != nil {
			for i, v := range o.Args {
				p.used[v] = p.used[v] || parts[i].x != v
			}
			return sum
		}
	}
	return nil
}

// perChannel reports whether a value is a constant, the same for all pixels of images
// of the given shape.
func perChannel(v *ir.Value, images tensor.Shape) bool {
	i := len(v.Shape) - 3
	return v.Fixed && (v.Shape.Size() == 1 || i >= 0 && v.Shape[i] == images[1] && v.Shape.Size() == images[1])
}

// neverZero reports whether a value is a constant without zeros.
func neverZero(v *ir.Value) bool {
	c, ok := v.Node.Op().(graph.ConstantOp)
	return ok && v.Leaf() && !slices.Contains(c.Value.Data(), 0)
}

// plus returns a + b, or a − b, as one convolution, nil if it cannot be one.
func plus(o *ir.Op, a, b *linear, minus bool) *linear {
	if a.x != b.x || a.kernel == nil && b.kernel == nil {
		return nil
	}
	if minus {
		b = b.then(o, affine{kind: ir.AffineNegate})
	}
	sum := &linear{x: a.x, ops: append(append(append([]*ir.Op{}, a.ops...), b.ops...), o)}
	for _, t := range append(append([]*term{}, a.terms...), b.terms...) {
		sum.add(t)
	}
	for _, t := range sum.terms {
		if _, ok := sum.kernel.place(t, sum.x); !ok {
			return nil
		}
	}
	return sum
}

// place returns where the kernel of a term of x lies within a larger one. ok is false if
// it does not.
func (t *term) place(of *term, x *ir.Value) (at [2]int, ok bool) {
	kernel := [2]int{1, 1}
	switch {
	case of.weights == nil:
		// The image itself is a convolution with an identity matrix.
		if t.op.Stride != [2]int{1, 1} || t.weights.Shape[0] != x.Shape[1] {
			return at, false
		}
	case of.op.Groups != t.op.Groups || of.op.Stride != t.op.Stride:
		return at, false
	default:
		kernel = [2]int(of.weights.Shape[2:])
	}
	for i, k := range kernel {
		before, d := t.op.Pad[i]-of.op.Pad[i], t.op.Dilation[i]
		if k > 1 && of.op.Dilation[i] != d || before < 0 || before%d != 0 || before/d+k > t.weights.Shape[2+i] {
			return at, false
		}
		at[i] = before / d
	}
	return at, true
}

// replace makes an operation the convolution that l is, and returns the operation that
// computes its weights and bias.
func (l *linear) replace(f *ir.Func, o *ir.Op) *ir.Op {
	do := ir.Fold{Groups: l.kernel.op.Groups}
	var args []*ir.Value
	number := func(v *ir.Value) int {
		if v == nil {
			return -1
		}
		args = append(args, v)
		return len(args) - 1
	}
	for _, t := range l.terms {
		at, _ := l.kernel.place(t, l.x)
		part := ir.FoldTerm{At: at, Weights: number(t.weights), Bias: number(t.bias)}
		for _, a := range t.then {
			step := ir.Affine{Kind: a.kind, Eps: a.eps}
			for _, v := range a.args {
				step.Args = append(step.Args, number(v))
			}
			part.Then = append(part.Then, step)
		}
		do.Terms = append(do.Terms, part)
	}
	shape := l.kernel.weights.Shape
	fold := f.NewOp(do, o.Node, shape, args...)
	bias := f.NewValue(o.Node, tensor.Shape{shape[0]})
	bias.Def = fold
	fold.Outs = append(fold.Outs, bias)
	vars, _ := variablesOf(args...)
	for _, v := range fold.Outs {
		v.Vars, v.Fixed = vars, true
	}
	o.Do, o.Args = l.kernel.op, []*ir.Value{l.x, fold.Out(), bias}
	return fold
}
