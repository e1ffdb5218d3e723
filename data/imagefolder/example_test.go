package imagefolder_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/imagecache"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// A folder of photos becomes batches for training, each photo drawn again in each
// epoch, and decoded in the first one only.
func Example() {
	dir, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, class := range []string{"ant", "bee"} { // black pictures, in place of photos
		for i := range 10 {
			var b bytes.Buffer
			if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 90, 60))); err != nil {
				log.Fatal(err)
			}
			path := filepath.Join(dir, "photos", class, fmt.Sprint(i, ".png"))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				log.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				log.Fatal(err)
			}
		}
	}

	ctx := context.Background()
	sets, err := imagefolder.Open(ctx, filepath.Join(dir, "photos"), imagefolder.Options{})
	if err != nil {
		log.Fatal(err)
	}
	config := preprocess.Config{InputSize: tensor.Shape{3, 28, 28}, CropPct: 0.875, Interpolation: preprocess.Bicubic, Mean: []float32{0.5}, Std: []float32{0.5}}
	images, err := sets.Train.Images(imagefolder.Reading{Preprocess: config, Cache: imagecache.Options{Dir: filepath.Join(dir, "cache")}})
	if err != nil {
		log.Fatal(err)
	}
	pipeline, err := augment.Parse("rcrop=0.35:1,hflip")
	if err != nil {
		log.Fatal(err)
	}
	photos, err := pipeline.Photos(config.InputSize, raster.Bicubic)
	if err != nil {
		log.Fatal(err)
	}
	loader, err := data.NewLoader(images.Augmented(photos.Draw), data.LoaderConfig{BatchSize: 8, Shuffle: true})
	if err != nil {
		log.Fatal(err)
	}
	for epoch := range 2 {
		for batch, err := range loader.Epoch(ctx, epoch, 0) {
			if err != nil {
				log.Fatal(err)
			}
			_ = batch.Images // N×3×28×28
		}
	}
	stats := images.Stats()
	fmt.Println(sets.Classes, stats.Decoded == images.Len(), stats.Cached == images.Len())
	// Output: [ant bee] true true
}
