package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz"
	"github.com/strideml/stride/viz/diagram"
)

func init() {
	page.Figures = []chapter.Figure{
		{File: "network.svg", Draw: drawNetwork},
		{File: "shapes.svg", Draw: drawShapes},
		{File: "field.svg", Draw: drawField},
		{File: "costs.svg", Draw: drawCosts},
		{File: "curves.svg", Long: true, Approx: 0.1, Draw: drawCurves},
		{File: "clothes.png", Wordless: true, Draw: drawClothes},
		{File: "confusion.png", Wordless: true, Long: true, Draw: drawConfusion},
		{File: "predictions.png", Wordless: true, Long: true, Draw: drawPredictions},
		{File: "maps.png", Wordless: true, Long: true, Draw: drawMaps},
		{File: "kernels.png", Wordless: true, Long: true, Draw: drawKernels},
	}
}

func drawNetwork(w io.Writer, l chapter.Language) error {
	return diagram.Network{
		Title: "LeNet", Net: lenet(), Input: tensor.Shape{1, 28, 28}, Language: string(l),
	}.WriteSVG(w)
}

// drawShapes draws the shape on its way through the network.
func drawShapes(w io.Writer, l chapter.Language) error {
	convolution, pooling, linear := l.Pick("conv", "卷积"), l.Pick("pooling", "汇聚"), l.Pick("linear", "全连接")
	boxes, err := diagram.VolumesOf(lenet(), tensor.Shape{1, 28, 28}, []string{"0", "2", "3", "5", "7", "9", "11"},
		l.Pick("image", "图像"), convolution, pooling, convolution, pooling, linear, linear, linear)
	if err != nil {
		return err
	}
	return diagram.Volumes{Title: l.Pick("The shape on its way through LeNet", "LeNet 各层输出的形状"), Boxes: boxes}.WriteSVG(w)
}

// drawField draws what a unit of each layer sees of the boot.
func drawField(w io.Writer, l chapter.Language) error {
	x, err := testImage(boot)
	if err != nil {
		return err
	}
	boxes, err := diagram.FieldsOf(lenet(), tensor.Shape{1, 28, 28}, []string{"0", "2", "3", "5"},
		l.Pick("conv 1", "卷积层 1"), l.Pick("pooling 1", "汇聚层 1"), l.Pick("conv 2", "卷积层 2"), l.Pick("pooling 2", "汇聚层 2"))
	if err != nil {
		return err
	}
	return diagram.Fields{
		Title:   l.Pick("Receptive fields in LeNet", "LeNet 各层的感受野"),
		Picture: tensor.Must(x.Index(0)), Boxes: boxes,
	}.WriteSVG(w)
}

// drawCosts draws the parameters and multiply-adds of each layer.
func drawCosts(w io.Writer, l chapter.Language) error {
	names := map[string]string{"Conv2D": l.Pick("conv", "卷积层"), "Linear": l.Pick("linear", "全连接层")}
	number := map[string]int{}
	rows, err := diagram.CostBars(lenet(), tensor.Shape{1, 28, 28}, func(r nn.Row) string {
		number[r.Kind]++
		return fmt.Sprintf("%s %d", names[r.Kind], number[r.Kind])
	})
	if err != nil {
		return err
	}
	return diagram.Bars{
		Title: l.Pick("Parameters and multiply-adds of LeNet's layers", "LeNet 各层的参数量和乘加次数"),
		Rows:  rows, Columns: []string{l.Pick("parameters", "参数"), l.Pick("multiply-adds", "乘加")},
	}.WriteSVG(w)
}

// drawCurves draws the loss and the accuracies of the training, and its points within epochs.
func drawCurves(w io.Writer, l chapter.Language) error {
	if _, err := trainedModel(); err != nil {
		return err
	}
	loss := diagram.Line{Name: l.Pick("training loss", "训练损失")}
	accuracy := diagram.Line{Name: l.Pick("training accuracy", "训练精度")}
	test := diagram.Line{Name: l.Pick("test accuracy", "测试精度")}
	for _, e := range trained.history.Rows {
		loss.X, loss.Y = append(loss.X, float64(e.Epoch)), append(loss.Y, e.TrainLoss)
		accuracy.X, accuracy.Y = append(accuracy.X, float64(e.Epoch)), append(accuracy.Y, e.TrainAccuracy)
		test.X, test.Y = append(test.X, float64(e.Epoch)), append(test.Y, e.TestAccuracy)
	}
	return diagram.Chart{
		Title:  l.Pick("Training LeNet", "训练 LeNet"),
		XLabel: l.Pick("epoch", "迭代周期"), Zero: true,
		Lines: []diagram.Line{loss, accuracy, test},
	}.WriteSVG(w)
}

// drawClothes draws the first test images with their classes.
func drawClothes(w io.Writer, _ chapter.Language) error {
	return drawTest(w, 18, func(label, _ int) string { return fashionmnist.Classes()[label] }, nil)
}

// drawPredictions draws the first test images with what the network says of them, and
// what they are where it is wrong.
func drawPredictions(w io.Writer, _ chapter.Language) error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	classes := fashionmnist.Classes()
	return drawTest(w, 24, func(label, predicted int) string {
		if label == predicted {
			return classes[label]
		}
		return classes[predicted] + "?"
	}, func(x *tensor.Tensor) (int, error) {
		logits, err := model.Predict(nil, x)
		if err != nil {
			return 0, err
		}
		return metrics.ArgMax(logits.Data()), nil
	})
}

// drawTest draws the first n test images in rows of six with titles.
func drawTest(w io.Writer, n int, title func(label, predicted int) string, predict func(x *tensor.Tensor) (int, error)) error {
	_, testSet, err := d2l.LoadDataFashionMNIST(256, 0)
	if err != nil {
		return err
	}
	var pictures []image.Image
	var titles []string
	for i := range n {
		picture, label, err := data.Picture(testSet.Dataset(), i)
		if err != nil {
			return err
		}
		predicted := label
		if predict != nil {
			x := tensor.New(1, 28, 28)
			if _, err := testSet.Dataset().Read(i, x.Data()); err != nil {
				return err
			}
			if predicted, err = predict(x); err != nil {
				return err
			}
		}
		pictures, titles = append(pictures, picture), append(titles, title(label, predicted))
	}
	sheet, err := data.ContactSheet(pictures, titles, data.SheetConfig{Columns: 6, Scale: 3})
	if err != nil {
		return err
	}
	return png.Encode(w, sheet)
}

// drawKernels draws the kernels of the first layer, negative weights blue and positive ones red.
func drawKernels(w io.Writer, _ chapter.Language) error {
	model, err := trainedModel()
	if err != nil {
		return err
	}
	kernels, err := model.Param("0.weight")
	if err != nil {
		return err
	}
	sheet, err := render.Filters(kernels.Value, 0)
	if err != nil {
		return err
	}
	return png.Encode(w, sheet)
}

const gap = 4 // between two maps, in pixels

// drawMaps draws the maps of the layers for the boot, a row for each layer.
func drawMaps(w io.Writer, _ chapter.Language) error {
	if activations == nil {
		if err := maps(); err != nil {
			return err
		}
	}
	x, err := testImage(boot)
	if err != nil {
		return err
	}
	rows := []struct {
		maps *tensor.Tensor
		side int // of a map in pixels
	}{{x, 80}, {tensor.Must(activations[0].Index(0)), 80}, {tensor.Must(activations[1].Index(0)), 80},
		{tensor.Must(activations[2].Index(0)), 28}, {tensor.Must(activations[3].Index(0)), 28}}
	height := gap
	for _, r := range rows {
		height += r.side + gap
	}
	canvas := white(16*(28+gap)+gap, height)
	y := gap
	for _, r := range rows {
		for c := range r.maps.Shape()[0] {
			one := tensor.Must(r.maps.Slice(0, c, c+1))
			picture, err := render.Map(one, 0, 0, render.Options{Colors: render.Grey})
			if err != nil {
				return err
			}
			x := gap + c*(r.side+gap)
			xdraw.NearestNeighbor.Scale(canvas, image.Rect(x, y, x+r.side, y+r.side), picture, picture.Bounds(), draw.Src, nil)
		}
		y += r.side + gap
	}
	return png.Encode(w, canvas)
}

func white(width, height int) *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	return canvas
}

// drawConfusion draws the confusion matrix: a row for each class, a column for each prediction.
func drawConfusion(w io.Writer, _ chapter.Language) error {
	if confusion == nil {
		if err := evaluate(); err != nil {
			return err
		}
	}
	const cell, left = 36, 112
	classes := confusion.Classes()
	face, err := viz.TextFace(15, "", append([]string{"0123456789"}, classes...)...)
	if err != nil {
		return err
	}
	canvas := white(left+len(classes)*cell+gap, len(classes)*cell+24)
	for i, class := range classes {
		write(canvas, face, class, left-6, i*cell+cell/2, 1, color.Black)
		write(canvas, face, fmt.Sprint(i), 2, i*cell+cell/2, 0, color.Gray{120})
		write(canvas, face, fmt.Sprint(i), left+i*cell+cell/2, len(classes)*cell+12, 0.5, color.Gray{120})
		for j := range classes {
			n := confusion.Count(i, j)
			share := float64(n) / float64(max(confusion.Support(i), 1))
			at := image.Rect(left+j*cell, i*cell, left+(j+1)*cell-1, (i+1)*cell-1)
			shade := color.RGBA{uint8(255 - 224*share), uint8(255 - 160*share), uint8(255 - 64*share), 255}
			draw.Draw(canvas, at, image.NewUniform(shade), image.Point{}, draw.Src)
			ink := color.Color(color.Black)
			if share > 0.5 {
				ink = color.White
			}
			if n > 0 {
				write(canvas, face, fmt.Sprint(n), at.Min.X+cell/2, at.Min.Y+cell/2, 0.5, ink)
			}
		}
	}
	return png.Encode(w, canvas)
}

// write writes a text whose middle is at height y; share of its width lies left of x.
func write(canvas draw.Image, face font.Face, text string, x, y int, share float64, ink color.Color) {
	width := font.MeasureString(face, text)
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face,
		Dot: fixed.Point26_6{X: fixed.I(x) - fixed.Int26_6(share*float64(width)), Y: fixed.I(y + 5)}}
	d.DrawString(text)
}
