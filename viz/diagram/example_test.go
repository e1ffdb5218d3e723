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

// A sum of two channels: grids with a sign between.
func ExamplePanels() {
	first := tensor.Must(tensor.FromSlice([]float32{19, 25, 37, 43}, 2, 2))
	second := tensor.Must(tensor.FromSlice([]float32{37, 47, 67, 77}, 2, 2))
	f := diagram.Panels{
		Title: "The sum of two channels",
		Rows: [][]diagram.Part{{
			diagram.Grid{Values: first, Marks: []diagram.Mark{{Color: diagram.Blue}}, Label: "channel 1"},
			diagram.Sign("+"),
			diagram.Grid{Values: second, Marks: []diagram.Mark{{Color: diagram.Orange}}, Label: "channel 2"},
			diagram.Sign("="),
			diagram.Grid{Values: first.Add(second), Marks: []diagram.Mark{{Color: diagram.Grey}}, Label: "sum"},
		}},
	}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(file.Bytes(), []byte(">56<")))
	// Output: true
}

// Where the parameters and the multiply-adds of LeNet are.
func ExampleCostBars() {
	rows, err := diagram.CostBars(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Println(r.Label, r.Values)
	}
	f := diagram.Bars{Title: "The costs of LeNet", Columns: []string{"parameters", "multiply-adds"}, Rows: rows}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0 Conv2D [156 117600]
	// 3 Conv2D [2416 240000]
	// 7 Linear [48120 48000]
	// 9 Linear [10164 10080]
	// 11 Linear [850 840]
}

// The shape on its way through LeNet.
func ExampleVolumesOf() {
	boxes, err := diagram.VolumesOf(zoo.LeNet(10), tensor.Shape{1, 28, 28}, []string{"0", "2", "3", "5", "7", "9", "11"}, "input", "conv", "pooling")
	if err != nil {
		fmt.Println(err)
		return
	}
	f := diagram.Volumes{Title: "The shapes in LeNet", Boxes: boxes}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
	}
	fmt.Println(boxes[1].Shape, boxes[4].Shape, boxes[7].Shape)
	// Output: 6×28×28 16×5×5 10
}

// Distributions over steps: the quantiles of 5 and 95 per cent as a band, the median as a line.
func ExampleChart() {
	steps := []float64{0, 10, 20, 30}
	f := diagram.Chart{
		Title:  "The spread of a layer's outputs",
		XLabel: "step",
		Bands:  []diagram.Band{{Name: "5–95 %", X: steps, Low: []float64{-1, -1.2, -1.1, -1}, High: []float64{1, 1.4, 1.2, 1.1}}},
		Lines:  []diagram.Line{{Name: "median", X: steps, Y: []float64{0, 0.1, 0, 0.05}}},
	}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(file.Bytes(), []byte("median")))
	// Output: true
}
