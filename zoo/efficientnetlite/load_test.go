package efficientnetlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
)

// A file with the names of efficientnet-lite-pytorch loads, its counts of
// batches are ignored, and a wrapper's prefix is no hindrance.
func TestPackageNames(t *testing.T) {
	for number := range variants {
		from := formulaModel(t, number, 32)
		theirs := map[string]string{}
		for name, own := range New(number, 10).(*network).names {
			if theirs[own] != "" {
				t.Errorf("%s and %s are both %s", theirs[own], name, own)
			}
			theirs[own] = name
		}
		f := &safetensors.File{}
		for _, e := range from.State() {
			at := strings.LastIndexByte(e.Name, '.')
			name := theirs[e.Name[:at]]
			if name == "" {
				t.Fatalf("the package has no name for %s", e.Name)
			}
			f.Entries = append(f.Entries, safetensors.Entry{Name: name + e.Name[at:], Tensor: e.Tensor})
			if strings.HasSuffix(e.Name, "running_var") {
				f.Entries = append(f.Entries, safetensors.Entry{Name: name + ".num_batches_tracked", Tensor: tensor.Scalar(7)})
			}
		}
		path := filepath.Join(t.TempDir(), "package.safetensors")
		if err := f.Save(path); err != nil {
			t.Fatal(err)
		}
		to := newModel(t, number, 10, 32)
		if err := modelfile.Load(to, path); err != nil {
			t.Fatal(err)
		}
		for i, e := range from.State() {
			if !e.Tensor.Equal(to.State()[i].Tensor) {
				t.Fatalf("Lite%d: %s has not been loaded", number, e.Name)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, number := range []int{-1, 5} {
		if _, err := nn.New(New(number, 10), tensor.Shape{3, 32, 32}, nn.Options{}); err == nil || !strings.Contains(err.Error(), "the number must be 0 to 4") {
			t.Errorf("got %v", err)
		}
	}
}

// Odd, tiny and oblong images work.
func TestSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {31, 17}, {64, 100}} {
		if _, err := nn.New(New(0, 3), tensor.Shape{3, size[0], size[1]}, nn.Options{Init: nn.Constant(0)}); err != nil {
			t.Error(err)
		}
	}
}
