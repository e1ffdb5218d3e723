#!/usr/bin/env python3
"""JAX's side of bench/xla/speed: three networks in plain JAX, images N×H×W×C,
without a library of layers."""
import json
import time

import protocol
from protocol import floats

INSTALL = "install it with: pip install jax"


# Layers. p holds the state by the names that Stride has for it.

def conv(p, path, x, stride=1, pad=0, groups=1):
    from jax import lax
    w = p[path + ".weight"]  # KH×KW×Cin×Cout
    y = lax.conv_general_dilated(x, w, (stride, stride), [(pad, pad), (pad, pad)],
                                 dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups)
    return y + p[path + ".bias"] if path + ".bias" in p else y


def linear(p, path, x):
    return x @ p[path + ".weight"].T + p[path + ".bias"]


def avg_pool(x, k):
    from jax import lax
    return lax.reduce_window(x, 0.0, lax.add, (1, k, k, 1), (1, k, k, 1), "VALID") / (k * k)


def max_pool(x, k, stride, pad):
    from jax import lax
    return lax.reduce_window(x, -float("inf"), lax.max, (1, k, k, 1), (1, stride, stride, 1), [(0, 0), (pad, pad), (pad, pad), (0, 0)])


def batch_norm(p, new, path, x, train):
    """new gets the running statistics after the step."""
    import jax.numpy as jnp
    mean, var = p[path + ".running_mean"], p[path + ".running_var"]
    if train:
        n = x.size // x.shape[-1]
        batch_mean = x.mean((0, 1, 2))
        batch_var = ((x - batch_mean) ** 2).mean((0, 1, 2))
        new[path + ".running_mean"] = 0.9 * mean + 0.1 * batch_mean
        new[path + ".running_var"] = 0.9 * var + 0.1 * batch_var * (n / (n - 1))
        mean, var = batch_mean, batch_var
    scale = p[path + ".weight"] / jnp.sqrt(var + 1e-5)
    return (x - mean) * scale + p[path + ".bias"]


# Networks: the state, a dictionary for new running statistics, the images, and
# whether they are trained.

def lenet(p, new, x, train):
    import jax
    x = avg_pool(jax.nn.sigmoid(conv(p, "0", x, pad=2)), 2)
    x = avg_pool(jax.nn.sigmoid(conv(p, "3", x)), 2)
    x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
    for path in ("7", "9"):
        x = jax.nn.sigmoid(linear(p, path, x))
    return linear(p, "11", x)


def resnet18(p, new, x, train):
    import jax

    def norm(path, x):
        return batch_norm(p, new, path, x, train)

    x = max_pool(jax.nn.relu(norm("0.1", conv(p, "0.0", x, 2, 3))), 3, 2, 1)
    for stage in range(1, 5):
        for block in range(2):
            path = f"{stage}.{block}."
            stride = 2 if stage > 1 and block == 0 else 1
            y = jax.nn.relu(norm(path + "bn1", conv(p, path + "conv1", x, stride, 1)))
            y = norm(path + "bn2", conv(p, path + "conv2", y, 1, 1))
            if stride == 2:
                x = conv(p, path + "conv3", x, stride)
            x = jax.nn.relu(x + y)
    return linear(p, "7", x.mean((1, 2)))


def mobilenet_v2(p, new, x, train):
    import jax.numpy as jnp

    def block(path, conv_at, norm_at, x, stride=1, pad=0, groups=1, relu=True):
        x = batch_norm(p, new, path + norm_at, conv(p, path + conv_at, x, stride, pad, groups), train)
        return jnp.clip(x, 0, 6) if relu else x

    x = block("features.0", ".0", ".1", x, 2, 1)
    number, channels = 1, 32
    for expand, out, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(blocks):
            stride, path, y, at = first if i == 0 else 1, f"features.{number}.conv", x, 0
            if expand > 1:
                y, at = block(path + ".0", ".0", ".1", y), 1
            y = block(f"{path}.{at}", ".0", ".1", y, stride, 1, groups=channels * expand)
            y = block(path, f".{at + 1}", f".{at + 2}", y, relu=False)
            x = x + y if stride == 1 and channels == out else y
            number, channels = number + 1, out
    x = block(f"features.{number}", ".0", ".1", x)
    return linear(p, "classifier.1", x.mean((1, 2)))


NETWORKS = {"lenet": lenet, "resnet18": resnet18, "torchvision/mobilenet_v2": mobilenet_v2}


def read_state(path):
    """The tensors of a safetensors file; the weights of convolutions as KH×KW×Cin×Cout."""
    import numpy as np
    state = {}
    with open(path, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            f.seek(8 + size + begin)
            value = np.fromfile(f, "<f4", (end - begin) // 4).reshape(entry["shape"])
            state[name] = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
    return state


class Worker(protocol.Worker):
    def hello(self, _):
        jax = protocol.required("jax", INSTALL)
        return {"versions": {"JAX": jax.__version__}}

    def open(self, r):
        import jax
        import jax.numpy as jnp
        import numpy as np
        net, rate = NETWORKS[r["net"]], r["rate"]
        images = floats(r["images"], r["batch"], *r["input"]).transpose(0, 2, 3, 1)
        self.images = np.ascontiguousarray(images)
        self.labels = floats(r["labels"]).astype(np.int32)
        state = {k: jnp.asarray(v) for k, v in read_state(r["weights"]).items()}
        began = time.perf_counter()
        if r["mode"] == "infer":
            forward = jax.jit(lambda p, x: net(p, {}, x, False)).lower(state, self.images).compile()
            self.step = lambda: np.asarray(forward(state, self.images))
            return {"compile_seconds": time.perf_counter() - began}
        buffers = {k: v for k, v in state.items() if ".running_" in k}
        self.state = {k: v for k, v in state.items() if k not in buffers}, buffers

        def loss(parameters, buffers, x, y):
            new = dict(buffers)
            log = jax.nn.log_softmax(net({**parameters, **buffers}, new, x, True))
            return -jnp.take_along_axis(log, y[:, None], 1).mean(), new

        def update(parameters, buffers, x, y):
            (value, buffers), g = jax.value_and_grad(loss, has_aux=True)(parameters, buffers, x, y)
            return value, {k: v - rate * g[k] for k, v in parameters.items()}, buffers

        update = jax.jit(update, donate_argnums=(0, 1)).lower(*self.state, self.images, self.labels).compile()

        def step():
            value, *self.state = update(*self.state, self.images, self.labels)
            return np.asarray(value)  # waits, as a loop that prints the loss does
        self.step = step
        return {"compile_seconds": time.perf_counter() - began}

    def losses(self, r):
        """Trains and returns the loss before each update."""
        return {"losses": [float(self.step()) for _ in range(r["steps"])]}


if __name__ == "__main__":
    protocol.serve(Worker())
