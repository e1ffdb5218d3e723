package main

import (
	"image/png"
	"io"
	"sync"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
	"github.com/strideml/stride/zoo"
)

var figures = []chapter.Figure{
	{File: "window.svg", Draw: drawWindow},
	{File: "boot.png", Wordless: true, Draw: drawBoot},
	{File: "field.svg", Draw: drawField},
	{File: "lenet.svg", Draw: drawLeNet},
}

// bootOnce is boot, computed once for all figures.
var bootOnce = sync.OnceValues(boot)

func drawWindow(w io.Writer, l chapter.Language) error {
	return diagram.CrossCorrelation{
		Title:  l.Pick("The window of the cross-correlation at its four positions", "互相关运算的窗口的四个位置"),
		Input:  tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
		Kernel: tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2)),
		At:     [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}},
		Labels: diagram.Labels{Input: l.Pick("picture", "图像"), Kernel: l.Pick("kernel", "卷积核"), Output: l.Pick("output", "输出")},
		Sum:    true, Partial: true, Compact: true,
	}.WriteSVG(w)
}

func drawBoot(w io.Writer, _ chapter.Language) error {
	images, err := bootOnce()
	if err != nil {
		return err
	}
	sheet, err := d2l.ShowImages(images, 2, 2, nil, 5)
	if err != nil {
		return err
	}
	return png.Encode(w, sheet)
}

// drawField draws two 3×3 layers: which elements an element of the last one is computed from.
func drawField(w io.Writer, l chapter.Language) error {
	grid := func(size, field int, label string) diagram.Grid {
		return diagram.Grid{
			Values: tensor.New(size, size), Numberless: true, Cell: 18, Label: label,
			Marks: []diagram.Mark{{Row: (size - field) / 2, Column: (size - field) / 2, Height: field, Width: field, Color: diagram.Orange}},
		}
	}
	return diagram.Panels{
		Title: l.Pick("The receptive field grows from layer to layer: 1×1, 3×3, 5×5", "感受野逐层增大：1×1、3×3、5×5"),
		Rows: [][]diagram.Part{{
			grid(7, 5, l.Pick("picture: 5×5", "图像：5×5")), diagram.Sign("→"),
			grid(5, 3, l.Pick("layer 1: 3×3", "第一层：3×3")), diagram.Sign("→"),
			grid(3, 1, l.Pick("layer 2: 1×1", "第二层：1×1")),
		}},
	}.WriteSVG(w)
}

// drawLeNet draws the receptive field of an element of each layer of LeNet over the boot.
func drawLeNet(w io.Writer, l chapter.Language) error {
	images, err := bootOnce()
	if err != nil {
		return err
	}
	boxes, err := diagram.FieldsOf(zoo.LeNet(10), tensor.Shape{1, 28, 28}, []string{"0", "2", "3", "5"},
		l.Pick("convolution 1", "第一个卷积"), l.Pick("pooling 1", "第一个汇聚"),
		l.Pick("convolution 2", "第二个卷积"), l.Pick("pooling 2", "第二个汇聚"))
	if err != nil {
		return err
	}
	return diagram.Fields{
		Title:   l.Pick("Receptive fields of one element of each layer of LeNet", "LeNet 各层中一个元素的感受野"),
		Picture: tensor.Must(images.Index(0, 0)), Boxes: boxes,
	}.WriteSVG(w)
}
