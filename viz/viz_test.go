package viz_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/viz"
)

func ExampleCurves() {
	figure := viz.Curves("lenet on Fashion-MNIST", []viz.Epoch{
		{Epoch: 1, TrainLoss: 2.3, TrainAccuracy: .10, TestAccuracy: .10},
		{Epoch: 2, TrainLoss: 1.2, TrainAccuracy: .50, TestAccuracy: .55},
	})
	f, err := os.CreateTemp("", "curves-*.png")
	if err != nil {
		panic(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := figure.WritePNG(f); err != nil {
		panic(err)
	}
	// Output:
}

func run(n int) (epochs []viz.Epoch) {
	for i := range n {
		d := math.Exp(-float64(i) / 2)
		epochs = append(epochs, viz.Epoch{Epoch: float64(i + 1), TrainLoss: .45 + 1.9*d, TrainAccuracy: .83 - .7*d, TestAccuracy: .81 - .5*d})
	}
	return
}

func TestFigureFiles(t *testing.T) {
	nan := math.NaN()
	noTest := run(4)
	for i := range noTest {
		noTest[i].TestAccuracy = nan
	}
	for _, c := range []struct {
		name   string
		epochs []viz.Epoch
		words  []string
	}{
		{"ten", run(10), []string{"epoch", "train loss", "train accuracy", "test accuracy", "lenet"}},
		{"hundred", run(100), []string{"test accuracy"}},
		{"one", run(1), []string{"train loss"}},
		{"fifths", []viz.Epoch{{.2, 2, .2, nan}, {.4, 1.5, .4, nan}, {.6, 1.2, .5, nan}, {.8, 1, .55, nan}, {1, .9, .6, .7}}, []string{"test accuracy"}},
		{"none", nil, []string{"epoch"}},
		{"no test", noTest, []string{"train accuracy"}},
		{"infinite", []viz.Epoch{{1, math.Inf(1), nan, 0}}, []string{"test accuracy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			figure := viz.Curves("lenet", c.epochs)
			var p, again, svg bytes.Buffer
			if err := errors.Join(figure.WritePNG(&p), figure.WritePNG(&again), figure.WriteSVG(&svg)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(p.Bytes(), again.Bytes()) {
				t.Error("two drawings differ")
			}
			if dir := os.Getenv("STRIDE_KEEP_PICTURES"); dir != "" {
				name := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "-"))
				if err := errors.Join(os.WriteFile(name+".png", p.Bytes(), 0o644), os.WriteFile(name+".svg", svg.Bytes(), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			config, err := png.DecodeConfig(&p)
			if err != nil || config.Width != 792 || config.Height != 540 {
				t.Errorf("PNG of %d×%d, %v", config.Width, config.Height, err)
			}
			for _, word := range c.words {
				if !strings.Contains(svg.String(), ">"+word+"</text>") {
					t.Errorf("the SVG does not say %q", word)
				}
			}
			if c.name == "no test" && strings.Contains(svg.String(), "test accuracy") {
				t.Error("the legend has a line without points")
			}
			d := xml.NewDecoder(&svg)
			for err = nil; err == nil; {
				_, err = d.Token()
			}
			if err != io.EOF {
				t.Errorf("SVG: %v", err)
			}
		})
	}
}

func TestFigureLengths(t *testing.T) {
	f := viz.Figure{Lines: []viz.Line{{Name: "odd", X: []float64{1}, Y: nil}}}
	if err := f.WritePNG(io.Discard); err == nil || !strings.Contains(err.Error(), `"odd" has 1 values for x and 0 for y`) {
		t.Errorf("got %v", err)
	}
}
