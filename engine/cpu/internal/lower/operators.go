package lower

import (
	"fmt"
	"reflect"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// An operator has the rules by which the compiler computes an operator.
type operator struct {
	// work names the kind of work that it is in a profile; "" for elementwise
	// work.
	work string
	// layout is the layout rule: it takes the arguments and makes the results of
	// an operation in some layouts. nil for operators that the passes after the
	// layout pass introduce.
	layout func(l *Layouts, o *ir.Op)
	// ability returns what the epilogue can do, and whether there is one. nil if
	// there is none in any case.
	ability func(o *ir.Op) (Ability, bool)
	// lower adds the steps.
	lower func(c *Lowerer, o *ir.Op)
}

// Ability is what the epilogue of an operation can do. Unless it is Scattered, it can
// do elementwise work in place and sums over rows.
type Ability struct {
	// Clips is the greatest activation that the operation can apply as it stores.
	Clips gemm.Clip
	// Scattered says that a task does not complete one contiguous range of the
	// result: what the operation does as it stores is all that the epilogue can do.
	Scattered bool
	// Adds says that the operation can add a value of the result's shape as it stores,
	// before the activation.
	Adds bool
	// Alone says that elementwise work may have no other arguments but numbers, and that there
	// can be no sums: a task completes some channels of its pixels.
	Alone bool
}

// ranges is the ability of operations whose tasks complete contiguous ranges.
func ranges(*ir.Op) (Ability, bool) { return Ability{}, true }

// operators has all operators of package graph that are not elementwise, and
// those of package ir.
var operators = map[reflect.Type]operator{
	reflect.TypeFor[graph.AdaptiveAvgPool2DGradOp](): adaptiveAvgPool2DGrad,
	reflect.TypeFor[graph.AdaptiveAvgPool2DOp]():     adaptiveAvgPool2D,
	reflect.TypeFor[graph.AllReduceOp]():             allReduce,
	reflect.TypeFor[graph.ArgMaxOp]():                argMax,
	reflect.TypeFor[graph.AvgPool2DGradOp]():         avgPool2DGrad,
	reflect.TypeFor[graph.AvgPool2DOp]():             avgPool2D,
	reflect.TypeFor[graph.BatchNormInputGradOp]():    batchNormInputGrad,
	reflect.TypeFor[graph.BatchNormOp]():             batchNorm,
	reflect.TypeFor[graph.BatchNormParamGradOp]():    batchNormParamGrad,
	reflect.TypeFor[graph.BatchStatsOp]():            batchStats,
	reflect.TypeFor[graph.BroadcastOp]():             broadcast,
	reflect.TypeFor[graph.ConcatOp]():                concat,
	reflect.TypeFor[graph.ConvTranspose2DOp]():       convTranspose2D,
	reflect.TypeFor[graph.Conv2DInputGradOp]():       conv2DInputGrad,
	reflect.TypeFor[graph.Conv2DOp]():                conv2D,
	reflect.TypeFor[graph.Conv2DWeightGradOp]():      conv2DWeightGrad,
	reflect.TypeFor[graph.CrossEntropyGradOp]():      crossEntropyGrad,
	reflect.TypeFor[graph.CrossEntropyOp]():          crossEntropy,
	reflect.TypeFor[graph.CumSumOp]():                cumSum,
	reflect.TypeFor[graph.DropoutOp]():               dropout,
	reflect.TypeFor[graph.GatherElementsGradOp]():    gatherElementsGrad,
	reflect.TypeFor[graph.GatherElementsOp]():        gatherElements,
	reflect.TypeFor[graph.GatherGradOp]():            gatherGrad,
	reflect.TypeFor[graph.GatherOp]():                gather,
	reflect.TypeFor[graph.GroupNormInputGradOp]():    groupNormInputGrad,
	reflect.TypeFor[graph.GroupNormOp]():             groupNorm,
	reflect.TypeFor[graph.GroupNormParamGradOp]():    groupNormParamGrad,
	reflect.TypeFor[graph.GroupStatsOp]():            groupStats,
	reflect.TypeFor[graph.LRNGradOp]():               lrnGrad,
	reflect.TypeFor[graph.LRNOp]():                   lrn,
	reflect.TypeFor[graph.LayerNormInputGradOp]():    layerNormInputGrad,
	reflect.TypeFor[graph.LayerNormOp]():             layerNorm,
	reflect.TypeFor[graph.LayerNormParamGradOp]():    layerNormParamGrad,
	reflect.TypeFor[graph.MatMulOp]():                matMul,
	reflect.TypeFor[graph.MaxPool2DGradOp]():         maxPool2DGrad,
	reflect.TypeFor[graph.MaxPool2DOp]():             maxPool2D,
	reflect.TypeFor[graph.PadOp]():                   pad,
	reflect.TypeFor[graph.ProdGradOp]():              prodGrad,
	reflect.TypeFor[graph.ReduceOp]():                reduce,
	reflect.TypeFor[graph.ReshapeOp]():               reshape,
	reflect.TypeFor[graph.Resize2DGradOp]():          resize2DGrad,
	reflect.TypeFor[graph.Resize2DOp]():              resize2D,
	reflect.TypeFor[graph.SliceOp]():                 slice,
	reflect.TypeFor[graph.SoftmaxOp]():               softmax,
	reflect.TypeFor[graph.TopKOp]():                  topK,
	reflect.TypeFor[graph.TransposeOp]():             transpose,

	reflect.TypeFor[*ir.Elementwise]():     elementwise,
	reflect.TypeFor[ir.BeginAllReduce]():   beginAllReduce,
	reflect.TypeFor[ir.Bucket]():           nothing,
	reflect.TypeFor[ir.Copy]():             copies,
	reflect.TypeFor[ir.Dequantize]():       dequantize,
	reflect.TypeFor[ir.Deviation]():        deviation,
	reflect.TypeFor[ir.Expand]():           expand,
	reflect.TypeFor[ir.Fold]():             fold,
	reflect.TypeFor[ir.Interleave]():       interleave,
	reflect.TypeFor[ir.Join]():             nothing,
	reflect.TypeFor[ir.JoinStatistics]():   joinStatistics,
	reflect.TypeFor[ir.LookupTable]():      lookupTable,
	reflect.TypeFor[ir.Quantize]():         quantize,
	reflect.TypeFor[ir.QuantizedAdd]():     quantizedAdd,
	reflect.TypeFor[ir.QuantizedAverage](): quantizedAverage,
	reflect.TypeFor[ir.QuantizedConv]():    quantizedConv,
	reflect.TypeFor[ir.QuantizedMaxPool](): quantizedMaxPool,
	reflect.TypeFor[ir.RowSums]():          rowSums,
	reflect.TypeFor[ir.Totals]():           totals,
	reflect.TypeFor[ir.View]():             view,
	reflect.TypeFor[ir.WaitAllReduce]():    waitAllReduce,
}

// nothing is an operator without steps: its result lies in the memory of others.
var nothing = operator{lower: func(*Lowerer, *ir.Op) {}}

// view has a layout rule too, as passes before the layout pass add views of values
// that are in row-major order.
var view = operator{layout: (*Layouts).AllPlain, lower: nothing.lower}

// operatorOf returns the rules of an operation's operator. It fails if there are none.
func operatorOf(o *ir.Op) (operator, error) {
	op, ok := operators[reflect.TypeOf(o.Do)]
	if !ok {
		return operator{}, fmt.Errorf("%v: operator %s is not supported", o.Node, o.Do.Kind())
	}
	return op, nil
}

// Supports reports whether the compiler knows an operator of package graph.
func Supports(op graph.Op) bool {
	switch op := op.(type) {
	case graph.UnaryOp:
		return known(unaryKernels[:], int(op.Func))
	case graph.UnaryGradOp:
		return known(unaryGradKernels[:], int(op.Func))
	case graph.BinaryOp:
		return known(binaryKernels[:], int(op.Func))
	case graph.WhereOp, graph.FakeQuantizeOp:
		return true
	}
	_, ok := operators[reflect.TypeOf(op)]
	return ok
}

// WorkOf returns the kind of work that an operator does, for profiles: for example
// "convolution" or "pooling". It is "" for elementwise work, and for what profiles count
// as such.
func WorkOf(op graph.Op) string { return operators[reflect.TypeOf(op)].work }

// known reports whether a table has an entry.
func known[F any](table []F, i int) bool {
	return i >= 0 && i < len(table) && !reflect.ValueOf(table[i]).IsNil()
}

// AbilityOf returns what the epilogue of an operation can do, and whether it has
// one. Layouts and algorithms must be decided.
func AbilityOf(o *ir.Op) (Ability, bool) {
	op, err := operatorOf(o)
	if err != nil || op.ability == nil {
		return Ability{}, false
	}
	return op.ability(o)
}
