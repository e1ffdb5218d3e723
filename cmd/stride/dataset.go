package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/tensor"
)

// The datasets that there are.
const (
	fashionMNIST      = "fashion-mnist"
	fashionMNISTTitle = "Fashion-MNIST"
	// fashionMNISTChannels is what networks for colour pictures are given, too.
	fashionMNISTChannels = 1
)

var datasets = []string{fashionMNIST}

func addData(cmd *cobra.Command, value *string, usage string) {
	addPlace(cmd.Flags(), value, "data", usage)
	err := cmd.RegisterFlagCompletionFunc("data", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{cobra.CompletionWithDesc(fashionmnist.SampleDir, "the embedded sample")}, cobra.ShellCompDirectiveDefault
	})
	if err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

// loadData finds the images, fetching them if they are nowhere.
func (a *app) loadData(ctx context.Context, dir string) (*fashionmnist.Set, error) {
	var lines []string
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{
		Dir: dir, Download: true, Progress: a.downloadProgress(), Log: func(line string) { lines = append(lines, line) },
	})
	a.live.clear()
	for _, line := range lines {
		if err == nil && set.Sample {
			line += " Get them with `stride data get fashion-mnist`, or name a folder that has them with --data DIR."
		}
		a.notice(line)
	}
	return set, err
}

// notice tells the user, in one line, something that is no result.
func (a *app) notice(line string) {
	a.live.clear()
	fmt.Fprintln(a.stderr, printable.Line(strings.ReplaceAll(line, "`stride ", "`"+program()+" ")))
}

func (a *app) downloadProgress() func(fashionmnist.Progress) {
	began := time.Now()
	first := int64(-1)
	return func(p fashionmnist.Progress) {
		if first < 0 {
			first = p.Done
		}
		a.live.draw(func() progress {
			rate := float64(p.Done-first) / max(time.Since(began).Seconds(), 1e-3)
			return progress{"fetching " + p.File, float64(p.Done) / float64(max(p.Total, 1)),
				[]string{fmt.Sprintf("%s of %s", bytesText(p.Done), bytesText(p.Total)), bytesText(int64(rate)) + "/s"}}
		})
	}
}

// dataName is the name of a set in records.
func dataName(set *fashionmnist.Set) string {
	if set.Sample {
		return set.Name + " sample"
	}
	return set.Name
}

// dataPlace is what --data finds the same set with again.
func dataPlace(set *fashionmnist.Set) string {
	if set.Sample {
		return fashionmnist.SampleDir
	}
	if path, err := filepath.Abs(set.Source); err == nil {
		return path
	}
	return set.Source
}

// dataTitle is the name of a set for people.
func dataTitle(set *fashionmnist.Set) string {
	if set.Sample {
		return "the sample of " + fashionMNISTTitle
	}
	if set.Name != fashionMNIST {
		return set.Name
	}
	return fashionMNISTTitle
}

// part returns the training or the test images.
func part(set *fashionmnist.Set, split string) *data.Images {
	if split == "train" {
		return set.Train
	}
	return set.Test
}

// view brings images to the size of a network's input and takes the first of
// them if limit is above 0.
func view(images *data.Images, input tensor.Shape, limit int) (data.Dataset, error) {
	if len(input) != 3 {
		return nil, fmt.Errorf("the network's input is %v: want C×H×W", input)
	}
	set, err := images.Resize(input[1], input[2])
	if err != nil {
		return nil, err
	}
	return data.Limit(set, limit), nil
}

// prepared is a dataset whose images, values of 0..1, become what a model's
// preprocessing makes of them.
type prepared struct {
	data.Dataset
	preprocessing preprocess.Config
}

func (p prepared) Read(i int, pixels []float32) (label int, err error) {
	label, err = p.Dataset.Read(i, pixels)
	if err == nil {
		p.preprocessing.Apply(pixels)
	}
	return label, err
}
