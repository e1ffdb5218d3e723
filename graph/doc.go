// Package graph describes a computation on tensors without carrying it out.
//
// A [Graph] is a list of [Node] values in an order in which they can be
// computed. A node applies one operator, an [Op], to earlier nodes and knows
// the shape of what it will hold. Leaves are inputs (fed at each run),
// variables (named tensors that outlive the graph: parameters and buffers)
// and constants. Functions such as [Conv2D], [Add] and [CrossEntropy] append
// nodes; [Gradients] appends the nodes that compute derivatives; and
// [Graph.Assign] says which variables get new values when the graph is run. A
// whole training step (forward, loss, backward, update) is therefore one
// graph, which an engine compiles and runs.
//
// # Shapes and layout
//
// Images are N×C×H×W, convolution weights O×(C/groups)×Kh×Kw and weights of
// linear layers out×in, all row-major, as in PyTorch. An engine may store
// them in another order inside a program. All values are float32; class
// indices are float32 numbers without a fractional part.
//
// # Errors
//
// A shape that breaks an operator's rule makes the building function panic
// with an [*Error] that names the layer, the operator, the shapes and the
// rule. Code that builds graphs stays free of error handling; the one public
// boundary defers [Catch], which turns that panic into a returned error:
//
//	func build() (g *graph.Graph, err error) {
//		defer graph.Catch(&err)
//		…
//	}
//
// # What to build with
//
// Who builds networks needs [Graph], [Node], [Variable], [Window], [Error] and [Catch],
// [Gradients], and the functions below, which go doc lists under Node. All other names
// are for who writes engines or operators: see the next section.
//
// Each function adds one operator, or a few. The name of its file in this
// package is that of the operator's files in engine/reference, engine/cpu and
// enginetest.
//
//   - leaf.go: [Graph.Input], [Graph.Variable], [Graph.Constant], [Graph.Scalar]
//   - unary.go: [Neg], [Exp], [Log], [Sqrt], [Abs], [Pow], [Clip], [Erf], [Sigmoid],
//     [Tanh], [ReLU], [ReLU6], [LeakyReLU], [ELU], [SiLU], [GELU], [GELUTanh],
//     [HardSigmoid], [HardSwish], [Softplus], [Floor], [Ceil], [Round], [Sign], [Sin],
//     [Cos]
//   - binary.go: [Add], [Sub], [Mul], [Div], [Minimum], [Maximum], [Equal],
//     [Less], [LessEqual], [Greater], [GreaterEqual], [Power], [Mod], [FMod]
//   - logic.go: [Not], [And], [Or], [Xor]
//   - where.go: [Where]
//   - fakequantize.go: [FakeQuantize] to [Int8], [Uint8] or other integers
//   - broadcast.go: [Broadcast]
//   - reduce.go: [Sum], [Mean], [Max], [Min], [Prod], [SumKeep],
//     [MeanKeep], [MaxKeep], [MinKeep], [ProdKeep]
//   - argmax.go: [ArgMax], [ArgMin]
//   - topk.go: [TopK], [TopKIndices]
//   - cumsum.go: [CumSum]
//   - softmax.go: [Softmax], [LogSoftmax]
//   - crossentropy.go: [CrossEntropy]
//   - conv.go: [Conv2D]
//   - convtranspose.go: [ConvTranspose2D]
//   - matmul.go: [MatMul], [MatMulT], [Linear]
//   - maxpool.go: [MaxPool2D]
//   - avgpool.go: [AvgPool2D]
//   - adaptivepool.go: [AdaptiveAvgPool2D]
//   - resize.go: [Resize2D], and how: [Resize] with its [ResizeMode], [ResizeCoordinates]
//     and [ResizeRounding]
//   - batchnorm.go: [BatchStats], [BatchNorm], [BatchNormInference], and for a group
//     [SyncBatchStats], [SyncBatchNorm]
//   - layernorm.go: [LayerNorm]
//   - groupnorm.go: [GroupNorm], [GroupStats], [InstanceNorm]
//   - lrn.go: [LRN]
//   - dropout.go: [Dropout]
//   - allreduce.go: [AllReduce]
//   - reshape.go: [Reshape], [Flatten]
//   - transpose.go: [Transpose]
//   - concat.go: [Concat]
//   - slice.go: [Slice], [SliceStep]
//   - gather.go: [Gather]
//   - gatherelements.go: [GatherElements]
//   - pad.go: [Pad], [PadReflect], [PadEdge]
//
// # What engines read
//
// An operator is a value of a type whose name ends in Op: [Conv2DOp] is what
// [Conv2D] adds. The type's comment is the operator's definition, which engines
// must follow; package enginetest holds them to it. Some types are families of
// functions, such as [UnaryOp]. Operators whose names end in GradOp exist only
// to be used by [Gradients]; they have no derivatives of their own.
//
// Beside the types that end in Op, engines, trainers and package nn use these:
//
//   - [Op], which all operators implement, and [Elementwise]
//   - [UnaryKind], [BinaryKind], [ReduceKind]: the functions of a family
//   - [Pool]: what the kinds of pooling have in common
//   - [ResizeTerm]: an element that resizing sums up, and its weight
//   - [Assignment]: a new value for a variable at the end of a run
//   - [DropoutBits], [DropoutStart], [StepValue], [StepNumber]: the random bits of dropout
//   - [Rebatched], [Rematerializable], [Rematerialized]: changes of whole graphs
//   - [GradientsFunc]: gradients with other rules, for guided backpropagation
//   - [Observer]: finds the path of a block's operators
package graph
