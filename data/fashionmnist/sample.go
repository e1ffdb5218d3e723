package fashionmnist

import (
	"context"
	_ "embed" // for the sample
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist/sample"
)

// The sample is a part of Fashion-MNIST, whose MIT licence lies beside it;
// internal/makesample writes it. That is no go:generate line, for it needs the
// full dataset.
var (
	//go:embed sample/train.bin
	sampleTrain []byte
	//go:embed sample/test.bin
	sampleTest []byte
	//go:embed sample/LICENSE-fashion-mnist
	sampleLicence []byte
)

// loadSample unpacks the embedded sample.
func loadSample(ctx context.Context) (*Set, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	set := &Set{Name: datasetName, Source: "embedded sample", Sample: true}
	var group errgroup.Group
	unpack := func(to **data.Images, file []byte, name string) func() error {
		return func() (err error) {
			if *to, err = sample.Decode(file); err != nil {
				return fmt.Errorf("embedded sample %s: %w", name, err)
			}
			return nil
		}
	}
	group.Go(unpack(&set.Train, sampleTrain, "train.bin"))
	group.Go(unpack(&set.Test, sampleTest, "test.bin"))
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return set, nil
}

// SampleFiles returns the files of the sample by their names, train.bin and test.bin
// as package sample decodes them, and their licence. They must not be changed.
func SampleFiles() map[string][]byte {
	return map[string][]byte{"train.bin": sampleTrain, "test.bin": sampleTest, "LICENSE-fashion-mnist": sampleLicence}
}
