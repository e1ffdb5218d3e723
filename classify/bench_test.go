package classify_test

import (
	"context"
	"fmt"
	"image"
	"sync/atomic"
	"testing"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// untrained is a model of a network of the zoo with random weights.
func untrained(t testing.TB, net string, input tensor.Shape) *modelfolder.Model {
	t.Helper()
	spec, err := zoo.Get(net)
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(spec.New(spec.Classes), input, nn.Options{Seed: 1, Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	m := &modelfolder.Model{Path: net, Spec: spec, Net: model, Preprocessing: preprocess.Plain(input)}
	for i := range spec.Classes {
		m.Classes = append(m.Classes, fmt.Sprint("class ", i))
	}
	return m
}

// photo is a picture of the given side; each seed has its own.
func photo(seed, side int) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = uint8((i*i/7+i*seed)>>3) | uint8(i%4/3*255)
	}
	return picture
}

// BenchmarkPredict has goroutines that share a Classifier and predict pictures of
// the network's own size, one after the other.
func BenchmarkPredict(b *testing.B) {
	for _, c := range []struct {
		net   string
		input tensor.Shape
	}{
		{"lenet", tensor.Shape{1, 28, 28}},
		{"resnet18", tensor.Shape{1, 96, 96}},
		{"torchvision/resnet18", tensor.Shape{3, 224, 224}},
	} {
		for _, goroutines := range []int{1, 2, 8} {
			b.Run(fmt.Sprintf("%s/%d/goroutines=%d", c.net, c.input[1], goroutines), func(b *testing.B) {
				classifier, err := classify.New(untrained(b, c.net, c.input), classify.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer classifier.Close()
				picture := photo(1, c.input[1])
				predict := func() {
					if _, err := classifier.Predict(context.Background(), picture, 1); err != nil {
						b.Error(err)
					}
				}
				// All lanes are compiled and their weights packed.
				side(goroutines, func() { predict(); predict(); predict() })
				var left atomic.Int64
				left.Store(int64(b.N))
				b.ReportAllocs()
				b.ResetTimer()
				side(goroutines, func() {
					for left.Add(-1) >= 0 {
						predict()
					}
				})
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
				b.ReportMetric(float64(classifier.MemoryBytes())/1e6, "MB")
			})
		}
	}
}
