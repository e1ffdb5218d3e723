package explain

import (
	"testing"

	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/weights/efficientnetlite0"
)

// The time of each method for one picture of 224×224 pixels, once its program is compiled.
func BenchmarkMethods(b *testing.B) {
	lite0, err := modelfolder.Load(efficientnetlite0.Name, modelfolder.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(lite0, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for name, m := range map[string]*Model{"lite0": m, "resnet18": network(b, "torchvision/resnet18", 224)} {
		x := noise(m, 1)
		for _, method := range Methods() {
			b.Run(name+"/"+string(method), func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Explain(b.Context(), x, Request{Method: method, Class: 1}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
