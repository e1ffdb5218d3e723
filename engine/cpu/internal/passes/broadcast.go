package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// Broadcast lets sums, products and the like read an argument of shape N×C×1×1 before it
// is broadcast to the shape that their other argument has anyway, as networks with
// channel attention have it. Programs that assign to variables are left as they are:
// what they broadcast are gradients.
func Broadcast(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	changed := false
	for _, o := range f.Ops {
		if _, ok := o.Do.(graph.BinaryOp); !ok {
			continue
		}
		for i, v := range o.Args {
			if v.Def == nil || !o.Args[1-i].Shape.Equal(o.Out().Shape) {
				continue
			}
			if _, ok := v.Def.Do.(graph.BroadcastOp); ok && isChannels(v.Def.Args[0], v) {
				o.Args[i] = v.Def.Args[0]
				changed = true
			}
		}
	}
	if changed {
		removeUnused(f)
	}
	return nil
}

// isChannels reports whether a value is N×C×1×1 for the images of another.
func isChannels(v, images *ir.Value) bool {
	return v.Image() && images.Image() && v.Shape[0] == images.Shape[0] && v.Shape[1] == images.Shape[1] && v.Shape[2]*v.Shape[3] == 1
}
