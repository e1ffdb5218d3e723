package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/conv"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// MBConv makes a 1×1 convolution the source of the depthwise convolution that is the only
// reader of its result, or of an activation of that, as in the inverted bottlenecks of
// MobileNetV2 and all networks after it: both are computed together, see conv.MBConv.
// Programs that assign to variables are left as they are, as gradients read the
// expanded image too.
func MBConv(f *ir.Func) error {
	if len(f.Updates) > 0 {
		return nil
	}
	uses, gone := f.Uses(), map[*ir.Op]bool{}
	for _, o := range f.Ops {
		if _, ok := o.Do.(graph.Conv2DOp); !ok {
			continue
		}
		e, activation, self := expansionOf(o, uses)
		if e == nil {
			continue
		}
		plan := conv.NewMBConv(e.Plan.(conv.Plan), o.Plan.(conv.Plan))
		if plan == nil {
			continue
		}
		gone[e], o.Source, o.Plan = true, e, plan
		if activation != nil {
			gone[activation] = true
			joinActivation(e, activation, self)
		}
	}
	f.Remove(gone)
	return nil
}

// expansionOf returns the convolution that makes the first argument of another one and, if
// it is not nil, the activation between them, whose argument number self is the result of the
// convolution. Nothing else reads these values. e is nil if it is another operation.
func expansionOf(o *ir.Op, uses *ir.Uses) (e, activation *ir.Op, self int) {
	x := o.Args[0]
	if x.Def == nil || !uses.Only(x, o) || !readsOnce(o, x) {
		return nil, nil, 0
	}
	e = x.Def
	if work, ok := e.IsElementwise(); ok {
		for self < len(e.Args)-1 && work.Forms[self] != ir.Full {
			self++
		}
		x = e.Args[self]
		if !lower.AppliesAlone(e, self) || x.Def == nil || !uses.Only(x, e) {
			return nil, nil, 0
		}
		e, activation = x.Def, e
	}
	if _, ok := e.Do.(graph.Conv2DOp); !ok || e.Source != nil {
		return nil, nil, 0
	}
	return e, activation, self
}

// joinActivation makes an activation the epilogue of the convolution that makes its argument.
func joinActivation(e, activation *ir.Op, self int) {
	work, _ := activation.IsElementwise()
	if clip := lower.ClipOf(work); clip != gemm.NoClip {
		e.Epilogue.Clip = clip
	} else {
		e.Epilogue.Elementwise, e.Epilogue.Self = activation, self
		activation.Args[self] = activation.Out()
	}
	e.Outs[0] = activation.Out()
	e.Out().Def = e
}
