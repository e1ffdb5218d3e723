#!/usr/bin/env python3
"""Writes small pictures and what Pillow (9.4.0) makes of them.

picture.png, .webp and .bmp hold the same 37×23 colour picture, picture.gif one of
few colours; grey.bin and rgb.bin are the bytes, C×H×W, of picture.png resized to
28×28 (bilinear), and crop.bin those of it resized to cover 20×20 and cropped.
"""
import pathlib
import random

from PIL import Image

here = pathlib.Path(__file__).parent
rng = random.Random(2)
w, h = 37, 23
picture = Image.new("RGB", (w, h))
for y in range(h):
    for x in range(w):
        picture.putpixel((x, y), ((x * 7 + rng.randrange(40)) % 256, (y * 11 + rng.randrange(40)) % 256, (x * y + rng.randrange(9)) % 256))
picture.save(here / "picture.png", optimize=True)
picture.save(here / "picture.bmp")
picture.save(here / "picture.webp", lossless=True)
picture.quantize(16).save(here / "picture.gif")
bilinear = Image.Resampling.BILINEAR


def planes(p):
    return b"".join(band.tobytes() for band in p.split())


(here / "grey.bin").write_bytes(picture.convert("L").resize((28, 28), bilinear).tobytes())
(here / "rgb.bin").write_bytes(planes(picture.resize((28, 28), bilinear)))
# torchvision: Resize(20) makes the shorter side 20 and the other int(20 * 37 / 23) = 32; CenterCrop(20).
wide = picture.resize((int(20 * w / h), 20), bilinear)
left = round((wide.width - 20) / 2)
(here / "crop.bin").write_bytes(planes(wide.crop((left, 0, left + 20, 20))))
