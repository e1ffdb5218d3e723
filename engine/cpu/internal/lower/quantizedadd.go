package lower

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
)

// quantizedAdd is the sum of bytes, and lookupTable a function of single bytes.
var (
	quantizedAdd = operator{layout: layoutBytes(0, 3), lower: lowerQuantizedAdd}
	lookupTable  = operator{layout: layoutBytes(0), lower: lowerLookupTable}
)

// layoutBytes is the layout rule of operators whose arguments of the given numbers have rows of channels, as the result
// does. The others are scales and zero points.
func layoutBytes(values ...int) func(l *Layouts, o *ir.Op) {
	return func(l *Layouts, o *ir.Op) {
		for i := range o.Args {
			if slices.Contains(values, i) {
				l.Rows(o, i)
			} else {
				l.Plain(o, i)
			}
		}
		l.MakeRows(o)
	}
}

func lowerQuantizedAdd(c *Lowerer, o *ir.Op) {
	do := o.Do.(ir.QuantizedAdd)
	a, b, to := c.quantization(do.A, o.Args[1:]), c.quantization(do.B, o.Args[4:]), c.quantization(do.Out, o.Args[6:])
	p, q, dst := c.at(o.Args[0]), c.at(o.Args[3]), c.at(o.Out())
	s := exec.Step{Name: "add", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{dst.buf}}
	c.addElements(s, []*ir.Value{o.Out(), o.Args[0], o.Args[3]}, func(at [3]int, n int) {
		a, b, y := a(), b(), to()
		low, high := y.limits(do.Low, do.High)
		quantized.Add(dst.bytes()[at[0]:][:n], p.bytes()[at[1]:][:n], q.bytes()[at[2]:][:n], &quantized.Sum{
			ScaleA: a.scale / y.scale, ScaleB: b.scale / y.scale, ZeroA: a.zero, ZeroB: b.zero, Low: low, High: high, Zero: y.zero,
		})
	})
}

func lowerLookupTable(c *Lowerer, o *ir.Op) {
	do := o.Do.(ir.LookupTable)
	in, out := c.quantization(do.In, o.Args[1:]), c.quantization(do.Out, o.Args[3:])
	table := memory{buf: c.alloc(256 / 4)}
	s := exec.Step{Name: "table", Tasks: 1, Scratch: 512, Reads: c.bufsOf(o.Args[1:]...), Writes: []*exec.Buffer{table.buf}}
	s.Run = func(_ int, scratch []float32) {
		from, x, y := in(), scratch[:256], scratch[256:512]
		for i := range x {
			x[i] = float32(int32(i)-from.zero) * from.scale
		}
		for _, f := range do.Funcs {
			unaryKernels[f.Func](y, x, f.A, f.B)
			x, y = y, x
		}
		quantized.Quantize(table.bytes()[:256], x, out().rounding())
	}
	c.onceFor(&s, o.Args[1:])
	c.add(s)
	src, dst := c.at(o.Args[0]), c.at(o.Out())
	s = exec.Step{Name: "lookup", Reads: []*exec.Buffer{src.buf, table.buf}, Writes: []*exec.Buffer{dst.buf}}
	c.addElements(s, []*ir.Value{o.Out(), o.Args[0]}, func(at [3]int, n int) {
		quantized.Lookup(dst.bytes()[at[0]:][:n], src.bytes()[at[1]:][:n], (*[256]uint8)(table.bytes()))
	})
}
