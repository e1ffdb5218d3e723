package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

// fakeQuantizeKernel is the kernel of graph.FakeQuantizeOp, which is elementwise.
func fakeQuantizeKernel(op graph.FakeQuantizeOp, dst, x, scale, zero []float32) {
	vec.FakeQuantize(dst, x, scale, zero, float32(op.Min), float32(op.Max))
}
