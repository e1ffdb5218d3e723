package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "axes.svg", Draw: drawAxes},
	{File: "first.svg", Long: true, Draw: drawSpread(0)},
	{File: "last.svg", Long: true, Draw: drawSpread(3)},
}

// drawAxes marks the values that share a mean and a variance.
func drawAxes(w io.Writer, l chapter.Language) error {
	colors := []diagram.Color{diagram.Blue, diagram.Orange}
	linear := diagram.Grid{
		Values: tensor.Must(tensor.FromSlice([]float32{1, 100, 2, 300, 3, 200, 6, 400}, 4, 2)),
		Label:  l.Pick("4 samples × 2 features", "4 个样本 × 2 个特征"),
	}
	for i, c := range colors {
		linear.Marks = append(linear.Marks, diagram.Mark{Column: i, Height: 4, Color: c})
	}
	rows := [][]diagram.Part{{linear}}
	for image := range 2 {
		var row []diagram.Part
		for channel, c := range colors {
			first := float32(8*image + 4*channel)
			row = append(row, diagram.Grid{
				Values: tensor.Must(tensor.Arange(first, first+4, 1).Reshape(2, 2)),
				Label:  fmt.Sprintf(l.Pick("image %d, channel %d", "图像 %d，通道 %d"), image+1, channel+1),
				Marks:  []diagram.Mark{{Height: 2, Width: 2, Color: c}},
			})
		}
		rows = append(rows, row)
	}
	return diagram.Panels{
		Title: l.Pick("Values of one colour share a mean and a variance", "颜色相同的值共用一个均值和一个方差"),
		Rows:  rows,
	}.WriteSVG(w)
}

// drawSpread draws the distribution of a feature that goes into a sigmoid over the steps of the training.
func drawSpread(sigmoid int) func(io.Writer, chapter.Language) error {
	return func(w io.Writer, l chapter.Language) error {
		c := diagram.Chart{
			Title:  fmt.Sprintf(l.Pick("A feature that goes into sigmoid %d", "进入第 %d 个 sigmoid 的一个特征"), sigmoid+1),
			XLabel: l.Pick("step", "步"),
			YLabel: fmt.Sprintf(l.Pick("a feature before sigmoid %d", "第 %d 个 sigmoid 之前的一个特征"), sigmoid+1),
			Height: 180,
		}
		for i, name := range []string{l.Pick("with batch normalization", "有批量规范化"), l.Pick("without", "没有批量规范化")} {
			var x []float64
			q := make([][]float64, len(spread{}))
			for j, step := range watchedNets[i].steps {
				x = append(x, float64(step))
				for k, v := range watchedNets[i].spreads[sigmoid][j] {
					q[k] = append(q[k], v)
				}
			}
			color := []diagram.Color{diagram.Blue, diagram.Orange}[i]
			c.Bands = append(c.Bands,
				diagram.Band{X: x, Low: q[0], High: q[4], Color: color},
				diagram.Band{X: x, Low: q[1], High: q[3], Color: color})
			c.Lines = append(c.Lines, diagram.Line{Name: name, X: x, Y: q[2], Color: diagram.OfColor(color)})
		}
		return c.WriteSVG(w)
	}
}
