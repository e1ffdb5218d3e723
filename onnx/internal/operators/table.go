// Package operators builds the operators of ONNX of operators of package graph: one file for
// each family, and one table with all of them.
package operators

import (
	"maps"
	"slices"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
)

// An Operator is what is supported of one operator of ONNX.
type Operator struct {
	// Name is the one in NodeProto.op_type.
	Name string
	// Since is the oldest version of the operator set that is supported, 0 for all.
	Since int
	// Arguments is the number of those that must be there.
	Arguments int
	// Attributes are the names of those that are supported.
	Attributes []string
	// Weights are the positions of the arguments that are parameters where the file gives
	// their values.
	Weights []int
	// Buffers are the positions of those that are running statistics.
	Buffers []int
	// Scales says that a vector that the result of a layer is multiplied with or added to is
	// a parameter: the bias of a MatMul, a layer's scale.
	Scales bool

	build func(c *Call) []*Value
}

// Lookup returns an operator of the standard domain, nil if it is not supported.
func Lookup(name string) *Operator { return table[name] }

// All returns the operators in the order of their names.
func All() []*Operator {
	return slices.SortedFunc(maps.Values(table), func(a, b *Operator) int { return strings.Compare(a.Name, b.Name) })
}

// Domain reports whether a domain is that of the standard operators.
func Domain(name string) bool { return name == "" || name == "ai.onnx" }

var table = map[string]*Operator{}

func register(ops ...Operator) {
	for _, op := range ops {
		table[op.Name] = &op
	}
}

func words(s string) []string { return strings.Fields(s) }

const (
	windowAttributes = "auto_pad dilations kernel_shape pads strides"
	poolAttributes   = windowAttributes + " ceil_mode storage_order"
	binaryAttributes = "axis broadcast consumed_inputs"
)

func init() {
	registerElementwise()
	registerActivations()
	registerReductions()
	registerQuantization()
	register(
		// conv.go, matmul.go, pooling.go
		Operator{Name: "Conv", Arguments: 2, Attributes: words(windowAttributes + " group"), Weights: []int{1, 2}, build: conv},
		Operator{Name: "ConvTranspose", Arguments: 2, Attributes: words(windowAttributes + " group output_padding output_shape"),
			Weights: []int{1, 2}, build: convTranspose},
		Operator{Name: "Gemm", Arguments: 2, Attributes: words("alpha beta transA transB broadcast"), Weights: []int{0, 1, 2}, build: gemm},
		Operator{Name: "MatMul", Arguments: 2, Weights: []int{0, 1}, build: matmul},
		Operator{Name: "MaxPool", Arguments: 1, Attributes: words(poolAttributes), build: maxPool},
		Operator{Name: "AveragePool", Arguments: 1, Attributes: words(poolAttributes + " count_include_pad"), build: averagePool},
		Operator{Name: "LpPool", Arguments: 1, Attributes: words(poolAttributes + " p"), build: lpPool},
		Operator{Name: "GlobalAveragePool", Arguments: 1, build: globalAveragePool},
		Operator{Name: "GlobalMaxPool", Arguments: 1, build: globalMaxPool},
		Operator{Name: "GlobalLpPool", Arguments: 1, Attributes: words("p"), build: globalLpPool},
		// normalization.go
		Operator{Name: "BatchNormalization", Arguments: 5, Attributes: words("epsilon momentum spatial training_mode is_test consumed_inputs"),
			Weights: []int{1, 2}, Buffers: []int{3, 4}, build: batchNormalization},
		Operator{Name: "InstanceNormalization", Arguments: 3, Attributes: words("epsilon consumed_inputs"), Weights: []int{1, 2}, build: instanceNormalization},
		Operator{Name: "LayerNormalization", Arguments: 2, Attributes: words("axis epsilon stash_type"), Weights: []int{1, 2}, build: layerNormalization},
		Operator{Name: "GroupNormalization", Arguments: 3, Attributes: words("epsilon num_groups stash_type"), Weights: []int{1, 2}, build: groupNormalization},
		Operator{Name: "MeanVarianceNormalization", Arguments: 1, Attributes: words("axes"), build: meanVarianceNormalization},
		Operator{Name: "LpNormalization", Arguments: 1, Attributes: words("axis p"), build: lpNormalization},
		Operator{Name: "LRN", Arguments: 1, Attributes: words("alpha beta bias size"), build: lrn},
		Operator{Name: "Softmax", Arguments: 1, Attributes: words("axis"), build: softmax(graph.Softmax)},
		Operator{Name: "LogSoftmax", Arguments: 1, Attributes: words("axis"), build: softmax(graph.LogSoftmax)},
		Operator{Name: "Hardmax", Arguments: 1, Attributes: words("axis"), build: softmax(hardmax)},
		// shape.go
		Operator{Name: "Reshape", Arguments: 1, Attributes: words("allowzero shape consumed_inputs"), build: reshape},
		Operator{Name: "Flatten", Arguments: 1, Attributes: words("axis"), build: flatten},
		Operator{Name: "Squeeze", Arguments: 1, Attributes: words("axes"), build: squeeze},
		Operator{Name: "Unsqueeze", Arguments: 1, Attributes: words("axes"), build: unsqueeze},
		Operator{Name: "Transpose", Arguments: 1, Attributes: words("perm"), build: transpose},
		Operator{Name: "Shape", Arguments: 1, Attributes: words("start end"), build: shapeOf},
		Operator{Name: "Size", Arguments: 1, build: sizeOf},
		Operator{Name: "Expand", Arguments: 2, build: expand},
		Operator{Name: "Tile", Arguments: 2, build: tile},
		Operator{Name: "Concat", Arguments: 1, Attributes: words("axis"), build: concat},
		Operator{Name: "ConstantOfShape", Arguments: 1, Attributes: words("value"), build: constantOfShape},
		Operator{Name: "Range", Arguments: 3, build: rangeOf},
		Operator{Name: "NonZero", Arguments: 1, build: nonZero},
		Operator{Name: "EyeLike", Arguments: 1, Attributes: words("dtype k"), build: eyeLike},
		// resize.go
		Operator{Name: "Resize", Arguments: 1, Attributes: words("mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside " +
			"extrapolation_value antialias axes keep_aspect_ratio_policy"), build: resize},
		Operator{Name: "Upsample", Since: 7, Arguments: 1, Attributes: words("mode scales"), build: resize},
		// move.go
		Operator{Name: "Split", Arguments: 1, Attributes: words("axis split num_outputs"), build: split},
		Operator{Name: "Slice", Arguments: 1, Attributes: words("starts ends axes"), build: sliceOf},
		Operator{Name: "Gather", Arguments: 2, Attributes: words("axis"), build: gather},
		Operator{Name: "GatherElements", Arguments: 2, Attributes: words("axis"), build: gatherElements},
		Operator{Name: "GatherND", Arguments: 2, Attributes: words("batch_dims"), build: gatherND},
		Operator{Name: "Pad", Arguments: 1, Attributes: words("mode pads paddings value"), build: pad},
		Operator{Name: "DepthToSpace", Arguments: 1, Attributes: words("blocksize mode"), build: depthToSpace},
		Operator{Name: "SpaceToDepth", Arguments: 1, Attributes: words("blocksize"), build: spaceToDepth},
	)
}

func registerElementwise() {
	for name, f := range map[string]func(x *graph.Node) *graph.Node{
		"Abs": graph.Abs, "Neg": graph.Neg, "Exp": graph.Exp, "Log": graph.Log, "Sqrt": graph.Sqrt, "Erf": graph.Erf,
		"Relu": graph.ReLU, "Sigmoid": graph.Sigmoid, "Tanh": graph.Tanh, "Floor": graph.Floor, "Ceil": graph.Ceil, "Round": graph.Round,
		"Sign": graph.Sign, "Sin": graph.Sin, "Cos": graph.Cos, "Reciprocal": func(x *graph.Node) *graph.Node { return graph.Pow(x, -1) },
		"Tan": func(x *graph.Node) *graph.Node { return graph.Div(graph.Sin(x), graph.Cos(x)) }, "Sinh": sinh, "Cosh": cosh,
	} {
		register(Operator{Name: name, Arguments: 1, Attributes: words("consumed_inputs"), build: unary(f)})
	}
	for name, f := range map[string]func(a, b *graph.Node) *graph.Node{"Add": graph.Add, "Sub": graph.Sub, "Mul": graph.Mul, "Div": graph.Div} {
		scales := name == "Add" || name == "Mul"
		register(Operator{Name: name, Arguments: 2, Attributes: words(binaryAttributes), Scales: scales, build: binary(f)})
	}
	for name, f := range map[string]func(a, b *graph.Node) *graph.Node{
		"Equal": graph.Equal, "Less": graph.Less, "LessOrEqual": graph.LessEqual, "Greater": graph.Greater, "GreaterOrEqual": graph.GreaterEqual,
		"And": graph.And, "Or": graph.Or, "Xor": graph.Xor,
	} {
		register(Operator{Name: name, Arguments: 2, Attributes: words(binaryAttributes), build: comparison(f)})
	}
	register(
		Operator{Name: "Min", Arguments: 1, Attributes: words("consumed_inputs"), build: variadic("Min", graph.Minimum)},
		Operator{Name: "Max", Arguments: 1, Attributes: words("consumed_inputs"), build: variadic("Max", graph.Maximum)},
		Operator{Name: "Sum", Arguments: 1, Attributes: words("consumed_inputs"), build: variadic("Add", graph.Add)},
		Operator{Name: "Mean", Arguments: 1, Attributes: words("consumed_inputs"), build: mean},
		Operator{Name: "Pow", Arguments: 2, Attributes: words(binaryAttributes), build: pow},
		Operator{Name: "Mod", Arguments: 2, Attributes: words("fmod"), build: mod},
		Operator{Name: "Not", Arguments: 1, build: not},
		Operator{Name: "IsNaN", Arguments: 1, build: isNaN},
		Operator{Name: "IsInf", Arguments: 1, Attributes: words("detect_negative detect_positive"), build: isInf},
		Operator{Name: "Where", Arguments: 3, build: where},
		Operator{Name: "Clip", Arguments: 1, Attributes: words("min max consumed_inputs"), build: clip},
		Operator{Name: "Cast", Arguments: 1, Attributes: words("to saturate round_mode"), build: cast},
		Operator{Name: "CastLike", Arguments: 2, Attributes: words("saturate round_mode"), build: castLike},
		Operator{Name: "Identity", Arguments: 1, build: identity},
		Operator{Name: "Dropout", Arguments: 1, Attributes: words("ratio is_test seed consumed_inputs"), build: dropout},
	)
}

func registerActivations() {
	register(
		Operator{Name: "LeakyRelu", Arguments: 1, Attributes: words("alpha consumed_inputs"), build: activation(leakyRelu)},
		Operator{Name: "Elu", Arguments: 1, Attributes: words("alpha consumed_inputs"), build: activation(elu)},
		Operator{Name: "Selu", Arguments: 1, Attributes: words("alpha gamma consumed_inputs"), build: activation(selu)},
		Operator{Name: "Celu", Arguments: 1, Attributes: words("alpha"), build: activation(celu)},
		Operator{Name: "PRelu", Arguments: 2, Attributes: words("consumed_inputs"), Weights: []int{1}, build: prelu},
		Operator{Name: "HardSigmoid", Arguments: 1, Attributes: words("alpha beta consumed_inputs"), build: activation(hardSigmoid)},
		Operator{Name: "HardSwish", Arguments: 1, build: activation(func(_ *Call, x *graph.Node) *graph.Node { return graph.HardSwish(x) })},
		Operator{Name: "Gelu", Arguments: 1, Attributes: words("approximate"), build: activation(gelu)},
		Operator{Name: "Mish", Arguments: 1, build: activation(mish)},
		Operator{Name: "Softplus", Arguments: 1, build: activation(softplus)},
		Operator{Name: "Softsign", Arguments: 1, build: activation(softsign)},
		Operator{Name: "Swish", Arguments: 1, Attributes: words("alpha"), build: activation(swish)},
		Operator{Name: "ThresholdedRelu", Arguments: 1, Attributes: words("alpha"), build: activation(thresholdedRelu)},
		Operator{Name: "Shrink", Arguments: 1, Attributes: words("bias lambd"), build: activation(shrink)},
	)
}

func registerReductions() {
	for name, f := range map[string]reduction{
		"ReduceMean": plainReduction(graph.MeanKeep), "ReduceMax": maxOf, "ReduceMin": plainReduction(graph.MinKeep), "ReduceProd": plainReduction(graph.ProdKeep), "ReduceL1": reduceL1, "ReduceL2": reduceL2,
		"ReduceSumSquare": reduceSumSquare, "ReduceLogSum": reduceLogSum, "ReduceLogSumExp": reduceLogSumExp,
	} {
		register(Operator{Name: name, Arguments: 1, Attributes: words("axes keepdims noop_with_empty_axes"), build: reduce(18, f)})
	}
	register(
		Operator{Name: "ReduceSum", Arguments: 1, Attributes: words("axes keepdims noop_with_empty_axes"), build: reduce(13, sumOf)},
		Operator{Name: "CumSum", Arguments: 2, Attributes: words("exclusive reverse"), build: cumSum},
		Operator{Name: "ArgMax", Arguments: 1, Attributes: words("axis keepdims select_last_index"), build: arg(graph.ArgMax)},
		Operator{Name: "ArgMin", Arguments: 1, Attributes: words("axis keepdims select_last_index"), build: arg(graph.ArgMin)},
		Operator{Name: "TopK", Arguments: 1, Attributes: words("axis k largest sorted"), build: topK},
	)
}

// literal reads a tensor that is an attribute.
func (c *Call) literal(t *proto.Tensor) *constant.Tensor {
	k, err := Literal(c.Tensors, t)
	if err != nil {
		c.fail("%w", err)
	}
	return k
}
