#!/usr/bin/env python3
"""Makes quantized networks with ONNX Runtime's quantizer, and what ONNX Runtime computes with them.

    python3 onnx/testdata/make_quantized.py

quantized/NAME.onnx are the networks, and quantized/NAME.bin the input and the output as float32, little-endian. Made
with PyTorch 2.15, onnx 1.19 and ONNX Runtime 1.31.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

HERE = pathlib.Path(__file__).parent / "quantized"


class Net(nn.Module):
    """A convolution, a residual, a depthwise convolution, a concatenation, pooling and a linear layer."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.a = nn.Conv2d(16, 16, 3, 1, 1)
        self.dw = nn.Conv2d(16, 16, 3, 1, 1, groups=16)
        self.b = nn.Conv2d(16, 8, 1)
        self.fc = nn.Linear(24, 5)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.nn.functional.max_pool2d(x, 3, 2, 1)
        x = torch.relu(x + self.a(x))
        y = nn.functional.relu6(self.dw(x))
        x = torch.cat((x, nn.functional.hardswish(self.b(y))), 1)
        return self.fc(x.mean((2, 3)))


class Reader(CalibrationDataReader):
    def __init__(self, data):
        self.data = iter([{"x": x} for x in data])

    def get_next(self):
        return next(self.data, None)


def main():
    HERE.mkdir(exist_ok=True)
    torch.manual_seed(1)
    net, x = Net().eval(), torch.randn(8, 3, 24, 24)
    float_path = HERE / "float.onnx"
    torch.onnx.export(net, (x[:1],), float_path, input_names=["x"], output_names=["y"], dynamo=False, opset_version=17)
    quant_pre_process(str(float_path), str(float_path))
    data = [x[i : i + 1].numpy() for i in range(8)]
    for name, options in {
        "qdq": {"quant_format": QuantFormat.QDQ, "activation_type": QuantType.QUInt8, "per_channel": True},
        "qdq-int8": {"quant_format": QuantFormat.QDQ, "activation_type": QuantType.QInt8},
        "qdq-uint8-weights": {"quant_format": QuantFormat.QDQ, "activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8},
        "qoperator": {"quant_format": QuantFormat.QOperator, "activation_type": QuantType.QUInt8, "per_channel": True, "op_types_to_quantize": ["Conv"]},
    }.items():
        path = HERE / f"{name}.onnx"
        quantize_static(str(float_path), str(path), Reader(data), **options)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        y = ort.InferenceSession(str(path), options).run(None, {"x": data[0]})[0]
        (HERE / f"{name}.bin").write_bytes(np.concatenate([data[0].ravel(), y.ravel()]).astype("<f4").tobytes())
        kinds = sorted({n.op_type for n in onnx.load(path).graph.node})
        print(name, path.stat().st_size, kinds, y.ravel())
    float_path.unlink()


if __name__ == "__main__":
    main()
