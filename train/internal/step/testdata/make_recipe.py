#!/usr/bin/env python3
"""Makes recipe.json: two epochs of a small network with frozen layers in the first one,
updates from two batches, AdamW with clipping and without weight decay of biases and
norms, label smoothing, class weights and moving averages of the weights and running
statistics. Needs PyTorch and timm (made with torch 2.15.0 and timm 1.0.31)."""
import json
import math
import os

import torch
from timm.utils import ModelEmaV2

torch.set_default_dtype(torch.float64)
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.ReLU(),
    torch.nn.Conv2d(3, 2, 2, bias=False), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 3))
with torch.no_grad():  # the test computes the same numbers
    for k, (name, p) in enumerate(net.state_dict().items()):
        if p.dim() == 0:
            continue
        values = torch.tensor([0.3 * math.sin(1.7 * i + k) for i in range(p.numel())])
        p.copy_(values.abs().reshape(p.shape) + 0.5 if name.endswith("running_var") else values.reshape(p.shape))
EPOCHS, SIZES = 2, [4, 4, 4, 2]
GROUPS = [[0, 1], [2, 3]]
criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]), label_smoothing=0.1)
decay = [p for p in net.parameters() if p.dim() > 1]
plain = [p for p in net.parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW([dict(params=decay, weight_decay=0.1), dict(params=plain, weight_decay=0.0)], lr=0.02)
ema = ModelEmaV2(net, decay=0.8)
losses = []
image = 0
for epoch in range(EPOCHS):
    net.train()
    frozen = epoch == 0
    for layer in [net[0], net[1]]:
        layer.train(not frozen)
        for p in layer.parameters():
            p.requires_grad_(not frozen)
    for group in GROUPS:
        total = sum(SIZES[b] for b in group)
        optimizer.zero_grad()
        for b in group:
            n = SIZES[b]
            x = torch.tensor([math.cos(0.37 * i + 0.011 * i * i) for i in range(image * 25, (image + n) * 25)]).reshape(n, 1, 5, 5)
            y = torch.tensor([(image + i) % 3 for i in range(n)])
            image += n
            loss = criterion(net(x), y)
            losses.append(loss.item())
            (loss * n / total).backward()
        torch.nn.utils.clip_grad_norm_([p for p in net.parameters() if p.grad is not None], 0.7)
        optimizer.step()
        ema.update(net)


def state(module):
    return {k: v.flatten().tolist() for k, v in module.state_dict().items() if v.dim() > 0}


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipe.json"), "w") as f:
    json.dump(dict(losses=losses, state=state(net), average=state(ema.module)), f, separators=(",", ":"))
    f.write("\n")
