package torchvision

import "github.com/strideml/stride/nn"

// vggConvolutions is the number of convolutions in each of the five stages.
var vggConvolutions = map[int][5]int{
	11: {1, 1, 2, 2, 2},
	13: {2, 2, 2, 2, 2},
	16: {2, 2, 3, 3, 3},
	19: {2, 2, 4, 4, 4},
}

// VGG returns torchvision's vgg11, vgg13, vgg16 or vgg19, with batch
// normalization the one whose name ends in _bn, for images of at least 32×32:
// 132,863,336 and 138,357,544 parameters for the depths 11 and 16 with 1000
// classes, 5,504 and 8,448 more with batch normalization. Another depth is an
// error of nn.New.
func VGG(depth int, batchNorm bool, classes int) nn.Layer {
	return vgg(depth, batchNorm, classes, 4096)
}

// vgg has hidden units in the two hidden layers of the classifier.
func vgg(depth int, batchNorm bool, classes, hidden int) nn.Layer {
	stages, ok := vggConvolutions[depth]
	if !ok {
		return invalid("VGG", "depth must be 11, 13, 16 or 19, got %d", depth)
	}
	var features []nn.Layer
	for i, convolutions := range stages {
		for range convolutions {
			features = append(features, nn.Conv2D(min(64<<i, 512), 3).Pad(1))
			if batchNorm {
				features = append(features, nn.BatchNorm())
			}
			features = append(features, nn.ReLU())
		}
		features = append(features, nn.MaxPool2D(2))
	}
	return &network{
		Features: nn.Sequential(features...),
		Avgpool:  nn.AdaptiveAvgPool2D(7, 7),
		Flatten:  nn.Flatten(),
		Classifier: nn.Sequential(
			nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
			nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
			nn.Linear(classes),
		),
	}
}
