"""The networks of package zoo in PyTorch, built as in Dive into Deep Learning,
with the same names of parameters. make_networks_golden.py makes the package's
golden files with them, and bench/compare measures them."""
import torch
from torch import nn
from torch.nn import functional as F


def lenet(classes):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, stride=2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, stride=2), nn.Flatten(),
        nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, classes))


def lenet_bn(classes):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.Sigmoid(), nn.AvgPool2d(2, stride=2),
        nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.Sigmoid(), nn.AvgPool2d(2, stride=2), nn.Flatten(),
        nn.Linear(256, 120), nn.BatchNorm1d(120), nn.Sigmoid(),
        nn.Linear(120, 84), nn.BatchNorm1d(84), nn.Sigmoid(), nn.Linear(84, classes))


def alexnet(classes, ratio=1, small=False, last=5):
    """last is the side of the image that is flattened."""
    a, b, c = 96 // ratio, 256 // ratio, 384 // ratio
    hidden = (1024 if small else 4096) // ratio
    first = nn.Conv2d(1, a, 5, padding=2) if small else nn.Conv2d(1, a, 11, stride=4, padding=1)
    return nn.Sequential(
        first, nn.ReLU(), nn.MaxPool2d(3, stride=2),
        nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, stride=2),
        nn.Conv2d(b, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU(),
        nn.Conv2d(c, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, stride=2), nn.Flatten(),
        nn.Linear(b * last * last, hidden), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, classes))


def vgg(classes, arch, hidden=4096, last=7):
    blocks, before = [], 1
    for convolutions, channels in arch:
        layers = []
        for _ in range(convolutions):
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
            before = channels
        blocks.append(nn.Sequential(*layers, nn.MaxPool2d(2, stride=2)))
    return nn.Sequential(
        *blocks, nn.Flatten(),
        nn.Linear(before * last * last, hidden), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, classes))


def vgg_arch(convolutions, ratio):
    return [(n, c // ratio) for n, c in zip(convolutions, (64, 128, 256, 512, 512))]


def nin(classes, ratio=1, small=False):
    def block(before, channels, kernel, stride, padding):
        return nn.Sequential(
            nn.Conv2d(before, channels, kernel, stride, padding), nn.ReLU(),
            nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU())
    a, b, c = 96 // ratio, 256 // ratio, 384 // ratio
    return nn.Sequential(
        block(1, a, 5, 1, 2) if small else block(1, a, 11, 4, 0), nn.MaxPool2d(3, stride=2),
        block(a, b, 5, 1, 2), nn.MaxPool2d(3, stride=2),
        block(b, c, 3, 1, 1), nn.MaxPool2d(3, stride=2), nn.Dropout(0.5),
        block(c, classes, 3, 1, 1), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())


class Inception(nn.Module):
    def __init__(self, before, c1, c2, c3, c4):
        super().__init__()
        self.p1_1 = nn.Conv2d(before, c1, 1)
        self.p2_1 = nn.Conv2d(before, c2[0], 1)
        self.p2_2 = nn.Conv2d(c2[0], c2[1], 3, padding=1)
        self.p3_1 = nn.Conv2d(before, c3[0], 1)
        self.p3_2 = nn.Conv2d(c3[0], c3[1], 5, padding=2)
        self.p4_1 = nn.MaxPool2d(3, stride=1, padding=1)
        self.p4_2 = nn.Conv2d(before, c4, 1)

    def forward(self, x):
        return torch.cat((
            F.relu(self.p1_1(x)), F.relu(self.p2_2(F.relu(self.p2_1(x)))),
            F.relu(self.p3_2(F.relu(self.p3_1(x)))), F.relu(self.p4_2(self.p4_1(x)))), dim=1)


def googlenet(classes, ratio=1):
    def inception(before, c1, c2, c3, c4):
        d = [v // ratio for v in (before, c1, *c2, *c3, c4)]
        return Inception(d[0], d[1], d[2:4], d[4:6], d[6])
    c64, c192 = 64 // ratio, 192 // ratio

    def half():
        return nn.MaxPool2d(3, stride=2, padding=1)
    b1 = nn.Sequential(nn.Conv2d(1, c64, 7, stride=2, padding=3), nn.ReLU(), half())
    b2 = nn.Sequential(nn.Conv2d(c64, c64, 1), nn.ReLU(), nn.Conv2d(c64, c192, 3, padding=1), nn.ReLU(), half())
    b3 = nn.Sequential(inception(192, 64, (96, 128), (16, 32), 32), inception(256, 128, (128, 192), (32, 96), 64), half())
    b4 = nn.Sequential(
        inception(480, 192, (96, 208), (16, 48), 64), inception(512, 160, (112, 224), (24, 64), 64),
        inception(512, 128, (128, 256), (24, 64), 64), inception(512, 112, (144, 288), (32, 64), 64),
        inception(528, 256, (160, 320), (32, 128), 128), half())
    b5 = nn.Sequential(
        inception(832, 256, (160, 320), (32, 128), 128), inception(832, 384, (192, 384), (48, 128), 128),
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())
    return nn.Sequential(b1, b2, b3, b4, b5, nn.Linear(1024 // ratio, classes))


class Residual(nn.Module):
    def __init__(self, before, channels, use_1x1=False, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, padding=1, stride=stride)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv3 = nn.Conv2d(before, channels, 1, stride=stride) if use_1x1 else None
        self.bn1 = nn.BatchNorm2d(channels)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.conv3(x) if self.conv3 else x))


class Bottleneck(nn.Module):
    def __init__(self, before, channels, use_1x1=False, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, stride=stride)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1)
        self.conv4 = nn.Conv2d(before, 4 * channels, 1, stride=stride) if use_1x1 else None
        self.bn1 = nn.BatchNorm2d(channels)
        self.bn2 = nn.BatchNorm2d(channels)
        self.bn3 = nn.BatchNorm2d(4 * channels)

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + (self.conv4(x) if self.conv4 else x))


def resnet(classes, blocks=(2, 2, 2, 2), ratio=1, bottleneck=False):
    channels = before = 64 // ratio
    layers = [nn.Sequential(nn.Conv2d(1, channels, 7, stride=2, padding=3), nn.BatchNorm2d(channels), nn.ReLU(),
                            nn.MaxPool2d(3, stride=2, padding=1))]
    for i, n in enumerate(blocks):
        stage = []
        for j in range(n):
            stride = 2 if i > 0 and j == 0 else 1
            if bottleneck:
                stage.append(Bottleneck(before, channels << i, j == 0, stride))
                before = 4 * (channels << i)
            else:
                stage.append(Residual(before, channels << i, stride == 2, stride))
                before = channels << i
        layers.append(nn.Sequential(*stage))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(before, classes))


class DenseBlock(nn.Module):
    def __init__(self, convolutions, before, growth):
        super().__init__()
        self.net = nn.Sequential(*[
            nn.Sequential(nn.BatchNorm2d(before + i * growth), nn.ReLU(), nn.Conv2d(before + i * growth, growth, 3, padding=1))
            for i in range(convolutions)])

    def forward(self, x):
        for layer in self.net:
            x = torch.cat((x, layer(x)), dim=1)
        return x


def densenet(classes, channels=64, growth=32, blocks=(4, 4, 4, 4)):
    layers = [nn.Sequential(nn.Conv2d(1, channels, 7, stride=2, padding=3), nn.BatchNorm2d(channels), nn.ReLU(),
                            nn.MaxPool2d(3, stride=2, padding=1))]
    for i, n in enumerate(blocks):
        layers.append(DenseBlock(n, channels, growth))
        channels += n * growth
        if i < len(blocks) - 1:
            layers.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1),
                                        nn.AvgPool2d(2, stride=2)))
            channels //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(),
                         nn.Linear(channels, classes))


def network(name, classes, side=224):
    """The network that package zoo calls by that name. Images of alexnet, vgg and their like
    have this height and width; those of the others may be of any size."""
    blocks = {"18": (2, 2, 2, 2), "34": (3, 4, 6, 3), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}
    convolutions = {"11": (1, 1, 2, 2, 2), "13": (2, 2, 2, 2, 2), "16": (2, 2, 3, 3, 3), "19": (2, 2, 4, 4, 4)}
    if name.startswith("resnet"):
        return resnet(classes, blocks[name[6:]], bottleneck=int(name[6:]) >= 50)
    if name.startswith("vgg"):
        arch = vgg_arch(convolutions[name[3:] or "11"], 1 if name[3:] else 4)
        return vgg(classes, arch, last=side // 32)
    if name in ("alexnet", "alexnet-28"):
        small = name == "alexnet-28"
        last = 28 if small else (side - 9) // 4 + 1
        for _ in range(3):
            last = (last - 3) // 2 + 1
        return alexnet(classes, small=small, last=last)
    if name in ("nin", "nin-28"):
        return nin(classes, small=name == "nin-28")
    return {"lenet": lenet, "lenet-bn": lenet_bn, "googlenet": googlenet, "densenet": densenet}[name](classes)
