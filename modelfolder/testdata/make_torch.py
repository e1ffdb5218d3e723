#!/usr/bin/env python3
"""Makes tiny.pth, a checkpoint of a small network in a wrapper, with names of its
classes, and tiny.json with the logits of an image.

    python3 modelfolder/testdata/make_torch.py

Made with PyTorch 2.15.
"""

import json
import pathlib

import torch
import torch.nn as nn

HERE = pathlib.Path(__file__).parent
torch.manual_seed(1)
net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
state = {"module." + k: v for k, v in net.state_dict().items()}
torch.save({"epoch": 3, "state_dict": state, "class_to_idx": {"cat": 1, "ant": 0, "dog": 2}}, HERE / "tiny.pth")
image = torch.arange(64.0).reshape(1, 1, 8, 8) / 64
with torch.no_grad():
    logits = net.double()(image.double())[0].tolist()
(HERE / "tiny.json").write_text(json.dumps(logits) + "\n")
