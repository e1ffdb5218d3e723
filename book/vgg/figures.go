package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

func init() {
	page.Figures = []chapter.Figure{
		{File: "network.svg", Draw: drawNetwork},
		{File: "shapes.svg", Draw: drawShapes},
		{File: "fields.svg", Draw: drawFields},
		{File: "costs.svg", Draw: drawCosts},
	}
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	frames := map[string]string{}
	for i := range vgg11 {
		frames[strconv.Itoa(i)] = fmt.Sprintf(l.Pick("block %d", "第 %d 块"), i+1)
	}
	return diagram.Network{
		Title: "VGG-11", Net: vgg(vgg11, 1, 4096), Input: tensor.Shape{1, 224, 224}, Language: string(l), Frames: frames,
	}.WriteSVG(w)
}

// drawShapes draws the shapes behind the blocks and the fully connected layers.
func drawShapes(w io.Writer, l chapter.Language) error {
	labels := []string{l.Pick("image", "图像")}
	for i := range vgg11 {
		labels = append(labels, fmt.Sprintf(l.Pick("block %d", "第 %d 块"), i+1))
	}
	boxes, err := diagram.VolumesOf(vgg(vgg11, 1, 4096), tensor.Shape{1, 224, 224}, []string{"0", "1", "2", "3", "4", "6", "9", "12"}, labels...)
	if err != nil {
		return err
	}
	return diagram.Volumes{Title: l.Pick("The shape on its way through VGG-11", "VGG-11 各块输出的形状"), Boxes: boxes}.WriteSVG(w)
}

// drawFields draws two 3×3 convolutions along one axis.
func drawFields(w io.Writer, l chapter.Language) error {
	three := diagram.PyramidLayer{Label: l.Pick("3×3 convolution", "3×3 卷积"), Kernel: 3}
	return diagram.Pyramid{
		Title:  l.Pick("Two 3×3 convolutions see five pixels along each axis", "两个 3×3 卷积在每个方向上看到五个像素"),
		Layers: []diagram.PyramidLayer{three, three}, Input: l.Pick("image", "图像"),
	}.WriteSVG(w)
}

func drawCosts(w io.Writer, l chapter.Language) error {
	rows, err := diagram.CostBars(vgg(vgg11, 1, 4096), tensor.Shape{1, 224, 224}, func(r nn.Row) string {
		kind := l.Pick("convolution", "卷积")
		if r.Kind == "Linear" {
			kind = l.Pick("fully connected", "全连接")
		}
		return r.Path + " " + kind
	})
	if err != nil {
		return err
	}
	return diagram.Bars{
		Title:   l.Pick("Parameters and multiply-adds of VGG-11", "VGG-11 的参数与乘加次数"),
		Columns: []string{l.Pick("parameters", "参数"), l.Pick("multiply-adds", "乘加次数")}, Rows: rows,
	}.WriteSVG(w)
}
