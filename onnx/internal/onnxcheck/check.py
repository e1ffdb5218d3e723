"""Checks ONNX files for main.go: a request a line on standard input, an answer a line on standard output.

A request has the path of a file, and for each batch size the paths of an input and of the output that Stride
computed (.npy). The answer has an error, or the greatest difference from ONNX Runtime's outputs, as a share of
the standard deviation of Stride's. Of probabilities, Stride's output has the logarithms. Those of less than 1e-30
are compared as 1e-30, but have their part in the standard deviation.

Needs numpy, onnx and onnxruntime from PyPI; the results in docs/onnx-write.md are from onnx 1.23 and
onnxruntime 1.32.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime


def check(request):
    path = request["file"]
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path, load_external_data=False)
    problems = names(model)
    if problems:
        return {"error": problems}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    (target,) = session.get_outputs()
    worst = 0.0
    for case in request["cases"]:
        x, want = np.load(case["input"]), np.load(case["output"]).astype(np.float64)
        if source.type == "tensor(uint8)":
            x = x.astype(np.uint8)
        if list(source.shape[1:]) != list(x.shape[1:]):
            return {"error": f"the input is {source.shape}, want {x.shape}"}
        (got,) = session.run([target.name], {source.name: x})
        if got.shape != want.shape:
            return {"error": f"the output is {got.shape}, want {want.shape}"}
        if not np.array_equal(np.isfinite(got), np.isfinite(want)):
            return {"error": "values that are not finite"}
        deviation = max(want.std(), 1e-30)
        if request["probabilities"]:
            got, want = np.log(np.maximum(got, 1e-30)), np.maximum(want, np.log(1e-30))
        worst = max(worst, float(np.abs(got - want).max() / deviation))
    return {"difference": worst, "nodes": len(model.graph.node)}


def names(model):
    """Says what is wrong with the names of a graph: each name is given once, and what is used is there."""
    known = {i.name for i in model.graph.input} | {i.name for i in model.graph.initializer}
    if len(known) != len(model.graph.input) + len(model.graph.initializer):
        return "two inputs or initializers have the same name"
    node_names = set()
    for node in model.graph.node:
        for name in node.input:
            if name and name not in known:
                return f"{node.name} uses {name}, which is not there yet"
        for name in node.output:
            if name in known:
                return f"{node.name} gives {name} again"
            known.add(name)
        if node.name in node_names:
            return f"two nodes are named {node.name}"
        node_names.add(node.name)
    used = {name for node in model.graph.node for name in node.input}
    unused = [i.name for i in model.graph.initializer if i.name not in used]
    return f"initializers that nothing uses: {unused}" if unused else ""


def main():
    print(json.dumps({"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}), flush=True)
    for line in sys.stdin:
        try:
            answer = check(json.loads(line))
        except Exception as problem:
            answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)


main()
