#!/usr/bin/env python3
"""Makes the golden files of package zoo/torchvision with torchvision.

    python3 zoo/torchvision/testdata/make_golden.py

One JSON file a network holds the names and shapes of its state dict (without
num_batches_tracked, and without GoogLeNet's auxiliary classifiers), the number
of its parameters, and for one image or two of some size every 16th logit and
the sum of all; for the first also, with the network in evaluation mode, the
cross-entropy loss for class 7 and of each parameter's gradient its norm and
its product with a vector of numbers from −1 to 1. Weights and images are not stored: each is given by a formula
of its name, which the Go test repeats (see value). VGG runs with 64 hidden
units in its classifier so that the test stays small; names and shapes are
those of the whole network. Everything is computed in float64 from values that
float32 holds. Made with torchvision 0.14.1.
"""

import json
import pathlib

import numpy as np
import torch
import torchvision

HERE = pathlib.Path(__file__).parent
torch.set_num_threads(1)


def uniform(name, count):
    """count numbers from −1 to 1: splitmix64 of a counter, started at the FNV-1a hash of the name."""
    key = 0xCBF29CE484222325
    for b in name.encode():
        key = (key ^ b) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def value(name, shape):
    """The tensor of that name, on a scale that keeps activations sane."""
    v = uniform(name, int(np.prod(shape)))
    if len(shape) >= 2:
        v = v * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        v = 1 + 0.5 * v
    elif name.endswith(".weight"):
        v = 1 + 0.2 * v
    else:
        v = 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def image(size):
    return torch.from_numpy(uniform("image", 3 * size * size).astype(np.float32).reshape(1, 3, size, size))


def gradient(name, g):
    """The norm of a gradient, and its projection."""
    v = torch.from_numpy(uniform("grad/" + name, g.numel()))
    return [float(np.float32(g.norm())), float(np.float32((g.flatten() * v).sum()))]


def names(model):
    return {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def golden(name, make, sizes, hidden=0):
    model = make()
    state = names(model)
    parameters = sum(p.numel() for p in model.parameters())
    if hidden:
        model.classifier[0] = torch.nn.Linear(model.classifier[0].in_features, hidden)
        model.classifier[3] = torch.nn.Linear(hidden, hidden)
        model.classifier[6] = torch.nn.Linear(hidden, 1000)
    model.load_state_dict({k: value(k, tuple(s)) for k, s in names(model).items()}, strict=False)
    model = model.double().eval()
    runs = []
    for size in sizes:
        y = model(image(size).double())
        if not runs:
            loss = torch.nn.functional.cross_entropy(y, torch.tensor([7]))
            loss.backward()
            gradients = {k: gradient(k, p.grad) for k, p in model.named_parameters()}
        y = y.detach()[0]
        runs.append({"size": size, "logits": [float(np.float32(v)) for v in y[::16]], "sum": float(y.sum()), "largest": float(y.abs().max())})
        print(f"{name} {size}: {parameters} parameters, largest logit {runs[-1]['largest']:.4g}, std {y.std():.4g}")
    text = json.dumps(
        {"torchvision": torchvision.__version__, "parameters": parameters, "hidden": hidden, "runs": runs,
         "loss": float(loss), "gradients": list(gradients.values()), "state": list(state.items())},
        separators=(",", ":"),
    )
    (HERE / f"{name}.json").write_text(text.replace('],["', '],\n["') + "\n")


if __name__ == "__main__":
    m = torchvision.models
    golden("alexnet", m.alexnet, [100])
    golden("vgg11", m.vgg11, [64], hidden=64)
    golden("vgg11_bn", m.vgg11_bn, [80], hidden=64)
    golden("vgg16", m.vgg16, [96], hidden=64)
    golden("vgg16_bn", m.vgg16_bn, [64], hidden=64)
    golden("googlenet", lambda: m.googlenet(aux_logits=False, init_weights=False), [96])
    golden("resnet18", m.resnet18, [65, 224])
    golden("resnet34", m.resnet34, [64])
    golden("resnet50", m.resnet50, [96])
    golden("densenet121", m.densenet121, [64])
    golden("squeezenet1_1", m.squeezenet1_1, [97])
    golden("mobilenet_v2", m.mobilenet_v2, [75, 224])
