#!/usr/bin/python3
"""Speed of the book's LeNet in PyTorch, as JSON lines like `stride bench --json`.

Needs Debian's python3-torch and libopenblas0-pthread (without OpenBLAS its
linear layers crawl), and python3-onnx for --export.

    lenet_pytorch.py [--mode train|infer] [--batch 256] [--threads 2] [--seconds 5]
    lenet_pytorch.py --export lenet.onnx
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(),
        nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--mode", default="train", choices=["train", "infer"])
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--channels-last", action="store_true")
    p.add_argument("--export")
    a = p.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    net = lenet()
    x, y = torch.rand(a.batch, 1, 28, 28), torch.randint(0, 10, (a.batch,))
    if a.export:
        net.eval()
        torch.onnx.export(net, x[:1], a.export, input_names=["x"], output_names=["y"],
                          dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        return
    if a.channels_last:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    loss_fn, opt = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.1)

    def train():
        opt.zero_grad()
        loss_fn(net(x), y).backward()
        opt.step()

    def infer():
        with torch.inference_mode():
            net(x)

    net.train(a.mode == "train")
    step = train if a.mode == "train" else infer
    for _ in range(5):
        step()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < a.seconds:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    median = statistics.median(times)
    print(json.dumps({
        "engine": "pytorch " + torch.__version__, "net": "lenet", "mode": a.mode, "batch": a.batch, "resolution": 28,
        "threads": a.threads, "images_per_second": round(a.batch / median), "step_seconds": median,
        "best_images_per_second": round(a.batch / min(times))}))


main()
