package passes

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Activation makes one operator of an activation that is written as several, as files
// of other frameworks have it: x·σ(x) is SiLU, x·HardSigmoid(x) is HardSwish, and
// x/2·(1+erf(x/√2)), in any order of the factors, is GELU. Nothing else may read the
// values in between. Programs that assign to variables are left as they are, so that a
// training step has the same bits with and without rematerialization.
func Activation(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	a := &activations{uses: f.Uses(), gone: map[*ir.Op]bool{}}
	for _, o := range f.Ops {
		if isProduct(o) && !a.partOfProduct(o) {
			if a.replace(o) {
				f.Rounding++
			}
		}
	}
	f.Remove(a.gone)
	return nil
}

type activations struct {
	uses *ir.Uses
	gone map[*ir.Op]bool
}

func isProduct(o *ir.Op) bool {
	b, ok := o.Do.(graph.BinaryOp)
	return ok && b.Func == graph.KindMul
}

// partOfProduct reports whether a product is a factor of another one, and nothing else.
func (a *activations) partOfProduct(o *ir.Op) bool {
	u := a.uses.Sole(o.Out())
	return u != nil && isProduct(u) && u.Args[0] != u.Args[1] && u.Out().Shape.Equal(o.Out().Shape)
}

// factors is a product as the constant times the values. ops compute it.
type factors struct {
	constant float64
	values   []*ir.Value
	ops      []*ir.Op
}

// collect adds the factors of a product.
func (a *activations) collect(o *ir.Op, p *factors) {
	p.ops = append(p.ops, o)
	for _, v := range o.Args {
		c, isConstant := number(v)
		switch {
		case isConstant:
			p.constant *= c
		case v.Def != nil && isProduct(v.Def) && a.partOfProduct(v.Def):
			a.collect(v.Def, p)
		default:
			p.values = append(p.values, v)
		}
	}
}

// number returns the value of a constant of one element.
func number(v *ir.Value) (x float64, ok bool) {
	if c, ok := v.Node.Op().(graph.ConstantOp); ok && v.Leaf() && v.Shape.Size() == 1 {
		return float64(c.Value.Data()[0]), true
	}
	return 0, false
}

// replace makes a product an activation, if it is one, and reports whether it is.
func (a *activations) replace(o *ir.Op) bool {
	p := factors{constant: 1}
	a.collect(o, &p)
	if len(p.values) != 2 || p.values[0] == p.values[1] {
		return false
	}
	for i, v := range p.values {
		x := p.values[1-i]
		to, ops, ok := a.gate(v, x, p.constant)
		if !ok || !x.Shape.Equal(o.Out().Shape) {
			continue
		}
		for _, within := range append(p.ops, ops...) {
			a.gone[within] = within != o
		}
		o.Do, o.Args = graph.UnaryOp{Func: to}, []*ir.Value{x}
		return true
	}
	return false
}

// gate returns the activation that constant·x·v is, and the operations that compute v of
// x. ok is false if it is none.
func (a *activations) gate(v, x *ir.Value, constant float64) (to graph.UnaryKind, ops []*ir.Op, ok bool) {
	o := v.Def
	if o == nil || a.uses.Sole(v) == nil {
		return 0, nil, false
	}
	switch op := o.Do.(type) {
	case graph.UnaryOp:
		if o.Args[0] != x || constant != 1 {
			return 0, nil, false
		}
		switch op.Func {
		case graph.KindSigmoid:
			return graph.KindSiLU, []*ir.Op{o}, true
		case graph.KindHardSigmoid:
			return graph.KindHardSwish, []*ir.Op{o}, true
		}
	case graph.BinaryOp:
		if op.Func == graph.KindAdd && constant == 0.5 {
			ops := a.onePlusErf(o, x)
			return graph.KindGELU, ops, ops != nil
		}
	}
	return 0, nil, false
}

// onePlusErf returns the operations that compute 1 + erf(x/√2), if o does; otherwise nil.
func (a *activations) onePlusErf(o *ir.Op, x *ir.Value) []*ir.Op {
	for i, v := range o.Args {
		if c, ok := number(o.Args[1-i]); !ok || c != 1 || v.Def == nil || a.uses.Sole(v) == nil {
			continue
		}
		erf, ok := v.Def.Do.(graph.UnaryOp)
		if !ok || erf.Func != graph.KindErf {
			continue
		}
		scaled := v.Def.Args[0]
		if scaled.Def == nil || a.uses.Sole(scaled) == nil || !isScaled(scaled.Def, x) {
			continue
		}
		return []*ir.Op{o, v.Def, scaled.Def}
	}
	return nil
}

// isScaled reports whether an operation computes x/√2.
func isScaled(o *ir.Op, x *ir.Value) bool {
	b, ok := o.Do.(graph.BinaryOp)
	if !ok {
		return false
	}
	near := func(v *ir.Value, want float64) bool {
		c, ok := number(v)
		return ok && math.Abs(c/want-1) < 1e-6
	}
	switch b.Func {
	case graph.KindDiv:
		return o.Args[0] == x && near(o.Args[1], math.Sqrt2)
	case graph.KindMul:
		return o.Args[0] == x && near(o.Args[1], 1/math.Sqrt2) || o.Args[1] == x && near(o.Args[0], 1/math.Sqrt2)
	}
	return false
}
