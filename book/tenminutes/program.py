"""The PyTorch side of the page: a network, its training, evaluation, saving and prediction.

    python book/tenminutes/program.py

It was run with PyTorch 2.15 and torchvision 0.29. It writes net.pth, which the Go side loads, and
torch.json, what the network computes, with which the test of the Go side compares.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

folder = pathlib.Path(__file__).parent
torch.manual_seed(1)
torch.set_num_threads(1)

# region data
to_tensor = transforms.ToTensor()
train_set = datasets.FashionMNIST("data", train=True, download=True, transform=to_tensor)
test_set = datasets.FashionMNIST("data", train=False, download=True, transform=to_tensor)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(test_set, batch_size=256)
# endregion


# region model
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.bn2(self.conv2(x))))
        return self.fc(torch.flatten(x, 1))


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
net = Net().to(device)
# endregion

# region loop
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(2):
    net.train()
    total = 0.0
    for X, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: loss {total / len(train_loader):.2f}")
# endregion

# region evaluate
net.eval()
right = 0
with torch.no_grad():
    for X, y in test_loader:
        right += (net(X.to(device)).argmax(1) == y.to(device)).sum().item()
print(f"test accuracy {right / len(test_set):.2f}")
# endregion

path = folder / "net.pth"
# region save
torch.save(net.state_dict(), path)

again = Net()
again.load_state_dict(torch.load(path, weights_only=True))
again.eval()
# endregion

# region predict
image, label = test_set[0]
with torch.no_grad():
    scores = again(image.unsqueeze(0))
print(train_set.classes[scores.argmax()])
# endregion

i = torch.arange(28 * 28, dtype=torch.int64)
pattern = (((i * 53) % 211).double() / 211).float().reshape(1, 1, 28, 28)
with torch.no_grad():
    (folder / "torch.json").write_text(json.dumps(again(pattern).flatten().tolist()) + "\n")
