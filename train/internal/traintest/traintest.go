// Package traintest has what the tests of packages train and runfolder share: data
// and networks so small that a run takes a few milliseconds.
package traintest

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// Device is shared: its workers take turns.
var Device = cpu.New(cpu.Options{Threads: 2})

// Bars makes n images of 6×6 with a bright row whose height is the class.
func Bars(n int) *data.Images {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	pixels, labels := make([]uint8, n*36), make([]int, n)
	for i := range n {
		labels[i] = i % 3
		for j := range 36 {
			pixels[i*36+j] = uint8(r.IntN(60))
			if j/12 == labels[i] {
				pixels[i*36+j] += 150
			}
		}
	}
	images, err := data.NewImages(pixels, labels, tensor.Shape{1, 6, 6}, []string{"top", "middle", "bottom"})
	if err != nil {
		panic(err)
	}
	return images
}

// Tiny has everything that a checkpoint must hold: parameters, buffers of
// batch normalization, dropout's dependence on the step.
func Tiny(t testing.TB, seed uint64) *nn.Model {
	t.Helper()
	net := nn.Sequential(
		nn.Conv2D(2, 3), nn.BatchNorm(), nn.ReLU(), nn.AvgPool2D(2),
		nn.Flatten(), nn.Dropout(.2), nn.Linear(3),
	)
	model, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// Linear is one layer: nothing in it depends on the mode.
func Linear(t testing.TB) *nn.Model {
	t.Helper()
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// Config has 4 epochs in batches of 8 images, with a state of the optimizer.
func Config(dir string) train.Config {
	return train.Config{
		Epochs: 4, BatchSize: 8, LearningRate: .2, Seed: 7, Dir: dir, Net: "tiny", Data: "bars",
		Optimizer: optim.SGD{Momentum: .9}, Device: Device, Workers: 1,
	}
}

// HashOf returns the SHA-256 of a file.
func HashOf(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// Files returns the hashes of a folder's files; none if there is no folder.
func Files(t testing.TB, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !e.IsDir() {
			list[e.Name()] = HashOf(t, filepath.Join(dir, e.Name()))
		}
	}
	return list
}

// CopyDir copies a folder to one that does not exist yet.
func CopyDir(t testing.TB, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
