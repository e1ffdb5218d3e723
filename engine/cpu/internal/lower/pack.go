package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// pack adds the step that packs an operand, and returns the packed buffer. An operand
// that depends only on variables that the program does not assign is packed again
// only when one of these has changed, and once for all operations that want it in the same form,
// such as convolutions that share their weights.
func (c *Lowerer) pack(p gemm.Packer, v *ir.Value) memory {
	from, size := c.at(v), p.PackedSize()
	variables := constant(v)
	form := packed{from, p.Form()}
	if m, ok := c.packed[form]; ok && variables != nil {
		return m
	}
	b := c.alloc(size)
	s := exec.Step{
		Name: "pack", Tasks: 1, Scratch: p.PackScratch(), Reads: []*exec.Buffer{from.buf}, Writes: []*exec.Buffer{b},
		Run: func(_ int, scratch []float32) {
			for i := range p.PackTasks() {
				p.Pack(b.Data, from.data(), scratch, i)
			}
		},
	}
	if size > work.Grain(1<<14) {
		s.Tasks = p.PackTasks()
		s.Run = func(task int, scratch []float32) { p.Pack(b.Data, from.data(), scratch, task) }
	}
	if variables != nil {
		c.once(&s, variables)
		c.packed[form] = memory{buf: b}
		if content := contentOf(v); content != "" {
			s.Content = form.form + " of " + content
		}
	}
	c.add(s)
	return memory{buf: b}
}

// packed is an operand in a packed form.
type packed struct {
	operand memory
	form    string
}

// packBias packs a bias if the plan requires that, and returns where it lies.
func (c *Lowerer) packBias(p gemm.Bias, v *ir.Value) memory {
	if p.PackedSize() == 0 {
		return c.at(v)
	}
	return c.pack(p, v)
}
