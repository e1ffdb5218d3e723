package torchfile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/strideml/stride/torchfile"
)

// goldenFile is what testdata/make_golden.py says of a file.
type goldenFile struct {
	Key     string
	Tensors []goldenTensor
}

// A goldenTensor is in JSON a list of the four.
type goldenTensor struct {
	name, dtype string
	shape       []int
	values      []float64
}

func (g *goldenTensor) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&g.name, &g.dtype, &g.shape, &g.values})
}

func readGolden(t testing.TB) (golden map[string]goldenFile) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

func open(t *testing.T, name string) *torchfile.File {
	t.Helper()
	f, err := torchfile.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestGolden reads all files that PyTorch has written.
func TestGolden(t *testing.T) {
	for name, want := range readGolden(t) {
		t.Run(name, func(t *testing.T) {
			f := open(t, name)
			if f.Key != want.Key {
				t.Errorf("found in %q, want %q", f.Key, want.Key)
			}
			if len(f.Tensors) != len(want.Tensors) {
				t.Fatalf("%d tensors, want %d", len(f.Tensors), len(want.Tensors))
			}
			for i, w := range want.Tensors {
				got := f.Tensors[i]
				if got.Name != w.name || got.DType != w.dtype || fmt.Sprint([]int(got.Shape)) != fmt.Sprint(w.shape) {
					t.Errorf("tensor %d is %s %s %v, want %v", i, got.Name, got.DType, got.Shape, w)
					continue
				}
				x, err := got.Read()
				if name == "unsupported.pth" && w.dtype != "float32" {
					if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("tensor %q (%s 2): tensors of this type are not supported", w.name, w.dtype)) {
						t.Errorf("%s: error %v", w.name, err)
					}
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				if x.Size() != len(w.values) || !x.HasShape(got.Shape) {
					t.Errorf("%s has %d values, want %d", w.name, x.Size(), len(w.values))
					continue
				}
				for j, v := range x.Data() {
					if v != float32(w.values[j]) {
						t.Fatalf("%s: value %d is %v, want %v", w.name, j, v, w.values[j])
					}
				}
			}
		})
	}
}

// TestValues reads what is in checkpoints beside the weights.
func TestValues(t *testing.T) {
	f := open(t, "torchvision.pth")
	if f.Values["epoch"] != any(int64(7)) || f.Values["model"] != nil {
		t.Errorf("values %v", f.Values)
	}
	args, ok := f.Values["args"].(map[string]any)
	if want := map[string]any{"model": "resnet18", "lr": 0.1, "epochs": int64(90), "amp": false, "output_dir": ".", "resume": nil, "train_crop_size": int64(224)}; !ok || !reflect.DeepEqual(args, want) {
		t.Errorf("args %v, want %v", args, want)
	}
	f = open(t, "ultralytics.pt")
	if !reflect.DeepEqual(f.Classes, []string{"ant", "bee"}) {
		t.Errorf("classes %v", f.Classes)
	}
	if v := f.Values["train_args"]; !reflect.DeepEqual(v, map[string]any{"task": "classify", "imgsz": int64(224), "lr0": 0.01}) || f.Values["epoch"] != any(int64(-1)) {
		t.Errorf("values %v", f.Values)
	}
	f = open(t, "tutorial.pth")
	if !reflect.DeepEqual(f.Classes, []string{"ant", "bee"}) || f.Values["arch"] != any("vgg16") {
		t.Errorf("classes %v, values %v", f.Classes, f.Values)
	}
	if f = open(t, "zip.pth"); f.Classes != nil || len(f.Values) != 0 {
		t.Errorf("classes %v, values %v", f.Classes, f.Values)
	}
}

// TestState reads all tensors at once.
func TestState(t *testing.T) {
	state, err := open(t, "zip.pth").State()
	if err != nil {
		t.Fatal(err)
	}
	if len(state) != len(readGolden(t)["zip.pth"].Tensors) || state[0].Name != "float32" || state[0].Tensor.At(1, 2) != -2.5 {
		t.Errorf("state %v", state[0])
	}
	if _, err := open(t, "unsupported.pth").State(); err == nil || !strings.Contains(err.Error(), `"complex64"`) {
		t.Errorf("error %v", err)
	}
	f, err := torchfile.Open("testdata/zip.pth")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.State(); err == nil {
		t.Error("a closed file can be read")
	}
}

// TestRefused has files that are something else.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		"testdata/script.pt":                 "this is a TorchScript program, not a file of weights",
		"testdata/tar.pth":                   "this is a tar archive, the format of PyTorch before version 0.1.10",
		"testdata/absent.pth":                "no such file",
		dir:                                  "is not a regular file",
		write("empty.pth", ""):               "the file is empty",
		write("text.pth", "weights"):         "it begins neither as a ZIP archive nor as a pickle",
		write("page.pth", "<!doctype html>"): "not a file of torch.save: it is an HTML page",
		write("other.pth", "\x80\x04K\x01."): "it is another Python pickle",
	} {
		f, err := torchfile.Open(path)
		if err == nil {
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}

// TestNothingRuns opens files that make Python run a command.
func TestNothingRuns(t *testing.T) {
	for _, name := range []string{"evil.pth", "evil-legacy.pth"} {
		f := open(t, name)
		if len(f.Tensors) != 1 || f.Tensors[0].Name != "weight" || f.Values["other"] != nil {
			t.Errorf("%s: %v, %v", name, f.Tensors, f.Values)
		}
	}
	if _, err := os.Stat("torchfile-was-here"); err == nil {
		t.Error("the command in the file was run")
	}
}

func Example() {
	f, err := torchfile.Open("testdata/torchvision.pth")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	first := f.Tensors[0]
	fmt.Println(first.Name, first.DType, first.Shape)
	fmt.Println("epoch", f.Values["epoch"], "of", f.Values["args"].(map[string]any)["epochs"])
	x, err := first.Read()
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Shape(), "in", f.Key)
	// Output:
	// stem.conv.weight float32 2×1×2×2
	// epoch 7 of 90
	// 2×1×2×2 in model
}
