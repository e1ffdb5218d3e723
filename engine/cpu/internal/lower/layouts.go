package lower

import (
	"fmt"

	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Layouts decides the layouts of values, operation by operation. The layout rule of
// an operator calls its methods to take arguments in a layout, which adds conversions
// where a value does not exist in that, and to say in which layout the operation makes
// its results. An image that exists in NHWC stays in it from layer to layer: it is
// converted only where an operation needs it in row-major order.
type Layouts struct {
	f     *ir.Func
	ops   []*ir.Op
	forms map[*ir.Value]*forms // by value, as its operation makes it
	uses  *ir.Uses
}

// forms are the values that hold one result in each layout, nil for a layout that it
// does not exist in.
type forms struct{ plain, image *ir.Value }

// Layout is the pass that decides the layouts of all values. It fails if an operator is
// not supported.
func Layout(f *ir.Func) error {
	l := &Layouts{f: f, forms: map[*ir.Value]*forms{}, uses: f.Uses()}
	for _, v := range f.Leaves {
		l.define(v, ir.Plain)
	}
	for _, o := range f.Ops {
		op, err := operatorOf(o)
		if err != nil {
			return err
		}
		o.Needs = make([]ir.Need, len(o.Args))
		op.layout(l, o)
		for i, v := range o.Args {
			if v.Layout == ir.Unset {
				return fmt.Errorf("%v: argument %d has no layout", o.Node, i)
			}
		}
		l.ops = append(l.ops, o)
	}
	for i, v := range f.Outputs {
		f.Outputs[i] = l.plain(v)
	}
	for _, u := range f.Updates {
		u.New = l.plain(u.New)
	}
	f.Ops, f.Stage = l.ops, ir.LaidOut
	return nil
}

// define sets the layout in which a value is made.
func (l *Layouts) define(v *ir.Value, layout ir.Layout) {
	v.Layout = layout
	l.know(v, v)
}

// know records a form of a value, as both where the two layouts of its shape coincide.
func (l *Layouts) know(of, form *ir.Value) {
	f := l.forms[of]
	if f == nil {
		f = &forms{}
		l.forms[of] = f
	}
	both := ir.Coincides(form.Shape) && !isSlice(form)
	if form.Layout == ir.Plain || both {
		f.plain = form
	}
	if form.Layout == ir.NHWC || both {
		f.image = form
	}
}

// isSlice reports whether a value is a view of some channels of another.
func isSlice(v *ir.Value) bool {
	if v.Def == nil || v.Layout != ir.NHWC {
		return false
	}
	_, ok := v.Def.Do.(ir.View)
	return ok
}

// plain returns a value in row-major order.
func (l *Layouts) plain(v *ir.Value) *ir.Value {
	f := l.forms[v]
	if f.plain == nil {
		f.plain = l.copied(v, f.image, ir.Plain)
	}
	return f.plain
}

// image returns a value in NHWC.
func (l *Layouts) image(v *ir.Value) *ir.Value {
	f := l.forms[v]
	if f.image == nil {
		f.image = l.copied(v, f.plain, ir.NHWC)
	}
	return f.image
}

// isImage reports whether a value exists in NHWC.
func (l *Layouts) isImage(v *ir.Value) bool { return l.forms[v].image != nil }

// onlyImage reports whether a value exists in NHWC and in no other layout.
func (l *Layouts) onlyImage(v *ir.Value) bool { return l.isImage(v) && l.forms[v].plain == nil }

// copied adds a conversion of from, a form of v, and returns its result.
func (l *Layouts) copied(v, from *ir.Value, layout ir.Layout) *ir.Value {
	o := l.f.NewOp(ir.Copy{}, v.Node, v.Shape, from)
	o.Needs = []ir.Need{{Layout: from.Layout, Pitched: true}}
	o.Out().Layout, o.Out().Type, o.Out().Vars, o.Out().Fixed = layout, v.Type, v.Vars, v.Fixed
	l.ops = append(l.ops, o)
	l.know(v, o.Out())
	return o.Out()
}

// The layout rules call the following methods. arg is the number of an argument.

// Plain takes an argument in row-major order.
func (l *Layouts) Plain(o *ir.Op, arg int) {
	o.Args[arg] = l.plain(o.Args[arg])
	o.Needs[arg].Layout = ir.Plain
}

// AllPlain takes all arguments and makes all results in row-major order.
func (l *Layouts) AllPlain(o *ir.Op) {
	for i := range o.Args {
		l.Plain(o, i)
	}
	for _, v := range o.Outs {
		l.define(v, ir.Plain)
	}
}

// Pixels takes an image in NHWC, whatever lies between its pixels.
func (l *Layouts) Pixels(o *ir.Op, arg int) {
	o.Args[arg] = l.image(o.Args[arg])
	o.Needs[arg] = ir.Need{Layout: ir.NHWC, Pitched: true}
}

// Dense takes an image in NHWC with nothing between its pixels.
func (l *Layouts) Dense(o *ir.Op, arg int) {
	o.Args[arg] = l.image(o.Args[arg])
	o.Needs[arg].Layout = ir.NHWC
}

// InRowMajorOnly reports whether an argument exists in row-major order only and no other
// operation reads it.
func (l *Layouts) InRowMajorOnly(o *ir.Op, arg int) bool {
	v := o.Args[arg]
	return !l.isImage(v) && l.uses.Only(v, o)
}

// Rows takes an argument whose rows are channels: an image as Pixels does, a matrix as
// Plain does.
func (l *Layouts) Rows(o *ir.Op, arg int) {
	if o.Args[arg].Image() {
		l.Pixels(o, arg)
	} else {
		l.Plain(o, arg)
	}
}

// Any takes an argument without a conversion, with nothing between its elements: in
// NHWC if it exists in that, otherwise in row-major order.
func (l *Layouts) Any(o *ir.Op, arg int) {
	if l.isImage(o.Args[arg]) {
		l.Dense(o, arg)
	} else {
		l.Plain(o, arg)
	}
}

// Arena requires that an argument lies in the program's own memory.
func (l *Layouts) Arena(o *ir.Op, arg int) { o.Needs[arg].Arena = true }

// MakePlain makes the main result in row-major order.
func (l *Layouts) MakePlain(o *ir.Op) { l.define(o.Out(), ir.Plain) }

// MakeDense makes the main result in NHWC, with nothing between its pixels.
func (l *Layouts) MakeDense(o *ir.Op) { l.define(o.Out(), ir.NHWC) }

// MakePixels makes the main result in NHWC. The operation can write it with any
// distance between the pixels.
func (l *Layouts) MakePixels(o *ir.Op) {
	l.define(o.Out(), ir.NHWC)
	o.Placeable = true
}

// MakeRows makes the main result, an image as MakePixels does, a matrix as MakePlain
// does.
func (l *Layouts) MakeRows(o *ir.Op) {
	if o.Out().Image() {
		l.MakePixels(o)
	} else {
		l.MakePlain(o)
	}
}

// MakeAs makes the main result in the layout of an argument.
func (l *Layouts) MakeAs(o *ir.Op, arg int) { l.define(o.Out(), o.Args[arg].Layout) }

// Before adds an operation before the one whose rule is running.
func (l *Layouts) Before(o *ir.Op) { l.ops = append(l.ops, o) }
