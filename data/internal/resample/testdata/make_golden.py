#!/usr/bin/env python3
"""Writes golden.bin.gz: pictures and what Pillow's resize makes of them.

Made with Pillow 9.4.0; Pillow's resize has given the same bytes since 2.7, until
Pillow 13 changed the order of the passes for some shapes. Each case is five
16-bit big-endian numbers (filter, input height and width, output height and
width), the input's bytes and the output's bytes. The filter is 0 for bilinear and
1 for bicubic.
"""
import gzip
import pathlib
import random
import struct

from PIL import Image

rng = random.Random(1)


def noise(h, w):
    return bytes(rng.randrange(256) for _ in range(h * w))


def blob(h, w):
    """A bright smooth shape on black with hard edges inside, as clothes are."""
    out = bytearray()
    for y in range(h):
        for x in range(w):
            v = (x * 7 + y * 13) % 256
            inside = (2 * x - w) ** 2 * 3 + (2 * y - h) ** 2 * 4 < w * w * 2
            out.append(v if inside else 0)
    return bytes(out)


def extremes(h, w):
    return bytes(rng.choice((0, 255)) for _ in range(h * w))


cases = [(28, 28, 224, 224, blob), (28, 28, 96, 96, blob), (28, 28, 14, 14, noise), (28, 28, 29, 27, noise),
         (28, 28, 1, 1, noise), (1, 1, 5, 7, noise), (28, 28, 28, 40, noise), (28, 28, 40, 28, noise),
         (3, 200, 9, 20, noise), (200, 3, 20, 9, extremes), (100, 100, 28, 28, extremes), (64, 64, 32, 32, noise),
         (1, 50, 3, 7, noise), (50, 1, 7, 3, extremes), (97, 61, 28, 28, noise), (28, 28, 32, 32, extremes)]
for make in (noise, extremes, blob):
    for _ in range(25):
        cases.append(tuple(rng.randrange(1, 48) for _ in range(4)) + (make,))

data = bytearray()
for h, w, oh, ow, make in cases:
    pixels = make(h, w)
    for number, resampling in enumerate((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)):
        picture = Image.frombytes("L", (w, h), pixels).resize((ow, oh), resampling)
        data += struct.pack(">5H", number, h, w, oh, ow) + pixels + picture.tobytes()
path = pathlib.Path(__file__).with_name("golden.bin.gz")
path.write_bytes(gzip.compress(bytes(data), 9, mtime=0))
print(path, 2 * len(cases), "cases", path.stat().st_size, "bytes")
