package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "channels.svg", Draw: drawChannels},
	{File: "onebyone.svg", Draw: drawOneByOne},
	{File: "grey.png", Wordless: true, Draw: drawGrey},
}

func drawChannels(w io.Writer, l chapter.Language) error {
	return diagram.Channels{
		Title:   l.Pick("Cross-correlation with two input channels", "两个输入通道的互相关运算"),
		Input:   tensor.Must(tensor.Stack(0, count(0, 3, 3), count(1, 3, 3))),
		Kernel:  tensor.Must(tensor.Stack(0, count(0, 2, 2), count(1, 2, 2))),
		Labels:  diagram.Labels{Input: l.Pick("picture", "图像"), Kernel: l.Pick("kernel", "卷积核"), Output: l.Pick("output", "输出")},
		Channel: l.Pick("channel", "通道"), Sum: l.Pick("sum", "和"),
	}.WriteSVG(w)
}

// drawOneByOne draws a 1×1 convolution from three channels to two, and marks a place in all of them.
func drawOneByOne(w io.Writer, l chapter.Language) error {
	const side, column = 3, 2 // of the maps, of the place
	blue, orange := diagram.Blue, diagram.Orange
	grid := func(label string, channels int, marks ...diagram.Mark) diagram.Grid {
		return diagram.Grid{
			Values: tensor.New(channels, side, side), Numberless: true, Cell: 26, Spread: 0.7, Marks: marks,
			Label: fmt.Sprintf("%s\n%d × %d×%d", label, channels, side, side),
		}
	}
	return diagram.Panels{
		Title: l.Pick("A 1×1 convolution from three channels to two", "从三个通道到两个通道的 1×1 卷积"),
		Rows: [][]diagram.Part{{
			grid(l.Pick("picture", "图像"), 3, diagram.Mark{Column: column, Color: diagram.Green}),
			diagram.Sign("∗"),
			diagram.Grid{
				Values: tensor.New(2, 3), Numberless: true, Cell: 26, Label: l.Pick("kernels", "卷积核") + "\n2 × 3 × 1×1",
				Marks: []diagram.Mark{{Width: 3, Color: blue}, {Row: 1, Width: 3, Color: orange}},
			},
			diagram.Sign("="),
			grid(l.Pick("output", "输出"), 2, diagram.Mark{Column: column, Sheet: 1, Color: blue}, diagram.Mark{Column: column, Sheet: 2, Color: orange}),
		}},
	}.WriteSVG(w)
}

// drawGrey draws the palette above its brightness.
func drawGrey(w io.Writer, _ chapter.Language) error {
	const scale = 10
	colours := palette()
	grey := toGrey(colours)
	shape := colours.Shape()
	height, width := shape[1], shape[2]
	picture := image.NewNRGBA(image.Rect(0, 0, width*scale, 2*height*scale))
	for y := range 2 * height * scale {
		for x := range width * scale {
			row, column := y/scale, x/scale
			c := color.NRGBA{A: 255}
			if row < height {
				c.R, c.G, c.B = level(colours.At(0, row, column)), level(colours.At(1, row, column)), level(colours.At(2, row, column))
			} else {
				v := level(grey.At(0, row-height, column))
				c.R, c.G, c.B = v, v, v
			}
			picture.SetNRGBA(x, y, c)
		}
	}
	return png.Encode(w, picture)
}

// level returns the byte of a brightness from 0 to 1.
func level(v float32) uint8 { return uint8(v*255 + 0.5) }
