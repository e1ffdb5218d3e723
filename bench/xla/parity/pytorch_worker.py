"""PyTorch's side of bench/xla/parity: reads one request a line from standard input, a JSON
object, and answers each with one line.

A request names a network, and files with its first weights, the images, the labels and
the masks of dropout. It is trained by SGD with momentum and weight decay; the answer has
the losses, and the file "result" then has the tensors that "names" lists, one after
the other.
"""
import json
import os
import sys
import traceback

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "compare", "workers"))
import pytorch_worker as compare  # noqa: E402


class Masks:
    """Does what dropout and stochastic depth do, with masks that are given: each is a tensor by
    which values are multiplied, in the order in which the network needs them."""

    def __init__(self, path, sizes, steps):
        numbers = np.fromfile(path, "<f4")
        if numbers.size != steps * sum(sizes):
            raise ValueError(f"{numbers.size} numbers for {steps} times {sizes}")
        self.all = list(np.split(numbers, np.cumsum(sizes * steps)[:-1])) if sizes else []

    def take(self, shape):
        if not self.all:
            raise ValueError("PyTorch drops more often than stride")
        return torch.from_numpy(self.all.pop(0)).reshape(shape)

    def dropout(self, x, p=0.5, training=True, inplace=False):
        return x * self.take(x.shape) if training and p > 0 else x

    def stochastic_depth(self, x, p, mode, training=True):
        if not training or p == 0:
            return x
        if mode != "row":
            raise ValueError(f"stochastic depth with mode {mode}")
        return x * self.take((-1,) + (1,) * (x.dim() - 1))


def train(r):
    torch.set_num_threads(r["threads"])
    net = compare.network(r["net"], r["classes"], r["input"][1])
    with torch.no_grad():
        compare.load_weights(net, r["weights"])
    net.train()
    x = torch.from_numpy(np.fromfile(r["images"], "<f4").reshape(r["batch"], *r["input"]))
    y = torch.from_numpy(np.fromfile(r["labels"], "<f4").astype(np.int64))
    masks = Masks(r["masks"], r["mask_sizes"], r["steps"])
    functional.dropout = masks.dropout
    if "torchvision" in sys.modules:
        sys.modules["torchvision.ops.stochastic_depth"].stochastic_depth = masks.stochastic_depth
    optimizer = torch.optim.SGD(net.parameters(), lr=r["rate"], momentum=r["momentum"], weight_decay=r["weight_decay"])
    losses = []
    for _ in range(r["steps"]):
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if masks.all:
        raise ValueError(f"PyTorch drops less often than stride: {len(masks.all)} masks are left")
    state = net.state_dict()
    with open(r["result"], "wb") as f:
        for name in r["names"]:
            state[name].numpy().astype("<f4").tofile(f)
    return {"losses": losses}


def main():
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            answer = train(json.loads(line))
        except Exception as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
