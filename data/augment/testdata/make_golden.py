#!/usr/bin/env python3
"""Makes golden.safetensors: what torchvision's transforms give for two small
images, for the tests of package augment. Needs torchvision (made with 0.14.1).
Everything is computed in float64 and stored as float32.

A tensor's name says what was done: the image ("colour" or "grey"), the
function and its numbers, with blanks between; adjust names several functions
in order, crop the window (top left height width) and the size it is resized to.
"""
import json
import os
import struct

import numpy as np
import torch
import torchvision.transforms.functional as F

torch.manual_seed(5)


def save(path, tensors):
    header, at = {}, 0
    for name, t in tensors:
        size = 4 * t.size
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, t in tensors:
            f.write(np.ascontiguousarray(t, dtype="<f4").tobytes())


# Bytes divided by 255, with black, white, greys, full colours and ties.
colour = torch.randint(0, 256, (3, 9, 7))
for x, rgb in enumerate([(0, 0, 0), (255, 255, 255), (90, 90, 90), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]):
    colour[:, 0, x] = torch.tensor(rgb)
for x, rgb in enumerate([(7, 90, 90), (90, 7, 90), (90, 90, 7), (7, 7, 90), (7, 90, 7), (90, 7, 7), (1, 0, 0)]):
    colour[:, 1, x] = torch.tensor(rgb)
images = {"colour": colour.float().div(255).double(), "grey": torch.randint(0, 256, (1, 8, 11)).float().div(255).double()}
adjust = {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast,
          "saturation": F.adjust_saturation, "hue": F.adjust_hue}

golden = []
for name, image in images.items():
    golden.append((name, image))
    for what, numbers in [("brightness", (0, 0.5, 1, 1.7)), ("contrast", (0, 0.4, 1, 2.5)),
                          ("saturation", (0, 0.3, 1, 3)), ("hue", (-0.5, -0.31, -0.05, 0, 0.1, 1 / 3, 0.5))]:
        for v in numbers:
            golden.append((f"{name} adjust {what} {v}", adjust[what](image, v)))
    for orders in (("brightness", 1.3, "contrast", 0.6, "saturation", 1.8, "hue", 0.07),
                   ("hue", -0.2, "saturation", 0.4, "contrast", 1.9, "brightness", 0.8)):
        y = image
        for what, v in zip(orders[::2], orders[1::2]):
            y = adjust[what](y, v)
        golden.append((" ".join([name, "adjust", *map(str, orders)]), y))
    height, width = image.shape[1:]
    for window in ((0, 0, 3, 2), (2, 1, 5, 5), (1, 0, 1, 7), (3, 2, 4, 1), (0, 0, height, width), (-2, -1, height, width),
                   (-3, 2, height + 5, width + 2), (1, 3, height, width + 4), (-4, -4, height + 8, width + 8), (height - 1, width - 1, 9, 9)):
        y = F.crop(image, *window)
        y = F.resize(y, [height, width], antialias=True) if y.shape != image.shape else y
        golden.append((" ".join([name, "crop", *map(str, window)]), y))
    golden.append((f"{name} hflip", F.hflip(image)))
    golden.append((f"{name} vflip", F.vflip(image)))
    golden.append((f"{name} normalize", F.normalize(image, [0.485, 0.456, 0.406][:len(image)], [0.229, 0.224, 0.225][:len(image)])))
save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.safetensors"),
     [(k, v.numpy().astype("f4")) for k, v in golden])
print(len(golden), "tensors")
