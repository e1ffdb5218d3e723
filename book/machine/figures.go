package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "im2col.svg", Draw: drawIm2col},
	{File: "intensity.svg", Draw: drawIntensity},
	{File: "memory.svg", Draw: drawMemory},
}

// drawIm2col draws a window, its column in the matrix, and the product.
func drawIm2col(w io.Writer, l chapter.Language) error {
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	kernel := tensor.Must(tensor.Arange(0, 4, 1).Reshape(1, 4))
	m := im2col(tensor.Must(x.Reshape(1, 3, 3)), 2)
	return diagram.Panels{
		Title: l.Pick("A convolution as a matrix product", "用矩阵乘积计算卷积"),
		Rows: [][]diagram.Part{
			{diagram.Grid{Values: x, Cell: 26, Label: l.Pick("picture with a window", "图像与窗口"),
				Marks: []diagram.Mark{{Column: 1, Height: 2, Width: 2, Color: diagram.Orange}}}},
			{
				diagram.Grid{Values: kernel, Cell: 26, Label: l.Pick("kernel\nas a row", "写成一行的\n卷积核")},
				diagram.Sign("×"),
				diagram.Grid{Values: m, Cell: 26, Label: l.Pick("a column for\neach position", "每个位置一列"),
					Marks: []diagram.Mark{{Column: 1, Height: 4, Color: diagram.Orange}}},
				diagram.Sign("="),
				diagram.Grid{Values: kernel.MatMul(m), Cell: 26, Label: l.Pick("output", "输出"),
					Marks: []diagram.Mark{{Column: 1, Color: diagram.Orange}}},
			},
		},
	}.WriteSVG(w)
}

func drawIntensity(w io.Writer, l chapter.Language) error {
	list, err := costs()
	if err != nil {
		return err
	}
	b := diagram.Bars{
		Title:   l.Pick("Operations for each byte that is moved, for five layers", "五种层每移动一个字节所做的运算"),
		Heading: l.Pick("floating-point operations a byte", "每字节的浮点运算次数"),
		Text:    func(v float64) string { return fmt.Sprintf("%.3g", v) },
	}
	chinese := []string{"3×3 卷积层，64→64", "1×1 卷积层，64→64", "3×3 深度卷积，64", "全连接层，4096→4096", "ReLU，64"}
	for i, c := range list {
		b.Rows = append(b.Rows, diagram.Bar{Label: l.Pick(c.name, chinese[i]), Values: []float64{c.flops / c.bytes}})
	}
	return b.WriteSVG(w)
}

func drawMemory(w io.Writer, l chapter.Language) error {
	return diagram.Bars{
		Title:   l.Pick("Memory of ResNet-18 for 8 images", "8 张图像时 ResNet-18 的内存"),
		Heading: l.Pick("ResNet-18, 8 images of 96×96, megabytes", "ResNet-18，8 张 96×96 的图像，单位 MB"),
		Text:    func(v float64) string { return fmt.Sprintf("%.0f", v) },
		Rows: []diagram.Bar{
			{Label: l.Pick("all results, each apart", "全部结果各占一处"), Values: []float64{plan.values}, Color: diagram.Grey},
			{Label: l.Pick("inference", "推理"), Values: []float64{plan.arena}},
			{Label: l.Pick("training", "训练"), Values: []float64{plan.training}, Color: diagram.Orange},
		},
	}.WriteSVG(w)
}
