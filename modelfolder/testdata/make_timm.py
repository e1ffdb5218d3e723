#!/usr/bin/env python3
"""Makes the golden files of package modelfolder with timm.

    python3 modelfolder/testdata/make_timm.py [NAME…]

makes those of the models given, or all. timm-NAME.json holds, for a model of timm with five classes: the config.json that
timm's own save_config_for_hf writes, the names and shapes of its state dict
(without num_batches_tracked; a batch normalization stands there as its path and its
channels), and the logits of an image of 64×64 pixels, where
the model is small enough for a quick test. Weights and image are not stored: each
is given by a formula of its name, as in zoo/torchvision/testdata/make_golden.py.
Computed in float64 from values that float32 holds. Made with timm 1.0.31 and
PyTorch 2.15.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import timm
import torch
from timm.models._hub import save_config_for_hf

HERE = pathlib.Path(__file__).parent
SIZE = 64
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


def compact(state):
    """The names and shapes as a list; a batch normalization is one entry."""
    out, names = [], list(state)
    while names:
        path = names[0].removesuffix("weight")
        norm = [path + k for k in ("weight", "bias", "running_mean", "running_var")]
        if names[:4] == norm:
            out.append([path.removesuffix("."), state[names[0]][0]])
            names = names[4:]
        else:
            out.append([names[0], state[names[0]]])
            names = names[1:]
    return out


def golden(name, logits, file=None, **args):
    model = timm.create_model(name, num_classes=5, **args).eval()
    labels = ["ant", "bee", "cat", "dog", "elk"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "config.json")
        save_config_for_hf(model, path, model_config={"label_names": labels, "label_descriptions": {"bee": "a honey bee"}})
        config = json.loads(path.read_text())
    state = {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    out = {"timm": timm.__version__, "config": config, "state": compact(state)}
    if logits:
        model.load_state_dict({k: value(k, s) for k, s in state.items()}, strict=False)
        channels = args.get("in_chans", 3)
        image = torch.from_numpy(uniform("image", channels * SIZE * SIZE).astype(np.float32).reshape(1, channels, SIZE, SIZE))
        with torch.no_grad():
            out["logits"] = model.double()(image.double())[0].tolist()
    (HERE / f"timm-{file or name}.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(name, len(state), out.get("logits"))


# Whether there are logits; the others are large, or like one that has some.
MODELS = {
    "resnet18": True, "resnet34": False, "resnet50": False, "resnext50_32x4d": False, "wide_resnet50_2": False,
    "mobilenetv2_100": True,
    "densenet121": True, "densenet161": False, "densenet169": False, "densenet201": False, "inception_v3": False,
    "tf_efficientnet_lite0": True, **{f"tf_efficientnet_lite{i}": False for i in range(1, 5)},
    **{f"efficientnet_b{i}": i == 0 for i in range(5)},
    "mnasnet_050": True, "mnasnet_075": False, "mnasnet_100": False,
    "regnety_004": True, "regnety_008_tv": False, "regnety_016": False, "regnety_032": False,
    "regnetx_004_tv": False, "regnetx_008": False, "regnetx_016": False, "regnetx_032": False,
    "convnext_tiny": False, "convnext_small": False, "convnext_base": False,
    "vgg11": False, "vgg11_bn": False, "vgg16": False, "vgg16_bn": False,
}

for name in sys.argv[1:] or MODELS:
    golden(name, MODELS[name])
    if name == "resnet18":
        golden(name, True, file="resnet18-grey", in_chans=1)
