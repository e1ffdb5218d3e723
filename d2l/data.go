package d2l

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/tensor"
)

// LoadDataFashionMNIST returns loaders of the training images, in a new random
// order each epoch, and of the test images, in batches of batchSize, the last
// one smaller. Images are resized to resize×resize pixels; 0 keeps 28×28. The
// book's load_data_fashion_mnist.
//
// The images are found as fashionmnist.Load does; a line on standard error
// says so if only the embedded sample was there.
func LoadDataFashionMNIST(batchSize, resize int) (train, test *data.Loader, err error) {
	if resize < 0 {
		return nil, nil, fmt.Errorf("resize to %d pixels: want at least 1, or 0 to keep the size", resize)
	}
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{
		Log: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return nil, nil, err
	}
	if train, err = loader(set.Train, batchSize, resize, true); err != nil {
		return nil, nil, err
	}
	if test, err = loader(set.Test, batchSize, resize, false); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func loader(images *data.Images, batchSize, resize int, shuffle bool) (*data.Loader, error) {
	var set data.Dataset = images
	if resize != 0 {
		var err error
		if set, err = images.Resize(resize, resize); err != nil {
			return nil, err
		}
	}
	return data.NewLoader(set, data.LoaderConfig{BatchSize: batchSize, Shuffle: shuffle})
}

// GetFashionMNISTLabels returns the class names of labels, a tensor of shape N
// as in data.Batch. The book's get_fashion_mnist_labels.
func GetFashionMNISTLabels(labels *tensor.Tensor) ([]string, error) {
	classes := fashionmnist.Classes()
	names := make([]string, labels.Size())
	for i, v := range labels.Data() {
		if !(v >= 0 && v < float32(len(classes))) {
			return nil, fmt.Errorf("label %d is %v: want 0 to %d", i, v, len(classes)-1)
		}
		names[i] = classes[int(v)]
	}
	return names, nil
}

// ShowImages draws the first rows·columns of some images (N×C×H×W with one or
// three channels, or N×H×W, values 0..1) in a grid with their titles, of which
// there may be fewer. One pixel of an image becomes scale×scale pixels; 0 picks
// a good size. Titles beyond ASCII, such as Chinese ones, need a font on this machine
// that has them; the error is a viz.MissingError if there is none. The book's show_images; write the picture with image/png.
func ShowImages(images *tensor.Tensor, rows, columns int, titles []string, scale int) (image.Image, error) {
	shape := images.Shape()
	if len(shape) == 3 {
		shape = tensor.Shape{shape[0], 1, shape[1], shape[2]}
	}
	if len(shape) != 4 || shape.Size() == 0 {
		return nil, fmt.Errorf("show images: shape %v: want N×C×H×W or N×H×W", images.Shape())
	}
	if rows < 1 || columns < 1 {
		return nil, fmt.Errorf("show images: %d rows and %d columns: want at least 1", rows, columns)
	}
	set := batch{images.Data(), shape}
	var pictures []image.Image
	for i := 0; i < shape[0] && i/columns < rows; i++ {
		picture, _, err := data.Picture(set, i)
		if err != nil {
			return nil, fmt.Errorf("show images: %w", err)
		}
		pictures = append(pictures, picture)
	}
	return data.ContactSheet(pictures, titles, data.SheetConfig{Columns: columns, Scale: scale})
}

// A batch is a data.Dataset of images without labels.
type batch struct {
	pixels []float32
	shape  tensor.Shape // N×C×H×W
}

func (b batch) Len() int                 { return b.shape[0] }
func (b batch) ImageShape() tensor.Shape { return b.shape[1:] }
func (b batch) Classes() []string        { return []string{""} }

func (b batch) Read(i int, pixels []float32) (int, error) {
	size := b.ImageShape().Size()
	if len(pixels) != size {
		return 0, errors.New("wrong number of pixels")
	}
	copy(pixels, b.pixels[i*size:])
	return 0, nil
}
