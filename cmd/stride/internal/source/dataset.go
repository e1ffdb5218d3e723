package source

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/tensor"
)

// The datasets that there are.
const (
	FashionMNIST      = "fashion-mnist"
	FashionMNISTTitle = "Fashion-MNIST"
	// FashionMNISTChannels is what networks for colour pictures are given, too.
	FashionMNISTChannels = 1
)

// Datasets are the names of the datasets that there are.
var Datasets = []string{FashionMNIST}

// AddData adds the flag --data.
func AddData(cmd *cobra.Command, value *string, usage string) {
	command.AddPlace(cmd.Flags(), value, "data", usage)
	err := cmd.RegisterFlagCompletionFunc("data", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{cobra.CompletionWithDesc(fashionmnist.SampleDir, "the embedded sample")}, cobra.ShellCompDirectiveDefault
	})
	if err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

// LoadData finds the images, fetching them if they are nowhere.
func LoadData(a *command.App, ctx context.Context, dir string) (*fashionmnist.Set, error) {
	var lines []string
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{
		Dir: dir, Download: true, Progress: DownloadProgress(a), Log: func(line string) { lines = append(lines, line) },
	})
	a.Live.Clear()
	for _, line := range lines {
		if err == nil && set.Sample {
			line += " Get them with `stride data get fashion-mnist`, or name a folder that has them with --data DIR."
		}
		a.Notice(line)
	}
	return set, err
}

// DownloadProgress shows how the transfer of a dataset gets on.
func DownloadProgress(a *command.App) func(fashionmnist.Progress) {
	began := time.Now()
	first := int64(-1)
	return func(p fashionmnist.Progress) {
		if first < 0 {
			first = p.Done
		}
		a.Live.Draw(func() terminal.Progress {
			rate := float64(p.Done-first) / max(time.Since(began).Seconds(), 1e-3)
			return terminal.Progress{Head: "fetching " + p.File, Share: float64(p.Done) / float64(max(p.Total, 1)),
				Fields: []string{fmt.Sprintf("%s of %s", terminal.BytesText(p.Done), terminal.BytesText(p.Total)), terminal.BytesText(int64(rate)) + "/s"}}
		})
	}
}

// DataName is the name of a set in records.
func DataName(set *fashionmnist.Set) string {
	if set.Sample {
		return set.Name + " sample"
	}
	return set.Name
}

// DataPlace is what --data finds the same set with again.
func DataPlace(set *fashionmnist.Set) string {
	if set.Sample {
		return fashionmnist.SampleDir
	}
	if path, err := filepath.Abs(set.Source); err == nil {
		return path
	}
	return set.Source
}

// DataTitle is the name of a set for people.
func DataTitle(set *fashionmnist.Set) string {
	if set.Sample {
		return "the sample of " + FashionMNISTTitle
	}
	if set.Name != FashionMNIST {
		return set.Name
	}
	return FashionMNISTTitle
}

// Part returns the training or the test images.
func Part(set *fashionmnist.Set, split string) *data.Images {
	if split == "train" {
		return set.Train
	}
	return set.Test
}

// View brings images to the size of a network's input and takes the first of
// them if limit is above 0.
func View(images *data.Images, input tensor.Shape, limit int) (data.Dataset, error) {
	if len(input) != 3 {
		return nil, fmt.Errorf("the network's input is %v: want C×H×W", input)
	}
	set, err := images.Resize(input[1], input[2])
	if err != nil {
		return nil, err
	}
	return data.Limit(set, limit), nil
}

// Prepared is a dataset whose images, values of 0..1, become what a model's
// preprocessing makes of them.
type Prepared struct {
	data.Dataset
	Preprocessing preprocess.Config
}

// Read reads an item and preprocesses its image.
func (p Prepared) Read(i int, pixels []float32) (label int, err error) {
	label, err = p.Dataset.Read(i, pixels)
	if err == nil {
		p.Preprocessing.Apply(pixels)
	}
	return label, err
}

// PictureProgress shows how the opening of a folder of pictures gets on.
func PictureProgress(a *command.App) func(found, checked int) {
	return func(found, checked int) {
		a.Live.Draw(func() terminal.Progress {
			if checked == 0 {
				return terminal.Progress{Head: "looking for pictures", Fields: []string{terminal.Thousands(found) + " found"}}
			}
			return terminal.Progress{Head: "looking at pictures", Share: float64(checked) / float64(found), Fields: []string{fmt.Sprintf("%s of %s", terminal.Thousands(checked), terminal.Thousands(found))}}
		})
	}
}
