#!/usr/bin/env python3
"""Makes events.golden: an event file that TensorBoard's own code has written.

    python3 train/tensorboard/testdata/make_events.py

The test writes the same events. Made with TensorBoard 2.21.0.
"""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

HERE = pathlib.Path(__file__).parent
START = 1_700_000_000.25  # the time of the first event; each is a second later


def summary(step, **value):
    return {"step": step, "summary": summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value)])}


text = tensor_pb2.TensorProto(
    dtype=types_pb2.DT_STRING,
    tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]),
    string_val=["*ants* – bees".encode()],
)
metadata = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"))
events = [
    {"file_version": "brain.Event:2"},
    summary(1, tag="train/loss", simple_value=2.5),
    summary(300, tag="learning_rate", simple_value=0.0),
    summary(70000, tag="notes", tensor=text, metadata=metadata),
    {"step": 301, "session_log": event_pb2.SessionLog(status=event_pb2.SessionLog.START)},
]
with open(HERE / "events.golden", "wb") as f:
    writer = RecordWriter(f)
    for i, e in enumerate(events):
        writer.write(event_pb2.Event(wall_time=START + i, **e).SerializeToString(deterministic=True))
    writer.flush()
