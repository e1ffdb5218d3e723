package main

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func formula() error {
	//region formula
	fmt.Println("LeNet:  ", outputSize(28, 5, 2, 1, 1), outputSize(28, 5, 0, 1, 1))
	fmt.Println("AlexNet:", outputSize(227, 11, 0, 4, 1), outputSize(224, 11, 0, 4, 1))
	//endregion
	return nil
}

func everySecond() error {
	//region every-second
	x := tensor.Rand(tensor.Seed(0), 9, 9)
	all, err := compConv2D(nn.Conv2D(1, 3), x)
	if err != nil {
		return err
	}
	y, err := compConv2D(nn.Conv2D(1, 3).Stride(2), x) // with the same random weights
	if err != nil {
		return err
	}
	picked := tensor.New(4, 4)
	for i := range 4 {
		for j := range 4 {
			picked.Set(all.At(2*i, 2*j), i, j)
		}
	}
	fmt.Println(all.Shape(), y.Shape(), y.AllClose(picked, 0, 1e-6))
	//endregion
	return nil
}

func cost() error {
	//region cost
	for _, stride := range []int{1, 2, 4} {
		layer := nn.Conv2D(64, 3).Pad(1).Stride(stride)
		model, err := nn.New(layer, tensor.Shape{64, 56, 56}, nn.Options{})
		if err != nil {
			return err
		}
		layers, err := model.Summary(1)
		if err != nil {
			return err
		}
		millions := float64(layers[0].MultiplyAdds) / 1e6
		fmt.Printf("%v: %.1f million multiply-adds\n", layers[0].Output, millions)
	}
	//endregion
	return nil
}

func reflect() error {
	//region reflect
	g := graph.New()
	x := g.Constant(tensor.Must(tensor.Arange(1, 26, 1).Reshape(1, 1, 5, 5)))
	mean := g.Constant(tensor.Full(1.0/9, 1, 1, 3, 3))
	n := []int{0, 0, 1, 1} // rows and columns before and after, for each axis
	var outputs []*graph.Node
	for _, padded := range []*graph.Node{
		graph.Pad(x, n, n, 0), graph.PadEdge(x, n, n), graph.PadReflect(x, n, n),
	} {
		outputs = append(outputs, graph.Conv2D(padded, mean, nil, graph.Window{}, 1))
	}
	values, err := engine.Run(cpu.Default(), nil, outputs...)
	if err != nil {
		return err
	}
	for i, name := range []string{"zeros  ", "edge   ", "reflect"} {
		row := tensor.Must(values[i].Index(0, 0, 0))
		fmt.Printf("%s first row %6.2f\n", name, row.Data())
	}
	//endregion
	return nil
}

func unread() error {
	//region unread
	for _, k := range []int{1, 2, 3} {
		g := graph.New()
		x, ones := g.Input("x", 1, 1, 6, 6), g.Constant(tensor.Full(1, 1, 1, k, k))
		y := graph.Conv2D(x, ones, nil, graph.Window{Stride: [2]int{2, 2}}, 1)
		gradient := graph.Gradients(graph.Sum(y), x)
		feeds := engine.Feeds{x: tensor.New(1, 1, 6, 6)}
		values, err := engine.Run(cpu.Default(), feeds, gradient...)
		if err != nil {
			return err
		}
		fmt.Printf("%d×%[1]d\n%v\n", k, tensor.Must(values[0].Index(0, 0)))
	}
	//endregion
	return nil
}

func dilated() error {
	//region dilated
	x := tensor.Must(tensor.Arange(0, 25, 1).Reshape(5, 5))
	ones := nn.Conv2D(1, 3).Dilation(2).NoBias().Init(nn.Constant(1))
	y, err := compConv2D(ones, x)
	if err != nil {
		return err
	}
	fmt.Println(y)
	//endregion
	return nil
}
