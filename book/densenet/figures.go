package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "block.svg", Draw: drawBlock},
	{File: "kept.svg", Draw: drawKept},
	{File: "network.svg", Draw: drawNetwork},
	{File: "channels.svg", Draw: drawChannels},
}

func drawBlock(w io.Writer, l chapter.Language) error {
	return diagram.Network{
		Title: l.Pick("A dense block of two convolutions", "含两个卷积层的稠密块"),
		Net:   NewDenseBlock(2, 10), Input: tensor.Shape{3, 8, 8}, Detail: diagram.Layers, Language: string(l),
	}.WriteSVG(w)
}

// drawKept draws where the channels come from that each layer of the first dense block takes, and what
// the block puts out.
func drawKept(w io.Writer, l chapter.Language) error {
	trace, err := nn.Outline(densenet(32), tensor.Shape{1, 96, 96}, 1)
	if err != nil {
		return err
	}
	out, err := trace.OutputOf("1")
	if err != nil {
		return err
	}
	f := diagram.StackedBars{
		Title: l.Pick("Where the channels of a dense block come from", "稠密块各通道的来源"),
		Names: []string{l.Pick("input", "输入")},
	}
	for _, n := range concatenations(out) {
		layer := len(f.Rows) + 1
		f.Rows = append(f.Rows, diagram.StackedBar{Label: fmt.Sprintf(l.Pick("into layer %d", "第 %d 层的输入"), layer), Parts: origins(n)})
		f.Names = append(f.Names, fmt.Sprintf(l.Pick("layer %d", "第 %d 层"), layer))
	}
	last := len(f.Rows) - 1
	f.Rows[last].Label, f.Names = l.Pick("output", "输出"), f.Names[:last+1]
	return f.WriteSVG(w)
}

// concatenations returns the concatenations up to a node, the first one first, and before them what they begin with.
func concatenations(n *graph.Node) []*graph.Node {
	if _, ok := n.Op().(graph.ConcatOp); !ok {
		return []*graph.Node{n}
	}
	return append(concatenations(n.Inputs()[0]), n)
}

// origins are the numbers of channels that a concatenation took over from each layer.
func origins(n *graph.Node) []float64 {
	if _, ok := n.Op().(graph.ConcatOp); !ok {
		return []float64{float64(n.Shape()[1])}
	}
	var list []float64
	for _, in := range n.Inputs() {
		list = append(list, origins(in)...)
	}
	return list
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
