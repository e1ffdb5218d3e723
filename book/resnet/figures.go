package main

import (
	"fmt"
	"io"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
)

var figures = []chapter.Figure{
	{File: "classes.svg", Draw: drawClasses},
	{File: "block.svg", Draw: drawBlock("1.0", "A residual block", "残差块")},
	{File: "block1x1.svg", Draw: drawBlock("2.0", "A residual block with a 1×1 convolution on its shortcut", "快捷连接上有 1×1 卷积层的残差块")},
	{File: "network.svg", Draw: drawNetwork},
	{File: "gradients.svg", Draw: drawGradients},
}

func drawBlock(path, en, zh string) func(io.Writer, chapter.Language) error {
	return func(w io.Writer, l chapter.Language) error {
		return diagram.Network{
			Title: l.Pick(en, zh), Net: resnet18(), Input: tensor.Shape{1, 96, 96},
			Block: path, Detail: diagram.Layers, Language: string(l),
		}.WriteSVG(w)
	}
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	f := diagram.Network{
		Title: "ResNet-18", Net: resnet18(), Input: tensor.Shape{1, 96, 96}, Language: string(l),
		Names:  map[string]string{"Residual": l.Pick("residual block", "残差块")},
		Frames: map[string]string{},
	}
	for stage := 1; stage <= 4; stage++ {
		f.Frames[fmt.Sprint(stage)] = fmt.Sprintf(l.Pick("stage %d", "阶段 %d"), stage)
	}
	return f.WriteSVG(w)
}

func drawGradients(w io.Writer, l chapter.Language) error {
	x := make([]float64, units)
	for i := range x {
		x[i] = float64(i + 1)
	}
	c := diagram.Chart{
		Title:  l.Pick("Lengths of the gradients of 40 units", "40 个单元的梯度长度"),
		XLabel: l.Pick("unit", "单元"), YLabel: l.Pick("length of the gradient", "梯度长度"), LogY: true,
	}
	for i, name := range []string{
		l.Pick("plain", "普通"), l.Pick("plain, batch norm", "普通，批量规范化"),
		l.Pick("residual", "残差"), l.Pick("residual, batch norm", "残差，批量规范化"),
	} {
		c.Lines = append(c.Lines, diagram.Line{Name: name, X: x, Y: norms[i]})
	}
	return c.WriteSVG(w)
}

// An ellipse is a class of functions in drawClasses.
type ellipse struct{ x, y, rx, ry float64 }

// drawClasses draws function classes as ellipses, and the function that is looked for as a star.
func drawClasses(w io.Writer, l chapter.Language) error {
	moving := []ellipse{{80, 95, 26, 22}, {128, 98, 40, 32}, {182, 132, 52, 44}}
	nested := []ellipse{{345, 120, 30, 24}, {362, 116, 58, 46}, {380, 110, 88, 68}}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" class="fc-figure" width="480" height="240" viewBox="0 0 480 240" role="img">
<title>%s</title>
<style>
.fc-figure{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif;font-size:14px}
.fc-paper{fill:#fff}.fc-class{fill:#1f5fbf;fill-opacity:.12;stroke:#1f5fbf;stroke-width:1.5}.fc-star{fill:#b8480a}.fc-text{fill:#1a1d21}
@media screen and (prefers-color-scheme:dark){.fc-paper{fill:#14171b}.fc-class{fill:#7db0ff;stroke:#7db0ff}.fc-star{fill:#ffa05c}.fc-text{fill:#e8eaed}}
</style>
<path class="fc-paper" d="M0 0h480v240H0z"/>
`, l.Pick("Function classes that are not nested, and nested ones", "非嵌套的函数类与嵌套的函数类"))
	if err != nil {
		return err
	}
	for i, classes := range [][]ellipse{moving, nested} {
		for j := range classes {
			e := classes[len(classes)-1-j] // the largest first, so that it lies behind
			fmt.Fprintf(w, `<ellipse class="fc-class" cx="%g" cy="%g" rx="%g" ry="%g"/>`+"\n", e.x, e.y, e.rx, e.ry)
		}
		for j, e := range classes {
			// Names stand at the left end of what belongs to one class only.
			x := e.x - 4
			switch {
			case i == 1 && j > 0:
				x = classes[j-1].x + classes[j-1].rx + 6
			case j == 0:
				x = e.x - e.rx + 9
			}
			fmt.Fprintf(w, `<text class="fc-text" x="%g" y="%g">F%c</text>`+"\n", x, e.y+5, '₁'+rune(j))
		}
		x := []float64{60.0, 455.0}[i]
		y := []float64{40.0, 35.0}[i]
		fmt.Fprintf(w, `<path class="fc-star" d="M%g %gl3 7 8 .6-6 5 2 8-7-4.300-7 4.300 2-8-6-5 8-.6z"/>`+"\n", x, y-9)
		fmt.Fprintf(w, `<text class="fc-text" x="%g" y="%g">f*</text>`+"\n", x-24, y+2)
		name := []string{l.Pick("not nested", "非嵌套"), l.Pick("nested", "嵌套")}[i]
		fmt.Fprintf(w, `<text class="fc-text" x="%d" y="222" text-anchor="middle">%s</text>`+"\n", []int{130, 380}[i], name)
	}
	_, err = io.WriteString(w, "</svg>\n")
	return err
}
