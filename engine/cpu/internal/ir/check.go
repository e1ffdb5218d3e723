package ir

import (
	"fmt"
	"math"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
)

// Check numbers the operations and returns an error for the first rule that a Func
// breaks:
//
//   - exactly one operation, the one in Def, makes a value, before any other reads
//     it; all that an epilogue reads is complete before its operation begins;
//   - from stage LaidOut on, every argument has the layout of its Need, and from
//     stage Placed on, it meets Pitched and Arena too;
//   - the source of an operation makes its first argument and nothing else;
//   - a value with a Base lies within the memory of that, and is of the same type;
//   - no operation writes over a leaf, or over a value that is still to be read;
//   - a variable is updated directly only after its last reader, or in place by it.
func Check(f *Func) error {
	f.Number()
	c := &checker{f: f, made: map[*Value]bool{}}
	for _, v := range f.Leaves {
		if v.Def != nil {
			return fmt.Errorf("leaf %v is made by %s", v, v.Def.Do.Kind())
		}
		c.made[v] = true
	}
	for _, o := range f.Ops {
		if err := c.op(o); err != nil {
			return fmt.Errorf("operation %d, %s %v: %w", o.index, o.Do.Kind(), o.Node, err)
		}
	}
	if err := c.results(); err != nil {
		return err
	}
	if f.Stage < Placed {
		return nil
	}
	return c.memory()
}

type checker struct {
	f    *Func
	made map[*Value]bool
}

func (c *checker) op(o *Op) error {
	var err error
	o.Reads(func(v *Value, late bool) {
		switch {
		case err != nil:
		case !c.made[v]:
			err = fmt.Errorf("%v is read before it is made", v)
		case Ready(v) >= o.index:
			err = fmt.Errorf("%v is read before it is complete", v)
		}
	})
	if err != nil {
		return err
	}
	if err := c.needs(o); err != nil {
		return err
	}
	if err := c.source(o); err != nil {
		return err
	}
	if len(o.Outs) == 0 {
		return fmt.Errorf("no result")
	}
	for _, v := range o.Outs {
		if v.Def != o {
			return fmt.Errorf("result %v names another operation", v)
		}
		if c.made[v] {
			return fmt.Errorf("%v is made twice", v)
		}
		c.made[v] = true
		if c.f.Stage >= LaidOut && v.Layout == Unset {
			return fmt.Errorf("result %v has no layout", v)
		}
		if err := c.inside(v); err != nil {
			return err
		}
	}
	return nil
}

// source checks the operation that makes the first argument of another one.
func (c *checker) source(o *Op) error {
	s := o.Source
	if s == nil {
		return nil
	}
	switch {
	case len(s.Outs) != 1 || len(o.Args) == 0 || s.Out() != o.Args[0] || s.Out().Def != s:
		return fmt.Errorf("the source does not make the first argument alone")
	case s.Source != nil || s.Epilogue.Add != nil || s.Epilogue.Mask != nil || len(s.Epilogue.Sums) > 0:
		return fmt.Errorf("the source %s does more than its elements", s.Do.Kind())
	case c.made[s.Out()]:
		return fmt.Errorf("%v is made by the source as well", s.Out())
	case s.Out().Base != nil:
		return fmt.Errorf("%v has a place in memory, and is never there", s.Out())
	}
	return nil
}

// needs checks the arguments of an operation and of its epilogue.
func (c *checker) needs(o *Op) error {
	if c.f.Stage < LaidOut {
		return nil
	}
	check := func(p *Op, self int) error {
		if len(p.Needs) != len(p.Args) {
			return fmt.Errorf("%d arguments and %d needs", len(p.Args), len(p.Needs))
		}
		for i, v := range p.Args {
			if i == self {
				continue // the result, which the epilogue works on
			}
			if err := c.need(v, p.Needs[i]); err != nil {
				return fmt.Errorf("argument %d: %w", i, err)
			}
		}
		return nil
	}
	self := -1
	if o.Source != nil {
		self = 0
		if err := c.needs(o.Source); err != nil {
			return fmt.Errorf("source: %w", err)
		}
	}
	if err := check(o, self); err != nil {
		return err
	}
	if v := o.Epilogue.Add; v != nil {
		if err := c.need(v, Need{Layout: o.Out().Layout, Pitched: true}); err != nil {
			return fmt.Errorf("epilogue: %w", err)
		}
	}
	if e := o.Epilogue.Elementwise; e != nil {
		if err := check(e, o.Epilogue.Self); err != nil {
			return fmt.Errorf("epilogue: %w", err)
		}
	}
	for _, s := range o.Epilogue.Sums {
		if err := check(s, -1); err != nil {
			return fmt.Errorf("sums: %w", err)
		}
	}
	return nil
}

func (c *checker) need(v *Value, n Need) error {
	root, _ := v.Root()
	switch {
	case v.Layout != n.Layout && (v.Layout == Unset || !Coincides(v.Shape)):
		return fmt.Errorf("%v is %v, must be %v", v, v.Layout, n.Layout)
	case c.f.Stage < Placed:
	case !n.Pitched && !v.Dense():
		return fmt.Errorf("%v must have nothing between its pixels", v)
	case n.Arena && root.Leaf():
		return fmt.Errorf("%v must lie in the arena", v)
	}
	return nil
}

// inside checks that a value lies within its base.
func (c *checker) inside(v *Value) error {
	if v.Base == nil {
		if v.Offset != 0 || v.Pitch != 0 {
			return fmt.Errorf("%v has an offset or a pitch, and no base", v)
		}
		return nil
	}
	root, offset := v.Root()
	if root.Type != v.Type {
		return fmt.Errorf("%v lies in the memory of %v, of another type", v, root)
	}
	if offset < 0 || offset+v.Extent() > root.Shape.Size() {
		return fmt.Errorf("%v reaches beyond the %d elements of v%d", v, root.Shape.Size(), root.ID)
	}
	if v.Pitch != 0 && offset%v.Pitch+v.Shape[1] > v.Pitch {
		return fmt.Errorf("%v: channels reach into the next pixel", v)
	}
	return nil
}

// results checks the outputs and the updates.
func (c *checker) results() error {
	check := func(what string, v *Value) error {
		if !c.made[v] {
			return fmt.Errorf("%s %v is never made", what, v)
		}
		if c.f.Stage >= Placed && !v.Has(Plain) {
			return fmt.Errorf("%s %v must be plain", what, v)
		}
		return nil
	}
	for _, v := range c.f.Outputs {
		if err := check("output", v); err != nil {
			return err
		}
	}
	for _, u := range c.f.Updates {
		if err := check("new value of "+u.Variable.Name, u.New); err != nil {
			return err
		}
	}
	return nil
}

// memory checks that no operation writes over what is still to be read.
func (c *checker) memory() error {
	last := c.lastUses()
	byRoot := map[*Value][]*Value{} // values that an operation writes
	for _, o := range c.f.Ops {
		if o.Alias() {
			continue
		}
		for _, v := range o.Outs {
			root, _ := v.Root()
			if root.Leaf() {
				return fmt.Errorf("operation %d, %s %v: %v is written into the leaf v%d", o.index, o.Do.Kind(), o.Node, v, root.ID)
			}
			for _, u := range byRoot[root] {
				if !intersect(u, v) || last[u] < o.index || last[u] == o.index && mayOverwrite(o, u, v) {
					continue
				}
				return fmt.Errorf("operation %d, %s %v: %v is written over %v, which operation %d reads", o.index, o.Do.Kind(), o.Node, v, u, last[u])
			}
			byRoot[root] = append(byRoot[root], v)
		}
	}
	for _, u := range c.f.Updates {
		if !u.Direct {
			continue
		}
		from, _ := u.New.Root()
		if o := from.Def; o == nil || last[u.Old] > o.index || last[u.Old] == o.index && !mayUpdate(o, u.Old) {
			return fmt.Errorf("variable %s is written before its last reader", u.Variable.Name)
		}
	}
	return nil
}

// mayOverwrite reports whether an operation that reads u may write v in the same
// place: it is elementwise, reads each element of u before it writes the same one,
// and its epilogue does not read u.
func mayOverwrite(o *Op, u, v *Value) bool {
	_, ok := o.IsElementwise()
	_, a := u.Root()
	_, b := v.Root()
	return ok && !o.ReadsLate(u) && a == b && u.PitchOrZero() == v.PitchOrZero() && u.Shape.Size() == v.Shape.Size()
}

// mayUpdate reports whether an operation that reads a variable may write its
// result there: it does so in place, or it is the gradient of a matrix, which is
// never in memory as a whole, with the update as its epilogue.
func mayUpdate(o *Op, variable *Value) bool {
	_, elementwise := o.IsElementwise()
	_, outer := o.Plan.(*gemm.Outer)
	ok := true
	o.Reads(func(v *Value, late bool) {
		if root, _ := v.Root(); root == variable {
			ok = ok && (elementwise && !late || outer && late)
		}
	})
	return ok
}

// lastUses returns the index of the last operation that needs the contents of each
// value, itself or through aliases. Outputs and new values of variables are needed
// to the end.
func (c *checker) lastUses() map[*Value]int {
	last := map[*Value]int{}
	for _, v := range c.f.Leaves {
		last[v] = -1
	}
	for _, v := range c.f.Outputs {
		last[v] = math.MaxInt
	}
	for _, u := range c.f.Updates {
		last[u.New] = math.MaxInt
	}
	for i := len(c.f.Ops) - 1; i >= 0; i-- {
		o := c.f.Ops[i]
		if o.Alias() { // its arguments are needed as long as its result
			for _, v := range o.Args {
				last[v] = max(last[v], last[o.Out()])
			}
			continue
		}
		for _, v := range o.Outs {
			if _, ok := last[v]; !ok {
				last[v] = i
			}
		}
		o.Reads(func(v *Value, _ bool) { last[v] = max(last[v], i) })
	}
	return last
}

// intersect reports whether two values of one root share memory.
func intersect(u, v *Value) bool {
	_, a := u.Root()
	_, b := v.Root()
	if a+u.Extent() <= b || b+v.Extent() <= a {
		return false
	}
	if p := u.PitchOrZero(); p != 0 && p == v.PitchOrZero() {
		a, b = a%p, b%p
		return a < b+v.Shape[1] && b < a+u.Shape[1]
	}
	return true
}
