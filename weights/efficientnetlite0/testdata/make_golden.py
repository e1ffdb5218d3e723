#!/usr/bin/env python3
"""Draws the pictures of this folder and writes logits.json, their logits.

    python3 weights/efficientnetlite0/testdata/make_golden.py

The logits are those that timm's tf_efficientnet_lite0 computes in float64 with the
weights of ../efficientnet-lite0.safetensors, for (x - 127)/128 of the middle 224×224
pixels after Pillow has resized the shorter side to 256 by its bicubic filter.
Made with timm 1.0.31, PyTorch 2.15 and Pillow 13.0.0.
"""

import json
import math
import pathlib

import numpy as np
import timm
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent


def flower():
    """A flower with white petals on green."""
    picture = Image.new("RGB", (200, 240), (58, 110, 40))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((96, 120, 104, 240), fill=(40, 80, 20))
    for i in range(16):
        a = 2 * math.pi * i / 16
        tip = (100 + 78 * math.cos(a), 100 + 78 * math.sin(a))
        side = (14 * math.sin(a), -14 * math.cos(a))
        middle = (100 + 45 * math.cos(a), 100 + 45 * math.sin(a))
        draw.polygon([(100, 100), (middle[0] + side[0], middle[1] + side[1]), tip, (middle[0] - side[0], middle[1] - side[1])], fill=(245, 245, 240))
    draw.ellipse((74, 74, 126, 126), fill=(230, 180, 30), outline=(190, 130, 10), width=4)
    return picture


def signal():
    """A traffic light that shows red, wider than high."""
    picture = Image.new("RGB", (320, 225), (150, 185, 225))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((154, 190, 166, 225), fill=(60, 60, 60))
    draw.rectangle((118, 10, 202, 200), fill=(35, 38, 35), outline=(15, 15, 15), width=4)
    for top, colour in ((20, (235, 30, 20)), (80, (70, 60, 15)), (140, (15, 60, 30))):
        draw.ellipse((133, top, 187, top + 54), fill=colour, outline=(10, 10, 10), width=3)
    return picture


def waves():
    """Colours without meaning, smaller than the input."""
    y, x = np.mgrid[0:97, 0:131]
    planes = [127 + 120 * np.sin(x / a + y / b) for a, b in ((7, 11), (13, -9), (-5, 17))]
    return Image.fromarray(np.stack(planes, 2).astype(np.uint8))


def tensor(picture):
    w, h = picture.size
    w, h = (256, 256 * h // w) if w < h else (256 * w // h, 256)
    picture = picture.resize((w, h), Image.BICUBIC)
    left, top = round((w - 224) / 2), round((h - 224) / 2)
    pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float64)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)[None]


def main():
    model = timm.create_model("tf_efficientnet_lite0")
    state = load_file(HERE.parent / "efficientnet-lite0.safetensors")
    missing = model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    assert all(k.endswith("num_batches_tracked") for k in missing.missing_keys) and not missing.unexpected_keys
    model = model.double().eval()
    logits = {}
    for draw in (flower, signal, waves):
        draw().save(HERE / f"{draw.__name__}.png", optimize=True)
        with torch.no_grad():
            y = model(tensor(Image.open(HERE / f"{draw.__name__}.png")))[0]
        logits[draw.__name__] = [round(v, 6) for v in y.tolist()]
        print(draw.__name__, [(int(i), round(float(y[i]), 3)) for i in y.argsort(descending=True)[:5]])
    text = ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in logits.items())
    (HERE / "logits.json").write_text("{" + text + "}\n")


if __name__ == "__main__":
    main()
