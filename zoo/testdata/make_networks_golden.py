#!/usr/bin/env python3
"""Makes one NET.safetensors a network of package zoo, as PyTorch sees it, for
the package's tests. Needs PyTorch (made with 1.13), Pillow and the files of
Fashion-MNIST in /usr/share/datasets/fashion-mnist. With arguments it makes the
files of those networks only.

No weights are stored: both sides compute them from the names of the parameters
(see `formula`), and bit for bit the same. Each file has up to three parts:

  small.*  a narrow network on a small batch: outputs in both modes, loss, and of
           each parameter's gradient (and of the running statistics after three
           steps) 32 elements, the sum and the norm
  full.*   the same at the book's width and resolution
  steps.*  the losses of 30 steps of training on real images without dropout,
           of a narrow network on small images, and (steps.full) of the real one

Everything is computed in float64 from float32 weights, so that the numbers are
right to more digits than the tests compare. Metadata hold what is not a float:
names and shapes of the state, multiply-adds.

Beside the losses stand those that PyTorch itself gets in float32 (*.single). At
the book's learning rates the first steps of ResNet and DenseNet are chaotic:
one ReLU that rounding switches changes a gradient by a thousandth, each step
makes a difference ten times larger, and after ten steps PyTorch in float32 and
in float64 have nothing in common. LeNet with batch normalization is so in a
milder way. So their 30 steps run at a smaller rate (CALM), and in all that is
recorded of ResNet and DenseNet the batch normalizations that matter for it
(DAMPED) start with a quarter of their weight; what the book's rate does is in
book.*. All others are trained at the book's. For the same reason the images of
the comparisons are those, of a few, that keep all ReLUs and max poolings
farthest from a switch.
"""
import gzip
import json
import os
import struct
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from pytorch_networks import alexnet, densenet, googlenet, lenet, lenet_bn, nin, resnet, vgg, vgg_arch

FOLDER = "/usr/share/datasets/fashion-mnist"
HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 30


# ---- numbers that both sides can compute

MASK = 0xFFFFFFFFFFFFFFFF


def fnv(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & MASK
    return h


def bits(name, n):
    """splitmix64 at positions 1, 2, … from the FNV-1a hash of the name."""
    z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(fnv(name))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, n):
    """n float32 numbers from -1 to 1, multiples of 2^-23."""
    return ((bits(name, n) >> np.uint64(40)).astype(np.int64) - (1 << 23)).astype(np.float32) / np.float32(1 << 23)


def formula(name, shape, weight_shape, damped):
    """The value of a parameter or buffer. A bias' bound is 1/√fan_in of the
    weight beside it. Weights of batch normalizations whose names end in damped
    are a quarter."""
    n = int(np.prod(shape, dtype=np.int64))
    u = uniform(name, n)
    kind = name.rsplit(".", 1)[-1]
    if kind == "running_var":
        v = 1 + u / 4
    elif kind == "running_mean":
        v = u / 4
    elif len(weight_shape) == 1:
        v = u / 8 + (1 if kind == "weight" else 0)
        if damped and name.endswith(damped):
            v = v / 4
    else:
        area = int(np.prod(weight_shape[2:], dtype=np.int64))
        fan_in, fan_out = weight_shape[1] * area, weight_shape[0] * area
        bound = np.sqrt(6 / (fan_in + fan_out)) if kind == "weight" else 1 / np.sqrt(fan_in)
        v = u * np.float32(bound)
    return v.astype(np.float32).reshape(shape)


def set_formula(net, damped):
    state = net.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        weight = name.rsplit(".", 1)[0] + ".weight"
        value.copy_(torch.from_numpy(formula(name, tuple(value.shape), tuple(state[weight].shape), damped)))
    return net


def digest(name, t):
    """32 elements, the sum and the norm."""
    t = t.detach().double().numpy().ravel()
    at = (bits("sample/" + name, 32) % np.uint64(len(t))).astype(np.int64)
    return np.concatenate([t[at], [t.sum(), np.sqrt((t * t).sum())]])


def inputs(batch, side, seed):
    x = (uniform(f"images/{seed}", batch * side * side) + 1) / 2
    y = (bits("labels", batch) % np.uint64(10)).astype(np.int64)
    return torch.from_numpy(x.reshape(batch, 1, side, side)).double(), torch.from_numpy(y)


class Margin:
    """While it is active, the least distance of any ReLU's argument from 0 and
    of the two greatest elements of any max pooling's window, relative to the
    layer's root mean square: how near rounding comes to switching a gradient."""

    def __enter__(self):
        self.least, self.relu, self.pool = 1.0, F.relu, F.max_pool2d

        def relu(x, inplace=False):
            self.note(x.abs().min(), x)
            return self.relu(x)

        def pool(x, kernel, stride, padding, *args, **kwargs):
            k, s, p = (v if isinstance(v, int) else v[0] for v in (kernel, stride, padding))
            windows = F.pad(x, [p] * 4, value=-1e30).unfold(2, k, s).unfold(3, k, s).flatten(4)
            top = windows.topk(2).values
            gaps = top[..., 0] - top[..., 1]
            if (gaps > 0).any():
                self.note(gaps[gaps > 0].min(), x)
            return self.pool(x, kernel, stride, padding, *args, **kwargs)
        F.relu, F.max_pool2d = relu, pool
        return self

    def note(self, distance, x):
        self.least = min(self.least, (distance / x.pow(2).mean().sqrt()).item())

    def __exit__(self, *_):
        F.relu, F.max_pool2d = self.relu, self.pool


def best_seed(net, batch, side, tries):
    """The images that stay farthest from a switch."""
    margins = []
    with torch.no_grad():
        for seed in range(tries):
            with Margin() as m:
                net(inputs(batch, side, seed)[0])
            margins.append(m.least)
    print(f"  margins {min(margins):.1e} to {max(margins):.1e}")
    return int(np.argmax(margins))


def read(name, offset):
    with gzip.open(os.path.join(FOLDER, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def real(n, side):
    """The first n training images, which are also those of the embedded
    sample."""
    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:n]
    labels = read("train-labels-idx1-ubyte.gz", 8)[:n]
    if side != 28:
        images = np.stack([np.array(Image.fromarray(i).resize((side, side), Image.BILINEAR)) for i in images])
    return (torch.from_numpy(images.astype(np.float32) / np.float32(255))[:, None],
            torch.from_numpy(labels.astype(np.int64)), float(images.astype(np.int64).sum()))


def without_dropout(net):
    net.train()
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.eval()
    return net


# ---- what is recorded

def multiply_adds(net, side):
    total = []

    def count(module, _, out):
        w = module.weight
        total.append(out.numel() * (w.numel() // w.shape[0]))
    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    net.eval()(torch.zeros(1, 1, side, side, dtype=next(net.parameters()).dtype))
    for h in hooks:
        h.remove()
    return sum(total)


def static(part, net, batch, side, rate, golden, metadata):
    net = set_formula(net, metadata["damped"]).double()
    metadata[part + ".state"] = "\n".join(
        f"{k} {'×'.join(map(str, v.shape))}" for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked"))
    metadata[part + ".multiply_adds"] = str(multiply_adds(net, side))
    metadata[part + ".batch"], metadata[part + ".side"] = str(batch), str(side)
    state = {k: v.clone() for k, v in net.state_dict().items()}
    seed = best_seed(without_dropout(net), batch, side, int(metadata["tries"]))
    net.load_state_dict(state)
    metadata[part + ".seed"] = str(seed)
    x, y = inputs(batch, side, seed)
    with torch.no_grad():
        golden[part + ".eval"] = net.eval()(x).numpy()
    without_dropout(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    losses = []
    for step in range(3 if part == "small" else 1):
        optimizer.zero_grad()
        out = net(x)
        loss = F.cross_entropy(out, y)
        loss.backward()
        if step == 0:
            golden[part + ".train"] = out.detach().numpy()
            for name, p in net.named_parameters():
                golden[part + ".grad." + name] = digest(name, p.grad)
        optimizer.step()
        losses.append(loss.item())
    golden[part + ".losses"] = np.array(losses)
    if part == "small":
        for name, b in net.named_buffers():
            if not name.endswith("num_batches_tracked"):
                golden[part + ".after." + name] = digest(name, b)


def train(net, damped, batch, side, rate, dtype):
    net = without_dropout(set_formula(net, damped).to(dtype))
    x, y, _ = real(STEPS * batch, side)
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    losses = []
    for at in range(0, STEPS * batch, batch):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[at:at + batch].to(dtype)), y[at:at + batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def steps(part, make, batch, side, rate, golden, metadata):
    losses = train(make(), metadata["damped"], batch, side, rate, torch.float64)
    single = train(make(), metadata["damped"], batch, side, rate, torch.float32)
    golden[part + ".losses"], golden[part + ".single"] = losses, single
    metadata[part + ".rate"] = repr(rate)
    metadata[part + ".batch"], metadata[part + ".side"] = str(batch), str(side)
    metadata[part + ".pixels"] = "%.0f" % real(STEPS * batch, side)[2]
    print(f"  {part}: {losses[0]:.4f} … {losses[-1]:.4f}, PyTorch in float32 differs by {np.max(np.abs(single / losses - 1)):.1e}")


def save(path, tensors, metadata):
    header, at = {"__metadata__": metadata}, 0
    for name, t in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + 4 * t.size]}
        at += 4 * t.size
    text = json.dumps(header, separators=(",", ":"), sort_keys=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            f.write(np.ascontiguousarray(t, dtype="<f4").tobytes())


# name: the book's rate, then (make, batch, side) for small, full and steps;
# steps.full trains the full network on batches of 8.
VGG11, VGG16 = (1, 1, 2, 2, 2), (2, 2, 3, 3, 3)
NETWORKS = {
    "lenet": (0.9, (lambda: lenet(10), 4, 28), (lambda: lenet(10), 4, 28), (lambda: lenet(10), 64, 28)),
    "lenet-bn": (1.0, (lambda: lenet_bn(10), 8, 28), (lambda: lenet_bn(10), 4, 28), (lambda: lenet_bn(10), 64, 28)),
    "alexnet": (0.01, (lambda: alexnet(10, 8, last=1), 2, 67), (lambda: alexnet(10), 2, 224), (lambda: alexnet(10, 4, last=1), 16, 96)),
    "vgg": (0.05, (lambda: vgg(10, vgg_arch(VGG11, 16), 64, 1), 2, 32), (lambda: vgg(10, vgg_arch(VGG11, 4)), 2, 224),
            (lambda: vgg(10, vgg_arch(VGG11, 8), 256, 1), 32, 32)),
    "nin": (0.1, (lambda: nin(10, 8), 2, 99), (lambda: nin(10), 2, 224), (lambda: nin(10, 4), 16, 99)),
    "googlenet": (0.1, (lambda: googlenet(10, 8), 2, 64), (lambda: googlenet(10), 2, 96), (lambda: googlenet(10, 4), 32, 64)),
    "resnet18": (0.05, (lambda: resnet(10, ratio=8), 4, 64), (lambda: resnet(10), 2, 96), (lambda: resnet(10, ratio=8), 64, 32)),
    "densenet": (0.1, (lambda: densenet(10, 16, 8), 4, 64), (lambda: densenet(10), 4, 96), (lambda: densenet(10, 16, 8), 64, 32)),
    # The exercises' variants.
    "alexnet-28": (0.05, (lambda: alexnet(10, 8, True, 2), 2, 28), None, None),
    "nin-28": (0.1, (lambda: nin(10, 8, True), 2, 28), None, None),
    "vgg16": (0.05, (lambda: vgg(10, vgg_arch(VGG16, 16), 64, 1), 2, 32), None, None),
    "resnet-bottleneck": (0.05, (lambda: resnet(10, (2, 1, 2, 1), 16, True), 8, 64), None, None),
    "densenet-wide": (0.1, (lambda: densenet(10, 8, 12, (2, 3)), 4, 32), None, None),
}
DAMPED = {"resnet18": "bn2.weight", "resnet-bottleneck": "bn3.weight", "densenet": ".weight", "densenet-wide": ".weight"}
# Rates at which float32 and float64 agree.
CALM = {"lenet-bn": 0.25, "resnet18": 0.002, "resnet-bottleneck": 0.002, "densenet": 0.001, "densenet-wide": 0.001}

for name in sys.argv[1:] or NETWORKS:
    rate, small, full, run = NETWORKS[name]
    print(name)
    began, golden, metadata = time.time(), {}, {"rate": repr(CALM.get(name, rate)), "damped": DAMPED.get(name, ""),
                                            "tries": {"googlenet": "70", "resnet18": "120"}.get(name, "14")}
    make, batch, side = small
    static("small", make(), batch, side, CALM.get(name, rate), golden, metadata)
    if full:
        make, batch, side = run
        if name in CALM:
            steps("book", make, batch, side, rate, golden, metadata)
        steps("steps", make, batch, side, CALM.get(name, rate), golden, metadata)
        make, batch, side = full
        static("full", make(), batch, side, CALM.get(name, rate), golden, metadata)
        steps("steps.full", make, 8, side, CALM.get(name, rate), golden, metadata)
    del metadata["tries"]
    golden = {k: golden[k] for k in sorted(golden)}
    save(os.path.join(HERE, "pytorch-" + name + ".safetensors"), golden, metadata)
    print(f"  {time.time() - began:.0f} s")
