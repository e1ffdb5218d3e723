"""Writes the ONNX files of this folder, and golden.json with what they compute.

Run with onnx 1.23 and onnxruntime 1.32. Each file is as small as it can be and has one of the
traps of ONNX: what changed between versions of an operator, or what files are written in more
than one way. The input is the same formula in the tests; the outputs come from ONNX Runtime, or
from ONNX's reference where ONNX Runtime does not have the version.
"""

import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(3)
HERE = os.path.dirname(os.path.abspath(__file__))
golden = {}


def numbers(*shape):
    """The input of the tests, and the weights: whole thousandths from -1 to 1."""
    n = int(np.prod(shape))
    return (((np.arange(n) * 7919 + 13) % 2001 - 1000) / 1000).astype(np.float32).reshape(shape)


def floats(name, *shape, type=np.float32):
    return numpy_helper.from_array(numbers(*shape).astype(type), name)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def scalar(name, value, type=np.float32):
    return numpy_helper.from_array(np.array(value, type), name)


def node(op, inputs="x", outputs="y", **attributes):
    return h.make_node(op, inputs.split(), outputs.split(), **attributes)


def save(name, opset, nodes, initializers=(), shape=(2, 3, 6, 6), ir=None, listed=False, imports=None, functions=(),
         expect=None, dims=None, metadata=None, x=None, reference=False):
    """Writes one file. Listed says that initializers are inputs, too, as in IR version 3."""
    opsets = [h.make_opsetid(d, v) for d, v in (imports or [("", opset)])]
    x = numbers(*shape) if x is None else x
    inputs = [h.make_tensor_value_info("x", T.FLOAT, dims or ["N", *shape[1:]])]
    if listed:
        inputs += [h.make_tensor_value_info(t.name, t.data_type, t.dims) for t in initializers]
    output = h.make_tensor_value_info("y", T.FLOAT, None)
    graph = h.make_graph(list(nodes), name, inputs, [output], list(initializers))
    model = h.make_model(graph, opset_imports=opsets, ir_version=ir or h.find_min_ir_version_for(opsets, ignore_unknown=True),
                         functions=list(functions))
    model.producer_name = ""
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, os.path.join(HERE, name + ".onnx"))
    if expect is None:
        try:
            if reference:
                raise ValueError("by choice")
            expect = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
        except Exception as e:
            print(name, "by ONNX's reference:", str(e).splitlines()[0][:90])
            expect = ReferenceEvaluator(model).run(None, {"x": x})[0]
    golden[name] = {
        "input": list(x.shape), "shape": list(expect.shape),
        "values": [float(f"{v:.7g}") for v in np.asarray(expect, np.float32).ravel()],
    }


# Bounds and sizes that were attributes and became arguments.
save("clip6", 6, [node("Clip", min=-0.5, max=0.25)])
save("clip11", 11, [node("Clip", "x lo hi")], [scalar("lo", -0.5), scalar("hi", 0.25)])
save("clip_max", 13, [h.make_node("Clip", ["x", "", "hi"], ["y"])], [scalar("hi", 0.25)])
save("clip_double", 13, [node("Cast", "lo", "low", to=T.FLOAT), node("Clip", "x low")], [scalar("lo", -0.25, np.float64)])
save("pad2", 2, [node("Pad", pads=[0, 0, 1, 2, 0, 0, 0, 1], value=0.5)], shape=(1, 1, 3, 3))
save("pad13", 13, [node("Pad", "x p v")], [ints("p", 0, 0, 1, 2, 0, 0, 0, 1), scalar("v", 0.5)], shape=(1, 1, 3, 3))
save("pad18", 18, [node("Pad", "x p v a")], [ints("p", 1, 0, 0, 2), scalar("v", 0.5), ints("a", -1, 2)], shape=(1, 1, 3, 3))
save("pad_reflect", 13, [node("Pad", "x p", mode="reflect")], [ints("p", 0, 0, 2, 1, 0, 0, 1, 2)], shape=(1, 1, 3, 3))
save("pad_edge_cut", 13, [node("Pad", "x p", mode="edge")], [ints("p", 0, 0, 2, -1, 0, 0, 1, 2)], shape=(1, 1, 3, 3))
save("squeeze11", 11, [node("Squeeze", axes=[1, -1])], shape=(2, 1, 3, 1))
save("squeeze13", 13, [node("Squeeze", "x a")], [ints("a", 1, -1)], shape=(2, 1, 3, 1))
save("squeeze_all", 13, [node("Squeeze")], shape=(2, 1, 3, 1), dims=[2, 1, 3, 1])
save("unsqueeze11", 11, [node("Unsqueeze", axes=[1, -1])], shape=(2, 3))
save("unsqueeze13", 13, [node("Unsqueeze", "x a")], [ints("a", -1, 1)], shape=(2, 3))
joined = h.make_node("Concat", ["c", "a", "b"], ["y"], axis=1)
save("split11", 11, [node("Split", "x", "a b c", axis=1, split=[1, 3, 2]), joined], shape=(2, 6, 2))
save("split13", 13, [node("Split", "x s", "a b c", axis=1), joined], [ints("s", 1, 3, 2)], shape=(2, 6, 2))
save("split_equal", 13, [node("Split", "x", "a b c", axis=1), joined], shape=(2, 6, 2))
save("split18", 18, [node("Split", "x", "a b c", axis=1, num_outputs=3), joined], shape=(2, 7, 2))
save("reduce_sum11", 11, [node("ReduceSum", axes=[-1], keepdims=0)], shape=(2, 3, 4))
save("reduce_sum13", 13, [node("ReduceSum", "x a", keepdims=0)], [ints("a", -1)], shape=(2, 3, 4))
save("reduce_noop", 18, [h.make_node("ReduceMean", ["x", ""], ["m"], noop_with_empty_axes=1), node("Neg", "m")], shape=(2, 3))
save("reduce_mean13", 13, [node("ReduceMean", axes=[2, 3])])
save("reduce_mean18", 18, [node("ReduceMean", "x a", keepdims=0)], [ints("a", 2, 3)])
save("reduce_l2", 18, [node("ReduceL2", "x a")], [ints("a", 1)], shape=(2, 3, 4))
save("reduce_log_sum_exp", 18, [node("ReduceLogSumExp", "x a")], [ints("a", 1)], shape=(2, 3, 4))
save("softmax11", 11, [node("Softmax")], shape=(2, 3, 2, 2))
save("softmax13", 13, [node("Softmax")], shape=(2, 3, 2, 2))
save("hardmax11", 11, [node("Hardmax")], shape=(2, 3, 2, 2))
save("hardmax13", 13, [node("Hardmax")], shape=(2, 3, 2, 2))
save("sinh_cosh", 9, [node("Sinh", "x", "a"), node("Cosh", "x", "b"), node("Add", "a b")], shape=(2, 9))
save("gather_elements", 13, [node("GatherElements", "w i", "e", axis=0), node("Add", "x e")],
     [floats("w", 4, 4), numpy_helper.from_array(np.array([[2, -1, 0]]), "i")], shape=(2, 3))
save("gather_elements_computed", 13, [node("ArgMax", "x", "i", axis=1), node("Sub", "i k", "j"), node("GatherElements", "x j", axis=1)],
     [ints("k", 3)], shape=(2, 3, 4))
save("gather_nd", 13, [node("GatherND", "w i", "e"), node("Add", "x e")],
     [floats("w", 4, 4), numpy_helper.from_array(np.array([[2, -1], [0, 3], [-4, 1]]), "i")], shape=(2, 3))
save("gather_nd_batched", 13, [node("GatherND", "w i", "e", batch_dims=1), node("MatMul", "x e")],
     [floats("w", 3, 4, 2), numpy_helper.from_array(np.array([[2], [-1], [0]]), "i")], shape=(2, 3))
save("eye_like", 9, [node("EyeLike", "w", "e", k=1), node("MatMul", "x e")], [floats("w", 3, 4)], shape=(2, 3))
save("is_nan_is_inf", 13, [node("Sqrt", "x", "r"), node("IsNaN", "r", "nan"), node("Relu", "x", "p"), node("Log", "p", "l"), node("IsInf", "l", "inf", detect_positive=0),
                           node("And", "nan inf", "both"), node("Cast", "both", to=T.FLOAT)], shape=(2, 9))
save("log_softmax11", 11, [node("LogSoftmax", axis=2)], shape=(2, 3, 2, 2))
save("dropout10", 10, [node("Dropout", ratio=0.4)], shape=(2, 3))
save("dropout13", 13, [node("Dropout", "x r")], [scalar("r", 0.4)], shape=(2, 3))
save("slice9", 9, [node("Slice", axes=[1, 2], starts=[1, -3], ends=[1000, -1])], shape=(2, 3, 4))
save("slice13", 13, [node("Slice", "x s e a t")], [ints("s", -1, 1), ints("e", -1000, 4), ints("a", 1, 2), ints("t", -1, 2)], shape=(2, 3, 4))
save("group_norm18", 18, [node("GroupNormalization", "x s b", num_groups=2)], [floats("s", 2), floats("b", 2)], shape=(2, 4, 3))
save("group_norm21", 21, [node("GroupNormalization", "x s b", num_groups=2)], [floats("s", 4), floats("b", 4)], shape=(2, 4, 3))
save("hard_sigmoid", 6, [node("HardSigmoid")], shape=(2, 9))
save("hard_sigmoid_torch", 14, [node("Mul", "x f", "z"), node("HardSigmoid", "z", alpha=1 / 6)], [scalar("f", 5)], shape=(2, 9))
silu = 1 / (1 + np.exp(-numbers(2, 9)))
save("swish24", 24, [node("Swish")], shape=(2, 9), expect=numbers(2, 9) * silu)
save("prelu", 16, [node("PRelu", "x s")], [floats("s", 3, 1, 1)], shape=(2, 3, 2, 2))
save("thresholded_relu", 10, [node("ThresholdedRelu", alpha=0.25)], shape=(2, 9))
save("shrink", 9, [node("Shrink", lambd=0.25, bias=0.125)], shape=(2, 9))

# Windows.
weight = floats("w", 4, 3, 3, 3)
save("conv_same_upper", 11, [node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 2])], [weight])
save("conv_same_lower", 11, [node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2])], [weight])
save("conv_valid", 11, [node("Conv", "x w", auto_pad="VALID")], [weight])
save("conv_pads", 11, [node("Conv", "x w b", pads=[2, 0, 1, 1], dilations=[2, 1])], [weight, floats("b", 4)])
save("conv_pad_before", 11, [node("Pad", "x p", "z"), node("Conv", "z w", pads=[1, 1, 1, 1], strides=[2, 2])],
     [ints("p", 0, 0, 0, 0, 0, 0, 1, 1), weight])
save("conv_groups", 11, [node("Conv", "x w", group=3, kernel_shape=[2, 2])], [floats("w", 6, 1, 2, 2)])
save("conv1d", 11, [node("Conv", "x w b", pads=[1, 2], strides=[2])], [floats("w", 4, 3, 3), floats("b", 4)], shape=(2, 3, 8))
pooled = dict(shape=(1, 2, 5, 6))
save("max_pool_ceil", 12, [node("MaxPool", kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1)], **pooled)
save("max_pool_dilated", 12, [node("MaxPool", kernel_shape=[2, 2], dilations=[2, 1], pads=[1, 0, 0, 1])], **pooled)
save("max_pool_same", 12, [node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")], **pooled)
save("max_pool1d", 12, [node("MaxPool", kernel_shape=[3], strides=[2])], shape=(1, 2, 7))
save("average_pool", 11, [node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], **pooled)
save("average_pool_padded", 11, [node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)], **pooled)
save("average_pool_uneven", 11, [node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])], **pooled)
save("average_pool_uneven_padded", 11, [node("AveragePool", kernel_shape=[3, 2], pads=[2, 0, 0, 1], count_include_pad=1)], **pooled)
save("average_pool_ceil", 11, [node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], **pooled)
save("lp_pool", 11, [node("LpPool", kernel_shape=[2, 2], strides=[2, 2], p=3)], **pooled)
save("global_pools", 11, [node("GlobalAveragePool", "x", "a"), node("GlobalMaxPool", "x", "m"), node("Concat", "a m", axis=1)], **pooled)

# Ways of writing tensors and files.
gemm = node("Gemm", "x w b", transB=1)
save("ir3_listed", 9, [gemm], [floats("w", 4, 5), floats("b", 4)], shape=(2, 5), ir=3, listed=True)
for kind in (np.float16, np.float64):
    save("weights_" + kind.__name__, 13, [node("Cast", "h", "w", to=T.FLOAT), node("Gemm", "x w")], [floats("h", 5, 4, type=kind)], shape=(2, 5))
half = h.make_tensor("h", T.BFLOAT16, [5, 4], numbers(5, 4).ravel())
save("weights_bfloat16", 13, [node("Cast", "h", "w", to=T.FLOAT), node("Gemm", "x w")], [half], shape=(2, 5))
save("weights_int8", 13, [node("Cast", "i", "w", to=T.FLOAT), node("Gemm", "x w")],
     [numpy_helper.from_array(np.arange(-10, 10, dtype=np.int8).reshape(5, 4), "i")], shape=(2, 5))
typed = h.make_tensor("w", T.FLOAT, [5, 4], numbers(5, 4).ravel())
save("weights_typed", 13, [node("Gemm", "x w")], [typed], shape=(2, 5))
save("weights_constant", 13, [node("Constant", "", "w", value=floats("", 5, 4)), node("MatMul", "x w", "z"), node("Add", "z b")],
     [floats("b", 4)], shape=(2, 5))
save("weights_transposed", 13, [node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t")], [floats("w", 4, 5)], shape=(2, 5))
save("imports", 13, [node("Relu")], shape=(2, 3), imports=[("com.example", 1), ("ai.onnx.ml", 3), ("ai.onnx", 13)])
body = [node("Mul", "a s", "b"), h.make_node("LeakyRelu", ["b"], ["c"])]
body[1].attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
leaky = h.make_function("local", "ScaledLeaky", ["a", "s"], ["c"], body, [h.make_opsetid("", 16)], attributes=["slope"])
twice = h.make_function("local", "Twice", ["a", "s"], ["c"],
                        [h.make_node("ScaledLeaky", ["a", "s"], ["b"], domain="local", slope=0.5),
                         h.make_node("ScaledLeaky", ["b", "s"], ["c"], domain="local", slope=0.25)],
                        [h.make_opsetid("", 16), h.make_opsetid("local", 1)])
save("functions", 16, [h.make_node("Twice", ["x", "s"], ["y"], domain="local")], [scalar("s", 2)], shape=(2, 3),
     imports=[("", 16), ("local", 1)], functions=[leaky, twice])

# Shapes.
save("reshape_copies", 13, [node("Reshape", "x s")], [ints("s", 0, -1, 2)], shape=(2, 3, 4))
save("reshape_computed", 13, [
    node("Shape", "x", "d"), node("Gather", "d zero", "n"), node("Unsqueeze", "n first", "v"),
    node("Concat", "v rest", "s", axis=0), node("Reshape", "x s")],
    [scalar("zero", 0, np.int64), ints("first", 0), ints("rest", -1)], shape=(2, 3, 4))
save("batch_of_one", 13, [node("Conv", "x w", "a"), node("Reshape", "a s", "b"), node("Transpose", "b", "c", perm=[0, 2, 1, 3, 4]),
                          node("Reshape", "c r", "d"), node("ReduceMean", "d", "e", axes=[2, 3]), node("Reshape", "e f")],
     [floats("w", 4, 3, 3, 3), ints("s", 1, 2, 2, 4, 4), ints("r", 1, 4, 4, 4), ints("f", 1, -1)], shape=(1, 3, 6, 6), dims=[1, 3, 6, 6])
save("batch_gathered", 13, [node("Reshape", "x s", "a"), node("Gather", "a i", "y")],
     [ints("s", -1), numpy_helper.from_array(np.arange(6, dtype=np.int64).reshape(1, 3, 2), "i")], shape=(1, 6), dims=[1, 6])
save("scale_by_float_shape", 11, [
    node("Shape", "x", "d"), node("Cast", "d", "f", to=T.FLOAT), node("Mul", "f h", "g"), node("Floor", "g", "k"),
    node("Cast", "k", "s", to=T.INT64), node("Slice", "x zero s")],
    [numpy_helper.from_array(np.array([1, 1, 0.5, 0.4], np.float32), "h"), ints("zero", 0, 0, 0, 0)])
save("expand_tile", 13, [node("Expand", "x s", "e"), node("Tile", "e t")], [ints("s", 2, 3, 4), ints("t", 1, 2, 1)],
     shape=(2, 3, 1), dims=[2, 3, 1])
save("depth_to_space", 13, [node("DepthToSpace", "x", "d", blocksize=2, mode="CRD"), node("SpaceToDepth", "d", blocksize=2)], shape=(1, 4, 2, 2))
save("matmul_batched", 13, [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t")], shape=(2, 3, 4))
save("flatten_last", 13, [node("Flatten", "x", "f", axis=-1), node("Reshape", "f s")], [ints("s", -1, 12)], shape=(2, 3, 4))

# Normalizations.
vectors = [floats("s", 3), floats("b", 3), floats("m", 3), numpy_helper.from_array(np.array([0.5, 1, 2], np.float32), "v")]
save("batch_norm", 9, [node("BatchNormalization", "x s b m v", epsilon=1e-3)], vectors, shape=(2, 3, 2, 2))
save("batch_norm_training", 15, [node("BatchNormalization", "x s b m v", "y m2 v2", training_mode=1)], vectors, shape=(2, 3, 2, 2),
     reference=True)  # ONNX Runtime 1.32 computes something else
save("batch_norm1d", 9, [node("BatchNormalization", "x s b m v")], vectors, shape=(2, 3, 4))
save("instance_norm", 6, [node("InstanceNormalization", "x s b")], vectors[:2], shape=(2, 3, 2, 2))
save("layer_norm", 17, [node("LayerNormalization", "x s b", axis=-1)], vectors[:2], shape=(2, 4, 3))


def layer_norm(axes, square=(node("Mul", "d d", "q"),), second="d", opset=13, over=None):
    """Layer normalization as several nodes; the last result is n."""
    mean = dict(axes=axes) if opset < 18 else {}
    given = " a" if opset >= 18 else ""
    return [node("ReduceMean", "x" + given, "m", **mean), node("Sub", "x m", "d"), *square,
            node("ReduceMean", "q" + given, "var", **(dict(axes=over) if over else mean)), node("Add", "var eps", "sum"),
            node("Sqrt", "sum", "root"), *([node("Sub", "x m", "d2")] if second == "d2" else []), node("Div", second + " root", "n")]


eps, two = scalar("eps", 1e-3), scalar("two", 2)
save("layer_norm_nodes", 13, [*layer_norm([-1], [node("Pow", "d two", "q")]), node("Mul", "n s", "t"), node("Add", "t b")],
     [eps, two, *vectors[:2]], shape=(2, 4, 3))
save("layer_norm_nodes18", 18, [*layer_norm([], opset=18, second="d2"), node("Add", "b n")],
     [eps, ints("a", 1, 2), vectors[1]], shape=(2, 4, 3))
save("layer_norm_nodes_channels", 13, [*layer_norm([1]), node("Mul", "s n", "t"), node("Add", "b t")],
     [eps, floats("s", 3, 1, 1), floats("b", 3, 1, 1)], shape=(2, 3, 2, 2))
save("layer_norm_nodes_scaled", 13, [*layer_norm([1]), node("Mul", "n s")], [eps, floats("s", 3, 2, 1)], shape=(2, 3, 2, 2))
# These are none: something else uses a part, or the axes differ.
save("layer_norm_nodes_used", 13, [*layer_norm([-1]), node("Add", "n m")], [eps], shape=(2, 4, 3))
save("layer_norm_nodes_other", 13, [*layer_norm([-1], over=[1]), node("Neg", "n")], [eps], shape=(2, 4, 3))
save("lrn", 13, [node("LRN", size=3, alpha=0.5, beta=0.6, bias=1.5)], shape=(1, 5, 2, 2))



def refuse(name, opset, nodes, initializers=(), shape=(2, 3, 6, 6), imports=None):
    """Writes a file that Stride does not read."""
    opsets = [h.make_opsetid(d, v) for d, v in (imports or [("", opset)])]
    inputs = [h.make_tensor_value_info("x", T.FLOAT, ["N", *shape[1:]])]
    graph = h.make_graph(list(nodes), name, inputs, [h.make_tensor_value_info("y", T.FLOAT, None)], list(initializers))
    os.makedirs(os.path.join(HERE, "refused"), exist_ok=True)
    onnx.save(h.make_model(graph, opset_imports=opsets, ir_version=8), os.path.join(HERE, "refused", name + ".onnx"))


branch = h.make_graph([node("Relu", "x", "r")], "branch", [], [h.make_tensor_value_info("r", T.FLOAT, None)])
refuse("several", 13, [
    h.make_node("Conv", ["x", "w"], ["a"], name="conv", auto_pad="SAME", strides=[1, 1]),
    h.make_node("Warp", ["a"], ["b"], name="warp", domain="com.example"),
    h.make_node("If", ["c"], ["d"], name="if", then_branch=branch, else_branch=branch),
    h.make_node("QuantizeLinear", ["x", "s"], ["q"], name="quantize"),
    h.make_node("DequantizeLinear", ["q", "s"], ["e"], name="dequantize"),
    h.make_node("Relu", ["e"], ["f"], slope=0.5),
    h.make_node("Pad", ["x", "p"], ["g"], name="pad", mode="mirror"),
    h.make_node("Sum", ["b", "d", "f", "g"], ["y"], name="sum")],
    [weight, scalar("s", 1), scalar("c", True, bool), ints("p", 0, 0, 1, 1, 0, 0, 1, 1)], imports=[("", 13), ("com.example", 1)])
refuse("bias_length", 13, [h.make_node("Conv", ["x", "w", "b"], ["y"], name="conv")], [weight, floats("b", 3)])
refuse("unsorted", 13, [node("Relu", "a", "y"), node("Neg", "x", "a")])
refuse("twice", 13, [node("Relu", "x", "y"), node("Neg", "x", "y")])
with open(os.path.join(HERE, "golden.json"), "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()) + "\n}\n")
