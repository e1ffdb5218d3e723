package torchvision

import (
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// Mean and standard deviation of ImageNet's pixels: red, green, blue.
var (
	imageNetMean = []float32{0.485, 0.456, 0.406}
	imageNetStd  = []float32{0.229, 0.224, 0.225}
)

func init() {
	for _, n := range []struct {
		name, title, doc string
		make             func(classes int) nn.Layer
	}{
		{"alexnet", "AlexNet", "Krizhevsky 2014, the one-tower AlexNet of \"One weird trick\".", AlexNet},
		{"vgg11", "VGG-11", "Simonyan & Zisserman 2014, configuration A.", func(classes int) nn.Layer { return VGG(11, false, classes) }},
		{"vgg11_bn", "VGG-11 with batch normalization", "VGG-11 with batch normalization after each convolution.", func(classes int) nn.Layer { return VGG(11, true, classes) }},
		{"vgg16", "VGG-16", "Simonyan & Zisserman 2014, configuration D.", func(classes int) nn.Layer { return VGG(16, false, classes) }},
		{"vgg16_bn", "VGG-16 with batch normalization", "VGG-16 with batch normalization after each convolution.", func(classes int) nn.Layer { return VGG(16, true, classes) }},
		{"googlenet", "GoogLeNet", "Szegedy et al. 2014 with batch normalization, without its auxiliary classifiers.", GoogLeNet},
		{"resnet18", "ResNet-18", "He et al. 2015.", ResNet18},
		{"resnet34", "ResNet-34", "He et al. 2015.", ResNet34},
		{"resnet50", "ResNet-50", "He et al. 2015, with the stride in the 3×3 convolutions (version 1.5).", ResNet50},
		{"densenet121", "DenseNet-121", "Huang et al. 2017.", DenseNet121},
		{"squeezenet1_1", "SqueezeNet 1.1", "Iandola et al. 2016, the cheaper version 1.1.", SqueezeNet11},
		{"mobilenet_v2", "MobileNetV2", "Sandler et al. 2018.", MobileNetV2},
	} {
		input := tensor.Shape{3, 224, 224}
		mean, std := imageNetMean, imageNetStd
		if n.name == "googlenet" {
			mean, std = []float32{0.5}, []float32{0.5}
		}
		defaults := zoo.Defaults{Batch: 32, LearningRate: 0.01, Epochs: 10}
		zoo.Register(zoo.Spec{
			Name:     "torchvision/" + n.name,
			Title:    n.title,
			Doc:      n.doc + " Architecture and names of torchvision's " + n.name + ".",
			Input:    input,
			Classes:  1000,
			Defaults: defaults,
			Sample:   defaults,
			Init:     nn.HeNormal(),
			New:      n.make,
			// The first weights that torchvision published for each: the shorter
			// side is resized to 256 pixels.
			Preprocessing: preprocess.Config{InputSize: input, CropMode: preprocess.Center, CropPct: 0.875, Mean: mean, Std: std},
			Timm:          timmModels[n.name],
			Names:         transformersNames[n.name],
		})
	}
}

// network is what several of the networks look like at the top.
type network struct {
	Features   nn.Layer
	Avgpool    nn.Layer
	Flatten    nn.Layer
	Classifier nn.Layer
}

func (n *network) Forward(x *graph.Node) *graph.Node {
	return n.Classifier.Forward(n.Flatten.Forward(n.Avgpool.Forward(n.Features.Forward(x))))
}
