"""Writes outputs.onnx, a file with several outputs, and outputs.json, what ONNX Runtime computes of it.

    pip install onnx onnxruntime
    python serve/testdata/make_outputs.py serve/testdata
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

folder = Path(sys.argv[1])
random = np.random.default_rng(5)


def weight(name, *shape):
    return numpy_helper.from_array(random.normal(0, 1, shape).astype(np.float32).round(3), name)


nodes = [
    helper.make_node("Conv", ["pictures", "conv.weight", "conv.bias"], ["conv"], pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["conv"], ["maps"]),
    helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["features"]),
    helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["logits"], transB=1),
    helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    helper.make_node("Greater", ["probabilities", "half"], ["sure"]),
    helper.make_node("ReduceMean", ["features"], ["mean"], keepdims=0),
]
outputs = [
    ("probabilities", TensorProto.FLOAT, ["N", 3]),
    ("label", TensorProto.INT64, ["N"]),
    ("maps", TensorProto.FLOAT, ["N", 4, 5, 5]),
    ("sure", TensorProto.BOOL, ["N", 3]),
    ("logits", TensorProto.FLOAT, ["N", 3]),
    ("mean", TensorProto.FLOAT, []),  # of the whole batch: it cannot be served
]
graph = helper.make_graph(
    nodes,
    "outputs",
    [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", 1, 5, 5])],
    [helper.make_tensor_value_info(*o) for o in outputs],
    [
        weight("conv.weight", 4, 1, 3, 3),
        weight("conv.bias", 4),
        weight("fc.weight", 3, 4),
        weight("fc.bias", 3),
        numpy_helper.from_array(np.float32(0.5), "half"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, folder / "outputs.onnx")

x = (random.normal(0, 1, (3, 1, 5, 5)) * 2).astype(np.float32).round(2)
session = onnxruntime.InferenceSession(folder / "outputs.onnx")
want = dict(zip([o[0] for o in outputs], session.run(None, {"pictures": x})))
with open(folder / "outputs.json", "w") as f:
    json.dump({"pictures": x.ravel().tolist()} | {k: v.ravel().tolist() for k, v in want.items() if k != "mean"}, f)
    f.write("\n")
