package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Place decides which values lie in the memory of another value: results that are
// computed in their slot of a concatenation, and views. It adds a copy where an
// operation cannot read a value where it lies.
func Place(f *ir.Func) error {
	f.Number()
	p := &placing{f: f, uses: f.Uses(), dense: map[*ir.Value]*ir.Value{}, inSlot: map[*ir.Value]*ir.Value{}, after: map[int][]*ir.Op{}}
	var ops [][]*ir.Op // of each old operation: what comes before it, and itself
	for _, o := range f.Ops {
		p.before = nil
		p.now = o.Index()
		if s := o.Source; s != nil {
			p.arguments(s, -1)
			if e := s.Epilogue.Elementwise; e != nil {
				p.arguments(e, s.Epilogue.Self)
			}
			p.arguments(o, 0)
		} else {
			p.arguments(o, -1)
		}
		if e := o.Epilogue.Elementwise; e != nil {
			p.arguments(e, o.Epilogue.Self)
		}
		for _, s := range o.Epilogue.Sums {
			p.arguments(s, -1)
		}
		switch do := o.Do.(type) {
		case ir.View:
			p.view(o, do)
		case ir.Join:
			p.join(o)
		default:
			if o.Placeable {
				p.slot(o)
			}
		}
		ops = append(ops, append(p.before, o))
	}
	p.before, p.now = nil, len(f.Ops)
	for i, v := range f.Outputs {
		if p.mustCopy(v, ir.Need{Layout: ir.Plain}) {
			f.Outputs[i] = p.copied(v, ir.Plain)
		}
	}
	for _, u := range f.Updates {
		// An input, a constant or another variable may change before it is stored.
		if p.mustCopy(u.New, ir.Need{Layout: ir.Plain, Arena: true}) {
			u.New = p.copied(u.New, ir.Plain)
		}
	}
	f.Ops = p.after[-1]
	for i, list := range ops {
		f.Ops = append(append(f.Ops, list...), p.after[i]...)
	}
	f.Ops = append(f.Ops, p.before...)
	f.Stage = ir.Placed
	moveAliases(f)
	return nil
}

type placing struct {
	f      *ir.Func
	uses   *ir.Uses
	dense  map[*ir.Value]*ir.Value // by value: its copy with memory of its own
	inSlot map[*ir.Value]*ir.Value // by value: its copy in its slot
	before []*ir.Op                // copies for the current operation
	now    int                     // the index of the current operation
	after  map[int][]*ir.Op        // copies into slots, by the index of the operation that they follow
}

// arguments replaces the arguments that do not lie as needed by copies. It leaves out
// the argument number self, which is the result that an epilogue works on or that the
// source makes; −1 if there is none.
func (p *placing) arguments(o *ir.Op, self int) {
	for i, v := range o.Args {
		if i != self && p.mustCopy(v, o.Needs[i]) {
			o.Args[i] = p.copied(v, o.Needs[i].Layout)
		}
	}
}

// mustCopy reports whether a value does not lie as needed.
func (p *placing) mustCopy(v *ir.Value, n ir.Need) bool {
	root, _ := v.Root()
	return !n.Pitched && !v.Dense() || n.Arena && root.Leaf()
}

// copied returns a copy with memory of its own.
func (p *placing) copied(v *ir.Value, l ir.Layout) *ir.Value {
	if c := p.dense[v]; c != nil {
		return c
	}
	c := p.copyOp(v)
	c.Out().Layout = v.Layout
	if ir.Coincides(v.Shape) {
		c.Out().Layout = l
	}
	p.dense[v] = c.Out()
	c.SetIndex(p.now)
	p.before = append(p.before, c)
	return c.Out()
}

func (p *placing) copyOp(v *ir.Value) *ir.Op {
	c := p.f.NewOp(ir.Copy{}, v.Node, v.Shape, v)
	c.Needs = []ir.Need{{Layout: v.Layout, Pitched: true}}
	c.Out().Layout, c.Out().Type, c.Out().Vars, c.Out().Fixed = v.Layout, v.Type, v.Vars, v.Fixed
	return c
}

// view places the result of a view in the memory of its argument.
func (p *placing) view(o *ir.Op, do ir.View) {
	v, of := o.Out(), o.Args[0]
	v.Base, v.Offset = of, do.Start
	if v.Layout == ir.NHWC && !do.Transposed && of.PixelPitch() != v.Shape[1] {
		v.Pitch = of.PixelPitch()
	}
}

// take places a value in a slot.
func take(s *ir.Slot, v *ir.Value) {
	s.Owner = v
	if s.Root == v {
		return
	}
	v.Base, v.Offset = s.Root, s.Offset
	if s.Pitch != v.Shape[1] {
		v.Pitch = s.Pitch
	}
}

// slot places the main result of an operation in a slot: its own, or that of the
// elementwise operation that is its only reader and can overwrite it.
func (p *placing) slot(o *ir.Op) {
	v := o.Out()
	if s := v.Slot; s != nil && (s.Owner == nil || p.inPlaceOf(o, s.Owner)) {
		take(s, v)
		return
	}
	u := p.uses.Sole(v)
	if u == nil {
		return
	}
	if u.Placeable && u.Out().Shape.Equal(v.Shape) && p.inPlaceOf(u, v) {
		if s := u.Out().Slot; s != nil && s.Owner == nil {
			take(s, v)
		}
	}
}

// inPlaceOf reports whether an operation may write over a value: it is elementwise
// and the only reader of the value, and its epilogue does not read it.
func (p *placing) inPlaceOf(o *ir.Op, v *ir.Value) bool {
	_, ok := o.IsElementwise()
	return ok && p.uses.Only(v, o) && !o.ReadsLate(v)
}

// join completes a concatenation: parts that are not in their places are copied there
// as soon as they are complete, unless another concatenation has copied them already.
func (p *placing) join(o *ir.Op) {
	s := o.Out().Slot
	take(s, o.Out())
	at := s.Offset
	for i, a := range o.Args {
		there := func(v *ir.Value) bool {
			root, offset := v.Root()
			return root == s.Root && offset == at && v.PixelPitch() == s.Pitch
		}
		if c := p.inSlot[a]; c != nil && there(c) {
			o.Args[i] = c
		} else if !there(a) {
			o.Args[i] = p.copyToSlot(a, ir.Slot{Root: s.Root, Pitch: s.Pitch, Offset: at})
		}
		at += a.Shape[1]
	}
}

// copyToSlot returns a copy of a part in its place.
func (p *placing) copyToSlot(a *ir.Value, s ir.Slot) *ir.Value {
	c := p.copyOp(a)
	v := c.Out()
	take(&s, v)
	v.Layout = ir.NHWC
	if own := a.Slot; own.Root == s.Root && own.Offset == s.Offset {
		own.Owner = v
		p.inSlot[a] = v
	}
	ready := ir.Ready(a)
	c.SetIndex(ready)
	p.after[ready] = append(p.after[ready], c)
	return v
}
