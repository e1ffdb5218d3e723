package check

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/engine"
)

// An Item is a picture of a set.
type Item struct {
	// Path is the picture's file, as errors and results name it, from Input.Root.
	Path string
	// Label is an index into Input.Classes.
	Label int
	// Split is the part of the set that the picture belongs to: "train",
	// "validation", "test"; it may be "".
	Split string
}

// An Input is what is checked.
type Input struct {
	// Root is the folder that paths start from; "" is the working folder.
	Root string
	// Classes are the names of the classes.
	Classes []string
	// Items are the pictures, in any order.
	Items []Item
	// Unreadable are pictures that whoever has made the list could not read and left
	// out of Items.
	Unreadable []Problem
}

// Config says how to check. The zero value checks everything but labels.
type Config struct {
	// Features computes what describes a picture for the comparison of labels, the
	// same number of values for each picture. It is given the whole picture, red, green and
	// blue, which it must not keep or change. It is called by several goroutines at
	// once. Nil leaves that comparison out.
	Features func(picture *raster.Raster) ([]float32, error)
	// MaxLabels is about how many pictures are compared by their features; 0 means
	// 50,000. Of more, those are taken whose contents have the lowest hashes.
	MaxLabels int
	// Neighbours is how many of the most similar pictures vote on a label; 0 means 10.
	Neighbours int
	// MaxPixels is the largest picture that is read; 0 is imagefile's limit.
	MaxPixels int
	// Workers is how many pictures are decoded at once; 0 means GOMAXPROCS. It changes
	// no result.
	Workers int
	// Device compares features; nil means cpu.Default().
	Device engine.Device
	// Progress, if not nil, is told how many pictures are done: of "pictures" while
	// they are read, of "labels" while features are compared.
	Progress func(stage string, done, total int)
}

func (c Config) withDefaults() (Config, error) {
	if c.MaxLabels < 0 || c.Neighbours < 0 || c.Workers < 0 || c.MaxPixels < 0 {
		return c, errors.New("check: a negative number in the configuration")
	}
	if c.MaxLabels == 0 {
		c.MaxLabels = 50_000
	}
	if c.Neighbours == 0 {
		c.Neighbours = 10
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Progress == nil {
		c.Progress = func(string, int, int) {}
	}
	return c, nil
}

// Run checks a set of pictures. A picture that cannot be read is a finding, not an
// error; the error is that of a list that makes no sense, of Config.Features, or of
// the context. The result depends on the files and the list only.
func Run(ctx context.Context, input Input, config Config) (*Result, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	for _, item := range input.Items {
		if item.Label < 0 || item.Label >= len(input.Classes) {
			return nil, fmt.Errorf("check: %s has label %d: there are %d classes, numbered from 0", item.Path, item.Label, len(input.Classes))
		}
	}
	c := &checker{Input: input, config: config, seen: map[[32]byte]int{}, pictures: make([]picture, len(input.Items))}
	if err := c.read(ctx); err != nil {
		return nil, err
	}
	r := c.count()
	c.duplicates(r)
	if err := c.labels(ctx, r); err != nil {
		return nil, err
	}
	c.findings(r)
	return r, nil
}
