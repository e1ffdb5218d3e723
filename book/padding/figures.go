package main

import (
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "padded.svg", Draw: drawPadded},
	{File: "stride.svg", Draw: drawStride},
	{File: "spread.svg", Draw: drawSpread},
}

func labels(l chapter.Language) diagram.Labels {
	return diagram.Labels{Input: l.Pick("picture", "图像"), Kernel: l.Pick("kernel", "卷积核"), Output: l.Pick("output", "输出")}
}

func drawPadded(w io.Writer, l chapter.Language) error {
	return diagram.CrossCorrelation{
		Title:  l.Pick("Cross-correlation with padding", "带填充的互相关运算"),
		Input:  tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
		Kernel: tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2)),
		Window: diagram.Window{Pad: [2]int{1, 1}},
		Labels: labels(l), Sum: true,
	}.WriteSVG(w)
}

func drawStride(w io.Writer, l chapter.Language) error {
	return diagram.CrossCorrelation{
		Title:  l.Pick("Cross-correlation with stride 3 downwards and 2 to the right", "向下步幅为 3、向右步幅为 2 的互相关运算"),
		Input:  tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
		Kernel: tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2)),
		Window: diagram.Window{Pad: [2]int{1, 1}, Stride: [2]int{3, 2}},
		At:     [][2]int{{0, 1}, {1, 0}}, Together: true,
		Labels: labels(l),
	}.WriteSVG(w)
}

// drawSpread draws the values of section spread, after one to four layers.
func drawSpread(w io.Writer, l chapter.Language) error {
	var row []diagram.Part
	x := tensor.Full(1, 9, 9)
	for _, label := range []string{
		l.Pick("1 layer", "1 层"), l.Pick("2 layers", "2 层"), l.Pick("3 layers", "3 层"), l.Pick("4 layers", "4 层"),
	} {
		var err error
		if x, err = compConv2D(meanLayer(), x); err != nil {
			return err
		}
		row = append(row, diagram.Grid{Values: x, Shading: diagram.Positive, Numberless: true, Cell: 11, Label: label})
	}
	return diagram.Panels{
		Title: l.Pick("How the effect of the border spreads inwards, layer by layer", "边界的影响逐层向内扩散"),
		Rows:  [][]diagram.Part{row},
	}.WriteSVG(w)
}
