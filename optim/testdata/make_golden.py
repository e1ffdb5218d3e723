#!/usr/bin/env python3
"""Makes golden.json: torch.optim.SGD on the loss ½·(a·x−b)² + the sum of y⁴/4,
for the tests of package optim. Needs PyTorch (made with 1.13)."""
import json
import os

import torch

CASES = [
    dict(),
    dict(weight_decay=0.1),
    dict(momentum=0.9),
    dict(momentum=0.5, weight_decay=0.01),
    dict(momentum=0.9, nesterov=True),
    dict(momentum=0.8, nesterov=True, weight_decay=0.05),
]
RATES = [0.1, 0.1, 0.05, 0.2, 0.01]

out = []
for case in CASES:
    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[0.25, -1.5]], dtype=torch.float64, requires_grad=True)
    a = torch.tensor([2.0, 1.0, -3.0], dtype=torch.float64)
    optimizer = torch.optim.SGD([x, y], lr=1.0, **case)
    steps = []
    for rate in RATES:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = 0.5 * ((a * x).sum() - 1) ** 2 + (y ** 4).sum() / 4
        loss.backward()
        optimizer.step()
        steps.append(dict(rate=rate, loss=loss.item(), x=x.tolist(), y=y.flatten().tolist()))
    out.append(dict(
        momentum=case.get("momentum", 0), nesterov=case.get("nesterov", False), weight_decay=case.get("weight_decay", 0),
        steps=steps))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
