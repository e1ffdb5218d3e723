"""Checks a running stride serve with Triton's clients, and prints what it has checked.

    stride train lenet --data sample --epochs 1 --out runs/lenet
    stride serve lenet=runs/lenet --addr 127.0.0.1:8080 --grpc-addr 127.0.0.1:8081 &
    python3 serve/testdata/check_tritonclient.py 127.0.0.1:8080 lenet 127.0.0.1:8081

Without the last argument, only HTTP is checked. Needs tritonclient[http,grpc] (2.73) and numpy. It ends with status 1 at the first answer that is
not as it should be.
"""

import sys

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

address, model, *grpc_address = sys.argv[1:]
client = http.InferenceServerClient(address)


def check(what, ok, value=""):
    print(f"{'ok' if ok else 'WRONG':5} {what} {value}")
    if not ok:
        sys.exit(1)


def refused(what, part, call):
    try:
        call()
    except InferenceServerException as e:
        check(what, part in str(e), f"-> {e}")
    else:
        check(what, False)


# The server and its models.
check("live, ready", client.is_server_live() and client.is_server_ready())
metadata = client.get_server_metadata()
check("server metadata", metadata["name"] == "stride" and "binary_tensor_data" in metadata["extensions"], metadata)
check("model ready", client.is_model_ready(model) and client.is_model_ready(model, "1") and not client.is_model_ready("nothing"))
metadata = client.get_model_metadata(model)
check("model metadata", metadata["inputs"][0]["datatype"] == "FP32" and metadata["inputs"][0]["shape"][0] == -1, metadata)
name, output = metadata["inputs"][0]["name"], metadata["outputs"][0]["name"]
sample = metadata["inputs"][0]["shape"][1:]
classes = metadata["outputs"][0]["shape"][1]

# The same numbers, as JSON and as bytes, in and out.
rng = np.random.default_rng(0)
x = rng.random([3] + sample, dtype=np.float32)


def infer(values, binary_in=True, binary_out=True, id="", output=output, version="", **options):
    tensor = http.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    tensor.set_data_from_numpy(values, binary_data=binary_in)
    wanted = http.InferRequestedOutput(output, binary_data=binary_out, class_count=options.pop("class_count", 0))
    return client.infer(model, [tensor], outputs=[wanted], request_id=id, model_version=version, **options)


scores = infer(x).as_numpy(output)
check("binary in, binary out", scores.shape == (3, classes) and scores.dtype == np.float32 and np.isfinite(scores).all())
for binary_in in (True, False):
    for binary_out in (True, False):
        r = infer(x, binary_in, binary_out, id="request-7", version="1")
        same = np.allclose(r.as_numpy(output), scores, atol=1e-5)
        check(f"binary in {binary_in}, out {binary_out}", same and r.get_response()["id"] == "request-7")
tensor = http.InferInput(name, list(x.shape), "FP32")
tensor.set_data_from_numpy(x)
check("no output named", np.allclose(client.infer(model, [tensor]).as_numpy(output), scores, atol=1e-5))
check("one by one", np.allclose(np.concatenate([infer(x[i : i + 1]).as_numpy(output) for i in range(3)]), scores, atol=1e-5))
for algorithm in ("gzip", "deflate"):
    r = infer(x, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
    check(f"{algorithm} request", np.allclose(r.as_numpy(output), scores, atol=1e-5))
waiting = [client.async_infer(model, [tensor]) for _ in range(8)]
check("asynchronous", all(np.allclose(w.get_result().as_numpy(output), scores, atol=1e-5) for w in waiting))
check("time-out in the request", infer(x, timeout=5_000_000) is not None)

# Every type of numbers; all hold these exactly.
small = rng.integers(0, 2, [2] + sample)
want = infer(small.astype(np.float32)).as_numpy(output)
for dtype in (np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float16, np.float32, np.float64):
    for binary_in in (True, False):
        if dtype == np.float16 and not binary_in:
            continue  # the client refuses it
        got = infer(small.astype(dtype), binary_in).as_numpy(output)
        check(f"{np_to_triton_dtype(np.dtype(dtype))}, binary {binary_in}", np.allclose(got, want, atol=1e-5))

# BYTES: picture files in, classes out.
picture = b"P" * 10
try:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (40, 30), dtype=np.uint8)).save(file, "PNG")
    picture = file.getvalue()
    r = infer(np.array([[picture], [picture]], dtype=np.object_))
    check("BYTES: two picture files", r.as_numpy(output).shape == (2, classes))
except ImportError:
    print("      Pillow is not there: no picture files")
best = infer(x, class_count=2)
labels = best.as_numpy(output)
index = [int(l.decode().split(":")[1]) for l in labels[:, 0]]
check("classification, binary", labels.shape == (3, 2) and index == list(scores.argmax(1)), labels[0])
as_text = infer(x, binary_out=False, class_count=2).as_numpy(output)  # str, where the other has bytes
check("classification, JSON", as_text.tolist() == [[l.decode() for l in row] for row in labels])

# Errors.
refused("unknown model", "no model", lambda: client.infer("nothing", [tensor]))
refused("unknown version", "no version", lambda: infer(x, version="9"))
refused("unknown output", "no output", lambda: infer(x, output="nothing"))
other = http.InferInput("nothing", list(x.shape), "FP32")
other.set_data_from_numpy(x)
refused("unknown input", "no input", lambda: client.infer(model, [other]))
refused("wrong shape", "shape", lambda: infer(x[..., :-1].copy()))
refused("no sample", "at least 1", lambda: infer(x[:0]))
refused("no picture", "image 1", lambda: infer(np.array([b"hello"], dtype=np.object_)))
nan = np.full([1] + sample, np.nan, np.float32)
check("NaN as bytes", np.isnan(infer(nan).as_numpy(output)).any())
refused("NaN as JSON", "NaN", lambda: infer(nan, binary_out=False))
refused("too long", "bytes", lambda: infer(np.zeros([1 + (17 << 20) // (4 * int(np.prod(sample)))] + sample, np.float32)))

# Statistics, and the repository.
stats = client.get_inference_statistics(model)["model_stats"][0]
check("statistics", stats["inference_count"] > 0 and stats["execution_count"] > 0 and stats["inference_stats"]["success"]["count"] > 0, stats["inference_stats"])
check("index", any(m["name"] == model and m["state"] == "READY" for m in client.get_model_repository_index()))
client.unload_model(model)
check("unload", not client.is_model_ready(model) and client.is_server_ready())
refused("unloaded", "not loaded", lambda: infer(x))
client.load_model(model)
check("load", client.is_model_ready(model) and np.allclose(infer(x).as_numpy(output), scores, atol=1e-5))
refused("load what is not there", "no model", lambda: client.load_model("nothing"))


def check_grpc(address):
    """The same over gRPC: the answers must be those of HTTP."""
    import queue

    import tritonclient.grpc as grpc

    client = grpc.InferenceServerClient(address)

    def infer(values, id="", output=output, version="", input=name, model=model, **options):
        tensor = grpc.InferInput(input, list(values.shape), np_to_triton_dtype(values.dtype))
        tensor.set_data_from_numpy(values)
        wanted = grpc.InferRequestedOutput(output, class_count=options.pop("class_count", 0))
        return client.infer(model, [tensor], outputs=[wanted], request_id=id, model_version=version, **options)

    check("live, ready", client.is_server_live() and client.is_server_ready())
    metadata = client.get_server_metadata(as_json=True)
    check("server metadata", metadata["name"] == "stride" and "binary_tensor_data" in metadata["extensions"], metadata)
    check("model ready", client.is_model_ready(model) and client.is_model_ready(model, "1") and not client.is_model_ready("nothing"))
    metadata = client.get_model_metadata(model)
    check("model metadata", metadata.inputs[0].name == name and list(metadata.inputs[0].shape) == [-1] + sample and metadata.outputs[0].name == output)
    config = client.get_model_config(model).config
    check("model config", config.max_batch_size >= 1 and list(config.input[0].dims) == sample and list(config.output[0].dims) == [classes])
    r = infer(x, id="request-7", version="1")
    check("scores", np.array_equal(r.as_numpy(output), scores) or np.allclose(r.as_numpy(output), scores, atol=1e-5))
    check("id, version", r.get_response().id == "request-7" and r.get_response().model_version == "1")
    tensor = grpc.InferInput(name, list(x.shape), "FP32")
    tensor.set_data_from_numpy(x)
    check("no output named", np.allclose(client.infer(model, [tensor]).as_numpy(output), scores, atol=1e-5))
    check("one by one", np.allclose(np.concatenate([infer(x[i : i + 1]).as_numpy(output) for i in range(3)]), scores, atol=1e-5))
    check("gzip", np.allclose(infer(x, compression_algorithm="gzip").as_numpy(output), scores, atol=1e-5))
    results = queue.Queue()
    for _ in range(8):
        client.async_infer(model, [tensor], lambda result, error: results.put((result, error)))
    answers = [results.get() for _ in range(8)]
    check("asynchronous", all(error is None and np.allclose(result.as_numpy(output), scores, atol=1e-5) for result, error in answers))
    check("time-out in the request", infer(x, timeout=5_000_000) is not None and infer(x, client_timeout=5) is not None)
    for dtype in (np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64, np.float16, np.float32, np.float64):
        got = infer(small.astype(dtype)).as_numpy(output)
        check(np_to_triton_dtype(np.dtype(dtype)), np.allclose(got, want, atol=1e-5))
    if len(picture) > 100:
        check("BYTES: two picture files", infer(np.array([[picture], [picture]], dtype=np.object_)).as_numpy(output).shape == (2, classes))
    labels = infer(x, class_count=2).as_numpy(output)
    check("classification", labels.shape == (3, 2) and [int(l.decode().split(":")[1]) for l in labels[:, 0]] == list(scores.argmax(1)), labels[0])
    check("NaN", np.isnan(infer(nan).as_numpy(output)).any())
    refused("unknown model", "NOT_FOUND", lambda: infer(x, model="nothing"))
    refused("unknown version", "NOT_FOUND", lambda: infer(x, version="9"))
    refused("unknown output", "no output", lambda: infer(x, output="nothing"))
    refused("unknown input", "no input", lambda: infer(x, input="nothing"))
    refused("wrong shape", "INVALID_ARGUMENT", lambda: infer(x[..., :-1].copy()))
    refused("no sample", "at least 1", lambda: infer(x[:0]))
    refused("no picture", "image 1", lambda: infer(np.array([b"hello"], dtype=np.object_)))
    refused("too long", "RESOURCE_EXHAUSTED", lambda: infer(np.zeros([1 + (17 << 20) // (4 * int(np.prod(sample)))] + sample, np.float32)))
    stats = client.get_inference_statistics(model, as_json=True)["model_stats"][0]
    check("statistics", int(stats["inference_count"]) > 0 and int(stats["inference_stats"]["success"]["count"]) > 0, stats["inference_stats"])
    index = client.get_model_repository_index(as_json=True)["models"]
    check("index", any(m["name"] == model and m["state"] == "READY" for m in index))
    client.unload_model(model)
    check("unload", not client.is_model_ready(model) and client.is_server_ready())
    refused("unloaded", "not loaded", lambda: infer(x))
    client.load_model(model)
    check("load", client.is_model_ready(model) and np.allclose(infer(x).as_numpy(output), scores, atol=1e-5))
    refused("load what is not there", "NOT_FOUND", lambda: client.load_model("nothing"))
    client.close()


for a in grpc_address:
    print("gRPC")
    check_grpc(a)
print("all is as it should be")
