#!/usr/bin/env python3
"""Makes loss.json: torch.nn.CrossEntropyLoss with label smoothing, class weights and
probabilities as targets, and its gradient. Needs PyTorch (made with 2.15.0)."""
import json
import os

import torch

torch.manual_seed(0)
N, K = 5, 4
logits = torch.randn(N, K, dtype=torch.float64) * 3
labels = torch.tensor([0, 3, 1, 1, 2])
soft = torch.softmax(torch.randn(N, K, dtype=torch.float64), 1)
weights = torch.tensor([0.5, 2.0, 0.0, 1.25], dtype=torch.float64)

cases = []
for smoothing in [0.0, 0.1, 0.25]:
    for w in [None, weights]:
        for targets in [labels, soft]:
            x = logits.clone().requires_grad_()
            loss = torch.nn.CrossEntropyLoss(weight=w, label_smoothing=smoothing)(x, targets)
            loss.backward()
            cases.append(dict(LabelSmoothing=smoothing, Weights=w.tolist() if w is not None else None, Soft=targets is soft,
                              Loss=loss.item(), Gradient=x.grad.flatten().tolist()))
out = dict(N=N, K=K, Logits=logits.flatten().tolist(), Labels=labels.tolist(), Probabilities=soft.flatten().tolist(), Cases=cases)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "loss.json"), "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
