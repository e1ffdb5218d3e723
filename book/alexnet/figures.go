package main

import (
	"image"
	"image/png"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

func init() {
	page.Figures = []chapter.Figure{
		{File: "network.svg", Draw: drawNetwork},
		{File: "costs.svg", Draw: drawCosts},
		{File: "gradients.svg", Draw: drawGradients},
		{File: "augmented.png", Wordless: true, Draw: drawAugmented},
	}
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	return diagram.Network{
		Title: "AlexNet", Net: alexnet(1), Input: tensor.Shape{1, 224, 224}, Language: string(l),
	}.WriteSVG(w)
}

func drawCosts(w io.Writer, l chapter.Language) error {
	rows, err := diagram.CostBars(alexnet(1), tensor.Shape{1, 224, 224}, func(r nn.Row) string {
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
		Title:   l.Pick("Parameters and multiply-adds of AlexNet's layers", "AlexNet 各层的参数与乘加次数"),
		Columns: []string{l.Pick("parameters", "参数"), l.Pick("multiply-adds", "乘加次数")}, Rows: rows,
	}.WriteSVG(w)
}

// drawGradients draws the sizes of the gradients by layer.
func drawGradients(w io.Writer, l chapter.Language) error {
	if sizes.sigmoid == nil {
		if err := gradients(); err != nil {
			return err
		}
	}
	var layers []float64
	for i := range sizes.sigmoid {
		layers = append(layers, float64(i+1))
	}
	return diagram.Chart{
		Title:  l.Pick("Gradients of eight convolutions", "八个卷积层的梯度"),
		XLabel: l.Pick("convolution", "卷积层"), YLabel: l.Pick("gradient of the kernels", "卷积核的梯度"), LogY: true,
		Lines: []diagram.Line{
			{Name: "sigmoid", X: layers, Y: sizes.sigmoid, Dots: true},
			{Name: "ReLU", X: layers, Y: sizes.relu, Dots: true},
		},
	}.WriteSVG(w)
}

// augmentedSheet is the contact sheet of section augment.
var augmentedSheet image.Image

func drawAugmented(w io.Writer, _ chapter.Language) error {
	if augmentedSheet == nil {
		if err := augmented(); err != nil {
			return err
		}
	}
	return png.Encode(w, augmentedSheet)
}
