package main

import (
	"image/png"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "maximum.svg", Draw: drawMaximum},
	{File: "rings.png", Wordless: true, Draw: drawRings},
}

func drawMaximum(w io.Writer, l chapter.Language) error {
	return diagram.Pooling{
		Title:  l.Pick("Max pooling with a window of 2×2", "2×2 的最大汇聚"),
		Input:  tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3)),
		Kernel: [2]int{2, 2},
		At:     [][2]int{{0, 0}, {1, 1}}, Together: true,
		Labels: diagram.Labels{Input: l.Pick("input", "输入"), Kernel: l.Pick("maximum", "最大值"), Output: l.Pick("output", "输出")},
	}.WriteSVG(w)
}

func drawRings(w io.Writer, _ chapter.Language) error {
	images, err := smaller(rings())
	if err != nil {
		return err
	}
	sheet, err := d2l.ShowImages(images, 2, 2, nil, 1)
	if err != nil {
		return err
	}
	return png.Encode(w, sheet)
}
