// Command makesample writes the embedded sample, train.bin and test.bin, out of
// the full dataset: the first 1,000 training and the first 200 test images of each class,
// in the dataset's order.
//
//	go run ./data/fashionmnist/internal/makesample [-out DIR] [FOLDER]
//
// FOLDER has the dataset's four files; by default they are looked for where the
// package looks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/fashionmnist/internal/samplefile"
	"github.com/strideml/stride/internal/atomicfile"
)

// blockSize is the number of images in a block; blocks are unpacked in parallel.
const blockSize = 2000

func main() {
	out := flag.String("out", "data/fashionmnist/sample", "folder to write to")
	train := flag.Int("train", 1000, "training images of each class")
	test := flag.Int("test", 200, "test images of each class")
	flag.Parse()
	if err := run(*out, flag.Arg(0), *train, *test); err != nil {
		fmt.Fprintln(os.Stderr, "makesample:", err)
		os.Exit(1)
	}
}

func run(out, dir string, train, test int) error {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: dir})
	if err != nil {
		return err
	}
	if set.Sample {
		return errors.New("the full dataset was not found")
	}
	for _, part := range []struct {
		name   string
		images *data.Images
		each   int
	}{{"train.bin", set.Train, train}, {"test.bin", set.Test, test}} {
		file, err := pack(part.images, part.each)
		if err != nil {
			return err
		}
		path := filepath.Join(out, part.name)
		err = atomicfile.WriteFile(path, func(w io.Writer) error {
			_, err := w.Write(file)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes\n", path, len(file))
	}
	return nil
}

// pack packs the first each images of every class.
func pack(images *data.Images, each int) ([]byte, error) {
	var pixels, labels []byte
	taken := make([]int, len(images.Classes()))
	for i := range images.Len() {
		if label := images.Label(i); taken[label] < each {
			taken[label]++
			labels = append(labels, byte(label))
			pixels = append(pixels, images.Bytes(i)...)
		}
	}
	for label, n := range taken {
		if n < each {
			return nil, fmt.Errorf("class %s has %d images: want %d", images.Classes()[label], n, each)
		}
	}
	size := len(pixels) / len(labels)
	var file []byte
	var err error
	for at := 0; at < len(labels); at += blockSize {
		end := min(at+blockSize, len(labels))
		if file, err = samplefile.AppendBlock(file, pixels[at*size:end*size], labels[at:end]); err != nil {
			return nil, err
		}
	}
	return samplefile.AppendEnd(file), nil
}
