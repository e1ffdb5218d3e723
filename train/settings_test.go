package train_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// A run is resumed with the settings that it was started with. With others there
// is an error, and the folder stays as it is.
func TestResumeWithOtherSettings(t *testing.T) {
	t.Parallel()
	dir, _ := finished(t)
	before := files(t, dir)
	for _, c := range []struct {
		name   string
		change func(*train.Config)
		want   string
	}{
		{"fewer epochs", func(c *train.Config) { c.Epochs = 3 }, "last set to 4 epochs, of which 4 are done, and cannot be set to 3"},
		{"schedule", func(c *train.Config) { c.Schedule = optim.Cosine{} }, "started with schedule constant, not cosine over 5 epochs"},
		{"batch size", func(c *train.Config) { c.BatchSize = 4 }, "started with batch size 8, not 4"},
		{"rate", func(c *train.Config) { c.LearningRate = .1 }, "started with learning rate 0.2, not 0.1"},
		{"seed", func(c *train.Config) { c.Seed = 8 }, "started with seed 7, not 8"},
		{"optimizer", func(c *train.Config) { c.Optimizer = optim.SGD{} }, "started with optimizer sgd, momentum 0.9, not sgd"},
		{"network", func(c *train.Config) { c.Net = "huge" }, "started with network tiny, not huge"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := settings(dir)
			config.Epochs, config.Resume = 5, true
			c.change(&config)
			if _, err := fit(t, config); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if after := files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the folder was changed from %v to %v", before, after)
			}
		})
	}
}

func TestResumeWithOtherData(t *testing.T) {
	t.Parallel()
	dir, _ := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume = 5, true
	for _, c := range []struct {
		set  data.Dataset
		want string
	}{
		{bars(20), "started with number of training images 28, not 20"},
		{shifted{bars(28)}, "started with other training images"},
	} {
		if _, err := train.Fit(t.Context(), tiny(t, 3), c.set, bars(10), config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want it to say %q", err, c.want)
		}
	}
}

// The images tell data apart. The same ones under other names continue the run,
// which takes these names: older programs took any images in files of
// Fashion-MNIST's names for clothes.
func TestResumeWithRenamedData(t *testing.T) {
	t.Parallel()
	dir, _ := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume, config.Data = 5, true, "blobs"
	var lines []string
	config.Log = func(line string) { lines = append(lines, line) }
	if _, err := train.Fit(t.Context(), tiny(t, 3), renamed{bars(28)}, bars(10), config); err != nil {
		t.Fatal(err)
	}
	if want := `resume: the images are the same, but the data, called "bars" so far, are called "blobs"`; !slices.Contains(lines, want) {
		t.Errorf("no %q in %q", want, lines)
	}
	s, err := runfolder.ReadSettings(dir)
	if err != nil || s.Data != "blobs" || s.Classes[0] != "a" {
		t.Errorf("%+v, %v", s, err)
	}
	f, err := safetensors.Load(filepath.Join(dir, "model.safetensors"))
	if err != nil || f.Metadata["data"] != "blobs" || f.Metadata["classes"] != `["a","b","c"]` {
		t.Errorf("%v, %v", f, err)
	}
}

type shifted struct{ *data.Images }

func (s shifted) Read(i int, pixels []float32) (int, error) {
	return s.Images.Read((i+3)%s.Len(), pixels)
}

type renamed struct{ *data.Images }

func (renamed) Classes() []string { return []string{"a", "b", "c"} }

func TestResumeWithAnotherNetwork(t *testing.T) {
	// As many parameters as tiny: the numbers of the layers differ.
	t.Parallel()
	dir, _ := finished(t)
	config := settings(dir)
	config.Epochs, config.Resume = 5, true
	net := nn.Sequential(
		nn.ReLU(), nn.Conv2D(2, 3), nn.BatchNorm(), nn.AvgPool2D(2),
		nn.Flatten(), nn.Dropout(.2), nn.Linear(3),
	)
	other, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Fit(t.Context(), other, bars(28), bars(10), config)
	if err == nil || !strings.Contains(err.Error(), "model.safetensors") || !strings.Contains(err.Error(), "missing: 1.weight") && !strings.Contains(err.Error(), "2.running_mean") {
		t.Errorf("got %v", err)
	}
}

// large are bars of 12×12, the smallest images that LeNet takes.
func large(n int) data.Dataset { return must(bars(n).Resize(12, 12)) }

func lenet(t *testing.T) *nn.Model {
	t.Helper()
	model, err := nn.New(zoo.LeNet(3), tensor.Shape{1, 12, 12}, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// What Settings say of the preprocessing is in config.json, and in the metadata
// of the weights unless it is the plain one.
func TestPreprocessingIsRecorded(t *testing.T) {
	t.Parallel()
	input := tensor.Shape{1, 12, 12}
	other := preprocess.Config{InputSize: input, CropMode: preprocess.Center, CropPct: 0.75, Mean: []float32{0.5}, Std: []float32{0.25}}
	dirs := map[bool]string{}
	for plain, config := range map[bool]preprocess.Config{true: {}, false: other} {
		c := settings(filepath.Join(t.TempDir(), "run"))
		c.Net, c.Preprocessing = "lenet", config
		if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err != nil {
			t.Fatal(err)
		}
		run, err := runfolder.Read(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		want := other
		if plain {
			want = preprocess.Plain(input)
		}
		if got := run.Settings.Preprocessing; got == nil || !got.Equal(want) {
			t.Errorf("plain %v: got %v", plain, got)
		}
		if text := run.Weights.Metadata["preprocessing"]; plain != (text == "") || !plain && !strings.Contains(text, `"crop_pct":0.75`) {
			t.Errorf("plain %v: metadata %q", plain, text)
		}
		dirs[plain] = c.Dir
	}
	// A run that is resumed keeps it. One without, of an older version, is plain.
	c := settings(dirs[false])
	c.Net, c.Resume, c.Epochs = "lenet", true, 4
	if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err == nil || !strings.Contains(err.Error(), "crop 0.75") {
		t.Errorf("got %v", err)
	}
	c.Dir = dirs[true]
	s, err := os.ReadFile(filepath.Join(c.Dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	from := strings.Index(string(s), `"preprocessing"`)
	to := strings.Index(string(s), `"classes"`)
	if from < 0 || to < from {
		t.Fatalf("no preprocessing in %s", s)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "config.json"), append(s[:from:from], s[to:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, c); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		config preprocess.Config
		want   string
	}{
		{preprocess.Config{InputSize: tensor.Shape{1, 28, 28}}, "preprocessing makes images of 1×28×28, the network takes 1×12×12"},
		{preprocess.Config{InputSize: input, CropPct: 2}, "preprocessing: crop_pct is 2"},
	} {
		bad := settings("")
		bad.Preprocessing = c.config
		if _, err := train.Fit(t.Context(), lenet(t), large(12), nil, bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
