"""Writes two checkpoints of a network with a linear layer of 5 to 3 and a batch
normalization, whose values count up from 0 in the order of the state dict.

    pip install torch==2.15.0
    python3 make_golden.py
"""

import os

import torch
import torch.nn as nn

here = os.path.dirname(os.path.abspath(__file__))
net = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3))
count = 0
for name, x in net.state_dict().items():
    if x.is_floating_point():
        x.copy_(torch.arange(count, count + x.numel()).reshape(x.shape))
        count += x.numel()
wrapped = {"module." + k: v for k, v in net.state_dict().items()}
torch.save({"state_dict": wrapped, "epoch": 3}, os.path.join(here, "checkpoint.pth"))
torch.save(net.half().state_dict(), os.path.join(here, "legacy.bin"), _use_new_zipfile_serialization=False)
