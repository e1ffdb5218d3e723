package onnx_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

// TestNetworks compares whole networks with ONNX Runtime, whose results make_networks.py has
// written beside the files: see there. The largest difference must be at most 10⁻⁴ of the
// standard deviation of the output, or 10⁻⁵ of its largest number.
func TestNetworks(t *testing.T) {
	folder := os.Getenv("STRIDE_ONNX_NETWORKS")
	if folder == "" {
		t.Skip("STRIDE_ONNX_NETWORKS is not set to a folder with networks: see testdata/make_networks.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d networks in %s, %v", len(files), folder, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compareNetwork(t, file) })
	}
}

func compareNetwork(t *testing.T, file string) {
	base := strings.TrimSuffix(file, ".onnx")
	x, want := readNPY(t, base+".input.npy"), readNPY(t, base+".output.npy")
	start := time.Now()
	net, err := onnx.Load(file, onnx.Options{Input: x.Shape()[1:]})
	if err != nil {
		t.Fatal(err)
	}
	loaded := time.Since(start)
	m, err := nn.New(net, net.Input(), nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if !got.HasShape(want.Shape()) {
		t.Fatalf("shape %v, want %v", got.Shape(), want.Shape())
	}
	mean, square, most, largest := 0., 0., 0., 0.
	for i, w := range want.Data() {
		mean += float64(w)
		square += float64(w) * float64(w)
		largest = max(largest, math.Abs(float64(w)))
		most = max(most, math.Abs(float64(got.Data()[i])-float64(w)))
	}
	n := float64(want.Size())
	deviation := math.Sqrt(max(square/n-mean*mean/n/n, 0))
	t.Logf("%d parameters, loaded in %v, difference %.2g of %.2g", len(m.Parameters()), loaded.Round(time.Millisecond), most, deviation)
	if !(most <= max(1e-4*deviation, 1e-5*largest)) { // the light networks give the same number for all classes
		t.Errorf("the largest difference is %g, the standard deviation %g", most, deviation)
	}
}

func readNPY(t *testing.T, file string) *tensor.Tensor {
	t.Helper()
	x, err := tensor.LoadNPY(file)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
