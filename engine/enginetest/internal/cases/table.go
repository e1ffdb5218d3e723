package cases

import (
	"reflect"

	"github.com/strideml/stride/graph"
)

// An Operator is what the suite has on an operator, or on a family of them that
// share a file.
type Operator struct {
	// File is the name that the operator's file has in every package, without
	// ".go".
	File string
	// Ops has a value of each type of operator that graph's file defines.
	Ops []graph.Op
	// Cases makes the cases, in the file of that name here.
	Cases func() []Case
	// Rounding says how the results of a node are rounded. Nil means like those
	// of a function of single numbers.
	Rounding func(n *graph.Node) Rounding
	// Golden builds what the golden files hold results of, by PyTorch's name of
	// the function.
	Golden map[string]GoldenFunc
	// NoGolden says why there are no golden values of an operator, by its kind.
	NoGolden map[string]string
}

// Operators is the whole table.
var Operators = []Operator{
	{
		File: "leaf", Ops: ops(graph.InputOp{}, graph.VariableOp{}, graph.ConstantOp{}), Cases: leafCases, Rounding: leafRounding,
		NoGolden: map[string]string{"Variable": "they compute nothing"},
	},
	{File: "unary", Ops: ops(graph.UnaryOp{}, graph.UnaryGradOp{}), Cases: unaryCases, Rounding: unaryRounding, Golden: unaryGolden},
	{File: "binary", Ops: ops(graph.BinaryOp{}), Cases: binaryCases, Rounding: binaryRounding, Golden: binaryGolden},
	{File: "where", Ops: ops(graph.WhereOp{}), Cases: whereCases, Rounding: exactly, Golden: whereGolden},
	{
		File: "fakequantize", Ops: ops(graph.FakeQuantizeOp{}),
		Cases: fakeQuantizeCases, Golden: fakeQuantizeGolden,
	},
	{File: "broadcast", Ops: ops(graph.BroadcastOp{}), Cases: broadcastCases, Rounding: exactly, Golden: broadcastGolden},
	{File: "reduce", Ops: ops(graph.ReduceOp{}, graph.ProdGradOp{}), Cases: reduceCases, Rounding: reduceRounding, Golden: reduceGolden},
	{File: "argmax", Ops: ops(graph.ArgMaxOp{}), Cases: argMaxCases, Rounding: exactly, Golden: argMaxGolden},
	{File: "topk", Ops: ops(graph.TopKOp{}), Cases: topKCases, Rounding: exactly, Golden: topKGolden},
	{File: "cumsum", Ops: ops(graph.CumSumOp{}), Cases: cumSumCases, Rounding: cumSumRounding, Golden: cumSumGolden},
	{File: "softmax", Ops: ops(graph.SoftmaxOp{}), Cases: softmaxCases, Rounding: softmaxRounding, Golden: softmaxGolden},
	{
		File: "crossentropy", Ops: ops(graph.CrossEntropyOp{}, graph.CrossEntropyGradOp{}),
		Cases: crossEntropyCases, Rounding: crossEntropyRounding, Golden: crossEntropyGolden,
	},
	{
		File: "conv", Ops: ops(graph.Conv2DOp{}, graph.Conv2DInputGradOp{}, graph.Conv2DWeightGradOp{}),
		Cases: convCases, Rounding: convRounding, Golden: convGolden,
	},
	{File: "matmul", Ops: ops(graph.MatMulOp{}), Cases: matMulCases, Rounding: matMulRounding, Golden: matMulGolden},
	{
		File: "convtranspose", Ops: ops(graph.ConvTranspose2DOp{}),
		Cases: convTransposeCases, Rounding: convTransposeRounding, Golden: convTransposeGolden,
	},
	{
		File: "maxpool", Ops: ops(graph.MaxPool2DOp{}, graph.MaxPool2DGradOp{}),
		Cases: maxPoolCases, Rounding: maxPoolRounding, Golden: maxPoolGolden,
	},
	{
		File: "avgpool", Ops: ops(graph.AvgPool2DOp{}, graph.AvgPool2DGradOp{}),
		Cases: avgPoolCases, Rounding: avgPoolRounding, Golden: avgPoolGolden,
	},
	{
		File: "adaptivepool", Ops: ops(graph.AdaptiveAvgPool2DOp{}, graph.AdaptiveAvgPool2DGradOp{}),
		Cases: adaptivePoolCases, Rounding: adaptivePoolRounding, Golden: adaptivePoolGolden,
	},
	{
		File: "resize", Ops: ops(graph.Resize2DOp{}, graph.Resize2DGradOp{}),
		Cases: resizeCases, Rounding: resizeRounding, Golden: resizeGolden,
	},
	{File: "reshape", Ops: ops(graph.ReshapeOp{}), Cases: reshapeCases, Rounding: exactly, Golden: reshapeGolden},
	{File: "transpose", Ops: ops(graph.TransposeOp{}), Cases: transposeCases, Rounding: exactly, Golden: transposeGolden},
	{File: "concat", Ops: ops(graph.ConcatOp{}), Cases: concatCases, Rounding: exactly, Golden: concatGolden},
	{File: "slice", Ops: ops(graph.SliceOp{}), Cases: sliceCases, Rounding: exactly, Golden: sliceGolden},
	{File: "gather", Ops: ops(graph.GatherOp{}, graph.GatherGradOp{}), Cases: gatherCases, Rounding: gatherRounding, Golden: gatherGolden},
	{
		File: "gatherelements", Ops: ops(graph.GatherElementsOp{}, graph.GatherElementsGradOp{}),
		Cases: gatherElementsCases, Rounding: gatherElementsRounding, Golden: gatherElementsGolden,
	},
	{File: "pad", Ops: ops(graph.PadOp{}), Cases: padCases, Rounding: exactly, Golden: padGolden},
	{
		File:  "batchnorm",
		Ops:   ops(graph.BatchStatsOp{}, graph.BatchNormOp{}, graph.BatchNormParamGradOp{}, graph.BatchNormInputGradOp{}),
		Cases: batchNormCases, Rounding: batchNormRounding, Golden: batchNormGolden,
	},
	{
		File: "layernorm", Ops: ops(graph.LayerNormOp{}, graph.LayerNormParamGradOp{}, graph.LayerNormInputGradOp{}),
		Cases: layerNormCases, Rounding: layerNormRounding, Golden: layerNormGolden,
	},
	{
		File:  "groupnorm",
		Ops:   ops(graph.GroupStatsOp{}, graph.GroupNormOp{}, graph.GroupNormParamGradOp{}, graph.GroupNormInputGradOp{}),
		Cases: groupNormCases, Rounding: groupNormRounding, Golden: groupNormGolden,
	},
	{File: "lrn", Ops: ops(graph.LRNOp{}, graph.LRNGradOp{}), Cases: lrnCases, Rounding: lrnRounding, Golden: lrnGolden},
	{
		File: "dropout", Ops: ops(graph.DropoutOp{}), Cases: dropoutCases,
		NoGolden: map[string]string{"Dropout": "PyTorch drops other elements"},
	},
	{
		File: "allreduce", Ops: ops(graph.AllReduceOp{}), Cases: allReduceCases, Rounding: exactly,
		NoGolden: map[string]string{"AllReduce": "PyTorch's needs several processes"},
	},
	{File: "special", Cases: specialCases}, // no operator: infinities and NaN
}

func ops(list ...graph.Op) []graph.Op { return list }

// A Rounding says how the results of a node are rounded. The zero value is that
// of a function of single numbers.
type Rounding struct {
	// None is true for operators that only move, choose or negate numbers,
	// whose ties must stay ties.
	None bool
	// Terms is how many numbers each result adds up, at least; 0 means 1.
	Terms int
	// Unit, if not 0, is the size of what cancels to a small result, and leaves
	// an error that does not shrink with it: 1 for the logarithm of a sum near
	// 1, say.
	Unit float64
	// UnitOf names an argument instead, whose greatest element is the unit.
	UnitOf *graph.Node
	// Sum lists the arguments whose products each result adds up. The error of a sum
	// is relative to the size of its terms, also where they cancel.
	Sum []*graph.Node
	// Mean is true if the sum is divided by the number of terms.
	Mean bool
	// Conv is true for a convolution or a gradient of one, which adds up products of
	// its first two arguments and has algorithms that are less exact than the sum.
	Conv bool
}

// RoundingOf returns the rounding of a node.
func RoundingOf(n *graph.Node) Rounding {
	if f := roundings[reflect.TypeOf(n.Op())]; f != nil {
		return f(n)
	}
	return Rounding{}
}

// roundings are those of Operators, by the type of operator.
var roundings = func() map[reflect.Type]func(n *graph.Node) Rounding {
	table := map[reflect.Type]func(n *graph.Node) Rounding{}
	for _, o := range Operators {
		for _, op := range o.Ops {
			table[reflect.TypeOf(op)] = o.Rounding
		}
	}
	return table
}()

// exactly is the rounding of operators that only move numbers.
func exactly(*graph.Node) Rounding { return Rounding{None: true} }

// A Golden is what a golden file says about a case: a function of PyTorch, its
// arguments by name and its attributes. Attributes that the function does not
// have are zero.
type Golden struct {
	Op                                string
	Args                              []string
	Kernel, Stride, Padding, Dilation [2]int
	Extra                             [2]int // more padding below and to the right; of a transposed convolution, of its result
	Groups                            int
	Mode                              string
	Align, Antialias                  bool
	Ceil, Include, Keep, Mean         bool
	Axis, Start, Stop                 int
	Axes, Perm, Shape, Before, After  []int
	Value, Eps                        float32
	A, B                              float32 // the parameters of a unary function
	Size                              int
	Alpha, Beta, K                    float32
}

func (c Golden) window() graph.Window {
	return graph.Window{Stride: c.Stride, Pad: c.Padding, Dilation: c.Dilation, ExtraPad: c.Extra}
}

// A GoldenFunc adds the operator that computes what PyTorch's function does.
// x holds the arguments by PyTorch's names; those that a case does not have are
// nil.
type GoldenFunc func(c Golden, x map[string]*graph.Node) *graph.Node

// BuildGolden adds what the case computes. It returns nil for a function that no
// operator of the table has.
func BuildGolden(c Golden, x map[string]*graph.Node) *graph.Node {
	for _, o := range Operators {
		if f, ok := o.Golden[c.Op]; ok {
			return f(c, x)
		}
	}
	return nil
}

// goldenOf makes a GoldenFunc of a function of the argument x.
func goldenOf(f func(x *graph.Node) *graph.Node) GoldenFunc {
	return func(_ Golden, x map[string]*graph.Node) *graph.Node { return f(x["x"]) }
}

// goldenOf2 makes a GoldenFunc of a function of the arguments a and b.
func goldenOf2(f func(a, b *graph.Node) *graph.Node) GoldenFunc {
	return func(_ Golden, x map[string]*graph.Node) *graph.Node { return f(x["a"], x["b"]) }
}
