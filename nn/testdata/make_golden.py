#!/usr/bin/env python3
"""Makes golden.safetensors: a small network's PyTorch weights, 20 training
steps and the results, for the tests of package nn. Needs PyTorch (made with
1.13). Everything is computed in float64 and stored as float32.

The network uses what LeNet does not: groups, dilation, rectangular kernels,
batch normalization, max pooling with padding, ceil mode, a residual block, a
branch, and layers in fields, lists and maps.
"""
import json
import os
import struct

import numpy as np
import torch
from torch import nn

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)
STEPS, BATCH = 20, 8


class Residual(nn.Module):
    def __init__(self, c_in, c, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c, 3, padding=1, stride=stride)
        self.bn1 = nn.BatchNorm2d(c)
        self.conv2 = nn.Conv2d(c, c, 3, padding=2, dilation=2, groups=2, bias=False)
        self.bn2 = nn.BatchNorm2d(c, eps=1e-3, momentum=0.2)
        self.shortcut = nn.Conv2d(c_in, c, 1, stride=stride)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(2, 6, (3, 5), stride=(1, 2), padding=(0, 2)), nn.Tanh(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.block = Residual(6, 8, 2)
        self.paths = nn.ModuleList([
            nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU()),
            nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), nn.Conv2d(8, 4, 1), nn.Sigmoid()),
        ])
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.hidden = nn.Linear(32, 12, bias=False)
        self.norm = nn.BatchNorm1d(12)
        self.heads = nn.ModuleDict({"classes": nn.Linear(12, 5)})

    def forward(self, x):
        x = self.block(self.stem(x))
        x = torch.cat([p(x) for p in self.paths], 1)
        x = torch.flatten(self.pool(x), 1)
        return self.heads["classes"](torch.relu(self.norm(self.hidden(x))))


def save(path, tensors):
    header, at = {}, 0
    for name, t in tensors:
        size = 4 * t.size
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, t in tensors:
            f.write(np.ascontiguousarray(t, dtype="<f4").tobytes())


def state(prefix, net):
    return [(prefix + k, v.numpy().astype("f4").copy()) for k, v in net.state_dict().items()]


net = Net()
for p in net.parameters():  # exactly what float32 can hold
    p.data = p.data.float().double()
images = torch.rand(STEPS, BATCH, 2, 15, 17).float().double()
labels = torch.randint(0, 5, (STEPS, BATCH))
golden = state("before.", net)
net.eval()
golden.append(("eval_before", net(images[0]).detach().numpy()))
net.train()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
losses = []
for x, y in zip(images, labels):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
golden += state("after.", net)
net.eval()
golden.append(("eval_after", net(images[0]).detach().numpy()))
golden.append(("images", images.numpy()))
golden.append(("labels", labels.numpy()))
golden.append(("losses", np.array(losses)))
save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.safetensors"),
     [(k, np.asarray(v, dtype="f4")) for k, v in golden])
print(losses)
