"""Quantizes models of ncnn as its tools ncnn2table and ncnn2int8 do, which are not on
PyPI: weights in int8 with a scale for each output channel, activations in int8 with a
scale for each tensor, the greatest absolute value on the calibration images."""
import struct

import numpy as np

from protocol import Unsupported

INT8 = 0x000D4B38  # marks weights in int8
SIX_BITS = 31      # the greatest weight of 3×3 convolutions that ncnn may compute by Winograd's algorithm
EIGHT_BITS = 127

# Types of layers that have weights: by the number of the parameter with their count.
# In the .bin file four bytes stand before the first weights of a layer, which are 0
# for float32; biases and what else there is follow without such a mark.
WEIGHTS = {"Convolution": 6, "ConvolutionDepthWise": 6, "InnerProduct": 2}
BIAS = {"Convolution": 5, "ConvolutionDepthWise": 5, "InnerProduct": 1}
SCALES = {"Convolution": 2, "ConvolutionDepthWise": 1, "InnerProduct": 2}  # of parameter 8
REQUANTIZED = 100  # added to parameter 8: the output is in int8, too
WITHOUT_WEIGHTS = {"Input", "Split", "ReLU", "Clip", "BinaryOp", "UnaryOp", "Pooling", "Concat", "Flatten", "Reshape", "Softmax", "Dropout",
                   "Padding", "Sigmoid", "HardSwish", "HardSigmoid", "Swish", "Noop", "Permute", "Squeeze", "ExpandDims", "Crop"}


class Layer:
    def __init__(self, line):
        words = line.split()
        self.kind, self.name, inputs, outputs = words[0], words[1], int(words[2]), int(words[3])
        self.inputs, self.outputs = words[4:4 + inputs], words[4 + inputs:4 + inputs + outputs]
        self.parameters = dict(w.split("=", 1) for w in words[4 + inputs + outputs:])

    def get(self, key, default=0):
        return int(self.parameters.get(str(key), default))

    def __str__(self):
        words = [self.kind, self.name, len(self.inputs), len(self.outputs), *self.inputs, *self.outputs]
        return " ".join(map(str, words + [f"{k}={v}" for k, v in self.parameters.items()]))

    def six_bits(self):
        return self.kind == "Convolution" and [self.get(k, 1) for k in (1, 2, 3)] == [3, 1, 1]


def read(path):
    with open(path) as f:
        magic, counts, *lines = f.read().splitlines()
    return magic, counts, [Layer(line) for line in lines if line]


def greatest(net, layers, images):
    """The greatest absolute value of the input of each layer that is quantized."""
    import ncnn
    found = {l.inputs[0]: 0.0 for l in layers if l.kind in WEIGHTS}
    for image in images:
        extractor = net.create_extractor()
        extractor.set_light_mode(False)
        extractor.input(layers[0].outputs[0], ncnn.Mat(image))
        for blob in found:
            status, value = extractor.extract(blob)
            if status != 0:
                raise RuntimeError(f"ncnn does not give {blob}: {status}")
            found[blob] = max(found[blob], float(np.abs(np.array(value)).max()))
    return found


def quantize(param, weights, net, images, out_param, out_weights):
    """Reads a model in float32, which is loaded as net, and writes it in int8."""
    magic, counts, layers = read(param)
    found = greatest(net, layers, images)
    readers = {}
    for layer in layers:
        for blob in layer.inputs:
            readers.setdefault(blob, []).append(layer)
    with open(weights, "rb") as f, open(out_weights, "wb") as out:
        for layer in layers:
            if layer.kind == "BatchNorm":
                out.write(f.read(4 * 4 * layer.get(0)))
            elif layer.kind in WEIGHTS:
                convert(layer, f, out, found, readers)
            elif layer.kind not in WITHOUT_WEIGHTS:
                raise Unsupported(f"the quantizer of bench/compare for ncnn does not know {layer.kind}")
        if f.read(1):
            raise ValueError(f"{weights} is longer than its layers")
    with open(out_param, "w") as f:
        f.write("\n".join([magic, counts, *map(str, layers)]) + "\n")


def convert(layer, f, out, found, readers):
    mark, = struct.unpack("<I", f.read(4))
    if mark != 0:
        raise ValueError(f"the weights of {layer.name} are not in float32")
    count, channels = layer.get(WEIGHTS[layer.kind]), layer.get(0)
    w = np.frombuffer(f.read(4 * count), "<f4")
    groups = layer.get(7, 1) if layer.kind == "ConvolutionDepthWise" else channels
    scales = (SIX_BITS if layer.six_bits() else EIGHT_BITS) / np.maximum(np.abs(w.reshape(groups, -1)).max(1), 1e-30)
    q = np.clip(np.rint(w.reshape(groups, -1) * scales[:, None]), -127, 127).astype(np.int8).tobytes()
    out.write(struct.pack("<I", INT8) + q + bytes(-len(q) % 4))
    if layer.get(BIAS[layer.kind]):
        out.write(f.read(4 * channels))
    out.write(scales.astype("<f4").tobytes())
    out.write(struct.pack("<f", EIGHT_BITS / max(found[layer.inputs[0]], 1e-30)))
    term, after = SCALES[layer.kind], readers.get(layer.outputs[0], [])
    if layer.kind != "InnerProduct" and len(after) == 1 and after[0].kind in ("Convolution", "ConvolutionDepthWise"):
        term += REQUANTIZED
        out.write(struct.pack("<f", EIGHT_BITS / max(found[layer.outputs[0]], 1e-30)))
    layer.parameters["8"] = str(term)
