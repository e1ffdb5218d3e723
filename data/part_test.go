package data_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// counted counts how often each image is read.
type counted struct {
	drawn
	mu    sync.Mutex
	reads map[int]int
}

func (c *counted) ReadRandom(r *rand.Rand, i int, pixels []float32) (int, error) {
	c.mu.Lock()
	c.reads[i]++
	c.mu.Unlock()
	return c.drawn.ReadRandom(r, i, pixels)
}

// TestParts: for any number of ranks the parts put together are the batches of a loader
// without parts, replaced images and random changes included, and no rank reads an
// image of another one's part, but for the one before its own if it asks for that.
func TestParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(rt, "images")
		gone := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 3).Draw(rt, "gone")
		if len(slices.Compact(slices.Sorted(slices.Values(gone)))) == n {
			gone = nil // an error, which is tested elsewhere
		}
		config := data.LoaderConfig{
			BatchSize: rapid.IntRange(1, 12).Draw(rt, "batch"), Shuffle: true, Seed: 5, Workers: rapid.IntRange(1, 3).Draw(rt, "workers"),
			Transform: func(r *rand.Rand, pixels []float32, _ tensor.Shape) { pixels[0] += r.Float32() },
		}
		ranks, epoch := rapid.IntRange(1, 8).Draw(rt, "ranks"), rapid.IntRange(0, 2).Draw(rt, "epoch")
		whole := collect(t, newLoader(t, drawn{n: n, gone: gone}, config), epoch, 0)
		together := make([]seen, len(whole))
		config.Lead = rapid.Bool().Draw(rt, "lead")
		for rank := range ranks {
			set := &counted{drawn: drawn{n: n, gone: gone}, reads: map[int]int{}}
			config.Part = data.Part{Rank: rank, Ranks: ranks}
			l := newLoader(t, set, config)
			if l.Batches() != len(whole) || l.Items() != n {
				rt.Fatalf("rank %d: %d batches of %d images, want %d of %d", rank, l.Batches(), l.Items(), len(whole), n)
			}
			given, leads := 0, 0
			for b, err := range l.Epoch(context.Background(), epoch, 0) {
				if err != nil {
					rt.Fatal(err)
				}
				all := &together[b.Index]
				if size := len(whole[b.Index].items); b.Whole != size || b.First != len(all.items) || b.First != rank*size/ranks || b.Len() != (rank+1)*size/ranks-b.First {
					rt.Fatalf("rank %d of %d: %d images from %d of %d in a batch of %d", rank, ranks, b.Len(), b.First, b.Whole, size)
				}
				given += b.Len()
				if led := b.Led; (led != nil) != (config.Lead && b.Len() > 0 && b.Len() < b.Whole) {
					rt.Fatalf("rank %d: %d of %d images, led: %v", rank, b.Len(), b.Whole, led != nil)
				} else if led != nil {
					leads++
					want, before := whole[b.Index], (b.First-1+b.Whole)%b.Whole
					size := len(want.pixels) / b.Whole
					if led.Len() != b.Len()+1 || led.First != before || led.Whole != b.Whole || led.Index != b.Index || led.Items[0] != want.items[before] ||
						led.Labels.Data()[0] != want.labels[before] || !slices.Equal(led.Images.Data()[:size], want.pixels[before*size:(before+1)*size]) ||
						&led.Images.Data()[size] != &b.Images.Data()[0] || &led.Items[1] != &b.Items[0] {
						rt.Fatalf("rank %d of %d, from %d of %d on: the image before is %d with label %v, want %d", rank, ranks, b.First, b.Whole, led.Items[0], led.Labels.Data()[0], want.items[before])
					}
				}
				if b.Len() == 0 {
					if b.Images != nil || b.Labels != nil || b.Targets != nil {
						rt.Fatalf("rank %d has tensors for no images", rank)
					}
					continue
				}
				all.items = append(all.items, b.Items...)
				all.labels = append(all.labels, b.Labels.Data()...)
				all.pixels = append(all.pixels, b.Images.Data()...)
			}
			reads := 0
			for i, times := range set.reads {
				if !slices.Contains(gone, i) {
					reads += times
				}
			}
			if stats := l.Stats(); reads != given+leads || stats.Images != given {
				rt.Fatalf("rank %d was given %d images and read %d, Stats says %d", rank, given, reads, stats.Images)
			}
		}
		for k, want := range whole {
			got := together[k]
			if !slices.Equal(got.items, want.items) || !slices.Equal(got.labels, want.labels) || !slices.Equal(got.pixels, want.pixels) {
				rt.Fatalf("batch %d of %d ranks is\n%v, of one\n%v", k, ranks, got, want)
			}
		}
	})
}

func TestPartRefuses(t *testing.T) {
	for _, part := range []data.Part{{Rank: 2, Ranks: 2}, {Rank: -1, Ranks: 2}, {Rank: 1}, {Rank: 0, Ranks: -1}} {
		_, err := data.NewLoader(drawn{n: 4}, data.LoaderConfig{BatchSize: 2, Part: part})
		if err == nil || !strings.Contains(err.Error(), "part") {
			t.Errorf("%+v: %v", part, err)
		}
	}
}
