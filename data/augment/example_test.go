package augment_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// Images for training are flipped and shifted; those for testing are not.
func ExamplePipeline_Hook() {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		log.Fatal(err)
	}
	p := augment.Pipeline{augment.RandomHorizontalFlip{}, augment.RandomCrop{Pad: 2}}
	hook, err := p.Hook(set.Train.ImageShape())
	if err != nil {
		log.Fatal(err)
	}
	loader, err := data.NewLoader(set.Train, data.LoaderConfig{BatchSize: 256, Shuffle: true, Transform: hook})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range loader.Epoch(context.Background(), 0, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Images.Shape())
		break
	}
	// Output: 256×1×28×28
}

func ExampleParse() {
	p, err := augment.Parse("hflip,crop=28:4,jitter=0.2,normalize=0.5:0.25")
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range p {
		fmt.Printf("%T\n", t)
	}
	fmt.Println("for test images:", p.Fixed())
	_, err = augment.Parse("hflip,crop=big")
	fmt.Println(err)
	// Output:
	// augment.RandomHorizontalFlip
	// augment.RandomCrop
	// augment.ColorJitter
	// augment.Normalize
	// for test images: normalize=0.5:0.25
	// augmentation "hflip,crop=big", word 2: "crop=big": "big" is not a whole number (want crop=H[xW][:PAD])
}

// A photo becomes images of a network's input size, another one in each epoch.
func ExamplePipeline_Photos() {
	p, err := augment.Parse("light,randaugment,erase=0.25")
	if err != nil {
		log.Fatal(err)
	}
	shape := tensor.Shape{3, 224, 224}
	photos, err := p.Photos(shape, raster.Bicubic)
	if err != nil {
		log.Fatal(err)
	}
	photo, image := raster.New(3, 375, 500), make([]float32, shape.Size())
	for epoch := range uint64(2) {
		r := rand.New(rand.NewPCG(epoch, 0))
		if err := photos.Draw(r, image, shape, photo); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(p)
	fmt.Println("after mean and deviation:", p.Rest())
	// Output:
	// rcrop=0.35:1,hflip,randaugment,erase=0.25
	// after mean and deviation: erase=0.25
}
