#!/usr/bin/env python3
"""Makes transformers.json: names and shapes of networks in Hugging Face's transformers.

    python3 zoo/torchvision/testdata/make_transformers.py

For ResNet it also checks that the network computes what torchvision's does, given the
same weights under other names. Made with transformers 5.24.0, PyTorch 2.15 and
torchvision 0.29.
"""

import json
import pathlib

import torch
import torchvision
from transformers import MobileNetV2Config, MobileNetV2ForImageClassification, ResNetConfig, ResNetForImageClassification

torch.manual_seed(0)
torch.set_num_threads(1)
CLASSES = 5
models = {
    "resnet18": ResNetForImageClassification(ResNetConfig(depths=[2, 2, 2, 2], layer_type="basic", hidden_sizes=[64, 128, 256, 512], num_labels=CLASSES)),
    "resnet34": ResNetForImageClassification(ResNetConfig(depths=[3, 4, 6, 3], layer_type="basic", hidden_sizes=[64, 128, 256, 512], num_labels=CLASSES)),
    "resnet50": ResNetForImageClassification(ResNetConfig(num_labels=CLASSES)),
    "mobilenet_v2": MobileNetV2ForImageClassification(MobileNetV2Config(num_labels=CLASSES)),
}

out = {}
for name, model in models.items():
    state = {k: v for k, v in model.eval().state_dict().items() if not k.endswith("num_batches_tracked")}
    out[name] = [[k, list(v.shape)] for k, v in state.items()]
    if not name.startswith("resnet"):
        continue
    ours = torchvision.models.get_model(name, num_classes=CLASSES).eval()
    own = {k: v for k, v in ours.state_dict().items() if not k.endswith("num_batches_tracked")}

    def theirs(k):
        p = k.split(".")
        kind = {"conv": "convolution", "bn": "normalization"}
        if p[0] == "fc":
            return f"classifier.1.{p[1]}"
        if not p[0].startswith("layer"):
            return f"resnet.embedder.embedder.{kind[p[0][:-1]]}.{p[1]}"
        at = f"resnet.encoder.stages.{int(p[0][5:]) - 1}.layers.{p[1]}."
        if p[2] == "downsample":
            return at + f"shortcut.{['convolution', 'normalization'][int(p[3])]}.{p[4]}"
        return at + f"layer.{int(p[2][-1]) - 1}.{kind[p[2][:-1]]}.{p[3]}"

    assert {theirs(k) for k in own} == set(state), name
    ours.load_state_dict({k: torch.rand_like(v) * 0.1 + 0.01 for k, v in own.items()}, strict=False)
    model.load_state_dict({theirs(k): v for k, v in ours.state_dict().items() if not k.endswith("num_batches_tracked")}, strict=False)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        a, b = ours.double()(x.double()), model.double()(x.double()).logits
    assert torch.allclose(a, b, rtol=1e-12), (a, b)

path = pathlib.Path(__file__).parent / "transformers.json"
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in out.items()) + "\n}\n")
