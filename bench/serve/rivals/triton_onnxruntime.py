"""NVIDIA's Triton with ONNX Runtime in its Python backend, as PyTriton starts it.

    pip install nvidia-pytriton onnxruntime
    python bench/serve/rivals/triton_onnxruntime.py --port 8102 model.onnx

Triton batches whatever waits; each batch is computed on --threads threads.
"""

import argparse
import pathlib

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=8102)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-batch", type=int, default=8)
    args = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
    (x,), (y,) = session.get_inputs(), session.get_outputs()

    @batch
    def infer(**inputs):
        return session.run(None, {x.name: inputs[x.name]})

    config = TritonConfig(http_port=args.port, grpc_port=args.port + 1000, metrics_port=args.port + 2000, http_address="127.0.0.1")
    with Triton(config=config) as triton:
        triton.bind(
            model_name=pathlib.Path(args.model).stem, infer_func=infer,
            inputs=[Tensor(name=x.name, dtype=np.float32, shape=tuple(x.shape[1:]))],
            outputs=[Tensor(name=y.name, dtype=np.float32, shape=tuple(y.shape[1:]))],
            config=ModelConfig(max_batch_size=args.max_batch, batcher=DynamicBatcher(max_queue_delay_microseconds=0)))
        triton.serve()


if __name__ == "__main__":
    main()
