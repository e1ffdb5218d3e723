"""ONNX Runtime's side of bench/onnx: reads one request a line from standard input, a
JSON object, and answers each with one line. It computes only while it owes an answer."""
import json
import sys
import time

import numpy
import onnxruntime


class Worker:
    def open(self, r):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = r["threads"]
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        # The batch is a symbol of the file, or a number that was written into it.
        batch = onnxruntime.InferenceSession(r["model"], options, providers=["CPUExecutionProvider"]).get_inputs()[0].shape[0]
        if isinstance(batch, str):
            options.add_free_dimension_override_by_name(batch, r["batch"])
        elif batch is not None and batch != r["batch"]:
            return {"fixed": batch}
        self.session = onnxruntime.InferenceSession(r["model"], options, providers=["CPUExecutionProvider"])
        image = numpy.fromfile(r["images"], dtype=numpy.float32).reshape(r["shape"])
        self.feeds = {self.session.get_inputs()[0].name: image}
        return {"version": onnxruntime.__version__}

    def output(self, r):
        self.session.run(None, self.feeds)[0].astype(numpy.float32).tofile(r["path"])
        return {}

    def time(self, r):
        seconds = []
        began = time.perf_counter()
        while len(seconds) < 3 or time.perf_counter() - began < r["slice"]:
            start = time.perf_counter()
            self.session.run(None, self.feeds)
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}


worker = Worker()
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = getattr(worker, request["op"])(request)
    except Exception as e:
        answer = {"error": str(e).split("\n")[0]}
    print(json.dumps(answer), flush=True)
