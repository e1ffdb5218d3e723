package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

// whereKernel is the kernel of graph.WhereOp, which is elementwise.
func whereKernel(_ graph.WhereOp, dst, condition, a, b []float32) { vec.Where(dst, condition, a, b) }
