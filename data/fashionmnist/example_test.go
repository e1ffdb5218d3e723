package fashionmnist_test

import (
	"context"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
)

func ExampleLoad() {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Train.Len(), set.Test.Len(), set.Train.ImageShape())
	fmt.Println(set.Train.Classes()[set.Train.Label(0)])

	large, err := set.Train.Resize(96, 96)
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := data.NewLoader(large, data.LoaderConfig{BatchSize: 64, Shuffle: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range loader.Epoch(context.Background(), 0, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Images.Shape(), batch.Labels.Shape())
		break
	}
	// Output:
	// 10000 2000 1×28×28
	// ankle boot
	// 64×1×96×96 64
}
