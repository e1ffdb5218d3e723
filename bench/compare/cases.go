package main

import (
	"fmt"
	"slices"
	"strings"

	_ "github.com/strideml/stride/weights/efficientnetlite0" // more networks
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision"
)

// The networks that are measured unless told otherwise: those of the book, and
// in inference the usual ones for ImageNet, of larger families one or two. The others
// of torchvision are measured when they are named.
var (
	bookNets        = []string{"lenet", "lenet-bn", "alexnet", "vgg", "nin", "googlenet", "resnet18", "densenet"}
	torchvisionNets = []string{
		"torchvision/resnet18", "torchvision/resnet50", "torchvision/vgg11", "torchvision/densenet121",
		"torchvision/googlenet", "torchvision/squeezenet1_1", "torchvision/mobilenet_v2",
		"torchvision/mobilenet_v3_small", "torchvision/mobilenet_v3_large", "torchvision/shufflenet_v2_x1_0", "torchvision/mnasnet1_0",
		"torchvision/efficientnet_b0", "torchvision/regnet_y_400mf", "torchvision/convnext_tiny", "torchvision/resnext50_32x4d",
		"torchvision/wide_resnet50_2", "torchvision/inception_v3", "torchvision/densenet161", "torchvision/squeezenet1_0",
	}
)

// liteNet is the network that stride train fine-tunes.
const liteNet = "efficientnet-lite0"

const torchvisionPrefix = "torchvision/"

// A measuredCase is one network in one mode with one batch size.
type measuredCase struct {
	spec  zoo.Spec
	mode  string // "train" or "infer"
	batch int
}

func (c measuredCase) String() string {
	return fmt.Sprintf("%s, %s, batch %d", c.spec.Name, c.mode, c.batch)
}

// planCases returns what is to be measured, training first. No nets means the
// usual ones, no batches those of the goals: in training 64 (the LeNets 256),
// in inference 1 and as many, or 1 and 16 for torchvision's networks, which
// are not trained. EfficientNet-Lite0 has 32 in place of 64.
func planCases(nets, modes []string, batches []int) ([]measuredCase, error) {
	if len(nets) == 0 {
		nets = slices.Concat(bookNets, torchvisionNets, []string{liteNet})
	}
	var cases []measuredCase
	for _, mode := range []string{"train", "infer"} {
		if !slices.Contains(modes, mode) {
			continue
		}
		for _, name := range nets {
			spec, err := knownNet(name)
			if err != nil {
				return nil, err
			}
			for _, batch := range batchesOf(name, mode, batches) {
				cases = append(cases, measuredCase{spec, mode, batch})
			}
		}
	}
	return cases, nil
}

// knownNet returns a network that both stride and the PyTorch worker know.
func knownNet(name string) (zoo.Spec, error) {
	spec, err := zoo.Get(name)
	if err != nil {
		return zoo.Spec{}, err
	}
	if !strings.HasPrefix(spec.Name, torchvisionPrefix) && !slices.Contains(bookNets, spec.Name) && spec.Name != liteNet {
		return zoo.Spec{}, fmt.Errorf("%s is not compared: want %s, %s, or one of torchvision's", spec.Name, strings.Join(bookNets, ", "), liteNet)
	}
	return spec, nil
}

func batchesOf(name, mode string, given []int) []int {
	torchvision := strings.HasPrefix(name, torchvisionPrefix)
	switch {
	case torchvision && mode == "train":
		return nil
	case len(given) > 0:
		return given
	}
	large := 64
	switch {
	case strings.HasPrefix(name, "lenet"):
		large = 256
	case torchvision:
		large = 16
	case name == liteNet:
		large = 32
	}
	if mode == "train" {
		return []int{large}
	}
	return []int{1, large}
}
