package ir

import (
	"strings"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A form is a Func in which every rule has something to break:
//
//	image = Copy(x)                    in NHWC
//	a, b  = MaxPool2D(image), each     parts of joined
//	joined = Join(a, b)
//	y     = MaxPool2D(joined)
//	out   = Copy(y)                    row-major, the output
//	wNew  = Elementwise(w, out)        in the memory of w
type form struct {
	*Func
	node                                   *graph.Node
	x, w, image, a, b, joined, y, out, new *Value
}

func newForm() *form {
	g := graph.New()
	variable := &graph.Variable{Name: "w", Value: tensor.New(2, 7, 2, 3)}
	f := &form{Func: &Func{Graph: g, Stage: Placed}, node: g.Input("x", 2, 4, 2, 3)}
	f.x = f.leaf(f.node)
	f.w = f.leaf(g.Variable(variable))
	f.image = f.add(Copy{}, NHWC, f.x.Shape, f.x)
	f.a = f.add(graph.MaxPool2DOp{}, NHWC, tensor.Shape{2, 3, 2, 3}, f.image)
	f.b = f.add(graph.MaxPool2DOp{}, NHWC, tensor.Shape{2, 4, 2, 3}, f.image)
	f.joined = f.add(Join{}, NHWC, tensor.Shape{2, 7, 2, 3}, f.a, f.b)
	f.y = f.add(graph.MaxPool2DOp{}, NHWC, f.joined.Shape, f.joined)
	f.out = f.add(Copy{}, Plain, f.y.Shape, f.y)
	f.new = f.add(&Elementwise{Forms: []Form{Full, Full}}, Plain, f.w.Shape, f.w, f.out)
	f.part(f.a, f.joined, 0)
	f.part(f.b, f.joined, 3)
	f.Outputs = []*Value{f.out}
	f.Updates = []*Update{{Variable: variable, Old: f.w, New: f.new, Direct: true}}
	return f
}

func (f *form) leaf(n *graph.Node) *Value {
	v := f.NewValue(n, n.Shape())
	v.Layout = Plain
	f.Leaves = append(f.Leaves, v)
	return v
}

// add adds an operation that takes its arguments as they are.
func (f *form) add(do Operator, layout Layout, shape tensor.Shape, args ...*Value) *Value {
	o := f.NewOp(do, f.node, shape, args...)
	for _, v := range args {
		o.Needs = append(o.Needs, Need{Layout: v.Layout, Pitched: true})
	}
	o.Out().Layout = layout
	f.Ops = append(f.Ops, o)
	return o.Out()
}

// part makes a value a part of another, from a channel on.
func (f *form) part(v, of *Value, channel int) {
	v.Base, v.Offset, v.Pitch = of, channel, of.Shape[1]
}

// move makes the operation of a value the one that has number i.
func (f *form) move(v *Value, i int) {
	ops := []*Op{}
	for _, o := range f.Ops {
		if o != v.Def {
			ops = append(ops, o)
		}
	}
	f.Ops = append(append(append([]*Op{}, ops[:i]...), v.Def), ops[i:]...)
}

// inPlace adds an elementwise operation on a, in its memory, whose result is the
// part of joined in place of a.
func (f *form) inPlace() *Value {
	e := f.add(&Elementwise{Forms: []Form{Full}}, NHWC, f.a.Shape, f.a)
	f.part(e, f.joined, 0)
	f.joined.Def.Args[0] = e
	f.move(e, 3)
	return e
}

// sourced adds an operation that has a source.
func (f *form) sourced() *Op {
	s := f.NewOp(graph.MaxPool2DOp{}, f.node, f.y.Shape, f.y)
	s.Needs = []Need{{Layout: NHWC}}
	s.Out().Layout = NHWC
	o := f.add(graph.MaxPool2DOp{}, NHWC, f.y.Shape, s.Out()).Def
	o.Source = s
	return o
}

var checkCases = []struct {
	name   string
	damage func(f *form)
	want   string // a part of the error, "" if there must be none
}{
	{"nothing", func(*form) {}, ""},

	{"a leaf that is made", func(f *form) { f.x.Def = f.y.Def }, "is made by MaxPool2D"},
	{"read before it is made", func(f *form) { f.move(f.y, 0) }, "is read before it is made"},
	{"read and never made", func(f *form) { f.Ops = f.Ops[1:] }, "is read before it is made"},
	{"a concatenation before its last part", func(f *form) { f.move(f.joined, 2) }, "is read before it is made"},
	{"made twice", func(f *form) { f.Ops = append(f.Ops, f.new.Def) }, "v8 2×7×2×3 is made twice"},
	{"read between the two times that it is made", func(f *form) { f.Ops = append(f.Ops, f.y.Def) }, "v6 2×7×2×3 NHWC is read before it is complete"},
	{"made by two operations", func(f *form) { f.b.Def.Outs = append(f.b.Def.Outs, f.a) }, "names another operation"},
	{"a leaf that is made as well", func(f *form) { f.y.Def.Outs, f.w.Def = append(f.y.Def.Outs, f.w), nil }, "names another operation"},
	{"no result", func(f *form) { f.new.Def.Outs = nil }, "no result"},

	{"a source", func(f *form) { f.sourced() }, ""},
	{"a source of another value", func(f *form) { f.sourced().Args[0] = f.y }, "the source does not make the first argument alone"},
	{"a source of two values", func(f *form) {
		s := f.sourced().Source
		s.Outs = append(s.Outs, f.y)
	}, "the source does not make the first argument alone"},
	{"a source whose result names another operation", func(f *form) { f.sourced().Source.Out().Def = f.y.Def }, "the source does not make the first argument alone"},
	{"a source with a source", func(f *form) {
		o := f.sourced()
		o.Source.Source, o.Source.Args[0].Def = f.y.Def, f.y.Def
	}, "does more than its elements"},
	{"a source with a mask", func(f *form) { f.sourced().Source.Epilogue.Mask = f.y }, "does more than its elements"},
	{"a source that is in the list", func(f *form) {
		o := f.sourced()
		f.Ops = append(f.Ops[:len(f.Ops)-1], o.Source, o)
	}, "is made by the source as well"},
	{"the result of a source that another operation reads", func(f *form) {
		f.add(graph.MaxPool2DOp{}, NHWC, f.y.Shape, f.sourced().Source.Out())
	}, "is read before it is made"},
	{"a source that reads what is not made", func(f *form) { f.move(f.sourced().Out(), 0) }, "is read before it is made"},
	{"a source that reads another layout", func(f *form) { f.sourced().Source.Needs[0].Layout = Plain }, "source: argument 0: v6 2×7×2×3 NHWC is NHWC, must be plain"},
	{"a source with a place in memory", func(f *form) { f.sourced().Source.Out().Base = f.joined }, "has a place in memory"},
	{"written over what a source reads", func(f *form) {
		o := f.sourced()
		f.part(f.add(Copy{}, NHWC, f.a.Shape, f.image), f.y, 0)
		f.Ops = append(f.Ops[:len(f.Ops)-2], f.Ops[len(f.Ops)-1], o)
	}, "is written over v6 2×7×2×3 NHWC"},

	{"no layout", func(f *form) { f.new.Layout = Unset }, "has no layout"},
	{"no needs", func(f *form) { f.y.Def.Needs = nil }, "1 arguments and 0 needs"},
	{"another layout", func(f *form) { f.y.Def.Needs[0].Layout = Plain }, "argument 0: v5 2×7×2×3 NHWC is NHWC, must be plain"},
	{"another layout that is the same for the shape", func(f *form) {
		n := f.Graph.Input("pixel", 2, 7, 1, 1)
		f.add(Copy{}, NHWC, n.Shape(), f.leaf(n)).Def.Needs[0].Layout = NHWC
	}, ""},
	{"not laid out, before the layout pass", func(f *form) { f.Stage, f.new.Layout, f.y.Def.Needs = Built, Unset, nil }, ""},
	{"pitched, where it must be dense", func(f *form) {
		f.add(graph.MaxPool2DOp{}, NHWC, f.a.Shape, f.a).Def.Needs[0].Pitched = false
	}, "must have nothing between its pixels"},
	{"dense, where it must be", func(f *form) { f.y.Def.Needs[0].Pitched = false }, ""},
	{"pitched, before it is placed", func(f *form) {
		f.add(graph.MaxPool2DOp{}, NHWC, f.a.Shape, f.a).Def.Needs[0].Pitched = false
		f.Stage = LaidOut
	}, ""},
	{"not in the arena", func(f *form) { f.image.Def.Needs[0].Arena = true }, "v0 2×4×2×3 must lie in the arena"},
	{"a view of what is not in the arena", func(f *form) {
		v := f.add(View{}, Plain, tensor.Shape{8, 6}, f.x)
		v.Base = f.x
		f.add(graph.ArgMaxOp{}, Plain, tensor.Shape{8}, v).Def.Needs[0].Arena = true
	}, "must lie in the arena"},
	{"in the arena", func(f *form) { f.y.Def.Needs[0].Arena = true }, ""},

	{"an offset in nothing", func(f *form) { f.y.Offset = 1 }, "and no base"},
	{"a pitch in nothing", func(f *form) { f.y.Pitch = 8 }, "and no base"},
	{"before its base", func(f *form) { f.a.Offset = -1 }, "reaches beyond the 84 elements of v5"},
	{"beyond its base", func(f *form) { f.b.Offset = 4 }, "reaches beyond the 84 elements of v5"},
	{"beyond the base of its base", func(f *form) {
		v := f.add(View{Start: 2}, NHWC, tensor.Shape{2, 3, 2, 3}, f.b)
		v.Base, v.Offset, v.Pitch = f.b, 2, 7
	}, "reaches beyond the 84 elements of v5"},
	{"into the next pixel", func(f *form) {
		v := f.add(View{Start: 2}, NHWC, tensor.Shape{1, 3, 2, 3}, f.b)
		v.Base, v.Offset, v.Pitch = f.b, 2, 7
	}, "channels reach into the next pixel"},

	{"an output that is never made", func(f *form) { f.Outputs = append(f.Outputs, f.NewValue(f.node, f.x.Shape)) }, "output v9 2×4×2×3 is never made"},
	{"an output in NHWC", func(f *form) { f.Outputs[0] = f.y }, "output v6 2×7×2×3 NHWC must be plain"},
	{"a new value that is never made", func(f *form) { f.Updates[0].New = f.NewValue(f.node, f.x.Shape) }, "new value of w v9 2×4×2×3 is never made"},
	{"a new value in NHWC", func(f *form) { f.Updates[0].New = f.y }, "new value of w v6 2×7×2×3 NHWC must be plain"},

	{"parts that overlap", func(f *form) { f.b.Offset = 2 }, "v4 2×4×2×3 NHWC in v5+2/7 is written over v3 2×3×2×3 NHWC in v5+0/7, which operation 4 reads"},
	{"two parts in one place, of which only one is read", func(f *form) {
		f.part(f.add(graph.MaxPool2DOp{}, NHWC, f.a.Shape, f.image), f.joined, 0)
		f.move(f.Ops[len(f.Ops)-1].Out(), 1)
	}, ""},
	{"written over what an output is made of", func(f *form) {
		f.part(f.add(graph.MaxPool2DOp{}, NHWC, f.a.Shape, f.image), f.joined, 4)
		f.move(f.Ops[len(f.Ops)-1].Out(), 4)
	}, "is written over v4"},
	{"written into an input", func(f *form) { f.image.Base = f.x }, "is written into the leaf v0"},
	{"elementwise in place", func(f *form) { f.inPlace() }, ""},
	{"in place, not elementwise", func(f *form) { f.inPlace().Def.Do = graph.MaxPool2DOp{} }, "is written over v3"},
	{"in place, one channel further", func(f *form) {
		f.b.Base, f.b.Offset, f.b.Pitch = nil, 0, 0
		f.inPlace().Offset = 1
	}, "is written over v3"},
	{"in place of what is read later", func(f *form) {
		f.inPlace()
		f.add(graph.MaxPool2DOp{}, NHWC, f.a.Shape, f.a)
	}, "is written over v3 2×3×2×3 NHWC in v5+0/7, which operation 8 reads"},
	{"in place of what sums in the epilogue read", func(f *form) {
		o := f.inPlace().Def
		s := f.NewOp(RowSums{Of: SumBatchNorm}, f.node, tensor.Shape{6}, o.Out(), f.a)
		s.Needs = []Need{{Layout: NHWC, Pitched: true}, {Layout: NHWC, Pitched: true}}
		s.Out().Layout, s.Out().Def = Plain, o
		o.Epilogue.Sums, o.Outs = []*Op{s}, append(o.Outs, s.Out())
	}, "is written over v3"},

	{"a mask", func(f *form) { f.y.Def.Epilogue.Mask = f.joined }, ""},
	{"a mask that is made later", func(f *form) { f.b.Def.Epilogue.Mask = f.y }, "is read before it is made"},
	{"a mask of which the result is a part", func(f *form) { f.b.Def.Epilogue.Mask = f.joined }, "is read before it is made"},
	{"an epilogue", func(f *form) { f.epilogue(f.joined) }, ""},
	{"an epilogue that reads what is made later", func(f *form) {
		f.epilogue(f.add(graph.MaxPool2DOp{}, NHWC, f.y.Shape, f.joined))
	}, "is read before it is made"},
	{"an epilogue whose argument has another layout", func(f *form) { f.epilogue(f.joined).Needs[1].Layout = Plain }, "epilogue: argument 1: v5 2×7×2×3 NHWC is NHWC, must be plain"},
	{"sums of another layout", func(f *form) {
		s := f.NewOp(RowSums{Of: SumBatchNorm}, f.node, tensor.Shape{14}, f.y, f.joined)
		s.Needs = []Need{{Layout: NHWC}, {Layout: Plain}}
		s.Out().Layout, s.Out().Def = Plain, f.y.Def
		f.y.Def.Epilogue.Sums, f.y.Def.Outs = []*Op{s}, append(f.y.Def.Outs, s.Out())
	}, "sums: argument 1: v5 2×7×2×3 NHWC is NHWC, must be plain"},

	{"a variable that is read after its update", func(f *form) { f.add(Copy{}, Plain, f.w.Shape, f.w) }, "variable w is written before its last reader"},
	{"read after a copied update", func(f *form) {
		f.add(Copy{}, Plain, f.w.Shape, f.w)
		f.Updates[0].Direct = false
	}, ""},
	{"read under another name after its update", func(f *form) {
		v := f.add(View{}, Plain, tensor.Shape{14, 6}, f.w)
		v.Base = f.w
		f.move(v, 0)
		f.add(graph.ArgMaxOp{}, Plain, tensor.Shape{14}, v)
	}, "variable w is written before its last reader"},
	{"an output is the old value", func(f *form) { f.Outputs = append(f.Outputs, f.w) }, "variable w is written before its last reader"},
	{"updated directly by an input", func(f *form) { f.Updates[0].New = f.x }, "variable w is written before its last reader"},
	{"updated in place, not elementwise", func(f *form) { f.new.Def.Do = graph.MaxPool2DOp{} }, "variable w is written before its last reader"},
	{"updated as a large gradient is made", func(f *form) { f.merge().Plan = gemm.NewOuter(2, 42, 42) }, ""},
	{"updated in the epilogue of what stores its result before", func(f *form) { f.merge() }, "variable w is written before its last reader"},
}

// epilogue makes y an elementwise result of what its operation made before and v.
func (f *form) epilogue(v *Value) *Op {
	e := f.NewOp(&Elementwise{Forms: []Form{Full, Full}}, f.node, f.y.Shape, f.y, v)
	e.Needs = []Need{{Layout: NHWC, Pitched: true}, {Layout: NHWC, Pitched: true}}
	e.Outs, f.y.Def.Epilogue.Elementwise = []*Value{f.y}, e
	return e
}

// merge makes the update the epilogue of an operation that does not read the
// variable, and returns that operation.
func (f *form) merge() *Op {
	update := f.new.Def
	o := &Op{Do: graph.MatMulOp{TransA: true}, Node: f.node, Args: []*Value{f.out}, Needs: []Need{{Layout: Plain}}, Outs: []*Value{f.new}}
	update.Args[1] = f.new
	o.Epilogue.Elementwise, o.Epilogue.Self, f.new.Def = update, 1, o
	f.Ops[len(f.Ops)-1] = o
	return o
}

func TestCheck(t *testing.T) {
	for _, c := range checkCases {
		t.Run(c.name, func(t *testing.T) {
			f := newForm()
			c.damage(f)
			err := Check(f.Func)
			switch {
			case err == nil && c.want != "":
				t.Errorf("no error, want %q", c.want)
			case err != nil && c.want == "":
				t.Errorf("error %v", err)
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
