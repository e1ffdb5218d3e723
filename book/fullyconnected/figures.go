package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
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
	c := diagram.Chart{
		Title:  l.Pick("Probabilities of the sum of one to four dice", "一到四个骰子点数之和的概率"),
		XLabel: l.Pick("sum of the dice", "点数之和"), YLabel: l.Pick("probability", "概率"), Zero: true,
	}
	sum := []float64{1}
	for n := 1; n <= 4; n++ {
		sum = convolve(sum, die())
		line := diagram.Line{Name: fmt.Sprintf(l.Pick("%d dice", "%d 个骰子"), n), Dots: true}
		if n == 1 {
			line.Name = l.Pick("1 die", "1 个骰子")
		}
		for v := n; v < len(sum); v++ {
			line.X, line.Y = append(line.X, float64(v)), append(line.Y, sum[v])
		}
		c.Lines = append(c.Lines, line)
	}
	return c.WriteSVG(w)
}
