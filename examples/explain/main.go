// Command explain draws which part of a picture decides for its class: Grad-CAM over the picture, as a PNG file.
// The model is a run folder, a model folder, a model file or an ONNX file.
//
//	go run ./cmd/stride train lenet-bn --data sample --epochs 5 --out runs/clothes
//	go run ./examples/explain runs/clothes examples/predict/boot.png why.png
package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"log"
	"os"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/modelfolder"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: explain MODEL PICTURE OUT.png")
	}
	if err := why(os.Stdout, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatalf("%q", err) // quoted: names in a file may hold control characters
	}
}

func why(w io.Writer, path, picture, out string) error {
	model, err := modelfolder.Load(path, modelfolder.Options{})
	if err != nil {
		return err
	}
	m, err := explain.New(model, explain.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	photo, err := imagefile.Open(picture, imagefile.Options{})
	if err != nil {
		return err
	}
	x, err := m.Preprocessing().Tensor(photo)
	if err != nil {
		return err
	}
	cam, err := m.GradCAM(context.Background(), x, "", explain.Predicted)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%q with %.1f %%, by layer %q\n", cam.ClassName, 100*cam.Probability, cam.Layer)
	seen, err := m.Preprocessing().Placement(photo.Bounds().Size()) // where the network has looked
	if err != nil {
		return err
	}
	overlay, err := render.Overlay(photo, cam.Heat(), seen.Rectangle(render.Whole(x)), render.Options{})
	if err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := png.Encode(file, overlay); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
