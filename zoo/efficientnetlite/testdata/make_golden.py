#!/usr/bin/env python3
"""Makes the golden files of package zoo/efficientnetlite with timm.

    python3 zoo/efficientnetlite/testdata/make_golden.py

One JSON file a network holds the names and shapes of its state dict (without
num_batches_tracked), the number of its parameters, and for images of one or two
sizes the ten logits. For Lite0 also, with two images, in evaluation and in
training mode: the cross-entropy loss, and of each parameter's gradient its norm
and its product with a vector of numbers from −1 to 1; and the same two numbers of
the change of each parameter and running statistic in two steps of SGD with
momentum 0.9. In training mode the biases of batch normalizations are greater by 3, so
that most values are between the kinks of ReLU6: with so few images, values on
either side of a kink in float32 and in float64 would otherwise change gradients by
some per cent, in PyTorch, too. Dropout is off (timm's default). Weights and images
are not stored: each is given by a formula of its name, which the Go test repeats
(see value). Runs have 10 classes. Everything is computed in float64 from values
that float32 holds. Made with timm 1.0.31 and PyTorch 2.15.
"""

import json
import pathlib

import numpy as np
import timm
import torch

HERE = pathlib.Path(__file__).parent
CLASSES = 10
SHIFT = 3
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


def images(count, size):
    return torch.from_numpy(uniform("image", count * 3 * size * size).astype(np.float32).reshape(count, 3, size, size)).double()


def projection(name, x):
    """The norm of a tensor, and its projection."""
    v = torch.from_numpy(uniform("grad/" + name, x.numel()))
    return [float(np.float32(x.norm())), float(np.float32((x.detach().flatten() * v).sum()))]


def names(model):
    return {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def make(name, shift=0):
    """The network; shift is added to the biases of batch normalizations."""
    model = timm.create_model(name, num_classes=CLASSES)
    state = {k: value(k, tuple(s)) for k, s in names(model).items()}
    for k in state:
        if "bn" in k and k.endswith(".bias"):
            state[k] += shift
    model.load_state_dict(state, strict=False)
    return model.double().eval()


def training(name, size, steps=2):
    target = torch.tensor([7, 2])
    cross_entropy = torch.nn.functional.cross_entropy
    out = {"size": size, "losses": []}
    model = make(name)
    loss = cross_entropy(model(images(2, size)), target)
    loss.backward()
    out["eval_loss"] = loss.item()
    out["eval_gradients"] = [projection(k, p.grad) for k, p in model.named_parameters()]
    model = make(name, SHIFT).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for step in range(steps):
        optimizer.zero_grad()
        loss = cross_entropy(model(images(2, size)), target)
        loss.backward()
        if step == 0:
            out["gradients"] = [projection(k, p.grad) for k, p in model.named_parameters()]
        optimizer.step()
        out["losses"].append(loss.item())
    after = model.state_dict()
    out["changes"] = [projection(k, after[k] - before[k]) for k in names(model)]
    return out


def golden(number, sizes):
    name = f"tf_efficientnet_lite{number}"
    whole = timm.create_model(name)
    model = make(name)
    runs = []
    for size in sizes:
        y = model(images(1, size)).detach()[0]
        runs.append({"size": size, "logits": [float(np.float32(v)) for v in y]})
        print(f"{name} {size}: largest logit {y.abs().max():.4g}, std {y.std():.4g}")
    file = {
        "timm": timm.__version__,
        "parameters": sum(p.numel() for p in whole.parameters()),
        "runs": runs,
        "state": list(names(whole).items()),
    }
    if number == 0:
        file["training"] = training(name, 64)
    text = json.dumps(file, separators=(",", ":"))
    (HERE / f"lite{number}.json").write_text(text.replace('],["', '],\n["') + "\n")


if __name__ == "__main__":
    golden(0, [33, 64])
    golden(1, [64])
    golden(2, [40])
    golden(3, [33])
    golden(4, [38])
