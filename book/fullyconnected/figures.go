package main

import (
	"fmt"
	"image/color"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "matrix.svg", Draw: drawMatrix},
	{File: "dice.svg", Draw: drawDice},
}

func drawMatrix(w io.Writer, l chapter.Language) error {
	k := tensor.Must(tensor.Arange(1, 5, 1).Reshape(2, 2))
	weights := tensor.Must(weights4(k, 3, 3).Reshape(4, 9))
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(9, 1))
	return diagram.Panels{
		Title: l.Pick("A convolution as a product with a matrix", "写成矩阵乘法的卷积"),
		Rows: [][]diagram.Part{{
			diagram.Grid{Values: weights, Shading: diagram.Positive, Cell: 26, Label: l.Pick("weights, a row for each output", "权重，每个输出一行")},
			diagram.Sign("·"),
			diagram.Grid{Values: x, Cell: 26, Label: l.Pick("pixels", "像素")},
			diagram.Sign("="),
			diagram.Grid{Values: weights.MatMul(x), Cell: 26, Label: l.Pick("outputs", "输出")},
		}},
	}.WriteSVG(w)
}

// drawDice draws the probabilities of the sums of one to four dice.
func drawDice(w io.Writer, l chapter.Language) error {
	f := viz.Figure{XLabel: l.Pick("sum of the dice", "点数之和"), Width: 380, Height: 220}
	sum := []float64{1}
	for n, c := range []color.Color{
		color.RGBA{0x1f, 0x5f, 0xbf, 0xff}, color.RGBA{0xb8, 0x48, 0x0a, 0xff}, color.RGBA{0x1a, 0x7a, 0x43, 0xff}, color.RGBA{0x8a, 0x2f, 0x8f, 0xff},
	} {
		sum = convolve(sum, die())
		line := viz.Line{Name: fmt.Sprintf(l.Pick("%d dice", "%d 个骰子"), n+1), Color: c, Dash: viz.Dash(n)}
		for v := n + 1; v < len(sum); v++ {
			line.X, line.Y = append(line.X, float64(v)), append(line.Y, sum[v])
		}
		f.Lines = append(f.Lines, line)
	}
	return f.WriteSVG(w)
}
