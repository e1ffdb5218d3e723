"""Writes golden.json: values pickled with the protocols 2 to 5, and their repr.

    python3 make_golden.py
"""

import base64
import collections
import json
import os
import pickle

shared = [1, 2]
deep = ()
for _ in range(4):
    deep = (deep, None)
values = [
    None, True, False, 0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 0x1950A86A20F9469CFC6C,
    0.5, -1e300, float("inf"), "", "abc", "Ä日😀", "a" * 300, b"", b"\x00\xff", b"b" * 300, bytearray(b"xyz"),
    (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2, 3], deep, [shared, shared],
    {}, {"a": 1}, {"a": 1, 2: "b", None: 3.5, True: ()}, {str(i): i for i in range(20)},
    {7}, frozenset({8}), collections.OrderedDict(a=1, b=2), collections.Counter("b"), collections.defaultdict(list, {"k": [1]}),
]


def shown(v):
    """As Show in the test: containers by their kind, whatever class they have."""
    if isinstance(v, dict):
        return "{" + ", ".join(shown(k) + ": " + shown(x) for k, x in v.items()) + "}"
    if isinstance(v, tuple):
        return "(" + ", ".join(map(shown, v)) + ")"
    if isinstance(v, list):
        return "[" + ", ".join(map(shown, v)) + "]"
    if isinstance(v, (set, frozenset)):
        return "<" + ", ".join(map(shown, v)) + ">"
    if isinstance(v, (bytes, bytearray)):
        return "bytes " + v.hex()
    if isinstance(v, str):
        return "str " + v
    if isinstance(v, float):
        return "float " + v.hex() if v != float("inf") else "float inf"
    return repr(v)


out = [[p, base64.b64encode(pickle.dumps(v, p)).decode(), shown(v)] for v in values for p in range(2, 6)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(x) for x in out) + "\n]\n")
