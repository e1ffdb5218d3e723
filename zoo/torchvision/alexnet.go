package torchvision

import "github.com/strideml/stride/nn"

// AlexNet returns torchvision's alexnet, for images of at least 63×63:
// 61,100,840 parameters with 1000 classes.
func AlexNet(classes int) nn.Layer {
	return &network{
		Features: nn.Sequential(
			nn.Conv2D(64, 11).Stride(4).Pad(2), nn.ReLU(),
			nn.MaxPool2D(3).Stride(2),
			nn.Conv2D(192, 5).Pad(2), nn.ReLU(),
			nn.MaxPool2D(3).Stride(2),
			nn.Conv2D(384, 3).Pad(1), nn.ReLU(),
			nn.Conv2D(256, 3).Pad(1), nn.ReLU(),
			nn.Conv2D(256, 3).Pad(1), nn.ReLU(),
			nn.MaxPool2D(3).Stride(2),
		),
		Avgpool: nn.AdaptiveAvgPool2D(6, 6),
		Flatten: nn.Flatten(),
		Classifier: nn.Sequential(
			nn.Dropout(0.5), nn.Linear(4096), nn.ReLU(),
			nn.Dropout(0.5), nn.Linear(4096), nn.ReLU(),
			nn.Linear(classes),
		),
	}
}
