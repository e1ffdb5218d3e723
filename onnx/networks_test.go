package onnx_test

import (
	"fmt"
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
// standard deviation of the output, or 10⁻⁵ of its largest number. With STRIDE_ONNX_TABLE set to
// docs/onnx-networks.md, it writes the table there.
func TestNetworks(t *testing.T) {
	folder := os.Getenv("STRIDE_ONNX_NETWORKS")
	if folder == "" {
		t.Skip("STRIDE_ONNX_NETWORKS is not set to a folder with networks: see testdata/make_networks.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d networks in %s, %v", len(files), folder, err)
	}
	var rows []networkRow
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { rows = append(rows, compareNetwork(t, file)) })
	}
	if page := os.Getenv("STRIDE_ONNX_TABLE"); page != "" && !t.Failed() {
		if err := writeNetworks(page, rows); err != nil {
			t.Fatal(err)
		}
	}
}

// A networkRow is what TestNetworks finds for a file.
type networkRow struct {
	file       string
	parameters int
	errors     [2]float64 // for batches of 1 and 2, relative to the standard deviation
}

func compareNetwork(t *testing.T, file string) networkRow {
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
	row := networkRow{file: filepath.Base(base)}
	for _, p := range m.Parameters() {
		row.parameters += p.Value.Size()
	}
	deviation, largest := spread(want.Data())
	for i := range row.errors {
		want := tensor.Must(want.Slice(0, 0, i+1))
		got, err := m.Predict(nil, tensor.Must(x.Slice(0, 0, i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if !got.HasShape(want.Shape()) {
			t.Fatalf("shape %v, want %v", got.Shape(), want.Shape())
		}
		most := 0.
		for i, w := range want.Data() {
			most = max(most, math.Abs(float64(got.Data()[i])-float64(w)))
			if got.Data()[i] != got.Data()[i] {
				t.Fatalf("element %d is NaN, want %v", i, w)
			}
		}
		row.errors[i] = most / max(deviation, largest/10) // the light networks give the same number for all classes
		if !(row.errors[i] <= 1e-4) {
			t.Errorf("batch of %d: the largest difference is %g, the standard deviation %g", i+1, most, deviation)
		}
	}
	t.Logf("%d parameters, loaded in %v, relative differences %.2g", row.parameters, loaded.Round(time.Millisecond), row.errors)
	return row
}

// spread returns the standard deviation of numbers and the largest absolute value.
func spread(x []float32) (deviation, largest float64) {
	sum, square := 0., 0.
	for _, v := range x {
		sum += float64(v)
		square += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
	}
	n := float64(len(x))
	return math.Sqrt(max(square/n-sum*sum/n/n, 0)), largest
}

// writeNetworks writes the table into a page, between the lines that mark its place.
func writeNetworks(page string, rows []networkRow) error {
	const begins, ends = "<!-- TestNetworks writes the table -->\n", "<!-- the end of the table -->\n"
	b, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begins)
	_, after, closed := strings.Cut(rest, ends)
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q", page, begins, ends)
	}
	var s strings.Builder
	most, networks := 0., map[string]bool{}
	for _, r := range rows {
		most = max(most, r.errors[0], r.errors[1])
		networks[strings.TrimSuffix(strings.TrimSuffix(r.file, "_ts"), "_dyn")] = true
	}
	fmt.Fprintf(&s, "%s%s\n%d files of %d networks; the largest error is %.1e.\n\n", before, begins, len(rows), len(networks), most)
	s.WriteString("| file | parameters, millions | error, batch of 1 | batch of 2 |\n|---|---:|---:|---:|\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s | %.1f | %.1e | %.1e |\n", r.file, float64(r.parameters)/1e6, r.errors[0], r.errors[1])
	}
	return os.WriteFile(page, []byte(s.String()+"\n"+ends+after), 0o644)
}

// BenchmarkFirstPrediction measures the time from a file's name to the first prediction, for the
// files of 90 to 120 MB, external data included.
func BenchmarkFirstPrediction(b *testing.B) {
	folder := os.Getenv("STRIDE_ONNX_NETWORKS")
	if folder == "" {
		b.Skip("STRIDE_ONNX_NETWORKS is not set")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		size := int64(0)
		for _, part := range []string{file, file + ".data"} {
			if info, err := os.Stat(part); err == nil {
				size += info.Size()
			}
		}
		if size < 90e6 || size > 120e6 {
			continue
		}
		x := tensor.Full(0.5, 3, 224, 224)
		b.Run(filepath.Base(file), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				net, err := onnx.Load(file, onnx.Options{Input: x.Shape()})
				if err != nil {
					b.Fatal(err)
				}
				m, err := nn.New(net, net.Input(), nn.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.Predict(nil, x); err != nil {
					b.Fatal(err)
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
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
