#!/usr/bin/env python3
"""Writes small pictures, with Pillow 9.4.0.

picture.png, .webp and .bmp hold the same 37×23 colour picture, picture.gif one of
few colours.
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
