#!/usr/bin/env python3
"""Writes resize.txt: checksums of what Pillow's resize makes of many small pictures.

Made with Pillow 13.0.0. Each line is filter, kind, channels, width, height, new width,
new height, the box's four numbers and the CRC-32 of the result's bytes. The picture's
bytes come from a linear congruential generator, whose seed is the number of the line;
for kind 0 they are its high bytes, for kind 1 only 0 and 255, and for kind 2 a ramp.
"""
import pathlib
import random
import zlib

from PIL import Image

rng = random.Random(1)
filters = dict(bilinear=Image.BILINEAR, bicubic=Image.BICUBIC, nearest=Image.NEAREST, box=Image.BOX,
               hamming=Image.HAMMING, lanczos=Image.LANCZOS)
modes = {1: "L", 3: "RGB"}


def pixels(seed, kind, n):
    out, x = bytearray(n), seed
    for i in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = (x >> 24, 255 * (x >> 31), i * 3 % 256)[kind]
    return bytes(out)


def bounds(size):
    a = rng.choice([0, 0, rng.randrange(size), rng.random() * (size - 0.5)])
    return a, rng.choice([size, rng.uniform(a + 0.25, size)])


lines = []
for seed in range(2000):
    name, kind, channels = rng.choice(list(filters)), rng.randrange(3), rng.choice([1, 3])
    w, h, ow, oh = (rng.randrange(1, rng.choice([8, 50, 130])) for _ in range(4))
    box = (0, 0, w, h)
    if seed % 3 == 0:
        (x0, x1), (y0, y1) = bounds(w), bounds(h)
        box = tuple(float(f"{v:.4f}") for v in (x0, y0, x1, y1))
    picture = Image.frombytes(modes[channels], (w, h), pixels(seed, kind, w * h * channels))
    result = picture.resize((ow, oh), filters[name], box=box).tobytes()
    lines.append(" ".join(map(str, (name, kind, channels, w, h, ow, oh, *box, zlib.crc32(result)))) + "\n")
(pathlib.Path(__file__).parent / "resize.txt").write_text("".join(lines))


def operations():
    """Writes operations.txt: what torchvision 0.29.2 makes of PIL images.

    Each line is kind, channels, width, height, the operation, its numbers with commas
    between, and the CRC-32 of the result, or for blur the result in hexadecimal digits.
    """
    import torchvision.transforms.functional as F
    from torchvision.transforms import InterpolationMode as Mode

    modes_of = {"nearest": Mode.NEAREST, "bilinear": Mode.BILINEAR}
    u = rng.uniform
    lines = []


    def case(name, args, do, repeat=12, least=1):
        for _ in range(repeat):
            seed, kind, channels = len(lines), rng.randrange(3), rng.choice([1, 3, 3])
            w, h = rng.randrange(least, 40), rng.randrange(least, 40)
            if name == "rotate" and rng.random() < 0.5:
                h = w
            picture = Image.frombytes(modes[channels], (w, h), pixels(seed, kind, w * h * channels))
            numbers = args(w, h)
            result = do(picture, *numbers).tobytes()
            out = result.hex() if name == "blur" else zlib.crc32(result)
            lines.append(f"{kind} {channels} {w} {h} {name} {','.join(map(str, numbers)) or '-'} {out}\n")

    for name, do in dict(brightness=F.adjust_brightness, contrast=F.adjust_contrast, saturation=F.adjust_saturation,
                         sharpness=F.adjust_sharpness).items():
        case(name, lambda w, h: [rng.choice([0, 0.5, 1, 2, u(0, 1), u(0, 1), u(1, 3), u(1, 3)])], do, 40)
    case("hue", lambda w, h: [rng.choice([0, -0.5, 0.5, u(-0.5, 0.5), u(-0.5, 0.5)])], F.adjust_hue, 60)
    case("grayscale", lambda w, h: [], lambda p: F.to_grayscale(p, len(p.getbands())))
    case("invert", lambda w, h: [], F.invert, 4)
    case("posterize", lambda w, h: [rng.randrange(1, 9)], F.posterize)
    case("solarize", lambda w, h: [rng.choice([0, 128, 255, u(0, 256)])], F.solarize)
    case("autocontrast", lambda w, h: [], F.autocontrast, 20)
    case("equalize", lambda w, h: [], F.equalize, 40)
    case("hflip", lambda w, h: [], F.hflip, 8)
    case("vflip", lambda w, h: [], F.vflip, 8)
    case("crop", lambda w, h: [rng.randrange(-9, 40), rng.randrange(-9, 40), rng.randrange(1, 40), rng.randrange(1, 40)],
         lambda p, left, top, w, h: F.crop(p, top, left, h, w), 30)
    for mode in modes_of:
        case("rotate", lambda w, h: [mode, rng.choice([0, 90, 180, -90, -450, u(-180, 180), u(-30, 30)]), rng.choice([0, 77])],
             lambda p, m, angle, fill: F.rotate(p, angle, modes_of[m], fill=fill), 60)
        case("affine", lambda w, h: [mode, rng.choice([0, u(-180, 180)]), rng.randrange(-9, 10), rng.randrange(-9, 10),
                                     rng.choice([1, u(0.5, 2)]), rng.choice([0, u(-40, 40)]), rng.choice([0, u(-40, 40)]),
                                     rng.choice([0, w * 0.5]), rng.choice([0, h * 0.5]), rng.choice([0, 200])],
             lambda p, m, angle, x, y, scale, sx, sy, cx, cy, fill:
             F.affine(p, angle, [x, y], scale, [sx, sy], modes_of[m], fill, [cx, cy]), 80)

        def corners(w, h):
            a, b = w // 3, h // 3
            r = rng.randint
            return [mode, r(0, a), r(0, b), r(w - 1 - a, w - 1), r(0, b), r(w - 1 - a, w - 1), r(h - 1 - b, h - 1), r(0, a), r(h - 1 - b, h - 1),
                    rng.choice([0, 99])]

        def perspective(p, m, *args):
            w, h = p.size
            ends = [list(args[i:i + 2]) for i in range(0, 8, 2)]
            return F.perspective(p, [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]], ends, modes_of[m], args[8])

        case("perspective", corners, perspective, 60, 8)
    case("blur", lambda w, h: [rng.choice([3, 5, 9]), u(0.1, 3)], F.gaussian_blur, 20, 6)
    (pathlib.Path(__file__).parent / "operations.txt").write_text("".join(lines))


operations()
