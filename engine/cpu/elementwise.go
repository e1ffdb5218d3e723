package cpu

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A group is a set of elementwise nodes of one shape that are computed
// together, block by block, without storing what only the group uses.
type group struct {
	root    *graph.Node
	members []*graph.Node // in increasing order of ID, the root last
}

const (
	maxMembers  = 24
	blockFloats = 1024 // elements computed at a time: a register is 4 KB
)

// elementwise reports whether n computes each element of its result from the
// elements of its arguments at the same place.
func elementwise(n *graph.Node) bool {
	switch n.Op().(type) {
	case graph.UnaryOp, graph.UnaryGradOp, graph.BinaryOp:
		return true
	}
	return false
}

// findGroups joins elementwise nodes to the group of their consumers where
// all of these are in one group of the same shape.
func (c *compiler) findGroups() {
	nodes := c.g.Nodes()
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if !c.needed[i] || c.absorbed[i] || !elementwise(n) {
			continue
		}
		if _, ok := c.biased[i]; ok {
			continue
		}
		if g := c.groupOfConsumers(n); g != nil {
			g.members = append(g.members, n)
			c.groups[i] = g
			continue
		}
		c.groups[i] = &group{root: n, members: []*graph.Node{n}}
	}
	for _, g := range c.groups {
		if g != nil {
			slices.SortFunc(g.members, func(a, b *graph.Node) int { return a.ID() - b.ID() })
		}
	}
}

func (c *compiler) groupOfConsumers(n *graph.Node) *group {
	if c.kept[n.ID()] {
		return nil
	}
	var g *group
	for _, u := range c.consumers[n.ID()] {
		ug := c.groups[u.ID()]
		if ug == nil || g != nil && ug != g {
			return nil
		}
		g = ug
	}
	if g == nil || len(g.members) >= maxMembers || !g.root.Shape().Equal(n.Shape()) {
		return nil
	}
	return g
}

// operandKind says how an operand's elements map to those of the result.
type operandKind int

const (
	operandFull     operandKind = iota // one to one
	operandScalar                      // one for all
	operandPeriodic                    // repeated along the innermost axes
)

type operand struct {
	kind operandKind
	buf  *buffer
	v    *value
	reg  int // periodic operands are unrolled into this register, embedded ones gathered
}

// An instruction applies one operator to registers. Registers are numbered
// operands first, then temporaries; resultReg is the output.
type instruction struct {
	op      graph.Op
	dst     int
	a, b    int
	scalar  int // 1 or 2: the first or second argument is a scalar operand
	scalarB *buffer
}

const maxRegisters = 4*maxMembers + 1

// A blockProgram is a compiled group.
type blockProgram struct {
	operands     []operand
	instructions []instruction
	temps        int
	out          *value
}

func (b *blockProgram) scratch() int { return b.temps * blockFloats }

// run computes the elements lo ≤ i < hi of the result.
func (b *blockProgram) run(lo, hi int, scratch []float32) { b.runWith(-1, nil, lo, hi, scratch) }

// runWith is run, but that the elements of one operand, if it is not negative,
// are those of given from the first on.
func (b *blockProgram) runWith(operand int, given []float32, lo, hi int, scratch []float32) {
	var regs [maxRegisters][]float32
	for n, first := 0, lo; lo < hi; lo += n {
		n = min(blockFloats, hi-lo)
		for t := range b.temps {
			regs[len(b.operands)+t] = scratch[t*blockFloats:][:n]
		}
		for i := range b.operands {
			if i == operand {
				regs[i] = given[lo-first:][:n]
				continue
			}
			switch o := &b.operands[i]; o.kind {
			case operandFull:
				if o.v.layout == embedded {
					regs[i] = regs[o.reg]
					strided.GatherRows(regs[i], o.v.data(), lo, o.v.shape[1], o.v.pitch)
				} else {
					regs[i] = o.buf.data[lo : lo+n]
				}
			case operandPeriodic:
				regs[i] = regs[o.reg]
				unroll(regs[i], o.buf.data[:o.buf.size], lo)
			}
		}
		result := len(b.operands) + b.temps
		if b.out.layout == embedded { // computed in the last register of scratch
			regs[result] = regs[result-1]
		} else {
			regs[result] = b.out.buf.data[lo : lo+n]
		}
		for i := range b.instructions {
			b.instructions[i].execute(&regs)
		}
		if b.out.layout == embedded {
			strided.ScatterRows(b.out.data(), regs[result], lo, b.out.shape[1], b.out.pitch)
		}
	}
}

// unroll fills dst with the periodic sequence p, starting at element lo.
func unroll(dst, p []float32, lo int) {
	k := copy(dst, p[lo%len(p):])
	for k < len(dst) {
		if k >= len(p) && (lo+k)%len(p) == lo%len(p) {
			k += copy(dst[k:], dst[:k]) // doubles what is there
			continue
		}
		k += copy(dst[k:], p[(lo+k)%len(p):])
	}
}

func (in *instruction) execute(regs *[maxRegisters][]float32) {
	dst := regs[in.dst]
	switch op := in.op.(type) {
	case graph.UnaryOp:
		unaryKernels[op.Func](dst, regs[in.a])
	case graph.UnaryGradOp:
		unaryGradKernels[op.Func](dst, regs[in.a], regs[in.b])
	case graph.BinaryOp:
		switch in.scalar {
		case 0:
			binaryKernels[op.Func](dst, regs[in.a], regs[in.b])
		case 1:
			scalarFirstKernels[op.Func](dst, regs[in.b], in.scalarB.data[0])
		case 2:
			scalarSecondKernels[op.Func](dst, regs[in.a], in.scalarB.data[0])
		}
	}
}

var unaryKernels = [...]func(dst, x []float32){
	graph.KindNeg: kernel.Neg, graph.KindExp: kernel.Exp, graph.KindLog: kernel.Log, graph.KindSqrt: kernel.Sqrt,
	graph.KindReLU: kernel.ReLU, graph.KindSigmoid: kernel.Sigmoid, graph.KindTanh: kernel.Tanh,
	graph.KindReLU6: kernel.ReLU6,
}

var unaryGradKernels = [...]func(dst, y, dy []float32){
	graph.KindReLU: kernel.ReLUGrad, graph.KindSigmoid: kernel.SigmoidGrad, graph.KindTanh: kernel.TanhGrad,
	graph.KindReLU6: kernel.ReLU6Grad,
}

var binaryKernels = [...]func(dst, a, b []float32){
	graph.KindAdd: kernel.Add, graph.KindSub: kernel.Sub, graph.KindMul: kernel.Mul, graph.KindDiv: kernel.Div,
	graph.KindEqual: kernel.Equal,
}

// scalarFirstKernels compute s∘a, scalarSecondKernels a∘s.
var scalarFirstKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: kernel.AddS, graph.KindSub: kernel.RsubS, graph.KindMul: kernel.MulS, graph.KindDiv: kernel.RdivS,
	graph.KindEqual: kernel.EqualS,
}

var scalarSecondKernels = [...]func(dst, a []float32, s float32){
	graph.KindAdd: kernel.AddS, graph.KindSub: kernel.SubS, graph.KindMul: kernel.MulS, graph.KindDiv: kernel.DivS,
	graph.KindEqual: kernel.EqualS,
}

// lowerGroup computes a group, at the tail of the step that makes one of its
// operands if possible, otherwise as a step of its own.
func (c *compiler) lowerGroup(g *group) {
	if c.alreadyMasked(g) {
		return
	}
	l := c.groupLayout(g)
	b, regOf := &blockProgram{}, map[*graph.Node]int{}
	inside := map[*graph.Node]bool{}
	for _, m := range g.members {
		inside[m] = true
	}
	for _, m := range g.members {
		for _, in := range m.Inputs() {
			if _, ok := regOf[in]; !ok && !inside[in] {
				regOf[in] = len(b.operands)
				b.operands = append(b.operands, c.operand(in, g.root.Shape(), l))
			}
		}
	}
	b.assignRegisters(g, regOf)

	reads := make([]*buffer, len(b.operands))
	for i, o := range b.operands {
		reads[i] = o.buf
	}
	if host := c.findHost(g, b, inside); host != nil {
		b.setOut(host)
		if host.tail.can(b.clip()) {
			host.tail.clip = b.clip()
		} else {
			s := &c.steps[host.ready]
			host.tail.run = b.offsetRun(s.scratch)
			s.scratch += b.scratch()
			s.reads, s.readsLate = append(s.reads, reads...), append(s.readsLate, reads...)
		}
		v := *host
		v.node = g.root
		c.setValue(&v)
		return
	}
	var out *value
	if l == nhwc {
		out = c.definePixels(g.root)
	} else {
		out = c.define(g.root, l)
	}
	b.setOut(out)
	t, unit := &tail{row: blockFloats}, blockFloats
	if l == nhwc || len(out.shape) == 2 {
		t = c.setTail(out)
		unit = t.row
	}
	t.run, t.program = b.run, b
	size := g.root.Shape().Size()
	tasks, chunk := work.Split(size, 8*blockFloats, unit)
	c.add(step{
		name: "elementwise", elementwise: out.layout != embedded && !b.gathers(), node: g.root, tasks: tasks, scratch: b.scratch(),
		reads: reads, writes: bufs(out.buf), tail: t,
		run: func(task int, scratch []float32) {
			lo, hi := work.ChunkRange(task, chunk, size)
			t.done(task, lo, hi, scratch)
		},
	})
}

// setOut says where the result goes. An embedded one takes one more register.
func (b *blockProgram) setOut(v *value) {
	b.out = v
	if v.layout == embedded {
		b.temps++
		b.instructions[len(b.instructions)-1].dst++
	}
}

// gathers reports whether any operand is embedded.
func (b *blockProgram) gathers() bool {
	return slices.ContainsFunc(b.operands, func(o operand) bool { return o.kind == operandFull && o.v.layout == embedded })
}

// clip returns the activation that the program is, if it is nothing else.
func (b *blockProgram) clip() gemm.Clip {
	if op, ok := b.instructions[0].op.(graph.UnaryOp); ok && len(b.instructions) == 1 {
		switch op.Func {
		case graph.KindReLU:
			return gemm.ClipReLU
		case graph.KindReLU6:
			return gemm.ClipReLU6
		}
	}
	return gemm.NoClip
}

func (b *blockProgram) offsetRun(at int) func(lo, hi int, scratch []float32) {
	return func(lo, hi int, scratch []float32) { b.run(lo, hi, scratch[at:]) }
}

// groupLayout is NHWC if any operand is an image that exists in that layout.
func (c *compiler) groupLayout(g *group) layout {
	shape := g.root.Shape()
	if len(shape) != 4 {
		return plain
	}
	for _, m := range g.members {
		for _, in := range m.Inputs() {
			if c.groups[in.ID()] != g && in.Shape().Equal(shape) && c.isImage(in) {
				return nhwc
			}
		}
	}
	return plain
}

// operand makes the value of n available to a group of the given shape.
func (c *compiler) operand(n *graph.Node, shape tensor.Shape, l layout) operand {
	s := n.Shape()
	if s.Equal(shape) {
		var v *value
		if l == nhwc {
			v = c.pixels(n)
		} else {
			v = c.in(n, l)
		}
		return operand{kind: operandFull, buf: v.buf, v: v}
	}
	if s.Size() == 1 {
		v := c.some(n)
		return operand{kind: operandScalar, buf: v.buf, v: v}
	}
	if periodic(s, shape, l) {
		v := c.in(n, plain)
		return operand{kind: operandPeriodic, buf: v.buf, v: v}
	}
	// A shape that repeats in some other way is written out in full.
	v := c.broadcastValue(n, shape, l)
	return operand{kind: operandFull, buf: v.buf, v: v}
}

// periodic reports whether s, broadcast to shape, repeats its row-major
// elements over and over in the given layout.
func periodic(s, shape tensor.Shape, l layout) bool {
	if l == nhwc { // only a vector over the channels
		i := len(s) - 3
		return i >= 0 && s[i] == shape[1] && s.Size() == s[i]
	}
	lead := true // leading axes may repeat, the others must be complete
	for i := range s {
		if full := s[i] == shape[len(shape)-len(s)+i]; !full && (s[i] != 1 || !lead) {
			return false
		} else if full && s[i] != 1 {
			lead = false
		}
	}
	return true
}

// assignRegisters writes the group's instructions, reusing temporaries whose
// value is no longer needed.
func (b *blockProgram) assignRegisters(g *group, regOf map[*graph.Node]int) {
	uses := map[*graph.Node]int{}
	for _, m := range g.members {
		for _, in := range m.Inputs() {
			uses[in]++
		}
	}
	base := len(b.operands)
	for i := range b.operands {
		if o := &b.operands[i]; o.kind == operandPeriodic || o.kind == operandFull && o.v.layout == embedded {
			b.operands[i].reg = base + b.temps
			b.temps++
		}
	}
	var free []int
	for _, m := range g.members {
		ins := m.Inputs()
		code := instruction{op: m.Op(), a: regOf[ins[0]], b: -1}
		if len(ins) > 1 {
			code.b = regOf[ins[1]]
			for side, r := range []int{code.a, code.b} {
				if r < base && b.operands[r].kind == operandScalar {
					code.scalar, code.scalarB = side+1, b.operands[r].buf
				}
			}
		}
		for _, in := range ins {
			if uses[in]--; uses[in] == 0 && regOf[in] >= base {
				free = append(free, regOf[in])
			}
		}
		switch {
		case m == g.root:
			code.dst = -1 // the output, whose number is known at the end
		case len(free) > 0:
			code.dst, free = free[len(free)-1], free[:len(free)-1]
		default:
			code.dst = base + b.temps
			b.temps++
		}
		regOf[m] = code.dst
		b.instructions = append(b.instructions, code)
	}
	b.instructions[len(b.instructions)-1].dst = base + b.temps
}

// findHost returns an operand at whose step's tail the group can run, in
// place: the group alone uses it, and the other operands are there earlier.
func (c *compiler) findHost(g *group, b *blockProgram, inside map[*graph.Node]bool) *value {
	for _, o := range b.operands {
		if o.kind != operandFull || o.v.tail == nil || o.v.borrowed || o.v.tail.taken() || o.v.tail.scattered && !o.v.tail.can(b.clip()) || c.kept[o.v.node.ID()] || c.otherLayoutExists(o.v) {
			continue
		}
		ok := true
		for _, u := range c.consumers[o.v.node.ID()] {
			ok = ok && inside[u]
		}
		for _, p := range b.operands {
			ok = ok && (p.v == o.v || p.v.ready < o.v.ready)
		}
		if ok {
			return o.v
		}
	}
	return nil
}

// otherLayoutExists reports whether v was converted, so that its memory has a
// second reader.
func (c *compiler) otherLayoutExists(v *value) bool {
	return slices.ContainsFunc(c.values[v.node.ID()][:], func(w *value) bool { return w != nil && w.buf != v.buf })
}
