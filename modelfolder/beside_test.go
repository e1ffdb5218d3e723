package modelfolder_test

import (
	"encoding/json"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// bareONNX writes an ONNX file for pictures of h×w pixels and three classes, whose metadata
// are empty.
func bareONNX(t *testing.T, dir string, h, w int) string {
	t.Helper()
	model, err := nn.New(nn.Sequential(nn.Conv2D(4, 3), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3)), tensor.Shape{3, h, w}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bare.onnx")
	if err := onnx.Save(path, model, onnx.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lite is config.json of timm's tf_efficientnet_lite0, in short.
const lite = `{"architecture": "tf_efficientnet_lite0", "num_classes": 3, "label_names": ["ant", "bee", "cat"],
	"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.875, "crop_mode": "center", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}`

// What a file beside an ONNX file says about pictures and classes.
func TestBeside(t *testing.T) {
	const assumed = "3×20×16, center, crop 0.875, bilinear, mean 0.485 0.456 0.406, std 0.229 0.224 0.225"
	const half = "3×20×16, center, crop 0.875, bicubic, mean 0.5 0.5 0.5, std 0.5 0.5 0.5"
	for name, c := range map[string]struct {
		files   map[string]string
		instead preprocess.Config
		want    string
		classes string
		notice  string // part of what is said; "" if nothing may be said
	}{
		"nothing": {want: assumed, notice: "bare.onnx does not say how pictures become its input: assumed is " + assumed},
		"timm":    {files: map[string]string{"config.json": lite}, want: half, classes: "ant bee cat"},
		"the same name first": {
			files: map[string]string{"bare.json": lite, "config.json": `{"architecture": "x", "mean": 0}`}, want: half, classes: "ant bee cat",
		},
		"what resolve_data_config returns": {
			files: map[string]string{"bare.json": `{"input_size": [3, 224, 224], "interpolation": "bicubic", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.875, "crop_mode": "center"}`},
			want:  half,
		},
		"transformers": {
			files: map[string]string{
				"config.json":              `{"architectures": ["ResNetForImageClassification"], "id2label": {"1": "bee", "0": "ant", "2": "cat"}}`,
				"preprocessor_config.json": `{"do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 224, "crop_pct": 0.875, "resample": 3}`,
			},
			want: half, classes: "ant bee cat",
		},
		"Stride's model folder": {
			files: map[string]string{"config.json": `{"architecture": "stride/bare.onnx", "num_classes": 3, "label_names": ["a", "b", "c"], "stride": {"version": 1, "net": "bare.onnx", "invert": true},
				"pretrained_cfg": {"input_size": [3, 20, 16], "interpolation": "bicubic", "crop_pct": 0.875, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}`},
			want: half + ", inverted", classes: "a b c",
		},
		"Stride's run folder": {
			files: map[string]string{"config.json": `{"version": 1, "train_images": 5, "net": "bare.onnx", "classes": ["a", "b"],
				"preprocessing": {"input_size": [3, 20, 16], "interpolation": "bicubic", "crop_pct": 0.875, "mean": [0.5], "std": [0.5]}}`},
			want: half,
		},
		"other classes": {
			files: map[string]string{"config.json": strings.Replace(lite, `3, "label_names": ["ant", "bee", "cat"]`, `1000`, 1)}, want: assumed,
			notice: "config.json is not used: it is for 1000 classes",
		},
		"another ONNX file": {
			files: map[string]string{"config.json": `{"version": 1, "net": "other.onnx", "preprocessing": {"input_size": [3, 20, 16]}}`}, want: assumed,
			notice: `config.json is not used: it is for the network "other.onnx", not for "bare.onnx"`,
		},
		"grey": {
			files: map[string]string{"config.json": `{"architecture": "x", "input_size": [1, 28, 28]}`}, want: assumed,
			notice: "config.json is not used: it makes inputs of 1×28×28, and the network takes 3×20×16",
		},
		"about something else": {files: map[string]string{"config.json": `{"name": "my app"}`, "bare.json": `[1, 2]`}, want: assumed, notice: "does not say"},
		"the mean is left to a class": {
			files: map[string]string{"preprocessor_config.json": `{"image_processor_type": "ViTImageProcessor", "size": 224}`}, want: assumed, notice: "does not say",
		},
		"options": {
			files:   map[string]string{"config.json": lite},
			instead: preprocess.Config{Mean: []float32{0}, CropPct: 1}, want: "3×20×16, center, crop 1, bicubic, mean 0 0 0, std 0.5 0.5 0.5", classes: "ant bee cat",
		},
		"all options": {
			instead: preprocess.Config{Mean: []float32{0}, Std: []float32{1}, CropPct: 1, Interpolation: preprocess.Bicubic},
			want:    "3×20×16, center, crop 1, bicubic, mean 0 0 0, std 1 1 1",
		},
		"some options": {instead: preprocess.Config{CropPct: 0.9}, want: strings.Replace(assumed, "0.875", "0.9", 1), notice: "crop 0.9"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := bareONNX(t, dir, 20, 16)
			for file, text := range c.files {
				write(t, filepath.Join(dir, file), text)
			}
			m, err := modelfolder.Load(path, modelfolder.Options{Preprocessing: c.instead})
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Preprocessing.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.classes == "" {
				c.classes = "class 0 class 1 class 2"
			}
			if got := strings.Join(m.Classes, " "); got != c.classes {
				t.Errorf("classes %s, want %s", got, c.classes)
			}
			said := strings.Join(slices.Concat(m.Assumed, []string{m.AssumedPreprocessing}), "\n")
			if (c.notice == "") != (said == "\n" || said == "") || !strings.Contains(said, c.notice) {
				t.Errorf("said is %q, want %q", said, c.notice)
			}
		})
	}
}

// Files that cannot be used are errors that name them.
func TestBesideErrors(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, want string
		instead          preprocess.Config
	}{
		"no JSON":    {"config.json", "<html>", "config.json is not what it should be", preprocess.Config{}},
		"filter":     {"config.json", `{"architecture": "x", "interpolation": "lanczos"}`, `config.json: preprocessing: interpolation is "lanczos"`, preprocess.Config{}},
		"resample":   {"preprocessor_config.json", `{"image_mean": [0], "image_std": [1], "resample": 1}`, "preprocessor_config.json: resample is 1: want 2 (bilinear) or 3 (bicubic)", preprocess.Config{}},
		"offset":     {"preprocessor_config.json", `{"image_mean": [0], "image_std": [1], "rescale_offset": true}`, "rescale_offset", preprocess.Config{}},
		"size":       {"preprocessor_config.json", `{"image_mean": [0], "image_std": [1], "size": "all"}`, "want a number of pixels", preprocess.Config{}},
		"crop":       {"preprocessor_config.json", `{"image_mean": [0], "image_std": [1], "size": 20, "do_center_crop": true, "crop_size": 30}`, "crop_size is 30×30 in a picture of 20×20", preprocess.Config{}},
		"mean":       {"config.json", `{"architecture": "x", "mean": [1, 2]}`, "mean has 2 numbers for 3 channels", preprocess.Config{}},
		"input size": {"x.json", "", "want it in Size alone", preprocess.Config{InputSize: tensor.Shape{3, 20, 16}}},
		"option":     {"x.json", "", "mean has 2 numbers for 3 channels", preprocess.Config{Mean: []float32{1, 2}}},
	} {
		dir := t.TempDir()
		path := bareONNX(t, dir, 20, 16)
		write(t, filepath.Join(dir, c.file), c.text)
		if _, err := modelfolder.Load(path, modelfolder.Options{Preprocessing: c.instead}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	// An option mends what a file says.
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.json"), `{"architecture": "x", "interpolation": "lanczos"}`)
	if _, err := modelfolder.Load(bareONNX(t, dir, 20, 16), modelfolder.Options{Preprocessing: preprocess.Config{Interpolation: preprocess.Bicubic}}); err != nil {
		t.Error(err)
	}
}

// Weights of a network that is known take what a file beside them says, too.
func TestBesideWeights(t *testing.T) {
	spec, err := zoo.Get("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(spec.New(3), spec.Input, nn.Options{Init: nn.Constant(0.01)})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	if err := (&safetensors.File{Entries: model.State()}).Save(path); err != nil {
		t.Fatal(err)
	}
	load := func(want string) *modelfolder.Model {
		t.Helper()
		m, err := modelfolder.Load(path, modelfolder.Options{Net: spec.Name})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Preprocessing.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		return m
	}
	published := spec.Preprocessing.String()
	if m := load(published); m.AssumedPreprocessing != path+" does not say how pictures become its input: assumed is "+published || m.Classes[1] != "class 1" {
		t.Errorf("got %q, %v", m.AssumedPreprocessing, m.Classes)
	}
	write(t, filepath.Join(dir, "config.json"), strings.Replace(lite, "0.875", "0.9", 1))
	if m := load("3×224×224, center, crop 0.9, bicubic, mean 0.5 0.5 0.5, std 0.5 0.5 0.5"); m.AssumedPreprocessing != "" || m.Assumed != nil || m.Classes[1] != "bee" {
		t.Errorf("got %q, %v, %v", m.AssumedPreprocessing, m.Assumed, m.Classes)
	}
	write(t, filepath.Join(dir, "config.json"), strings.Replace(lite, "tf_efficientnet_lite0", "resnet18.a1_in1k", 1))
	if m := load(published); m.AssumedPreprocessing == "" || len(m.Assumed) != 1 || !strings.Contains(m.Assumed[0], `it is for the network "torchvision/resnet18", not for "efficientnet-lite0"`) {
		t.Errorf("got %q, %v", m.AssumedPreprocessing, m.Assumed)
	}
}

// testPicture is the picture of testdata/make_processors.py.
func testPicture() image.Image {
	const height, width = 48, 72
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := x*7 + y*13 + x*y
			p.Set(x, y, color.NRGBA{uint8(v), uint8(v + 50), uint8(v + 100), 255})
		}
	}
	return p
}

// A picture becomes what the image processors of transformers make of it.
func TestProcessors(t *testing.T) {
	const step = 7 // of make_processors.py
	text, err := os.ReadFile("testdata/processors.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Config json.RawMessage
		Shape  tensor.Shape
		Values []float64
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "preprocessor_config.json"), string(g.Config))
		m, err := modelfolder.Load(bareONNX(t, dir, g.Shape[1], g.Shape[2]), modelfolder.Options{})
		if err != nil {
			t.Fatalf("%s: %v", g.Config, err)
		}
		x, err := m.Preprocessing.Tensor(testPicture())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range g.Values {
			if got := float64(x.Data()[i*step]); math.Abs(got-want) > 2e-5 {
				t.Fatalf("%s: %v: value %d is %v, want %v", g.Config, m.Preprocessing, i*step, got, want)
			}
		}
	}
}
