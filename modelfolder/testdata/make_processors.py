"""Write processors.json: what image processors of transformers make of a picture.

    pip install transformers torch torchvision pillow
    python make_processors.py > processors.json

Each entry has preprocessor_config.json, the shape of the input, and some of its values.
"""
import json

import numpy as np
from PIL import Image
from transformers import AutoImageProcessor  # noqa: F401  (registers the classes)
import transformers

# transformers cut the middle out with the odd pixel at the bottom and right, torchvision
# and Stride at the nearest even place: sizes are chosen so that there is none.
HEIGHT, WIDTH, STEP = 48, 72, 7


def picture():
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    return Image.fromarray(((x * 7 + y * 13 + c * 50 + x * y) % 256).astype(np.uint8))


def entry(kind, **fields):
    cls = getattr(transformers, kind + "Pil", None) or getattr(transformers, kind)
    made = cls(**fields)
    x = np.asarray(made(picture(), return_tensors="np")["pixel_values"])[0]
    return {
        "config": {"image_processor_type": kind, **fields},
        "shape": list(x.shape),
        "values": [round(float(v), 5) for v in x.ravel()[::STEP]],
    }


MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
FULL = {"do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": MEAN, "image_std": STD, "do_resize": True}
ENTRIES = [
    entry("ViTImageProcessor", size={"height": 16, "width": 20}, resample=2, **{**FULL, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}),
    entry("ViTImageProcessor", size={"height": 16, "width": 16}, resample=3, **{**FULL, "do_normalize": False}),
    entry("ConvNextImageProcessor", size={"shortest_edge": 28}, crop_pct=0.875, resample=3, **FULL),
    entry("ConvNextImageProcessor", size={"shortest_edge": 384}, crop_pct=0.875, resample=2, **FULL),
    entry("MobileNetV2ImageProcessor", size={"shortest_edge": 28}, do_center_crop=True, crop_size={"height": 24, "width": 24}, resample=2, **FULL),
    entry("MobileNetV1ImageProcessor", size={"shortest_edge": 32}, do_center_crop=True, crop_size={"height": 28, "width": 28}, resample=3,
          **{**FULL, "rescale_factor": 1 / 127.5, "image_mean": [1.0] * 3, "image_std": [1.0] * 3}),
    entry("ViTImageProcessor", size={"height": 16, "width": 16}, resample=2, **{**FULL, "do_rescale": False, "image_mean": [123.0, 117.0, 104.0], "image_std": [58.0] * 3}),
]
for e in ENTRIES:  # one that is large needs few values
    e["values"] = e["values"][:400]
print("[\n" + ",\n".join(json.dumps(e) for e in ENTRIES) + "\n]")
