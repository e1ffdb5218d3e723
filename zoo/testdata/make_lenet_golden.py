#!/usr/bin/env python3
"""Makes lenet.safetensors: the book's LeNet and 20 steps of training it in
PyTorch on real images, for the tests of package zoo. Needs PyTorch (made with
1.13) and the files of Fashion-MNIST, in /usr/share/datasets/fashion-mnist or
the folder given.

From Xavier weights the loss of this network stays near ln 10 for its first
thousand steps, where hardly any mistake would show. So the weights that the
file holds ("before.…") are those after three epochs. Step i is trained on
images 64·i to 64·i+63 of the training set, which are also the first ones of the
embedded sample.
"""
import gzip
import json
import os
import struct
import sys

import numpy as np
import torch
from torch import nn

STEPS, BATCH, LR = 20, 64, 0.9
FOLDER = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"


def read(name, offset):
    with gzip.open(os.path.join(FOLDER, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def lenet():
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, stride=2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, stride=2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10))
    for layer in net:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
    return net


def train(net, x, y, batches):
    optimizer = torch.optim.SGD(net.parameters(), lr=LR)
    losses = []
    for at in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[at]), y[at])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def save(path, tensors):
    header, at = {}, 0
    for name, t in tensors:
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + 4 * t.size]}
        at += 4 * t.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, t in tensors:
            f.write(np.ascontiguousarray(t, dtype="<f4").tobytes())


torch.manual_seed(7)
images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
labels = torch.tensor(read("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
pixels = torch.tensor(images).float() / 255

net = lenet()
for _ in range(3):
    train(net, pixels, labels, torch.randperm(len(labels)).split(BATCH))
golden = [("before." + k, v.numpy().copy()) for k, v in net.state_dict().items()]

first = [slice(BATCH * i, BATCH * (i + 1)) for i in range(STEPS)]
double = lenet().double()
double.load_state_dict(net.state_dict())
golden.append(("logits", net(pixels[first[0]]).detach().numpy()))
losses = train(net, pixels, labels, first)
exact = train(double, pixels.double(), labels, first)
golden.append(("losses", np.array(losses, np.float32)))
golden += [("after." + k, v.numpy().copy()) for k, v in net.state_dict().items() if v.numel() < 5000]
golden.append(("pixel_sum", np.array([float(images[:STEPS * BATCH].astype(np.int64).sum())], np.float32)))
save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "lenet.safetensors"), golden)
print(losses)
print("float32 and float64 differ by", max(abs(a - b) / b for a, b in zip(losses, exact)))
