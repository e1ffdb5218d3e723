package passes

import (
	"math"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// planRounding finds what is computed of bytes before the operation o rounds it to bytes: a sum, functions of
// single numbers, a mean, or a concatenation of bytes with other scales.
func (p *quantizing) planRounding(o *ir.Op, op graph.FakeQuantizeOp) {
	out := p.source(o.Out())
	v := o.Args[0]
	if p.source(v) != nil && v.Def != nil {
		p.planTable(o, v, nil)
		return
	}
	if v.Def == nil || p.uses.Sole(v) != o || p.inside[v.Def] {
		return
	}
	switch do := v.Def.Do.(type) {
	case graph.UnaryOp:
		p.planFunction(o, v)
	case graph.BinaryOp:
		p.planSum(o, v.Def, nil)
	case graph.ConcatOp:
		p.planConcat(o, v.Def)
	case graph.AvgPool2DOp:
		if fullWindows(do.Pool) {
			p.planAverage(o, v.Def, ir.QuantizedAverage{Pool: do, Out: out.op})
		}
	case graph.ReshapeOp: // of a mean, to a vector of channels for each image
		x := v.Def.Args[0]
		if x.Def != nil && p.uses.Sole(x) == v.Def && !p.inside[x.Def] && isGlobalMean(x.Def) && len(v.Shape) == 2 && v.Shape[0] == x.Shape[0] {
			p.inside[v.Def] = p.planAverage(o, x.Def, ir.QuantizedAverage{Global: true, Out: out.op})
		}
	default:
		if isGlobalMean(v.Def) {
			p.planAverage(o, v.Def, ir.QuantizedAverage{Global: true, Out: out.op})
		}
	}
}

// isGlobalMean reports whether an operation computes the mean of the pixels of each channel of images.
func isGlobalMean(o *ir.Op) bool {
	switch do := o.Do.(type) {
	case graph.AdaptiveAvgPool2DOp:
		return do.Output == [2]int{1, 1}
	case graph.ReduceOp:
		return do.Func == graph.KindMean && o.Args[0].Image() && slices.Equal(do.Axes, []int{2, 3})
	}
	return false
}

// planFunction looks for functions of single numbers before v, which o rounds: of bytes, or of a sum of bytes, if
// there is only one that limits it.
func (p *quantizing) planFunction(o *ir.Op, v *ir.Value) {
	var chain []*ir.Op
	for {
		f, ok := v.Def.Do.(graph.UnaryOp)
		if !ok {
			break
		}
		chain = append(chain, v.Def)
		x := v.Def.Args[0]
		if p.source(x) != nil {
			slices.Reverse(chain)
			p.planTable(o, x, chain)
			return
		}
		if x.Def == nil || p.uses.Sole(x) != v.Def || p.inside[x.Def] {
			return
		}
		_, _, limit := limits(f)
		if _, sum := x.Def.Do.(graph.BinaryOp); sum && limit && len(chain) == 1 {
			p.planSum(o, x.Def, v.Def)
			return
		}
		v = x
	}
}

// planTable computes functions of x, which exists as bytes, by a table.
func (p *quantizing) planTable(o *ir.Op, x *ir.Value, chain []*ir.Op) {
	in, out := p.source(x), p.source(o.Out())
	p.want(x)
	table := ir.LookupTable{In: in.op, Out: out.op}
	for _, f := range chain {
		table.Funcs = append(table.Funcs, f.Do.(graph.UnaryOp))
		p.inside[f] = true
	}
	p.others[o] = func() *ir.Value {
		if len(chain) == 0 && in.same(out) {
			return in.value
		}
		return p.add(table, o, ir.Uint8, in.value, in.scale, in.zero, out.scale, out.zero)
	}
}

// planSum computes a sum of two values that exist as bytes, and an activation that limits it, if there is one.
func (p *quantizing) planSum(o, sum, activation *ir.Op) {
	a, b, out := sum.Args[0], sum.Args[1], p.source(o.Out())
	x, y := p.source(a), p.source(b)
	if sum.Do.(graph.BinaryOp).Func != graph.KindAdd || x == nil || y == nil || !a.Shape.Equal(b.Shape) {
		return
	}
	do := ir.QuantizedAdd{A: x.op, B: y.op, Out: out.op, Low: float32(math.Inf(-1)), High: float32(math.Inf(1))}
	if p.inside[sum] = true; activation != nil {
		do.Low, do.High, _ = limits(activation.Do.(graph.UnaryOp))
		p.inside[activation] = true
	}
	p.want(a)
	p.want(b)
	p.others[o] = func() *ir.Value {
		return p.add(do, o, ir.Uint8, x.value, x.scale, x.zero, y.value, y.scale, y.zero, out.scale, out.zero)
	}
}

// planAverage computes a mean of a value, if it exists as bytes, and reports whether it does.
func (p *quantizing) planAverage(o, mean *ir.Op, do ir.QuantizedAverage) bool {
	x, out := p.source(mean.Args[0]), p.source(o.Out())
	if x == nil {
		return false
	}
	do.In = x.op
	p.inside[mean] = true
	p.want(mean.Args[0])
	p.others[o] = func() *ir.Value {
		return p.add(do, o, ir.Uint8, x.value, x.scale, x.zero, out.scale, out.zero)
	}
	return true
}

// planConcat brings parts that exist as bytes to one scale before it concatenates them.
func (p *quantizing) planConcat(o, concat *ir.Op) {
	for _, v := range concat.Args {
		if p.source(v) == nil {
			return
		}
	}
	out := p.source(o.Out())
	p.inside[concat] = true
	for _, v := range concat.Args {
		p.want(v)
	}
	p.others[o] = func() *ir.Value {
		var parts []*ir.Value
		for _, v := range concat.Args {
			in := p.source(v)
			if in.same(out) {
				parts = append(parts, in.value)
				continue
			}
			t := p.f.NewOp(ir.LookupTable{In: in.op, Out: out.op}, o.Node, v.Shape, in.value, in.scale, in.zero, out.scale, out.zero)
			t.Out().Type = ir.Uint8
			p.ops = append(p.ops, t)
			parts = append(parts, t.Out())
		}
		return p.add(concat.Do, o, ir.Uint8, parts...)
	}
}
