"""A server as many write one: ONNX Runtime behind FastAPI and uvicorn.

It takes tensors by the binary extension of the Open Inference Protocol, and
picture files at /v1/predict, which Pillow decodes and resizes, for
go run ./bench/serve -url.

    pip install fastapi uvicorn uvloop httptools onnxruntime numpy pillow
    python bench/serve/rivals/fastapi_onnxruntime.py --port 8101 --side-by-side 2 --threads 1 model.onnx

--side-by-side requests are computed at a time, on --threads threads each, in
--workers processes.
"""

import argparse
import asyncio
import io
import json
import os
import pathlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)


def preprocess(file: bytes) -> np.ndarray:
    """The middle 224×224 of a picture whose shorter side is 256, normalised as 1×3×224×224."""
    picture = Image.open(io.BytesIO(file)).convert("RGB")
    width, height = picture.size
    scale = 256 / min(width, height)
    picture = picture.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    picture = picture.crop((left, top, left + 224, top + 224))
    values = np.asarray(picture, np.float32).transpose(2, 0, 1) / 255
    return ((values - MEAN) / STD)[None]


def make_app() -> FastAPI:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["RIVAL_THREADS"])
    path = os.environ["RIVAL_MODEL"]
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    model, (x,), (y,) = pathlib.Path(path).stem, session.get_inputs(), session.get_outputs()
    pool = ThreadPoolExecutor(int(os.environ["RIVAL_SIDE_BY_SIDE"]))
    app = FastAPI()

    @app.get("/v2/models/{name}")
    async def metadata(name: str):
        if name != model:
            raise HTTPException(404, f"there is no model {name}")

        def described(value):
            return {"name": value.name, "datatype": "FP32", "shape": [d if isinstance(d, int) else -1 for d in value.shape]}

        return {"name": model, "versions": ["1"], "platform": "onnxruntime", "inputs": [described(x)], "outputs": [described(y)]}

    @app.post("/v2/models/{name}/infer")
    async def infer(name: str, request: Request):
        if name != model:
            raise HTTPException(404, f"there is no model {name}")
        body = await request.body()
        size = int(request.headers["inference-header-content-length"])
        described = json.loads(body[:size])["inputs"][0]
        values = np.frombuffer(body, np.float32, offset=size).reshape(described["shape"])
        (result,) = await asyncio.get_running_loop().run_in_executor(pool, session.run, None, {x.name: values})
        data = result.tobytes()
        header = json.dumps({
            "model_name": model, "model_version": "1",
            "outputs": [{"name": y.name, "shape": list(result.shape), "datatype": "FP32", "parameters": {"binary_data_size": len(data)}}],
        }).encode()
        return Response(header + data, media_type="application/octet-stream",
                        headers={"Inference-Header-Content-Length": str(len(header))})

    def classify(file: bytes):
        (logits,) = session.run(None, {x.name: preprocess(file)})
        e = np.exp(logits[0] - logits[0].max())
        best = np.argsort(-e)[:5]
        return [{"index": int(i), "probability": float(e[i] / e.sum())} for i in best]

    @app.post("/v1/predict")
    async def predict(request: Request):
        body = await request.body()
        return {"model": model, "classes": await asyncio.get_running_loop().run_in_executor(pool, classify, body)}

    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    os.environ.update(RIVAL_MODEL=args.model, RIVAL_THREADS=str(args.threads), RIVAL_SIDE_BY_SIDE=str(args.side_by_side))
    uvicorn.run("fastapi_onnxruntime:make_app", factory=True, host="127.0.0.1", port=args.port, workers=args.workers,
                log_level="warning", access_log=False, app_dir=str(pathlib.Path(__file__).parent))


if __name__ == "__main__":
    main()
