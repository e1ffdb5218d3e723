package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "block.svg", Draw: drawBlock},
	{File: "network.svg", Draw: drawNetwork},
	{File: "channels.svg", Draw: drawChannels},
}

func drawBlock(w io.Writer, l chapter.Language) error {
	return diagram.Network{
		Title: l.Pick("A dense block of two convolutions", "含两个卷积层的稠密块"),
		Net:   NewDenseBlock(2, 10), Input: tensor.Shape{3, 8, 8}, Detail: diagram.Layers, Language: string(l),
	}.WriteSVG(w)
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	transition := l.Pick("transition", "过渡层")
	return diagram.Network{
		Title: "DenseNet", Net: densenet(32), Input: tensor.Shape{1, 96, 96}, Language: string(l),
		Names: map[string]string{
			"DenseBlock": l.Pick("dense block", "稠密块"), "2": transition, "4": transition, "6": transition,
		},
	}.WriteSVG(w)
}

// drawChannels draws how many channels there are after each layer that changes them.
func drawChannels(w io.Writer, l chapter.Language) error {
	c := diagram.Chart{
		Title:  l.Pick("Channels through DenseNet for three growth rates", "三种增长率下 DenseNet 各处的通道数"),
		XLabel: l.Pick("layer", "层"), YLabel: l.Pick("channels", "通道数"), Zero: true,
	}
	for _, growth := range []int{8, 16, 32} {
		trace, err := nn.Outline(densenet(growth), tensor.Shape{1, 96, 96}, 1)
		if err != nil {
			return err
		}
		line := diagram.Line{Name: fmt.Sprintf(l.Pick("growth rate %d", "增长率 %d"), growth)}
		for _, n := range trace.Graph.Nodes() {
			kind, shape := n.Op().Kind(), n.Shape()
			if len(shape) == 4 && (kind == "Concat" || kind == "Conv2D" && shape[1] != growth) {
				line.X = append(line.X, float64(len(line.X)+1))
				line.Y = append(line.Y, float64(shape[1]))
			}
		}
		c.Lines = append(c.Lines, line)
	}
	return c.WriteSVG(w)
}
