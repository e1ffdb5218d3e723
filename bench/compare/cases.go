package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/tensor"
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

// lowNets are the networks that are measured in lower precision unless told otherwise, and
// lowBatches with how many images.
var (
	lowNets = []string{
		"torchvision/resnet18", "torchvision/resnet50", "torchvision/mobilenet_v2", liteNet,
		"torchvision/squeezenet1_1", "torchvision/googlenet", "torchvision/densenet121", "torchvision/vgg11",
	}
	lowBatches = []int{1, 16}
)

// A measuredCase is what engines compute in turn, and the network of it.
type measuredCase struct {
	results.Case
	spec zoo.Spec
}

// input is the shape of an image.
func (c measuredCase) input() tensor.Shape {
	return tensor.Shape{c.spec.Input[0], c.Resolution, c.Resolution}
}

// A plan says what to measure. Empty lists mean the usual: see cases.
type plan struct {
	nets, modes, precisions       []string
	batches, resolutions, threads []int
}

// cases returns what is to be measured, training first. In float32 no nets means those of
// the book and torchvision's, no batches those of the goals: in training 64 (the LeNets
// 256), in inference 1 and as many, or 1 and 16 for torchvision's networks, which are not
// trained. EfficientNet-Lite0 has 32 in place of 64. In inference of lower precision they
// are lowNets and lowBatches, in training of lower precision the book's networks.
func (p plan) cases() ([]measuredCase, error) {
	var cases []measuredCase
	for _, mode := range []string{results.Train, results.Infer} {
		for _, precision := range []string{results.Float32, results.BFloat16, results.Int8} {
			if !slices.Contains(p.modes, mode) || !slices.Contains(p.precisions, precision) || mode == results.Train && precision == results.Int8 {
				continue
			}
			for _, name := range p.netsOf(mode, precision) {
				spec, err := knownNet(name)
				if err != nil {
					return nil, err
				}
				cases = append(cases, p.sizes(spec, mode, precision)...)
			}
		}
	}
	return cases, nil
}

func (p plan) netsOf(mode, precision string) []string {
	switch {
	case len(p.nets) > 0:
		return p.nets
	case precision == results.Float32:
		return usualNets()
	case mode == results.Train:
		return bookNets
	}
	return lowNets
}

// sizes are the cases of a network: its batches, resolutions and threads.
func (p plan) sizes(spec zoo.Spec, mode, precision string) (cases []measuredCase) {
	resolutions := p.resolutions
	if len(resolutions) == 0 {
		resolutions = []int{spec.Input[1]}
	}
	batches := batchesOf(spec.Name, mode, p.batches)
	if len(p.batches) == 0 && mode == results.Infer && precision != results.Float32 {
		batches = lowBatches
	}
	for _, batch := range batches {
		for _, resolution := range resolutions {
			for _, threads := range p.threads {
				cases = append(cases, measuredCase{results.Case{
					Net: spec.Name, Mode: mode, Precision: precision, Batch: batch, Resolution: resolution, Threads: threads,
				}, spec})
			}
		}
	}
	return cases
}

func usualNets() []string { return slices.Concat(bookNets, torchvisionNets, []string{liteNet}) }

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
