#!/usr/bin/env python3
"""Prints as JSON what TensorBoard reads in a folder of event files.

    python3 train/tensorboard/testdata/check_events.py FOLDER

TestRealTensorBoard runs it and compares. Checked with TensorBoard 2.21.0.
"""

import io
import json
import sys

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
events.Reload()
tags = events.Tags()
pictures = {}
for tag in tags["images"]:
    e = events.Images(tag)[0]
    picture = Image.open(io.BytesIO(e.encoded_image_string))
    pictures[tag] = [e.step, e.width, e.height, *picture.convert("RGB").getpixel((0, 0))]
json.dump({
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "images": pictures,
    "texts": {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags["tensors"]},
}, sys.stdout)
