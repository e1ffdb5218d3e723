#!/usr/bin/env python3
"""Writes photos.txt: what torchvision's transforms make of PIL images and batches.

Made with torchvision 0.29.2, Pillow 13.0.0 and PyTorch 2.15.0. The pixels of the picture
in a line come from a linear congruential generator whose seed is the number of the line
from 0; results are CRC-32 of the bytes, channels side by side. The kinds of lines:

    operation SPACE OPERATION BIN SIGN MODE WIDTH HEIGHT CRC   of RandAugment and TrivialAugmentWide
    rcrop TOP LEFT HEIGHT WIDTH NEWHEIGHT NEWWIDTH MODE WIDTH HEIGHT CRC
    cutbox LAMBDA X Y HEIGHT WIDTH X0 Y0 X1 Y1 KEPT
    mixup LAMBDA INPUT RESULT, and cutmix X0 Y0 X1 Y1 KEPT TARGETS IMAGES, of the batches in golden_test.go
"""
import pathlib
import random
import zlib

import torch
from PIL import Image
from torchvision.transforms import InterpolationMode as Mode
from torchvision.transforms import autoaugment, functional as F, v2

rng = random.Random(2)
lines = []
modes = {"bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC, "nearest": Mode.NEAREST}


def picture(w, h):
    out, x = bytearray(w * h * 3), len(lines)
    for i in range(len(out)):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = x >> 24
    return Image.frombytes("RGB", (w, h), bytes(out))


def crc(p):
    return zlib.crc32(p.tobytes())


for name in ("rand", "trivial"):
    for index, op in enumerate(autoaugment.RandAugment()._augmentation_space(31, (9, 9))):
        for mode in ("nearest", "bilinear"):
            for number in [rng.randrange(31) for _ in range(3)] + [9]:
                w, h, sign = rng.randrange(3, 40), rng.randrange(3, 40), rng.choice([-1, 1])
                space = (autoaugment.RandAugment()._augmentation_space(31, (h, w)) if name == "rand"
                         else autoaugment.TrivialAugmentWide()._augmentation_space(31))
                magnitudes, signed = space[op]
                magnitude = float(magnitudes[number].item()) if magnitudes.ndim > 0 else 0.0
                sign = sign if signed else 1
                result = autoaugment._apply_op(picture(w, h), op, magnitude * sign, modes[mode], None)
                lines.append(f"operation {name} {index} {number} {sign} {mode} {w} {h} {crc(result)}")

for _ in range(40):
    w, h = rng.randrange(2, 60), rng.randrange(2, 60)
    height, width = rng.randrange(1, h + 1), rng.randrange(1, w + 1)
    top, left = rng.randrange(h - height + 1), rng.randrange(w - width + 1)
    size, mode = [rng.randrange(1, 40), rng.randrange(1, 40)], rng.choice(["bilinear", "bicubic"])
    result = F.resized_crop(picture(w, h), top, left, height, width, size, modes[mode])
    lines.append(f"rcrop {top} {left} {height} {width} {size[0]} {size[1]} {mode} {w} {h} {crc(result)}")

cut = v2.CutMix(num_classes=3)
for _ in range(60):
    h, w = rng.randrange(1, 300), rng.randrange(1, 300)
    lam, x, y = rng.random(), rng.randrange(w), rng.randrange(h)
    draws = [torch.tensor([x]), torch.tensor([y])]
    cut._dist = type("Fixed", (), {"sample": lambda self, shape: lam})()
    real, torch.randint = torch.randint, lambda *a, **k: draws.pop(0)
    params = cut.make_params([torch.zeros(1, 1, h, w)])
    torch.randint = real
    lines.append(" ".join(map(str, ["cutbox", lam, x, y, h, w, *params["box"], params["lam_adjusted"]])))

batch = (torch.arange(3 * 2 * 4 * 5) * 37 % 101).reshape(3, 2, 4, 5).float() / 101
labels = torch.tensor([2, 0, 1])


def text(t):
    return ",".join(repr(v) for v in t.flatten().tolist())


for lam in (0.0, 0.25, 0.7, 1.0):
    mix = v2.MixUp(num_classes=3)
    mix._dist = type("Fixed", (), {"sample": lambda self, shape: lam})()
    images, targets = mix(batch, labels)
    lines.append(f"mixup {lam} {text(targets)} {text(images)}")
for box in ((1, 1, 4, 3), (0, 0, 5, 4), (2, 2, 2, 2)):
    kept = 1 - (box[2] - box[0]) * (box[3] - box[1]) / 20
    cut = v2.CutMix(num_classes=3)
    cut.make_params = lambda flat: dict(box=box, lam_adjusted=kept)
    images, targets = cut(batch, labels)
    lines.append(f"cutmix {' '.join(map(str, box))} {kept} {text(targets)} {text(images)}")
(pathlib.Path(__file__).parent / "photos.txt").write_text("\n".join(lines) + "\n")
print(len(lines), "lines")
