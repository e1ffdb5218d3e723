#!/usr/bin/env python3
"""Exports a network with group normalizations as PyTorch's exporters write them.

    python3 onnx/testdata/exports/make_group_norm.py

Writes group_norm.onnx, whose scales and shifts the exporter has given the shape C×1×1 already,
group_norm_unfolded.onnx, where the file does that, both of the TorchScript exporter; of the one with
dynamo group_norm_dynamo.onnx, which has all sizes written into it, and group_norm_batches.onnx, for
any batch; and group_norm.json: the result for the input of the tests, and the derivatives of
sum(result × weights) by input and parameters. Made with torch 2.15 and onnxscript.
"""

import json
import os
import warnings

import numpy as np
import onnx
import torch
from torch import nn

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))


def numbers(*shape):
    """The formula of make_golden.py."""
    n = int(np.prod(shape))
    return torch.from_numpy((((np.arange(n) * 7919 + 13) % 2001 - 1000) / 1000).astype(np.float32).reshape(shape))


net = nn.Sequential(
    nn.Conv2d(3, 8, 3, bias=False), nn.GroupNorm(4, 8), nn.ReLU(),
    nn.Conv2d(8, 6, 3), nn.GroupNorm(2, 6, eps=1e-3), nn.GroupNorm(3, 6, affine=False), nn.ReLU(),
    nn.AvgPool2d(3), nn.Flatten(), nn.Linear(6, 5),
).eval()
with torch.no_grad():
    for i, p in enumerate(net.parameters()):
        p.copy_(numbers(*p.shape) * 0.3 + i / 10)  # equal vectors would be written once
x = numbers(2, 3, 9, 8).requires_grad_()
for name, fold in ("group_norm", True), ("group_norm_unfolded", False):
    torch.onnx.export(net, x, os.path.join(HERE, name + ".onnx"), dynamo=False, opset_version=17, do_constant_folding=fold,
                      input_names=["x"], dynamic_axes={"x": {0: "n"}})
for name, shapes in ("group_norm_dynamo", None), ("group_norm_batches", {"x": {0: torch.export.Dim("n")}}):
    path = os.path.join(HERE, name + ".onnx")
    torch.onnx.export(net, (x.detach(),), path, dynamo=True, verbose=False, external_data=False, input_names=["x"], dynamic_shapes=shapes and [{0: shapes["x"][0]}])
    model = onnx.load(path)
    for node in model.graph.node:  # where in the source it comes from
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for field in "value_info", "metadata_props", "doc_string":
        model.graph.ClearField(field)
    model.ClearField("metadata_props")
    onnx.save(model, path)
y = net(x)
(y * numbers(*y.shape)).sum().backward()


def listed(t):
    return [float(np.float32(v)) for v in t.detach().numpy().ravel()]


with open(os.path.join(HERE, "group_norm.json"), "w") as f:
    json.dump({"output": listed(y), "input": listed(x.grad), "parameters": [listed(p.grad) for p in net.parameters()]}, f)
    f.write("\n")
