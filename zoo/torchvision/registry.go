package torchvision

import (
	"cmp"
	"fmt"
	"math"

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

// A published is a network of torchvision, and how the first weights that torchvision
// published for it take pictures.
type published struct {
	name, title, doc string
	make             func(classes int) nn.Layer
	size             int // of the input; 0 means 224
	resize           int // of the shorter side before the middle is cut out; 0 means 256
	bicubic          bool
	halves           bool // mean and standard deviation are 0.5, not those of ImageNet
	init             nn.Initializer
}

// registered are the networks of this package.
var registered = []published{
	{name: "alexnet", title: "AlexNet", doc: "Krizhevsky 2014, the one-tower AlexNet of \"One weird trick\".", make: AlexNet},
	{name: "vgg11", title: "VGG-11", doc: "Simonyan & Zisserman 2014, configuration A.", make: func(classes int) nn.Layer { return VGG(11, false, classes) }},
	{name: "vgg11_bn", title: "VGG-11 with batch normalization", doc: "VGG-11 with batch normalization after each convolution.", make: func(classes int) nn.Layer { return VGG(11, true, classes) }},
	{name: "vgg16", title: "VGG-16", doc: "Simonyan & Zisserman 2014, configuration D.", make: func(classes int) nn.Layer { return VGG(16, false, classes) }},
	{name: "vgg16_bn", title: "VGG-16 with batch normalization", doc: "VGG-16 with batch normalization after each convolution.", make: func(classes int) nn.Layer { return VGG(16, true, classes) }},
	{name: "googlenet", title: "GoogLeNet", doc: "Szegedy et al. 2014 with batch normalization, without its auxiliary classifiers.", make: GoogLeNet, halves: true},
	{name: "inception_v3", title: "Inception v3", doc: "Szegedy et al. 2015, without its auxiliary classifier.", make: InceptionV3, size: 299, resize: 342, halves: true},
	{name: "resnet18", title: "ResNet-18", doc: "He et al. 2015.", make: ResNet18},
	{name: "resnet34", title: "ResNet-34", doc: "He et al. 2015.", make: ResNet34},
	{name: "resnet50", title: "ResNet-50", doc: "He et al. 2015, with the stride in the 3×3 convolutions (version 1.5).", make: ResNet50},
	{name: "resnext50_32x4d", title: "ResNeXt-50 32×4d", doc: "Xie et al. 2017.", make: ResNeXt50},
	{name: "wide_resnet50_2", title: "Wide ResNet-50-2", doc: "Zagoruyko & Komodakis 2016.", make: WideResNet50},
	{name: "densenet121", title: "DenseNet-121", doc: "Huang et al. 2017.", make: DenseNet121},
	{name: "densenet161", title: "DenseNet-161", doc: "Huang et al. 2017.", make: DenseNet161},
	{name: "densenet169", title: "DenseNet-169", doc: "Huang et al. 2017.", make: DenseNet169},
	{name: "densenet201", title: "DenseNet-201", doc: "Huang et al. 2017.", make: DenseNet201},
	{name: "squeezenet1_0", title: "SqueezeNet 1.0", doc: "Iandola et al. 2016.", make: SqueezeNet10},
	{name: "squeezenet1_1", title: "SqueezeNet 1.1", doc: "Iandola et al. 2016, the cheaper version 1.1.", make: SqueezeNet11},
	{name: "mobilenet_v2", title: "MobileNetV2", doc: "Sandler et al. 2018.", make: MobileNetV2},
	{name: "mobilenet_v3_small", title: "MobileNetV3 Small", doc: "Howard et al. 2019.", make: MobileNetV3Small},
	{name: "mobilenet_v3_large", title: "MobileNetV3 Large", doc: "Howard et al. 2019.", make: MobileNetV3Large},
	shuffleNet("0_5", 0.5, 256), shuffleNet("1_0", 1, 256), shuffleNet("1_5", 1.5, 232), shuffleNet("2_0", 2, 232),
	mnasNet("0_5", 0.5, 256), mnasNet("0_75", 0.75, 232), mnasNet("1_0", 1, 256), mnasNet("1_3", 1.3, 232),
	efficientNet(0, 224, 256), efficientNet(1, 240, 256), efficientNet(2, 288, 288), efficientNet(3, 300, 320), efficientNet(4, 380, 384),
	regNet("y_400mf", "RegNetY-400MF"), regNet("y_800mf", "RegNetY-800MF"), regNet("y_1_6gf", "RegNetY-1.6GF"), regNet("y_3_2gf", "RegNetY-3.2GF"),
	regNet("x_400mf", "RegNetX-400MF"), regNet("x_800mf", "RegNetX-800MF"), regNet("x_1_6gf", "RegNetX-1.6GF"), regNet("x_3_2gf", "RegNetX-3.2GF"),
	{name: "convnext_tiny", title: "ConvNeXt-Tiny", doc: "Liu et al. 2022.", make: ConvNeXtTiny, resize: 236, init: nn.Normal(0, 0.02)},
	{name: "convnext_small", title: "ConvNeXt-Small", doc: "Liu et al. 2022.", make: ConvNeXtSmall, resize: 230, init: nn.Normal(0, 0.02)},
	{name: "convnext_base", title: "ConvNeXt-Base", doc: "Liu et al. 2022.", make: ConvNeXtBase, resize: 232, init: nn.Normal(0, 0.02)},
}

func shuffleNet(name string, width float64, resize int) published {
	return published{
		name: "shufflenet_v2_x" + name, title: fmt.Sprintf("ShuffleNetV2 ×%v", width), doc: "Ma et al. 2018.",
		make: func(classes int) nn.Layer { return ShuffleNetV2(width, classes) }, resize: resize,
	}
}

func mnasNet(name string, width float64, resize int) published {
	return published{
		name: "mnasnet" + name, title: fmt.Sprintf("MNASNet %v", width), doc: "Tan et al. 2019, variant B1.",
		make: func(classes int) nn.Layer { return MNASNet(width, classes) }, resize: resize,
	}
}

func efficientNet(number, size, resize int) published {
	return published{
		name: fmt.Sprintf("efficientnet_b%d", number), title: fmt.Sprintf("EfficientNet-B%d", number), doc: "Tan & Le 2019.",
		make: func(classes int) nn.Layer { return EfficientNet(number, classes) }, size: size, resize: resize, bicubic: true,
	}
}

func regNet(variant, title string) published {
	return published{
		name: "regnet_" + variant, title: title, doc: "Radosavovic et al. 2020.",
		make: func(classes int) nn.Layer { return RegNet(variant, classes) },
	}
}

func init() {
	for _, n := range registered {
		size, initial := cmp.Or(n.size, 224), n.init
		if initial == nil {
			initial = nn.HeNormal()
		}
		input := tensor.Shape{3, size, size}
		defaults := zoo.Defaults{Batch: 32, LearningRate: 0.01, Epochs: 10}
		zoo.Register(zoo.Spec{
			Name:          "torchvision/" + n.name,
			Title:         n.title,
			Doc:           n.doc + " Architecture and names of torchvision's " + n.name + ".",
			Input:         input,
			Classes:       1000,
			Defaults:      defaults,
			Sample:        defaults,
			Init:          initial,
			New:           n.make,
			Preprocessing: n.preprocessing(input),
			Timm:          timmModels[n.name],
			Names:         transformersNames[n.name],
		})
	}
}

func (n published) preprocessing(input tensor.Shape) preprocess.Config {
	c := preprocess.Config{InputSize: input, CropMode: preprocess.Center, Mean: imageNetMean, Std: imageNetStd}
	if n.halves {
		c.Mean, c.Std = []float32{0.5}, []float32{0.5}
	}
	if n.bicubic {
		c.Interpolation = preprocess.Bicubic
	}
	// Rounded down: a picture is resized to the side divided by CropPct, rounded down.
	c.CropPct = math.Floor(10000*float64(input[1])/float64(cmp.Or(n.resize, 256))) / 10000
	return c
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
