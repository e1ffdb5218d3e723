package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

func drawBlock(w io.Writer, l chapter.Language) error {
	return diagram.Network{
		Title: l.Pick("An Inception block", "Inception 块"), Detail: diagram.Layers,
		Net: NewInception(64, [2]int{96, 128}, [2]int{16, 32}, 32), Input: tensor.Shape{192, 12, 12}, Language: string(l),
	}.WriteSVG(w)
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	frames := map[string]string{}
	for i := range 5 {
		frames[fmt.Sprint(i)] = fmt.Sprintf(l.Pick("stage %d", "阶段 %d"), i)
	}
	return diagram.Network{
		Title: "GoogLeNet", Net: googlenet(1), Input: tensor.Shape{1, 96, 96}, Language: string(l), Frames: frames, Unfolded: true,
	}.WriteSVG(w)
}

// drawCosts draws what each Inception block and each other layer costs.
func drawCosts(w io.Writer, l chapter.Language) error {
	names, of, err := costs(googlenet(1), tensor.Shape{1, 96, 96}, func(path string) string {
		if i := strings.LastIndex(path, ".p"); i >= 0 {
			return path[:i] + " Inception"
		}
		if !strings.Contains(path, ".") {
			return path + l.Pick(" fully connected", " 全连接")
		}
		return path + l.Pick(" convolution", " 卷积")
	})
	if err != nil {
		return err
	}
	var rows []diagram.Bar
	for _, name := range names {
		rows = append(rows, diagram.Bar{Label: name, Values: []float64{float64(of[name].parameters), float64(of[name].multiplyAdds)}})
	}
	return diagram.Bars{
		Title:   l.Pick("Parameters and multiply-adds of GoogLeNet", "GoogLeNet 的参数与乘加次数"),
		Columns: []string{l.Pick("parameters", "参数"), l.Pick("multiply-adds", "乘加次数")}, Rows: rows,
	}.WriteSVG(w)
}
