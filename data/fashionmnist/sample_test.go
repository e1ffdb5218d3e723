package fashionmnist

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/strideml/stride/data"
)

func mustSample(t testing.TB) *Set {
	t.Helper()
	set, err := Load(context.Background(), Options{Dir: SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// full returns the whole dataset, or skips where this machine has none.
func full(t testing.TB) *Set {
	t.Helper()
	cache, _ := cacheDir("")
	for _, dir := range []string{cache, systemDir} {
		if dir != "" && complete(dir) {
			set, err := loadFolder(context.Background(), dir)
			if err != nil {
				t.Fatal(err)
			}
			return set
		}
	}
	t.Skip("the full dataset is not on this machine")
	return nil
}

func TestSampleIsBalanced(t *testing.T) {
	set := mustSample(t)
	if !set.Sample || set.Source != "embedded sample" {
		t.Errorf("sample = %v, source = %q", set.Sample, set.Source)
	}
	for _, part := range []struct {
		name   string
		images *data.Images
		each   int
		hash   string // of all pixels, then all labels
	}{
		{"train", set.Train, 1000, "73194a0c06a93deab58b95e00e618cc5c80fb5c9a84df26bbc429eeb3507846a"},
		{"test", set.Test, 200, "8e8b02fc2db0ff9ed2d481ff30f8bd7cc5c88205cb131d7f4a0c19448f6957c9"},
	} {
		counts := make([]int, 10)
		hash := sha256.New()
		var labels []byte
		for i := range part.images.Len() {
			counts[part.images.Label(i)]++
			hash.Write(part.images.Bytes(i))
			labels = append(labels, byte(part.images.Label(i)))
		}
		hash.Write(labels)
		for label, n := range counts {
			if n != part.each {
				t.Errorf("%s: class %d has %d images, want %d", part.name, label, n, part.each)
			}
		}
		if found := hex.EncodeToString(hash.Sum(nil)); found != part.hash {
			t.Errorf("%s: hash %s, want %s", part.name, found, part.hash)
		}
	}
}

func TestSampleImagesAreOriginals(t *testing.T) {
	whole, sample := full(t), mustSample(t)
	for _, part := range []struct{ whole, sample *data.Images }{{whole.Train, sample.Train}, {whole.Test, sample.Test}} {
		next := 0
		for i := 0; i < part.whole.Len() && next < part.sample.Len(); i++ {
			if part.whole.Label(i) == part.sample.Label(next) && bytes.Equal(part.whole.Bytes(i), part.sample.Bytes(next)) {
				next++
			}
		}
		if next != part.sample.Len() {
			t.Errorf("image %d of the sample is not in the dataset after the one before it", next)
		}
	}
}

func BenchmarkLoadSample(b *testing.B) {
	for b.Loop() {
		mustSample(b)
	}
}

func BenchmarkLoadAll(b *testing.B) {
	if !complete(systemDir) {
		b.Skip("the full dataset is not on this machine")
	}
	for b.Loop() {
		if _, err := loadFolder(context.Background(), systemDir); err != nil {
			b.Fatal(err)
		}
	}
}
