package main

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"

	xdraw "golang.org/x/image/draw"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram"
	"github.com/strideml/stride/zoo"
)

func drawNetwork(w io.Writer, l chapter.Language) error {
	frames := map[string]string{}
	for i, path := range []string{"0", "2", "4", "7"} {
		frames[path] = fmt.Sprintf(l.Pick("NiN block %d", "第 %d 个 NiN 块"), i+1)
	}
	return diagram.Network{
		Title: "NiN", Net: nin(1), Input: tensor.Shape{1, 224, 224}, Language: string(l), Frames: frames,
	}.WriteSVG(w)
}

// drawCosts draws the parameters and multiply-adds of three networks.
func drawCosts(w io.Writer, l chapter.Language) error {
	var rows []diagram.Bar
	for _, name := range []string{"alexnet", "vgg11", "nin"} {
		spec, err := zoo.Get(name)
		if err != nil {
			return err
		}
		parameters, multiplyAdds, err := costs(spec.New(10), spec.Input)
		if err != nil {
			return err
		}
		rows = append(rows, diagram.Bar{Label: spec.Title, Values: []float64{float64(parameters), float64(multiplyAdds)}})
	}
	return diagram.Bars{
		Title:   l.Pick("Parameters and multiply-adds of AlexNet, VGG-11 and NiN", "AlexNet、VGG-11 和 NiN 的参数与乘加次数"),
		Columns: []string{l.Pick("parameters", "参数"), l.Pick("multiply-adds", "乘加次数")}, Rows: rows,
	}.WriteSVG(w)
}

// drawClassMaps draws the picture of nine clothes and below it the ten maps of the last block, with the names of their
// classes. Yellow is the greatest value of all maps.
func drawClassMaps(w io.Writer, _ chapter.Language) error {
	if evidence == nil {
		if err := classMaps(); err != nil {
			return err
		}
	}
	picture, err := render.Picture(wardrobe)
	if err != nil {
		return err
	}
	most := max(float64(evidence.Max().At()), 1e-9)
	var maps []image.Image
	for c := range evidence.Shape()[0] {
		one := tensor.Must(evidence.Index(c))
		width := one.Shape()[1]
		tile := image.NewRGBA(render.Whole(one))
		for i, v := range one.Data() {
			tile.SetRGBA(i%width, i/width, render.Viridis.At(float64(v)/most))
		}
		maps = append(maps, tile)
	}
	sheet, err := data.ContactSheet(maps, fashionmnist.Classes(), data.SheetConfig{Columns: 5, Scale: 8})
	if err != nil {
		return err
	}
	const left, scale = 12, 2 // of the picture
	side := scale * picture.Bounds().Dx()
	canvas := image.NewRGBA(image.Rect(0, 0, sheet.Bounds().Dx(), left+side+sheet.Bounds().Dy()))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(sheet.At(0, 0)), image.Point{}, draw.Src)
	xdraw.NearestNeighbor.Scale(canvas, image.Rect(left, left, left+side, left+side), picture, picture.Bounds(), draw.Src, nil)
	draw.Draw(canvas, sheet.Bounds().Add(image.Pt(0, left+side)), sheet, image.Point{}, draw.Src)
	return png.Encode(w, canvas)
}
