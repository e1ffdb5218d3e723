"""The PyTorch blocks of the translation table, and the values that they compute.

    python book/translation/listings.py

writes torch.json, with which book/translation compares what the Go blocks compute. It was run with
PyTorch 2.15. Where weights are random, both sides fill them by the same formula: see fill.
"""

import json
import math
import os
import pathlib
import tempfile

import torch
from torch import nn
from torch.nn import functional as F

values = {}


def record(name, *tensors):
    """Keeps shapes and values of tensors, of large ones the first 20 values."""
    values[name] = [{"shape": list(t.shape), "values": t.detach().double().flatten()[:20].tolist()} for t in tensors]


def fill(module):
    """Gives all parameters values by a formula of shape and index, as fill in compare.go does."""
    for name, p in module.named_parameters():
        i = torch.arange(p.numel(), dtype=torch.int64)
        v = ((i * 37) % 101).double() / 101 - 0.5
        if p.dim() == 1 or name.endswith(("gamma", "beta")):
            v = 0.2 * v + (1 if name.endswith(("weight", "gamma")) else 0)
        else:
            v = 3.4 * v / math.sqrt(p.numel() / p.shape[0])
        p.data = v.float().reshape(p.shape)
    return module


def picture(*shape):
    """An input of the given shape whose values follow from the index."""
    n = math.prod(shape)
    return (((torch.arange(n, dtype=torch.int64) * 53) % 211).double() / 211).float().reshape(shape)


# region tensors
x = torch.arange(12, dtype=torch.float32).reshape(3, 4)
y = torch.cat((x, torch.ones(3, 1)), dim=1)
z = (y * 2 - 1).sum(dim=0)
# endregion
record("tensors", x, y, z)


# region L1
def corr2d(X, K):
    h, w = K.shape
    Y = torch.zeros(X.shape[0] - h + 1, X.shape[1] - w + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + h, j:j + w] * K).sum()
    return Y
# endregion


record("L1", corr2d(torch.arange(9.).reshape(3, 3), torch.arange(4.).reshape(2, 2)))

# region edges
X = torch.ones(6, 8)
X[:, 2:6] = 0
edges = corr2d(X, torch.tensor([[1.0, -1.0]]))
# endregion
record("edges", edges)


def learn_kernel():
    conv = nn.Conv2d(1, 1, kernel_size=(1, 2), bias=False)
    conv.weight.data = torch.tensor([[[[0.1, 0.2]]]])
    # region learn
    pictures = X.reshape(1, 1, 6, 8)
    targets = edges.reshape(1, 1, 6, 7)
    for step in range(10):
        loss = ((conv(pictures) - targets) ** 2).sum()
        conv.zero_grad()
        loss.backward()
        conv.weight.data -= 3e-2 * conv.weight.grad
    # endregion
    return conv.weight


record("learn", learn_kernel())


# region L2
def comp_conv2d(conv2d, X):
    X = X.reshape((1, 1) + X.shape)
    Y = conv2d(X)
    return Y.reshape(Y.shape[2:])
# endregion


record("L2", comp_conv2d(fill(nn.Conv2d(1, 1, kernel_size=3, padding=1)), picture(8, 8)))


# region channels
def corr2d_multi_in(X, K):
    return sum(corr2d(x, k) for x, k in zip(X, K))


def corr2d_multi_in_out(X, K):
    return torch.stack([corr2d_multi_in(X, k) for k in K])
# endregion


def channels():
    X = torch.stack((torch.arange(9.).reshape(3, 3), torch.arange(1., 10).reshape(3, 3)))
    K = torch.stack((torch.arange(4.).reshape(2, 2), torch.arange(1., 5).reshape(2, 2)))
    record("channels", corr2d_multi_in_out(X, torch.stack((K, K + 1, K + 2))))


channels()

# region pooling
X = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
largest = nn.MaxPool2d(3, padding=1, stride=2)(X)
mean = nn.AvgPool2d(2)(X)
# endregion
record("pooling", largest, mean)

# region L3
lenet = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Conv2d(6, 16, kernel_size=5), nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(),
    nn.Linear(120, 84), nn.Sigmoid(),
    nn.Linear(84, 10))
# endregion
record("L3", fill(lenet)(picture(1, 1, 28, 28)))


# region L4
def vgg_block(num_convs, in_channels, out_channels):
    layers = []
    for _ in range(num_convs):
        layers.append(nn.Conv2d(in_channels, out_channels,
                                kernel_size=3, padding=1))
        layers.append(nn.ReLU())
        in_channels = out_channels
    layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)
# endregion


record("L4", fill(vgg_block(2, 3, 8))(picture(2, 3, 16, 16)))


# region L5
class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels if i == 0 else out_channels,
                      out_channels, kernel_size=3, padding=1)
            for i in range(num_convs))
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return self.pool(x)
# endregion


record("L5", fill(VGGBlock(2, 3, 8))(picture(2, 3, 16, 16)))


# region L6
def nin_block(in_channels, channels, kernel_size, strides, padding):
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, kernel_size, strides, padding),
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel_size=1), nn.ReLU(),
        nn.Conv2d(channels, channels, kernel_size=1), nn.ReLU())


nin = nn.Sequential(
    nin_block(1, 96, kernel_size=11, strides=4, padding=0),
    nn.MaxPool2d(3, stride=2),
    nin_block(96, 256, kernel_size=5, strides=1, padding=2),
    nn.MaxPool2d(3, stride=2),
    nin_block(256, 384, kernel_size=3, strides=1, padding=1),
    nn.MaxPool2d(3, stride=2),
    nn.Dropout(0.5),
    nin_block(384, 10, kernel_size=3, strides=1, padding=1),
    nn.AdaptiveAvgPool2d((1, 1)),
    nn.Flatten())
# endregion
record("L6", fill(nin).eval()(picture(1, 1, 224, 224)))


# region L7
class Inception(nn.Module):
    def __init__(self, in_channels, c1, c2, c3, c4):
        super().__init__()
        self.p1_1 = nn.Conv2d(in_channels, c1, kernel_size=1)
        self.p2_1 = nn.Conv2d(in_channels, c2[0], kernel_size=1)
        self.p2_2 = nn.Conv2d(c2[0], c2[1], kernel_size=3, padding=1)
        self.p3_1 = nn.Conv2d(in_channels, c3[0], kernel_size=1)
        self.p3_2 = nn.Conv2d(c3[0], c3[1], kernel_size=5, padding=2)
        self.p4_1 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.p4_2 = nn.Conv2d(in_channels, c4, kernel_size=1)

    def forward(self, x):
        p1 = F.relu(self.p1_1(x))
        p2 = F.relu(self.p2_2(F.relu(self.p2_1(x))))
        p3 = F.relu(self.p3_2(F.relu(self.p3_1(x))))
        p4 = F.relu(self.p4_2(self.p4_1(x)))
        return torch.cat((p1, p2, p3, p4), dim=1)
# endregion


record("L7", fill(Inception(192, 64, (96, 128), (16, 32), 32))(picture(1, 192, 12, 12)))


# region L8
def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum):
    if not torch.is_grad_enabled():  # prediction
        X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        axes = (0,) if X.dim() == 2 else (0, 2, 3)
        mean = X.mean(dim=axes, keepdim=True)
        var = ((X - mean) ** 2).mean(dim=axes, keepdim=True)
        X_hat = (X - mean) / torch.sqrt(var + eps)
        moving_mean = momentum * moving_mean + (1 - momentum) * mean
        moving_var = momentum * moving_var + (1 - momentum) * var
    return gamma * X_hat + beta, moving_mean.data, moving_var.data


class BatchNorm(nn.Module):
    def __init__(self, num_features, num_dims):
        super().__init__()
        shape = (1, num_features, 1, 1)[:num_dims]
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.moving_mean = torch.zeros(shape)
        self.moving_var = torch.ones(shape)

    def forward(self, X):
        Y, self.moving_mean, self.moving_var = batch_norm(
            X, self.gamma, self.beta, self.moving_mean,
            self.moving_var, eps=1e-5, momentum=0.9)
        return Y
# endregion


def batch_norms():
    X = torch.arange(16, dtype=torch.float32).reshape(2, 2, 2, 2)
    layer = BatchNorm(2, 4)
    record("L8", layer(X), layer.moving_mean, layer.moving_var)


batch_norms()

# region L9
scratch = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5), BatchNorm(6, 4),
    nn.Sigmoid(), nn.AvgPool2d(2),
    nn.Conv2d(6, 16, kernel_size=5), BatchNorm(16, 4),
    nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
    nn.Linear(16 * 4 * 4, 120), BatchNorm(120, 2), nn.Sigmoid(),
    nn.Linear(120, 84), BatchNorm(84, 2), nn.Sigmoid(),
    nn.Linear(84, 10))
# endregion
record("L9", fill(scratch)(picture(4, 1, 28, 28)), scratch[1].moving_mean)

# region L10
concise = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5), nn.BatchNorm2d(6),
    nn.Sigmoid(), nn.AvgPool2d(2),
    nn.Conv2d(6, 16, kernel_size=5), nn.BatchNorm2d(16),
    nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
    nn.Linear(256, 120), nn.BatchNorm1d(120), nn.Sigmoid(),
    nn.Linear(120, 84), nn.BatchNorm1d(84), nn.Sigmoid(),
    nn.Linear(84, 10))
# endregion
record("L10", fill(concise)(picture(4, 1, 28, 28)), concise[1].running_var)


# region L11
class Residual(nn.Module):
    def __init__(self, in_channels, channels, use_1x1conv=False, strides=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3,
                               padding=1, stride=strides)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv3 = None
        if use_1x1conv:
            self.conv3 = nn.Conv2d(in_channels, channels, kernel_size=1,
                                   stride=strides)
        self.bn1 = nn.BatchNorm2d(channels)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, X):
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return F.relu(Y + X)
# endregion


record("L11", fill(Residual(3, 3)).eval()(picture(4, 3, 6, 6)), fill(Residual(3, 6, True, 2)).eval()(picture(4, 3, 6, 6)))


# region L12
def resnet_block(in_channels, channels, num_residuals, first_block=False):
    blocks = []
    for i in range(num_residuals):
        if i == 0 and not first_block:
            blocks.append(Residual(in_channels, channels, True, strides=2))
        else:
            blocks.append(Residual(channels, channels))
    return blocks


b1 = nn.Sequential(
    nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3),
    nn.BatchNorm2d(64), nn.ReLU(),
    nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
b2 = nn.Sequential(*resnet_block(64, 64, 2, first_block=True))
b3 = nn.Sequential(*resnet_block(64, 128, 2))
b4 = nn.Sequential(*resnet_block(128, 256, 2))
b5 = nn.Sequential(*resnet_block(256, 512, 2))
resnet = nn.Sequential(
    b1, b2, b3, b4, b5,
    nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(512, 10))
# endregion
record("L12", fill(resnet).eval()(picture(1, 1, 224, 224)))


# region L12-shapes
def shapes(net):
    X = torch.rand(1, 1, 224, 224)
    for layer in net:
        X = layer(X)
        print(layer.__class__.__name__, "output shape:\t", X.shape)
# endregion


shapes(resnet)


# region L12-train
def train(net, batches, epochs, lr, device):
    net.to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for epoch in range(epochs):
        net.train()
        for X, y in batches:
            optimizer.zero_grad()
            loss = criterion(net(X.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses
# endregion


def train_lenet():
    batches = [(picture(8, 1, 28, 28) * s, torch.arange(8) % 10) for s in (1.0, 0.5)]
    record("L12-train", torch.tensor(train(fill(concise), batches, 2, 0.05, "cpu")))


train_lenet()


# region L13
def conv_block(in_channels, channels):
    return nn.Sequential(
        nn.BatchNorm2d(in_channels), nn.ReLU(),
        nn.Conv2d(in_channels, channels, kernel_size=3, padding=1))


class DenseBlock(nn.Module):
    def __init__(self, num_convs, in_channels, growth):
        super().__init__()
        self.net = nn.Sequential(*(
            conv_block(in_channels + i * growth, growth)
            for i in range(num_convs)))

    def forward(self, X):
        for block in self.net:
            X = torch.cat((X, block(X)), dim=1)
        return X


def transition_block(in_channels, channels):
    return nn.Sequential(
        nn.BatchNorm2d(in_channels), nn.ReLU(),
        nn.Conv2d(in_channels, channels, kernel_size=1),
        nn.AvgPool2d(kernel_size=2, stride=2))
# endregion


def dense():
    Y = fill(DenseBlock(2, 3, 10)).eval()(picture(4, 3, 8, 8))
    record("L13", Y, fill(transition_block(23, 10)).eval()(Y))


dense()


def saving():
    net = lenet
    path = os.path.join(tempfile.mkdtemp(), "lenet.pth")
    # region saving
    torch.save(net.state_dict(), path)
    net.load_state_dict(torch.load(path, weights_only=True))
    net.eval()
    # endregion
    record("saving", net(picture(1, 1, 28, 28)))


saving()


# region evaluate
def accuracy(net, batches, device):
    net.eval()
    right = count = 0
    with torch.no_grad():
        for X, y in batches:
            classes = net(X.to(device)).argmax(dim=1)
            right += (classes == y.to(device)).sum().item()
            count += len(y)
    return right / count
# endregion


def evaluation():
    images = torch.stack([picture(1, 28, 28).roll(k, 2) for k in range(10)])
    record("evaluate", torch.tensor([accuracy(lenet, [(images, torch.arange(10))], "cpu")]))


evaluation()

# region device
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# endregion

if __name__ == "__main__":
    file = pathlib.Path(__file__).with_name("torch.json")
    file.write_text("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in values.items()) + "\n}\n")
