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
