"""Reads the ONNX files of bench/compare for engines that do not read them themselves."""
import numpy as np

import protocol


class Node:
    def __init__(self, proto):
        import onnx
        self.op, self.inputs, self.output = proto.op_type, [i for i in proto.input], proto.output[0]
        self.attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        self.activation = ""  # "Relu" or "Relu6" once fused

    def get(self, name, default=None):
        return self.attributes.get(name, default)


class Graph:
    """The nodes of a network in order, its constants, and the shapes of all values,
    N×C×H×W, for a batch. Identities are resolved, and an activation that alone reads
    the result of a convolution, an addition or a product is part of that node."""

    def __init__(self, path, batch):
        import onnx
        model = onnx.load(path)
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
        del model.graph.value_info[:]
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        self.shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
                       for v in [*graph.input, *graph.value_info, *graph.output]}
        self.nodes, same = [], {}
        for proto in graph.node:
            node = Node(proto)
            node.inputs = [same.get(i, i) for i in node.inputs]
            if node.op == "Constant":
                self.constants[node.output] = onnx.numpy_helper.to_array(node.get("value"))
            elif node.op in ("Identity", "Dropout"):
                same[node.output] = node.inputs[0]
                if node.inputs[0] in self.constants:
                    self.constants[node.output] = self.constants[node.inputs[0]]
            else:
                self.nodes.append(node)
        self.output = same.get(self.output, self.output)
        self.fuse()

    def fuse(self):
        makers, readers = {}, {}
        for node in self.nodes:
            makers[node.output] = node
            for i in node.inputs:
                readers.setdefault(i, []).append(node)
        kept = []
        for node in self.nodes:
            node.activation = self.activation_of(node)
            before = makers.get(node.inputs[0])
            if node.activation and before and before.op in ("Conv", "Add", "Gemm", "BatchNormalization") and not before.activation \
                    and len(readers[before.output]) == 1:
                before.activation, before.output = node.activation, node.output
                makers[node.output] = before
            else:
                kept.append(node)
        self.nodes = kept

    def activation_of(self, node):
        if node.op == "Relu":
            return "Relu"
        if node.op != "Clip":
            return ""
        limits = [float(self.constants[i]) for i in node.inputs[1:]]
        if limits != [0, 6]:
            raise protocol.Unsupported(f"bench/compare does not convert a Clip to {limits}")
        return "Relu6"

    def window(self, node):
        """The kernel, strides and pads ((top, bottom), (left, right)) of a convolution or
        pooling; the pads include those that ceil_mode asks for."""
        size, out = self.shapes[node.inputs[0]][2:], self.shapes[node.output][2:]
        kernel = node.get("kernel_shape") or list(self.constants[node.inputs[1]].shape[2:])
        strides, pads, dilations = node.get("strides", [1, 1]), node.get("pads", [0] * 4), node.get("dilations", [1, 1])
        both = []
        for i in range(2):
            end = (out[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size[i] - pads[i]
            both.append((pads[i], max(0, end)))
        return kernel, strides, both, dilations

    def scale_and_shift(self, node):
        """A batch normalization as a product and a sum for each channel."""
        scale, bias, mean, var = (self.constants[i] for i in node.inputs[1:5])
        scale = scale / np.sqrt(var + node.get("epsilon", 1e-5))
        return scale.astype(np.float32), (bias - mean * scale).astype(np.float32)
