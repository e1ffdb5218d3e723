package diagnose_test

import (
	"fmt"

	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/diagnose"
)

// Numbers that are too large for an exponential show in the output of its layer.
func ExampleFindNonFinite() {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3), nn.Func("Exp", graph.Exp)), tensor.Shape{1, 2, 2}, nn.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	images, labels := tensor.Randn(tensor.Seed(1), 4, 1, 2, 2).MulScalar(1000), tensor.New(4)
	found, err := diagnose.FindNonFinite(model, reference.New(), nil, images, labels, 0)
	fmt.Println(found, err)
	// Output: the output of layer 2 (Exp) holds +Inf <nil>
}
