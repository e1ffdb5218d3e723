package diagram_test

import (
	"bytes"
	"fmt"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
	"github.com/strideml/stride/zoo"
)

// The first figure of every text about convolution.
func ExampleCrossCorrelation() {
	f := diagram.CrossCorrelation{
		Title:       "Two-dimensional cross-correlation",
		Description: "The window over the upper left corner of the input, and the output that is computed from it: 19.",
		Input:       tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
		Kernel:      tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2)),
		Labels:      diagram.Labels{Input: "input", Kernel: "kernel", Output: "output"},
		Sum:         true,
	}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(file.Bytes(), []byte("0·0 + 1·1 + 3·2 + 4·3 = 19")))
	// Output: true
}

// A residual block that halves the image, in Chinese: two paths that are added.
func ExampleNetwork() {
	f := diagram.Network{
		Title:    "ResNet-18 的一个残差块",
		Net:      zoo.ResNet(10, zoo.ResNetConfig{}),
		Input:    tensor.Shape{1, 96, 96},
		Block:    "2.0",
		Detail:   diagram.Layers,
		Language: "zh",
	}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(file.Bytes(), []byte("1×1 卷积层，128")))
	// Output: true
}
