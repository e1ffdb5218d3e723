#!/usr/bin/env python3
"""Writes golden.txt: what Pillow decodes of JPEG files with chosen coefficients.

    python3 make_golden.py > golden.txt

The first line is for inks. Each other line is a file: sampling, size of its blocks when decoded, width, height, greatest
coefficient, step of the quantisers, seed, CRC-32 of the pixels. The coefficients are made by
a linear congruential generator, which golden_test.go has too. Needs Pillow; used with Pillow
13.0.0 of PyPI (libjpeg-turbo 3.2.0) on a CPU with AVX2.
"""

import io
import struct
import zlib

from PIL import Image

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
SAMPLING = {"grey": [(1, 1)], "444": [(1, 1)] * 3, "422": [(2, 1), (1, 1), (1, 1)],
            "420": [(2, 2), (1, 1), (1, 1)], "440": [(1, 2), (1, 1), (1, 1)]}


class Generator:
    def __init__(self, seed):
        self.x = seed

    def next(self, n):
        self.x = (self.x * 1664525 + 1013904223) % 2**32
        return (self.x >> 8) % n

    def block(self, index, most):
        """A block in zigzag order: in turn DC only, sparse, full, and the first row only."""
        last = [lambda: 0, lambda: self.next(10), lambda: self.next(64), lambda: 28][index % 4]()
        block = [0] * 64
        for k in range(last + 1):
            a = most // (1 + k) if most < 5000 else (min(most, 16383) if k == 0 else most)
            v = self.next(2 * a + 1) - a
            if index % 4 != 3 or ZIGZAG[k] < 8:
                block[k] = v
        return block


class Bits:
    def __init__(self):
        self.value, self.count, self.out = 0, 0, bytearray()

    def put(self, value, count):
        self.value, self.count = self.value << count | value, self.count + count
        while self.count >= 8:
            byte = self.value >> (self.count - 8) & 255
            self.out.append(byte)
            if byte == 255:
                self.out.append(0)
            self.count -= 8
        self.value &= (1 << self.count) - 1

    def number(self, v, size):
        self.put(v if v >= 0 else v + (1 << size) - 1, size)


def entropy(bits, block, before):
    """Huffman codes: a DC symbol is its number in 5 bits, an AC symbol its number in 9."""
    v = block[0] - before
    bits.put(abs(v).bit_length(), 5)
    bits.number(v, abs(v).bit_length())
    run = 0
    for v in block[1:]:
        if v == 0:
            run += 1
            continue
        while run > 15:
            bits.put(0xF0, 9)
            run -= 16
        size = abs(v).bit_length()
        bits.put(run << 4 | size, 9)
        bits.number(v, size)
        run = 0
    if run:
        bits.put(0, 9)


def segment(marker, body):
    return struct.pack(">BBH", 255, marker, len(body) + 2) + body


def jpeg(sampling, width, height, most, step, seed):
    parts, generator, bits = SAMPLING[sampling], Generator(seed), Bits()
    wide, high = max(h for h, _ in parts), max(v for _, v in parts)
    quant = [(1 + i * step) % 65536 | 1 for i in range(64)]
    precision = int(max(quant) > 255)
    out = b"\xff\xd8"
    out += segment(0xDB, bytes([precision << 4]) + b"".join(
        struct.pack(">H" if precision else ">B", quant[ZIGZAG[k]]) for k in range(64)))
    out += segment(0xC1, struct.pack(">BHHB", 8, height, width, len(parts)) + b"".join(
        bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(parts)))
    out += segment(0xC4, bytes([0x00] + [0] * 4 + [16] + [0] * 11) + bytes(range(16)))
    out += segment(0xC4, bytes([0x10] + [0] * 8 + [255] + [1] + [0] * 6) + bytes(range(256)))
    out += segment(0xDA, bytes([len(parts)]) + b"".join(bytes([i + 1, 0]) for i in range(len(parts))) + b"\0\x3f\0")
    before, index = [0] * len(parts), 0
    for _ in range(-(-height // (8 * high)) * -(-width // (8 * wide))):
        for part, (h, v) in enumerate(parts):
            for _ in range(h * v):
                block = generator.block(index, most)
                index += 1
                entropy(bits, block, before[part])
                before[part] = block[0]
    bits.put(127, 7)
    return out + bits.out + b"\xff\xd9"


def line(sampling, size, width, height, most, step, seed):
    picture = Image.open(io.BytesIO(jpeg(sampling, width, height, most, step, seed)))
    mode = "L" if sampling == "grey" else "RGB"
    if size < 8:
        picture.draft(mode, (width * size // 8, height * size // 8))
    assert picture.size == (width * size // 8, height * size // 8) and picture.mode == mode
    print(sampling, size, width, height, most, step, seed, zlib.crc32(picture.tobytes()))


if __name__ == "__main__":
    cmyk = bytes(v for k in range(256) for c in range(256) for v in (c, 255 - c, c * 7 % 256, k))
    print("cmyk", zlib.crc32(Image.frombytes("CMYK", (256, 256), cmyk).convert("RGB").tobytes()))
    seed = 0
    for most, step in [(900, 0), (100, 1), (50, 3), (300, 3), (2000, 7), (9000, 0), (30000, 0), (32767, 1031)]:
        for size in (8, 4, 2, 1):
            seed += 1
            line("grey", size, 104, 80, most, step, seed)
        for sampling in ("444", "422", "420", "440"):
            for width, height in [(48, 48), (37, 29), (6, 3), (5, 17)]:
                seed += 1
                line(sampling, 8, width, height, most, step, seed)
