package torchvision_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
	"github.com/strideml/stride/zoo/torchvision"
)

func Example() {
	spec, err := zoo.Get("torchvision/squeezenet1_1")
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := spec.Model(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	parameters := 0
	for _, p := range model.Parameters() {
		parameters += p.Value.Size()
	}
	fmt.Println(spec.Title, model.Input(), parameters, "parameters")
	// Output: SqueezeNet 1.1 3×224×224 1235496 parameters
}

// Weights for another number of classes do not fit, and the error says so.
func ExampleSqueezeNet11() {
	make := func(classes int) *nn.Model {
		m, err := nn.New(torchvision.SqueezeNet11(classes), tensor.Shape{3, 64, 64}, nn.Options{Init: nn.HeNormal()})
		if err != nil {
			panic(err)
		}
		return m
	}
	dir, err := os.MkdirTemp("", "stride")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights.safetensors")
	if err := modelfile.Save(make(1000), path); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(modelfile.Load(make(1000), path))
	fmt.Println(modelfile.Load(make(10), path) != nil)
	// Output:
	// <nil>
	// true
}
