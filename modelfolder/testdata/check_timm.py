#!/usr/bin/env python3
"""Loads a model folder that Stride has written with the real timm.

    python3 modelfolder/testdata/check_timm.py FOLDER

It prints as JSON what timm reads: architecture, labels, preprocessing, and the
logits, in float64, of the image of make_timm.py. TestRealTimm runs it and compares.
Checked with timm 1.0.31 and PyTorch 2.15.
"""

import json
import sys

import numpy as np
import timm
import torch


def uniform(name, count):
    """count numbers from −1 to 1, as in make_timm.py."""
    key = 0xCBF29CE484222325
    for b in name.encode():
        key = (key ^ b) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


model = timm.create_model(f"local-dir:{sys.argv[1]}", pretrained=True).eval()
data = timm.data.resolve_data_config(model=model)
timm.data.create_transform(**data)
image = uniform("image", int(np.prod(data["input_size"]))).astype(np.float32).reshape(1, *data["input_size"])
with torch.no_grad():
    logits = model.double()(torch.from_numpy(image).double())[0].tolist()
json.dump({
    "architecture": model.pretrained_cfg["architecture"],
    "labels": model.pretrained_cfg["label_names"],
    "mean": data["mean"], "crop_pct": data["crop_pct"],
    "logits": logits,
}, sys.stdout)
