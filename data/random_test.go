package data_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// drawn has images of one random number; those in gone cannot be read.
type drawn struct {
	n     int
	gone  []int
	fatal bool
	delay time.Duration
}

func (d drawn) Len() int                 { return d.n }
func (d drawn) ImageShape() tensor.Shape { return tensor.Shape{1, 1, 1} }
func (d drawn) Classes() []string        { return []string{"even", "odd"} }

func (d drawn) Read(i int, pixels []float32) (int, error) {
	time.Sleep(d.delay)
	if slices.Contains(d.gone, i) {
		if d.fatal {
			return 0, errors.New("gone")
		}
		return 0, fmt.Errorf("%d.jpg is gone: %w", i, data.ErrSkip)
	}
	pixels[0] = float32(i)
	return i % 2, nil
}

func (d drawn) ReadRandom(r *rand.Rand, i int, pixels []float32) (int, error) {
	label, err := d.Read(i, pixels)
	pixels[0] += r.Float32() / 2
	return label, err
}

// TestRandomized: versions depend on seed, epoch and index alone, also behind a
// subset, and are of the stream that Transform draws from next.
func TestRandomized(t *testing.T) {
	type version struct {
		item  int
		pixel float32
	}
	versions := func(d data.Dataset, config data.LoaderConfig, epoch int) (all []version) {
		for _, s := range collect(t, newLoader(t, d, config), epoch, 0) {
			for i, item := range s.items {
				all = append(all, version{item, s.pixels[i]})
			}
		}
		return all
	}
	d := drawn{n: 50}
	config := data.LoaderConfig{BatchSize: 7, Shuffle: true, Seed: 3, Workers: 4}
	want := versions(d, config, 2)
	for _, v := range want {
		if v.pixel == float32(v.item) || int(v.pixel) != v.item {
			t.Fatalf("image %d is %v", v.item, v.pixel)
		}
	}
	config.Workers, config.BatchSize = 1, 9
	if got := versions(d, config, 2); !slices.Equal(got, want) {
		t.Error("workers or batch size change the versions")
	}
	if slices.Equal(versions(d, config, 1), want) {
		t.Error("two epochs are equal")
	}
	all := make([]int, 50)
	for i := range all {
		all[i] = i
	}
	same, err := data.Subset(d, all)
	if err != nil {
		t.Fatal(err)
	}
	if got := versions(same, config, 2); !slices.Equal(got, want) {
		t.Error("a subset of all images changes the versions")
	}
	var after []float32
	config.Workers, config.Shuffle = 1, false
	config.Transform = func(r *rand.Rand, pixels []float32, _ tensor.Shape) {
		after = append(after, r.Float32()/2+float32(int(pixels[0])))
	}
	for i, v := range versions(d, config, 2) {
		if after[i] == v.pixel {
			t.Errorf("image %d: Transform draws the same number again", v.item)
		}
	}
}

// TestSkip: an image that cannot be used has the next usable one in its place.
func TestSkip(t *testing.T) {
	d := drawn{n: 10, gone: []int{1, 2, 7, 9}}
	loader := newLoader(t, d, data.LoaderConfig{BatchSize: 3})
	for range 2 { // the second epoch begins in the whole order again
		var got [][]int
		for _, s := range collect(t, loader, 0, 0) {
			got = append(got, s.items)
			for i, item := range s.items {
				if int(s.pixels[i]) != item || int(s.labels[i]) != item%2 {
					t.Errorf("image %d has the pixel %v and the label %v", item, s.pixels[i], s.labels[i])
				}
			}
		}
		if want := "[[0 3 3] [3 4 5] [6 8 8] [0]]"; fmt.Sprint(got) != want {
			t.Errorf("batches %v, want %s", got, want)
		}
	}
}

func TestSkipAll(t *testing.T) {
	many := make([]int, 150)
	for i := range many {
		many[i] = i + 5
	}
	for _, c := range []struct {
		d    drawn
		want string
	}{
		{drawn{n: 3, gone: []int{0, 1, 2}}, "3 images in a row cannot be used, from image 0 on: read image 2: 2.jpg is gone"},
		{drawn{n: 200, gone: many}, "100 images in a row cannot be used, from image 5 on: read image 104: "},
		{drawn{n: 3, gone: []int{1}, fatal: true}, "read image 1: gone"},
	} {
		var err error
		for _, e := range newLoader(t, c.d, data.LoaderConfig{BatchSize: 3}).Epoch(context.Background(), 0, 0) {
			err = e
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestStats(t *testing.T) {
	d := drawn{n: 8, gone: []int{5}, delay: 2 * time.Millisecond}
	loader := newLoader(t, d, data.LoaderConfig{BatchSize: 2, Workers: 1, Prefetch: 1})
	if s := loader.Stats(); s != (data.Stats{}) {
		t.Errorf("before the first epoch: %+v", s)
	}
	collect(t, loader, 0, 0)
	s := loader.Stats()
	if s.Images != 8 || s.Replaced != 1 || s.Waited < 8*time.Millisecond {
		t.Errorf("after an epoch of 16 ms: %+v", s)
	}
}
