"""The recipe of `stride train FOLDER` in PyTorch, to be timed beside it.

    pip install torch torchvision timm safetensors
    python bench/finetune/pytorch.py FOLDER OUT [--workers 2] [--threads 2] [--seed 0]

FOLDER has train/ and val/ with a folder for each class. The network is timm's
EfficientNet-Lite0 with the weights that are part of Stride. It trains the last layer
for four epochs and all layers for four more, keeps the best of them by validation
accuracy and writes it to OUT. Each epoch prints a line; the last one has the seconds
since the process began and its peak memory, without and with that of the workers.
"""
import argparse
import os
import resource
import time

BEGAN = time.time()
HERE = os.path.dirname(os.path.abspath(__file__))
WEIGHTS = os.path.join(HERE, "..", "..", "weights", "efficientnetlite0", "efficientnet-lite0.safetensors")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("out")
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()

    import math
    import timm
    import torch
    from safetensors.torch import load_file, save_file
    from torchvision import datasets, transforms as T

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    bicubic = T.InterpolationMode.BICUBIC
    finish = [T.ToTensor(), T.Normalize([127 / 255] * 3, [128 / 255] * 3)]
    train_set = datasets.ImageFolder(os.path.join(args.folder, "train"), T.Compose(
        [T.RandomResizedCrop(224, (0.2, 1), interpolation=bicubic), T.RandomHorizontalFlip(),
         T.ColorJitter(0.2, 0.2, 0.2, 0.2), T.RandomGrayscale(0.1)] + finish))
    test_set = datasets.ImageFolder(os.path.join(args.folder, "val"), T.Compose(
        [T.Resize(256, bicubic), T.CenterCrop(224)] + finish))
    workers = dict(num_workers=args.workers, persistent_workers=args.workers > 0)
    train_loader = torch.utils.data.DataLoader(train_set, 32, shuffle=True, **workers)
    test_loader = torch.utils.data.DataLoader(test_set, 32, **workers)

    net = timm.create_model("tf_efficientnet_lite0", num_classes=len(train_set.classes), drop_rate=0.2)
    net.classifier.reset_parameters()
    state = {k: v.float() for k, v in load_file(WEIGHTS).items() if not k.startswith("classifier.")}
    net.load_state_dict(state, strict=False)
    net = net.to(memory_format=torch.channels_last)

    rate, head, epochs = 2e-3, 4, 8
    body = [n for n, _ in net.named_parameters() if not n.startswith("classifier.")]
    layers = list(dict.fromkeys(n.rsplit(".", 1)[0] for n in body))
    groups = []
    for name, param in net.named_parameters():
        layer = name.rsplit(".", 1)[0]
        scale = 1.0 if layer == "classifier" else 0.01 * 10 ** (layers.index(layer) / (len(layers) - 1))
        groups.append({"params": [param], "lr": rate * scale, "weight_decay": 0.01 if param.dim() > 1 else 0.0})
    optimizer = torch.optim.AdamW(groups)
    steps, warmup = epochs * len(train_loader), round(len(train_loader) / 3)

    def factor(step):
        if step < warmup:
            return 0.01 + 0.99 * step / warmup
        return (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    best = -1.0
    for epoch in range(epochs):
        frozen = epoch < head
        net.train(not frozen)  # frozen layers compute as in evaluation
        for name, param in net.named_parameters():
            param.requires_grad_(not frozen or name.startswith("classifier."))
        total = right = 0
        for x, y in train_loader:
            optimizer.zero_grad(set_to_none=True)
            out = net(x.to(memory_format=torch.channels_last))
            loss_of(out, y).backward()
            optimizer.step()
            schedule.step()
            total, right = total + len(y), right + (out.argmax(1) == y).sum().item()
        net.eval()
        hits = 0
        with torch.inference_mode():
            for x, y in test_loader:
                hits += (net(x.to(memory_format=torch.channels_last)).argmax(1) == y).sum().item()
        accuracy = hits / len(test_set)
        if accuracy > best:
            best = accuracy
            save_file({k: v.contiguous() for k, v in net.state_dict().items()}, args.out)
        print(f"epoch {epoch + 1}: train accuracy {right / total:.3f}, validation accuracy {accuracy:.3f}", flush=True)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"best {best:.3f}, {time.time() - BEGAN:.1f} s, {own:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
