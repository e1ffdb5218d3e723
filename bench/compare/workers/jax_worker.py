"""JAX's side of bench/compare: it runs the ONNX file, with images N×H×W×C."""
import sys

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh jax"


def activate(x, kind):
    import jax.numpy as jnp
    if not kind:
        return x
    return jnp.maximum(x, 0) if kind == "Relu" else jnp.clip(x, 0, 6)


def pool(graph, node, x):
    import jax.numpy as jnp
    from jax import lax
    kernel, strides, pads, _ = graph.window(node)
    window, steps, pads = (1, *kernel, 1), (1, *strides, 1), [(0, 0), *pads, (0, 0)]
    if node.op == "MaxPool":
        return lax.reduce_window(x, jnp.array(-jnp.inf, x.dtype), lax.max, window, steps, pads)
    if any(map(any, pads)):
        raise Unsupported("bench/compare's JAX has no average pooling with pads")
    return lax.reduce_window(x, jnp.array(0, x.dtype), lax.add, window, steps, pads) / (kernel[0] * kernel[1])


def run(graph, constants, x):
    """What the network says of images N×H×W×C."""
    import jax.numpy as jnp
    from jax import lax
    values = {graph.input: x}
    for n in graph.nodes:
        x = values[n.inputs[0]]
        if n.op == "Conv":
            _, strides, pads, dilations = graph.window(n)
            y = lax.conv_general_dilated(x, constants[n.inputs[1]], strides, pads, rhs_dilation=dilations,
                                         dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=n.get("group", 1))
            y = y + constants[n.inputs[2]] if len(n.inputs) > 2 else y
        elif n.op == "BatchNormalization":
            scale, shift = constants[n.output]
            y = x * scale + shift
        elif n.op == "Gemm":
            y = x @ constants[n.inputs[1]] + constants[n.inputs[2]]
        elif n.op == "Add":
            y = x + values[n.inputs[1]]
        elif n.op == "Concat":
            y = jnp.concatenate([values[i] for i in n.inputs], -1)
        elif n.op in ("MaxPool", "AveragePool"):
            y = pool(graph, n, x)
        elif n.op == "GlobalAveragePool":
            y = x.mean((1, 2), keepdims=True)
        elif n.op == "Flatten":
            y = (x.transpose(0, 3, 1, 2) if x.ndim == 4 else x).reshape(x.shape[0], -1)
        elif n.op in ("Relu", "Clip"):
            y = x
        else:
            raise Unsupported(f"bench/compare's JAX does not know {n.op}")
        values[n.output] = activate(y, n.activation)
    return values[graph.output]


def prepared(graph, dtype):
    """The constants as run wants them: weights of convolutions H×W×I×O, of linear layers I×O."""
    import jax.numpy as jnp
    out = {}
    for n in graph.nodes:
        if n.op == "BatchNormalization":
            out[n.output] = tuple(jnp.asarray(v, dtype) for v in graph.scale_and_shift(n))
        elif n.op in ("Conv", "Gemm"):
            w = graph.constants[n.inputs[1]]
            if n.op == "Conv":
                w = w.transpose(2, 3, 1, 0)
            elif n.get("transB"):
                w = w.T
            out[n.inputs[1]] = jnp.asarray(w, dtype)
            for i in n.inputs[2:]:
                out[i] = jnp.asarray(graph.constants[i], dtype)
    return out


class Worker(protocol.Worker):
    def hello(self, _):
        jax = protocol.required("jax", INSTALL)
        return {"versions": {"JAX": jax.__version__, "Python": sys.version.split()[0]}}

    def settings(self, r):
        if r["mode"] != "infer":
            raise Unsupported("bench/xla/speed measures JAX in training")
        if r["precision"] == "int8":
            raise Unsupported("JAX has no int8 convolutions on a CPU")
        return {"settings": ["weights as arguments", "weights as constants"]}

    def prepare(self, r):
        protocol.required("onnx", INSTALL)
        return {}

    def open(self, r):
        import jax
        import jax.numpy as jnp
        import numpy as np
        import onnx_graph
        graph = onnx_graph.Graph(r["model"], r["batch"])
        dtype = jnp.bfloat16 if r["precision"] == "bfloat16" else jnp.float32
        constants = prepared(graph, dtype)
        images = np.ascontiguousarray(floats(r["images"], r["batch"], *r["input"]).transpose(0, 2, 3, 1)).astype(dtype)
        if "arguments" in r["setting"]:
            forward = jax.jit(lambda c, x: run(graph, c, x)).lower(constants, images).compile()
            self.step = lambda: np.asarray(forward(constants, images))
        else:
            forward = jax.jit(lambda x: run(graph, constants, x)).lower(images).compile()
            self.step = lambda: np.asarray(forward(images))
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
