"""Times the training of a ResNet-50 in plain JAX, as main.go beside it does with Stride.

The network is torchvision's: the stride of a bottleneck is in its 3×3 convolution. Activations are N×H×W×C, which XLA
prefers. Prints one line of JSON. run.sh calls it.
"""
import argparse
import functools
import json
import time

import jax
import jax.numpy as jnp
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--math", choices=["float32", "tf32", "bf16"], default="float32")
parser.add_argument("--batch", type=int, default=256)
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--warmup", type=int, default=10)
parser.add_argument("--steps", type=int, default=50)
args = parser.parse_args()

jax.config.update("jax_default_matmul_precision", "tensorfloat32" if args.math == "tf32" else "float32")
compute = jnp.bfloat16 if args.math == "bf16" else jnp.float32  # parameters stay float32
blocks, widths = [3, 4, 6, 3], [64, 128, 256, 512]
random = np.random.default_rng(1)


def conv_parameters(inputs, outputs, k):
    """A convolution without bias and the batch normalization behind it."""
    scale = (2 / (outputs * k * k)) ** 0.5
    return {
        "w": (random.standard_normal((k, k, inputs, outputs)) * scale).astype(np.float32),
        "gamma": np.ones(outputs, np.float32), "beta": np.zeros(outputs, np.float32),
    }


def new_parameters():
    parameters = {"stem": conv_parameters(3, 64, 7)}
    inputs = 64
    for stage, (count, width) in enumerate(zip(blocks, widths)):
        for block in range(count):
            name = f"{stage}.{block}"
            parameters[name + ".1"] = conv_parameters(inputs, width, 1)
            parameters[name + ".2"] = conv_parameters(width, width, 3)
            parameters[name + ".3"] = conv_parameters(width, 4 * width, 1)
            if block == 0:
                parameters[name + ".shortcut"] = conv_parameters(inputs, 4 * width, 1)
            inputs = 4 * width
    bound = 1 / inputs ** 0.5
    parameters["fc"] = {"w": random.uniform(-bound, bound, (inputs, 1000)).astype(np.float32), "b": np.zeros(1000, np.float32)}
    return parameters


def new_statistics(parameters):
    return {name: {"mean": np.zeros_like(p["gamma"]), "var": np.ones_like(p["gamma"])} for name, p in parameters.items() if "gamma" in p}


def forward(parameters, statistics, x):
    """Returns logits in float32 and the new running statistics."""
    updated = {}

    def conv_norm(name, x, stride=1):
        p = parameters[name]
        w = p["w"].astype(compute)
        pad = w.shape[0] // 2
        x = jax.lax.conv_general_dilated(x, w, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        f = x.astype(jnp.float32)
        mean, var = f.mean((0, 1, 2)), f.var((0, 1, 2))
        n = f.size // f.shape[-1]
        old = statistics[name]
        updated[name] = {"mean": 0.9 * old["mean"] + 0.1 * mean, "var": 0.9 * old["var"] + 0.1 * var * n / max(n - 1, 1)}
        return ((f - mean) * (jax.lax.rsqrt(var + 1e-5) * p["gamma"]) + p["beta"]).astype(compute)

    x = jax.nn.relu(conv_norm("stem", x.astype(compute), 2))
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)])
    for stage, count in enumerate(blocks):
        for block in range(count):
            name, stride = f"{stage}.{block}", 2 if stage > 0 and block == 0 else 1
            y = jax.nn.relu(conv_norm(name + ".1", x))
            y = jax.nn.relu(conv_norm(name + ".2", y, stride))
            y = conv_norm(name + ".3", y)
            x = jax.nn.relu(y + (conv_norm(name + ".shortcut", x, stride) if block == 0 else x))
    x = x.astype(jnp.float32).mean((1, 2)).astype(compute)
    fc = parameters["fc"]
    return (x @ fc["w"].astype(compute)).astype(jnp.float32) + fc["b"], updated


def loss_of(parameters, statistics, x, labels):
    logits, updated = forward(parameters, statistics, x)
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean(), updated


@functools.partial(jax.jit, donate_argnums=(0, 1, 2))
def step(parameters, momenta, statistics, x, labels):
    (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters, statistics, x, labels)
    momenta = jax.tree.map(lambda m, g: 0.9 * m + g, momenta, gradients)
    parameters = jax.tree.map(lambda p, m: p - 0.001 * m, parameters, momenta)
    return parameters, momenta, statistics, loss


parameters = new_parameters()
state = [jax.device_put(parameters), jax.device_put(jax.tree.map(np.zeros_like, parameters)), jax.device_put(new_statistics(parameters))]
images = [random.standard_normal((args.batch, args.size, args.size, 3), np.float32) for _ in range(4)]
labels = [random.integers(0, 1000, args.batch) for _ in range(4)]


def advance(n):
    """Does n steps. The loss of each is read when the next has been started."""
    last = None
    for i in range(n):
        *state[:], loss = step(*state, jax.device_put(images[i % 4]), jax.device_put(labels[i % 4]))
        if last is not None:
            float(last)
        last = loss
    return float(last)


begin = time.perf_counter()
advance(1)
first = time.perf_counter() - begin
advance(args.warmup)
begin = time.perf_counter()
loss = advance(args.steps)
seconds = time.perf_counter() - begin
print(json.dumps({
    "framework": "JAX " + jax.__version__, "device": jax.devices()[0].device_kind, "math": args.math,
    "images_per_second": args.steps * args.batch / seconds, "loss": loss, "first_step_seconds": first,
}))
