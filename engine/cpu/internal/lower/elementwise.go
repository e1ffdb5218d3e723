package lower

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Elementwise operators are computed in groups, block by block: no value between
// the operators of a group is ever in memory as a whole.
var elementwise = operator{layout: layoutElementwise, ability: elementwiseAbility, lower: lowerElementwise}

// blockFloats is how many elements are computed at a time: a register is 4 KB.
const blockFloats = 1024

// IsElementwise reports whether each element of the result of an operator depends
// on the elements of the arguments at the same place.
func IsElementwise(op ir.Operator) bool {
	g, ok := op.(graph.Op)
	return ok && graph.Elementwise(g)
}

// layoutElementwise computes in NHWC if any argument of the same shape is an
// image that exists in it.
func layoutElementwise(l *Layouts, o *ir.Op) {
	e, _ := o.IsElementwise()
	shape, layout := o.Out().Shape, ir.Plain
	for _, v := range o.Args {
		if len(shape) == 4 && v.Shape.Equal(shape) && l.isImage(v) {
			layout = ir.NHWC
		}
	}
	e.Forms = make([]ir.Form, len(o.Args))
	for i, v := range o.Args {
		switch s := v.Shape; {
		case s.Equal(shape) && layout == ir.NHWC:
			l.Pixels(o, i)
		case s.Equal(shape):
			l.Plain(o, i)
		case s.Size() == 1:
			e.Forms[i] = formOfNumber(e, i)
			l.Any(o, i)
		case periodic(s, shape, layout):
			e.Forms[i] = ir.Periodic
			l.Plain(o, i)
		case perImage(s, shape, layout):
			e.Forms[i] = ir.PerImage
			l.Plain(o, i)
		default: // a shape that repeats in some other way is broadcast first
			x := l.f.NewOp(ir.Expand{}, v.Node, shape, v)
			x.Needs = make([]ir.Need, 1)
			l.Plain(x, 0)
			x.Out().Layout, x.Out().Vars, x.Out().Fixed = layout, v.Vars, v.Fixed
			l.Before(x)
			o.Args[i], o.Needs[i] = x.Out(), ir.Need{Layout: layout, Pitched: layout == ir.NHWC}
		}
	}
	if layout == ir.NHWC {
		l.MakePixels(o)
	} else {
		l.MakePlain(o)
		o.Anywhere = true
	}
}

// formOfNumber returns the form of an argument of one element: a scalar, unless one of
// the operators of the group takes only vectors.
func formOfNumber(e *ir.Elementwise, arg int) ir.Form {
	for _, m := range e.Members {
		for i, in := range m.Args {
			if in == arg && !takesScalar(m.Op, i) {
				return ir.Periodic
			}
		}
	}
	return ir.Scalar
}

// periodic reports whether s, broadcast to shape, repeats its row-major
// elements over and over in the given layout.
func periodic(s, shape tensor.Shape, l ir.Layout) bool {
	if l == ir.NHWC { // only a vector over the channels
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

// perImage reports whether s, broadcast to shape, repeats a row of channels for each
// image over its pixels: N×C×1×1 for an image in NHWC, N×1×…×C in row-major order.
func perImage(s, shape tensor.Shape, l ir.Layout) bool {
	if len(s) != len(shape) || len(s) < 3 {
		return false
	}
	channels := len(s) - 1
	if l == ir.NHWC {
		channels = 1
	}
	return s[0] == shape[0] && s[channels] == shape[channels] && s.Size() == s[0]*s[channels]
}

// elementwiseAbility: there is an epilogue if the result has rows of channels, which
// sums are over.
func elementwiseAbility(o *ir.Op) (Ability, bool) {
	return Ability{}, o.Out().Layout == ir.NHWC || len(o.Out().Shape) == 2
}

// ClipOf returns the activation if an elementwise operation is one ReLU or ReLU6, and
// otherwise gemm.NoClip.
func ClipOf(e *ir.Elementwise) gemm.Clip {
	if op, ok := e.Members[0].Op.(graph.UnaryOp); ok && len(e.Members) == 1 {
		switch op.Func {
		case graph.KindReLU:
			return gemm.ClipReLU
		case graph.KindReLU6:
			return gemm.ClipReLU6
		}
	}
	return gemm.NoClip
}

// SumOf reports whether an elementwise operation is the sum of two values of its shape,
// and returns the activation, ReLU or ReLU6, that it applies to it.
func SumOf(o *ir.Op, e *ir.Elementwise) (clip gemm.Clip, ok bool) {
	if len(o.Args) != 2 || e.Forms[0] != ir.Full || e.Forms[1] != ir.Full || len(e.Members) > 2 {
		return gemm.NoClip, false
	}
	sum, ok := e.Members[0].Op.(graph.BinaryOp)
	if !ok || sum.Func != graph.KindAdd || len(e.Members) == 1 {
		return gemm.NoClip, ok && sum.Func == graph.KindAdd
	}
	clip = ClipOf(&ir.Elementwise{Members: e.Members[1:]})
	return clip, clip != gemm.NoClip
}

// lowerElementwise computes a group in a step of its own.
func lowerElementwise(c *Lowerer, o *ir.Op) {
	b := c.blockProgram(o, o.Out())
	out, size, unit := c.at(o.Out()), o.Out().Shape.Size(), blockFloats
	_, rows := elementwiseAbility(o)
	if rows {
		unit = rowOf(o.Out())
	}
	tasks, chunk := work.Split(size, 8*blockFloats, unit)
	s := exec.Step{
		Name: "elementwise", Tasks: tasks, Scratch: b.scratch(), InPlace: !b.pitched() && b.aligned(),
		Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf},
	}
	e := c.epilogue(o, &s, b.run)
	if !rows {
		e.row = blockFloats
	}
	s.Run = func(task int, scratch []float32) {
		lo, hi := work.ChunkRange(task, chunk, size)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}

// An operand is an argument of a block program.
type operand struct {
	memory
	form  ir.Form
	size  int // elements of one that repeats: of all of them, or of an image
	image int // elements of an image of the result
	width int // channels of a pixel, 0 if nothing lies between the pixels
	pitch int // distance from pixel to pixel, 0 if nothing lies between them
	reg   int // the register that a repeating operand is unrolled into, or a pitched one gathered
}

func (o *operand) pitched() bool { return o.form == ir.Full && o.pitch != o.width }

// operandOf returns a value as an operand.
func (c *Lowerer) operandOf(v *ir.Value, form ir.Form) operand {
	o := operand{memory: c.at(v), form: form, size: v.Shape.Size()}
	if v.Image() && !v.Dense() {
		o.width, o.pitch = v.Shape[1], v.Pitch
	}
	return o
}

// An instruction applies one operator to registers. Registers are numbered
// operands first, then temporaries; the last is the output.
type instruction struct {
	op      graph.Op
	dst     int
	a, b, c int // c of operators with three arguments
	scalar  int // 1 or 2: the first or second argument is a scalar operand
	scalarB memory
}

// maxRegisters bounds the registers of a program: operands, temporaries and the result
// of a group of MaxMembers nodes, which have at most three arguments each: together at
// most 2·MaxMembers+1 operands, each with a register to unroll it into.
const maxRegisters = 5*MaxMembers + 3

// MaxMembers is how many nodes the group pass puts into one group at most.
const MaxMembers = 24

// A blockProgram is a compiled group.
type blockProgram struct {
	operands     []operand
	instructions []instruction
	temps        int
	out          operand
	period       int // size of all operands that repeat, if it is the same and a block has room for it; otherwise 0
}

func (b *blockProgram) scratch() int { return b.temps * blockFloats }

// pitched reports whether anything lies between the pixels of an operand or of
// the result.
func (b *blockProgram) pitched() bool {
	return b.out.pitched() || slices.ContainsFunc(b.operands, func(o operand) bool { return o.pitched() })
}

// aligned reports whether elements at the same place of the operands and of the result
// are at the same place of their buffers.
func (b *blockProgram) aligned() bool {
	return !slices.ContainsFunc(b.operands, func(o operand) bool { return o.form == ir.Full && o.offset != b.out.offset })
}

// blockProgram compiles a group whose result goes to out.
func (c *Lowerer) blockProgram(o *ir.Op, out *ir.Value) *blockProgram {
	return c.programTo(o, c.operandOf(out, ir.Full))
}

// programTo compiles a group with the given result.
func (c *Lowerer) programTo(o *ir.Op, result operand) *blockProgram {
	e, _ := o.IsElementwise()
	b, out := &blockProgram{out: result}, o.Out()
	for i, v := range o.Args {
		x := c.operandOf(v, e.Forms[i])
		if x.form == ir.PerImage {
			x.size, x.image = v.Shape.Size()/v.Shape[0], out.Shape.Size()/out.Shape[0]
		}
		b.operands = append(b.operands, x)
	}
	b.assignRegisters(e.Members)
	b.period = b.commonPeriod()
	if b.out.pitched() { // computed in one more register, and scattered
		b.temps++
		b.instructions[len(b.instructions)-1].dst++
	}
	return b
}

// assignRegisters writes the group's instructions, reusing temporaries whose
// value is no longer needed.
func (b *blockProgram) assignRegisters(members []ir.Member) {
	base := len(b.operands)
	uses, regOf := make([]int, base+len(members)), make([]int, base+len(members)) // by number of an argument
	for _, m := range members {
		for _, in := range m.Args {
			uses[in]++
		}
	}
	for i := range b.operands {
		regOf[i] = i
		if o := &b.operands[i]; o.form == ir.Periodic || o.form == ir.PerImage || o.pitched() {
			o.reg = base + b.temps
			b.temps++
		}
	}
	var free []int
	for i, m := range members {
		ins := m.Args
		code := instruction{op: m.Op, a: regOf[ins[0]], b: -1}
		if len(ins) > 1 {
			code.b = regOf[ins[1]]
			for side, r := range []int{code.a, code.b} {
				if r < base && b.operands[r].form == ir.Scalar {
					code.scalar, code.scalarB = side+1, b.operands[r].memory
				}
			}
		}
		if len(ins) > 2 {
			code.c = regOf[ins[2]]
		}
		for _, in := range ins {
			if uses[in]--; uses[in] == 0 && regOf[in] >= base {
				free = append(free, regOf[in])
			}
		}
		switch {
		case i == len(members)-1:
			code.dst = -1 // the output, whose number is known at the end
		case len(free) > 0:
			code.dst, free = free[len(free)-1], free[:len(free)-1]
		default:
			code.dst = base + b.temps
			b.temps++
		}
		regOf[base+i] = code.dst
		b.instructions = append(b.instructions, code)
	}
	b.instructions[len(b.instructions)-1].dst = base + b.temps
}

// commonPeriod returns the size of all operands that repeat, 0 if there are several or it is
// larger than a block.
func (b *blockProgram) commonPeriod() (period int) {
	for i := range b.operands {
		o := &b.operands[i]
		if o.form != ir.Periodic && o.form != ir.PerImage {
			continue
		}
		if o.size > blockFloats || period != 0 && o.size != period {
			return 0
		}
		period = o.size
	}
	return period
}

// run computes the elements lo ≤ i < hi of the result.
func (b *blockProgram) run(lo, hi int, scratch []float32) { b.compute(-1, nil, nil, lo, hi, scratch) }

// runTo is run, except that the result is in memory that begins with element lo.
func (b *blockProgram) runTo(dst []float32, lo, hi int, scratch []float32) {
	b.compute(-1, nil, dst, lo, hi, scratch)
}

// runWith is run, except that the operand of the given number, if it is not negative,
// is in memory that begins with its element lo.
func (b *blockProgram) runWith(operand int, memory []float32, lo, hi int, scratch []float32) {
	b.compute(operand, memory, nil, lo, hi, scratch)
}

// compute does the work of run, runTo and runWith.
func (b *blockProgram) compute(operand int, memory, dst []float32, lo, hi int, scratch []float32) {
	var regs [maxRegisters][]float32
	known := unrolled{}
	for n, first := 0, lo; lo < hi; lo += n {
		n = b.block(lo, hi)
		fresh := known.has(b, lo, n)
		for t := range b.temps {
			regs[len(b.operands)+t] = scratch[t*blockFloats:][:n]
		}
		for i := range b.operands {
			o := &b.operands[i]
			switch {
			case i == operand:
				regs[i] = memory[lo-first:][:n]
			case o.pitched():
				regs[i] = regs[o.reg]
				strided.GatherRows(regs[i], o.data(), lo, o.width, o.pitch)
			case o.form == ir.Full:
				regs[i] = o.data()[lo : lo+n]
			case o.form == ir.Periodic || o.form == ir.PerImage:
				if regs[i] = regs[o.reg]; !fresh {
					o.unroll(regs[i], lo)
				}
			}
		}
		result := len(b.operands) + b.temps
		if dst != nil {
			regs[result] = dst[lo-first:][:n]
		} else if b.out.pitched() { // computed in the last register of scratch
			regs[result] = regs[result-1]
		} else {
			regs[result] = b.out.data()[lo : lo+n]
		}
		for i := range b.instructions {
			b.instructions[i].execute(&regs)
		}
		if b.out.pitched() {
			strided.ScatterRows(b.out.data(), regs[result], lo, b.out.width, b.out.pitch)
		}
	}
}

// AppliesAlone reports whether an elementwise operation can be computed on any part of its
// argument number self by itself: all its other arguments are numbers.
func AppliesAlone(o *ir.Op, self int) bool {
	e, ok := o.IsElementwise()
	if !ok {
		return false
	}
	for i, f := range e.Forms {
		if i == self && f != ir.Full || i != self && f != ir.Scalar {
			return false
		}
	}
	return true
}

// aloneProgram compiles a group for which [AppliesAlone] is true.
func (c *Lowerer) aloneProgram(o *ir.Op, self int) *blockProgram {
	e, _ := o.IsElementwise()
	b := &blockProgram{operands: make([]operand, len(o.Args))}
	for i, v := range o.Args {
		if i != self {
			b.operands[i] = c.operandOf(v, ir.Scalar)
		}
	}
	b.assignRegisters(e.Members)
	return b
}

// runAlone computes a program of aloneProgram in place.
func (b *blockProgram) runAlone(self int, values, scratch []float32) {
	var regs [maxRegisters][]float32
	for at := 0; at < len(values); at += blockFloats {
		block := values[at:min(at+blockFloats, len(values))]
		for t := range b.temps {
			regs[len(b.operands)+t] = scratch[t*blockFloats:][:len(block)]
		}
		regs[self], regs[len(b.operands)+b.temps] = block, block
		for i := range b.instructions {
			b.instructions[i].execute(&regs)
		}
	}
}

// block returns how many elements to compute from element lo on. Blocks begin where
// operands do that repeat, so that these are the same for many blocks.
func (b *blockProgram) block(lo, hi int) int {
	n := min(blockFloats, hi-lo)
	if b.period == 0 {
		return n
	}
	if rest := lo % b.period; rest > 0 {
		return min(n, b.period-rest)
	}
	return min(n, blockFloats/b.period*b.period)
}

// unrolled says what the registers of the operands that repeat have: the elements of so
// many blocks of an image from the first channel on.
type unrolled struct{ image, n int }

// has reports whether the registers have what n elements from element lo on need. If not,
// the caller must fill them.
func (u *unrolled) has(b *blockProgram, lo, n int) bool {
	if b.period == 0 || lo%b.period != 0 {
		*u = unrolled{}
		return false
	}
	image := 0
	for i := range b.operands {
		if o := &b.operands[i]; o.form == ir.PerImage {
			if lo/o.image != (lo+n-1)/o.image {
				*u = unrolled{}
				return false
			}
			image = lo / o.image
		}
	}
	if u.image == image && n <= u.n {
		return true
	}
	*u = unrolled{image, n}
	return false
}

// unroll fills dst with the elements of an operand that repeats, from element lo on.
func (o *operand) unroll(dst []float32, lo int) {
	if o.form == ir.PerImage {
		unrollImages(dst, o.data(), lo, o.size, o.image)
	} else {
		unroll(dst, o.data()[:o.size], lo)
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

// unrollImages fills dst with the channels of p of each image, over and over, starting at
// element lo of images that have the given number of elements.
func unrollImages(dst, p []float32, lo, channels, image int) {
	for len(dst) > 0 {
		n := min(len(dst), image-lo%image)
		unroll(dst[:n], p[lo/image*channels:][:channels], lo%image)
		dst, lo = dst[n:], lo+n
	}
}

// execute computes one block.
func (in *instruction) execute(regs *[maxRegisters][]float32) {
	dst := regs[in.dst]
	switch op := in.op.(type) {
	case graph.UnaryOp:
		unaryKernels[op.Func](dst, regs[in.a], op.A, op.B)
	case graph.UnaryGradOp:
		unaryGradKernels[op.Func](dst, regs[in.a], regs[in.b], op.A, op.B)
	case graph.BinaryOp:
		switch in.scalar {
		case 0:
			binaryKernels[op.Func](dst, regs[in.a], regs[in.b])
		case 1:
			scalarFirstKernels[op.Func](dst, regs[in.b], in.scalarB.data()[0])
		case 2:
			scalarSecondKernels[op.Func](dst, regs[in.a], in.scalarB.data()[0])
		}
	case graph.WhereOp:
		whereKernel(op, dst, regs[in.a], regs[in.b], regs[in.c])
	case graph.FakeQuantizeOp:
		fakeQuantizeKernel(op, dst, regs[in.a], regs[in.b], regs[in.c])
	}
}
