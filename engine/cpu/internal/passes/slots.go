package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// Slots gives each part of a concatenation along the channels a slot in its result,
// in which the place pass may have it computed. A part of several concatenations,
// like the layers of a dense block, has its slot in the last and largest result, and
// the smaller results are a part of that too.
func Slots(f *ir.Func) error {
	for _, o := range slices.Backward(f.Ops) {
		if _, ok := o.Do.(ir.Join); !ok {
			continue
		}
		v := o.Out()
		if v.Slot == nil {
			v.Slot = commonSlot(o.Args)
		}
		if v.Slot == nil {
			v.Slot = &ir.Slot{Root: v, Pitch: v.Shape[1]}
		}
		at := v.Slot.Offset
		for _, a := range o.Args {
			if a.Slot == nil {
				a.Slot = &ir.Slot{Root: v.Slot.Root, Pitch: v.Slot.Pitch, Offset: at}
			}
			at += a.Shape[1]
		}
	}
	return nil
}

// commonSlot returns the slot that covers those of some values, if these follow one
// another in one result; otherwise nil.
func commonSlot(values []*ir.Value) *ir.Slot {
	first := values[0].Slot
	if first == nil {
		return nil
	}
	at := first.Offset
	for _, v := range values {
		if v.Slot == nil || v.Slot.Root != first.Root || v.Slot.Offset != at {
			return nil
		}
		at += v.Shape[1]
	}
	return &ir.Slot{Root: first.Root, Pitch: first.Pitch, Offset: first.Offset}
}
