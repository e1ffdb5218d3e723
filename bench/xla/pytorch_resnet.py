"""Times the training of torchvision's ResNet-50 in PyTorch, as main.go beside it does with Stride.

Prints one line of JSON. run.sh calls it.
"""
import argparse
import json
import time

import torch
import torchvision

parser = argparse.ArgumentParser()
parser.add_argument("--math", choices=["float32", "tf32", "bf16"], default="float32")
parser.add_argument("--batch", type=int, default=256)
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--warmup", type=int, default=10)
parser.add_argument("--steps", type=int, default=50)
parser.add_argument("--device", default="cuda")
parser.add_argument("--compile", action="store_true", help="use torch.compile")
args = parser.parse_args()

torch.manual_seed(1)
device = torch.device(args.device)
tf32 = args.math == "tf32"
torch.backends.cuda.matmul.allow_tf32 = tf32
torch.backends.cudnn.allow_tf32 = tf32
torch.backends.cudnn.benchmark = True

# channels_last is the layout that PyTorch's documentation recommends for tensor cores.
layout = torch.contiguous_format if args.math == "float32" else torch.channels_last
model = torchvision.models.resnet50(num_classes=1000).to(device, memory_format=layout).train()
forward = torch.compile(model) if args.compile else model
optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
criterion = torch.nn.CrossEntropyLoss()


def pinned(t):
    return t.pin_memory() if device.type == "cuda" else t


images = [pinned(torch.randn(args.batch, 3, args.size, args.size).contiguous(memory_format=layout)) for _ in range(4)]
labels = [pinned(torch.randint(0, 1000, (args.batch,))) for _ in range(4)]


def step(i):
    x = images[i % 4].to(device, non_blocking=True)
    y = labels[i % 4].to(device, non_blocking=True)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=args.math == "bf16"):
        loss = criterion(forward(x), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()


def advance(n):
    """Does n steps. The loss of each is read when the next has been queued."""
    last = None
    for i in range(n):
        loss = step(i)
        if last is not None:
            last.item()
        last = loss
    return last.item()


begin = time.perf_counter()
advance(1)
first = time.perf_counter() - begin
advance(args.warmup)
begin = time.perf_counter()
loss = advance(args.steps)
seconds = time.perf_counter() - begin
name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
print(json.dumps({
    "framework": "PyTorch " + torch.__version__ + (" compiled" if args.compile else ""), "device": name, "math": args.math,
    "images_per_second": args.steps * args.batch / seconds, "loss": loss, "first_step_seconds": first,
}))
