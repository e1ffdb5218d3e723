"""OpenVINO's side of bench/compare. NNCF quantizes its models."""
import os
import sys

import protocol
from protocol import Unsupported, floats

INSTALL = "install it with bench/compare/install.sh openvino"

# What is computed in the precision of the case: all of it, but of int8 models only
# what NNCF has quantized. The rest has one of these precisions.
REST = {"float32": ["f32"], "bfloat16": ["bf16"], "int8": ["f32", "bf16"]}


class Worker(protocol.Worker):
    def hello(self, _):
        openvino = protocol.required("openvino", INSTALL)
        return {"versions": {"OpenVINO": openvino.__version__.split("-")[0], "Python": sys.version.split()[0]}}

    def settings(self, r):
        """All threads work on the whole batch (the latency hint), or each thread is a
        stream of its own that has a part of the batch (the throughput hint)."""
        if r["mode"] != "infer":
            raise Unsupported("OpenVINO does not train")
        import openvino
        able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        streams = [1, r["threads"]] if r["threads"] > 1 and r["batch"] % r["threads"] == 0 else [1]
        rest = [p for p in REST[r["precision"]] if p == "f32" or "BF16" in able]
        if not rest:
            raise Unsupported("OpenVINO has no bfloat16 on this processor")
        return {"settings": [f"{n} stream{'s'[:n > 1]} {p}" for p in rest for n in streams]}

    def prepare(self, r):
        """Quantizes the model."""
        path = self.path(r)
        if r["precision"] != "int8" or os.path.exists(path):
            return {}
        nncf = protocol.required("nncf", INSTALL)
        import openvino
        images = floats(r["calibration"], -1, 1, *r["input"])
        model = nncf.quantize(openvino.Core().read_model(r["model"]), nncf.Dataset(list(images)), subset_size=len(images))
        openvino.save_model(model, path, compress_to_fp16=False)
        return {}

    def path(self, r):
        return os.path.join(r["folder"], "int8.xml") if r["precision"] == "int8" else r["model"]

    def open(self, r):
        import numpy as np
        import openvino
        streams, _, precision = r["setting"].split()
        streams = int(streams)
        core = openvino.Core()
        model = core.read_model(self.path(r))
        part = r["batch"] // streams
        model.reshape([part, *r["input"]])
        compiled = core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": r["threads"], "NUM_STREAMS": streams, "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT", "PERFORMANCE_HINT_NUM_REQUESTS": streams,
        })
        del model
        images = floats(r["images"], streams, part, *r["input"])
        requests = [compiled.create_infer_request() for _ in range(streams)]
        for request, x in zip(requests, images):
            request.set_input_tensor(openvino.Tensor(np.array(x)))

        def step():
            for request in requests:
                request.start_async()
            for request in requests:
                request.wait()
            return np.concatenate([request.get_output_tensor().data for request in requests])

        def infer():
            requests[0].infer()
            return requests[0].get_output_tensor().data

        self.step = step if streams > 1 else infer
        return {}


if __name__ == "__main__":
    protocol.serve(Worker())
