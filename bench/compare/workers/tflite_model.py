"""Writes an ONNX file of bench/compare as a model of LiteRT, with images N×H×W×C."""
import numpy as np

from protocol import Unsupported

ACTIVATIONS = {"": 0, "Relu": 1, "Relu6": 3}  # ActivationFunctionType
SAME, VALID = 0, 1                            # Padding


class Writer:
    def __init__(self, graph):
        from ai_edge_litert import schema_py_generated as schema
        self.schema, self.graph = schema, graph
        self.tensors, self.buffers, self.operators, self.codes = [], [schema.BufferT()], [], {}
        self.numbers = {}      # of the tensors of values
        self.flattened = {}    # C, H and W of values that Flatten made
        self.at_least_0 = set()

    def constant(self, name, value):
        kinds = {np.dtype("float32"): 0, np.dtype("int32"): 2}  # TensorType
        value = np.ascontiguousarray(value)
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), np.uint8)
        self.buffers.append(buffer)
        return self.tensor(name, value.shape, kinds[value.dtype], len(self.buffers) - 1)

    def tensor(self, name, shape, kind=0, buffer=0):
        self.tensors.append(self.schema.TensorT(shape=[int(d) for d in shape], type=kind, buffer=buffer, name=f"{name}#{len(self.tensors)}"))
        return len(self.tensors) - 1

    def value(self, name):
        """The number of the tensor of a value, which is new when first asked for."""
        if name not in self.numbers:
            shape = self.graph.shapes[name]
            self.numbers[name] = self.tensor(name, [shape[0], *shape[2:], shape[1]] if len(shape) == 4 else shape)
        return self.numbers[name]

    def operator(self, name, inputs, output, kind="", **options):
        """Adds an operator by its name in BuiltinOperator, with options of a kind."""
        code = getattr(self.schema.BuiltinOperator, name)
        at = self.codes.setdefault(code, len(self.codes))
        op = self.schema.OperatorT(opcodeIndex=at, inputs=inputs, outputs=[output])
        if kind:
            op.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
            op.builtinOptions = getattr(self.schema, kind + "T")()
            for key, v in options.items():
                setattr(op.builtinOptions, key, v)
        self.operators.append(op)

    def window(self, node):
        """The input of a convolution or pooling, padded if need be, and the options."""
        kernel, strides, pads, dilations = self.graph.window(node)
        x, size = self.value(node.inputs[0]), self.graph.shapes[node.inputs[0]]
        options = {"strideH": strides[0], "strideW": strides[1], "padding": VALID}
        out = self.graph.shapes[node.output][2:]
        totals = [max((-(-size[2 + i] // strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size[2 + i], 0) for i in range(2)]
        same = [(t // 2, t - t // 2) for t in totals]
        if any(map(any, pads)) and pads == same and list(out) == [-(-size[2 + i] // strides[i]) for i in range(2)]:
            options["padding"] = SAME
        elif any(map(any, pads)):
            if node.op == "MaxPool" and node.inputs[0] not in self.at_least_0:
                raise Unsupported("bench/compare's LiteRT pads max pooling with zeros, and here values are negative")
            shape = [size[0], size[2] + sum(pads[0]), size[3] + sum(pads[1]), size[1]]
            padded = self.tensor("padded", shape)
            self.operator("PAD", [x, self.constant("pads", np.array([(0, 0), *pads, (0, 0)], np.int32))], padded, "PadOptions")
            x = padded
        return x, kernel, dilations, options

    def convolution(self, n):
        x, _, dilations, options = self.window(n)
        options |= {"dilationHFactor": dilations[0], "dilationWFactor": dilations[1], "fusedActivationFunction": ACTIVATIONS[n.activation]}
        w = self.graph.constants[n.inputs[1]]
        bias = self.graph.constants[n.inputs[2]] if len(n.inputs) > 2 else np.zeros(len(w), np.float32)
        group = n.get("group", 1)
        if group > 1 and w.shape[1] == 1:
            weights = self.constant("weights", w.transpose(1, 2, 3, 0))
            self.operator("DEPTHWISE_CONV_2D", [x, weights, self.constant("bias", bias)], self.value(n.output), "DepthwiseConv2DOptions",
                          depthMultiplier=len(w) // group, **options)
            return
        weights = self.constant("weights", w.transpose(0, 2, 3, 1))
        self.operator("CONV_2D", [x, weights, self.constant("bias", bias)], self.value(n.output), "Conv2DOptions", **options)

    def linear(self, n):
        w = self.graph.constants[n.inputs[1]]
        w = w if n.get("transB") else w.T
        if n.inputs[0] in self.flattened:  # from C×H×W to H×W×C
            w = w.reshape(len(w), *self.flattened[n.inputs[0]]).transpose(0, 2, 3, 1).reshape(len(w), -1)
        inputs = [self.value(n.inputs[0]), self.constant("weights", w), self.constant("bias", self.graph.constants[n.inputs[2]])]
        self.operator("FULLY_CONNECTED", inputs, self.value(n.output), "FullyConnectedOptions", fusedActivationFunction=ACTIVATIONS[n.activation])

    def node(self, n):
        activation = {"fusedActivationFunction": ACTIVATIONS[n.activation]}
        if n.op == "Conv":
            self.convolution(n)
        elif n.op == "Gemm":
            self.linear(n)
        elif n.op == "BatchNormalization":
            scale, shift = (self.constant("scale", v) for v in self.graph.scale_and_shift(n))
            scaled = self.tensor("scaled", self.tensors[self.value(n.output)].shape)
            self.operator("MUL", [self.value(n.inputs[0]), scale], scaled, "MulOptions")
            self.operator("ADD", [scaled, shift], self.value(n.output), "AddOptions", **activation)
        elif n.op == "Add":
            self.operator("ADD", [self.value(i) for i in n.inputs], self.value(n.output), "AddOptions", **activation)
        elif n.op == "Concat":
            self.operator("CONCATENATION", [self.value(i) for i in n.inputs], self.value(n.output), "ConcatenationOptions", axis=3)
        elif n.op in ("MaxPool", "AveragePool"):
            x, kernel, _, options = self.window(n)
            name = "MAX_POOL_2D" if n.op == "MaxPool" else "AVERAGE_POOL_2D"
            self.operator(name, [x], self.value(n.output), "Pool2DOptions", filterHeight=kernel[0], filterWidth=kernel[1], **options)
        elif n.op == "GlobalAveragePool":
            axes = self.constant("axes", np.array([1, 2], np.int32))
            self.operator("MEAN", [self.value(n.inputs[0]), axes], self.value(n.output), "ReducerOptions", keepDims=True)
        elif n.op == "Flatten":
            shape = self.graph.shapes[n.inputs[0]]
            if len(shape) == 4 and shape[2] * shape[3] > 1:
                self.flattened[n.output] = shape[1:]
            to = self.constant("shape", np.array(self.graph.shapes[n.output], np.int32))
            self.operator("RESHAPE", [self.value(n.inputs[0]), to], self.value(n.output), "ReshapeOptions", newShape=self.graph.shapes[n.output])
        elif n.op in ("Relu", "Clip"):
            self.operator("RELU" if n.op == "Relu" else "RELU6", [self.value(n.inputs[0])], self.value(n.output))
        else:
            raise Unsupported(f"bench/compare's LiteRT does not know {n.op}")
        if n.activation or n.op in ("MaxPool", "AveragePool", "Concat", "GlobalAveragePool") and set(n.inputs) <= self.at_least_0:
            self.at_least_0.add(n.output)

    def bytes(self):
        import flatbuffers
        s = self.schema
        x = self.value(self.graph.input)
        for n in self.graph.nodes:
            self.node(n)
        y = self.value(self.graph.output)
        graph = s.SubGraphT(tensors=self.tensors, inputs=[x], outputs=[y], operators=self.operators, name="main")
        codes = [s.OperatorCodeT(builtinCode=c, deprecatedBuiltinCode=min(c, 127), version=1) for c in self.codes]
        signature = s.SignatureDefT(inputs=[s.TensorMapT(name="x", tensorIndex=x)], outputs=[s.TensorMapT(name="y", tensorIndex=y)],
                                    signatureKey="serving_default", subgraphIndex=0)
        model = s.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=self.buffers, signatureDefs=[signature])
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
