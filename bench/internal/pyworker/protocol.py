"""The protocol of the Python programs that benchmarks ask: one request a line on
standard input, a JSON object whose "op" names a method of the worker, and one
line of answer to each. A worker computes only while it owes an answer."""
import json
import os
import sys
import time
import traceback


class Missing(Exception):
    """Something is not installed; the text says how to install it."""


class Unsupported(Exception):
    """The engine cannot do what is asked, and nothing is wrong; the text says why."""


def required(name, install):
    """Imports a module, or says how to install it."""
    import importlib
    try:
        return importlib.import_module(name)
    except ImportError as e:
        raise Missing(f"Python has no {name.split('.')[0]} ({e}): {install}") from e


def floats(path, *shape):
    """Reads a file of little-endian float32 numbers; without a shape as a vector."""
    import numpy
    values = numpy.fromfile(path, "<f4")
    return values.reshape(shape) if shape else values


class Worker:
    """What is the same in all workers. A worker's open sets step, a function that
    computes once and returns when the result is there."""

    def prepare(self, r):
        """Makes the files that open loads, if there are any."""
        return {}

    def output(self, r):
        """Writes the result of a step."""
        import numpy
        numpy.asarray(self.step()).astype("<f4").tofile(r["path"])
        return {}

    def time(self, r):
        """Times steps one by one: as many as asked for, or as many as fit into a
        slice, three at least."""
        for _ in range(r.get("warm", 0)):
            self.step()
        seconds, steps, slice_ = [], r.get("steps", 0), r.get("slice", 0)
        began = time.perf_counter()
        while len(seconds) < steps or slice_ and (len(seconds) < 3 or time.perf_counter() - began < slice_):
            start = time.perf_counter()
            self.step()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}


def serve(worker):
    """Answers requests until the input ends."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request["op"])(request)
        except Missing as e:
            answer = {"missing": str(e)}
        except Unsupported as e:
            answer = {"unsupported": str(e)}
        except Exception as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
