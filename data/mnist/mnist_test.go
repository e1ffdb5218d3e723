package mnist

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/internal/mnistfiles"
)

func idxFile(elements []byte, dims ...uint32) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x800|uint32(len(dims)))
	for _, n := range dims {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return append(out, elements...)
}

// write writes files of n training and n/2 test images, of which image i is of class
// i mod 10; the training images are gzipped.
func write(t *testing.T, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	pixels, labels := make([]byte, n*Side*Side), make([]byte, n)
	for i := range labels {
		pixels[i*Side*Side+5], labels[i] = byte(i+1), byte(i%10)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(idxFile(pixels, uint32(n), Side, Side)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		mnistfiles.Names[0] + ".gz": packed.Bytes(), mnistfiles.Names[1]: idxFile(labels, uint32(n)),
		mnistfiles.Names[2]: idxFile(pixels[:n/2*Side*Side], uint32(n/2), Side, Side), mnistfiles.Names[3]: idxFile(labels[:n/2], uint32(n/2)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoad(t *testing.T) {
	root := t.TempDir()
	for _, inner := range []string{"plain", "torch/MNIST/raw", "parent/mnist"} {
		write(t, filepath.Join(root, inner), 20)
	}
	for dir, name := range map[string]string{"plain": "plain", "torch": "MNIST", "parent": "other than mnist"} {
		set, err := Load(context.Background(), filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		if set.Train.Len() != 20 || set.Test.Len() != 10 || set.Train.Label(13) != 3 || set.Train.Bytes(13)[5] != 14 || set.Train.Classes()[3] != "3" || set.Name != name {
			t.Errorf("%s: %s, %d and %d images", dir, set.Name, set.Train.Len(), set.Test.Len())
		}
	}
}

// TestPublished changes what is known as published, for the files are not here.
func TestPublished(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 20)
	before := published
	defer func() { published = before }()
	for i, name := range mnistfiles.Names {
		path, err := mnistfiles.Find(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if published[i], err = hashOf(path); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Load(context.Background(), dir)
	if err != nil || set.Name != "mnist" {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestRefuses(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "bad"), 20)
	labels := filepath.Join(root, "bad", mnistfiles.Names[1])
	if err := os.WriteFile(labels, idxFile([]byte{1, 2, 3}, 3), 0o666); err != nil {
		t.Fatal(err)
	}
	fashion(t, filepath.Join(root, "clothes"))
	for dir, want := range map[string]string{
		"nope":    "there is no such folder",
		"bad":     "has 20 images and train-labels-idx1-ubyte has 3 labels",
		"clothes": "these files are Fashion-MNIST's",
		"":        "there is no file train-images-idx3-ubyte.gz",
	} {
		path := filepath.Join(root, dir)
		if dir == "" {
			path = t.TempDir()
		}
		if _, err := Load(context.Background(), path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "mnist in "+path) {
			t.Errorf("%q: error %v, want %q", dir, err, want)
		}
	}
	t.Setenv("XDG_CACHE_HOME", root)
	t.Setenv("HOME", root)
	t.Setenv("LocalAppData", root)
	if _, err := Load(context.Background(), ""); err == nil || !strings.Contains(err.Error(), "name the folder") {
		t.Errorf("nowhere: %v", err)
	}
	cache, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	write(t, cache, 10)
	if set, err := Load(context.Background(), ""); err != nil || set.Source != cache {
		t.Errorf("in the cache folder: %v", err)
	}
}

// fashion writes Fashion-MNIST's first images under MNIST's names.
func fashion(t *testing.T, dir string) {
	t.Helper()
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for i, images := range []*data.Images{set.Train, set.Test} {
		n := 1900
		pixels, labels := []byte{}, []byte{}
		for j := range n {
			pixels, labels = append(pixels, images.Bytes(j)...), append(labels, byte(images.Label(j)))
		}
		for at, content := range [][]byte{idxFile(pixels, uint32(n), Side, Side), idxFile(labels, uint32(n))} {
			if err := os.WriteFile(filepath.Join(dir, mnistfiles.Names[2*i+at]), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}
