#!/usr/bin/env python3
"""Writes what Pillow (9.4.0) makes of imagefile's picture.png, 37×23 pixels.

Each file holds bytes, C×H×W. grey.bin and rgb.bin: resized to 28×28, bilinear.
crop.bin: resized to cover 20×20 and cropped, bilinear. center.bin: the shorter side
to 32, bicubic, and the middle 28×24 cut out. squash.bin: both sides to 32, bilinear,
and the middle 28×28 cut out.
"""
import pathlib

from PIL import Image

here = pathlib.Path(__file__).parent
picture = Image.open(here / "../../imagefile/testdata/picture.png").convert("RGB")
bilinear, bicubic = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC


def planes(p):
    return b"".join(band.tobytes() for band in p.split())


def resize(p, size, resampling):
    """torchvision's Resize: the shorter side becomes size."""
    w, h = p.size
    if w <= h:
        return p.resize((size, int(size * h / w)), resampling)
    return p.resize((int(size * w / h), size), resampling)


def crop(p, height, width):
    """torchvision's CenterCrop."""
    left, top = int(round((p.width - width) / 2.0)), int(round((p.height - height) / 2.0))
    return p.crop((left, top, left + width, top + height))


def write(name, p):
    (here / name).write_bytes(planes(p))


write("grey.bin", picture.convert("L").resize((28, 28), bilinear))
write("rgb.bin", picture.resize((28, 28), bilinear))
write("crop.bin", crop(resize(picture, 20, bilinear), 20, 20))
write("center.bin", crop(resize(picture, 32, bicubic), 28, 24))
write("squash.bin", crop(picture.resize((32, 32), bilinear), 28, 28))
