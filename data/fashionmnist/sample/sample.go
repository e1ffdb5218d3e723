// Package sample reads the sample of Fashion-MNIST from its two files, which lie
// beside this source: train.bin and test.bin, 10,000 and 2,000 images. It is for
// programs that get these files from elsewhere, such as one in a web page. Package
// fashionmnist has them embedded, and links what downloads the whole dataset.
package sample

import (
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist/internal/samplefile"
	"github.com/strideml/stride/tensor"
)

// Side is the height and the width of an image in pixels.
const Side = 28

// Classes returns the ten class names, by label.
func Classes() []string {
	return []string{"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}
}

// Decode unpacks a file into a dataset of images 1×28×28 with their labels. The error
// says what is wrong with the file.
func Decode(file []byte) (*data.Images, error) {
	pixels, labels, err := samplefile.Decode(file)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(labels))
	for i, label := range labels {
		numbers[i] = int(label)
	}
	images, err := data.NewImages(pixels, numbers, tensor.Shape{1, Side, Side}, Classes())
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	return images, nil
}
