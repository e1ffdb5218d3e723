package efficientnetlite0_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/weights/efficientnetlite0"
	"github.com/strideml/stride/zoo"
)

// The logits of three pictures are those that PyTorch computes with the same
// weights from the pixels that Pillow resizes.
func TestLogits(t *testing.T) {
	text, err := os.ReadFile("testdata/logits.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][]float64
	if err := json.Unmarshal(text, &golden); err != nil || len(golden) != 3 {
		t.Fatalf("%d pictures, %v", len(golden), err)
	}
	model, err := modelfolder.Load(efficientnetlite0.Name, modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range golden {
		picture, err := imagefile.Open(filepath.Join("testdata", name+".png"), imagefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := model.Preprocessing.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		y, err := model.Net.Predict(cpu.New(cpu.Options{}), x)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) != 1000 || y.Size() != 1000 {
			t.Fatalf("%d and %d logits", len(want), y.Size())
		}
		worst := 0.0
		for i, v := range y.Data() {
			worst = max(worst, math.Abs(float64(v)-want[i]))
		}
		t.Logf("%s: largest difference %.1e", name, worst)
		if !(worst <= 5e-5) {
			t.Errorf("%s: the logits differ by %v from PyTorch's", name, worst)
		}
	}
}

// What Load says of the model; each call decodes weights of its own.
func TestLoad(t *testing.T) {
	a, err := modelfolder.Load("EfficientNet-Lite0", modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Path != "efficientnet-lite0" || a.WeightsFile != a.Path || a.Data != "imagenet-1k" || len(a.Classes) != 1000 || a.Classes[0] != "tench" || a.Run != nil {
		t.Errorf("%+v", a)
	}
	const preprocessing = "3×224×224, center, crop 0.875, bicubic, mean 0.49803922 0.49803922 0.49803922, std 0.5019608 0.5019608 0.5019608"
	if got := a.Preprocessing.String(); got != preprocessing {
		t.Errorf("preprocessing %s", got)
	}
	a.Net.State()[0].Tensor.Data()[0] = 42
	a.Classes[0] = "changed"
	b, err := modelfolder.Load("efficientnet-lite0", modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Net.State()[0].Tensor.Data()[0] == 42 || b.Classes[0] != "tench" {
		t.Error("two models share memory")
	}
}

// A folder goes before a network of the same name.
func TestFolderOfThatName(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(efficientnetlite0.Name, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfolder.Load(efficientnetlite0.Name, modelfolder.Options{}); err == nil {
		t.Error("the folder was not read")
	}
}

func TestRegistered(t *testing.T) {
	p, ok := zoo.PretrainedFor("efficientnet-lite0")
	if !ok || p.Net != efficientnetlite0.Name || p.Source == "" {
		t.Errorf("%+v", p)
	}
	if names := zoo.PretrainedNames(); len(names) != 1 || names[0] != p.Net {
		t.Errorf("%v", names)
	}
	if _, ok := zoo.PretrainedFor("lenet"); ok {
		t.Error("lenet has weights")
	}
}

func Example() {
	classifier, err := classify.Load("efficientnet-lite0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer classifier.Close()
	classes, err := classifier.PredictFile(context.Background(), "testdata/signal.png", 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range classes {
		fmt.Printf("%d %s %.2f\n", c.Index, c.Name, c.Probability)
	}
	// Output:
	// 920 traffic light 0.29
	// 844 switch 0.18
}

func BenchmarkState(b *testing.B) {
	for b.Loop() {
		if _, err := efficientnetlite0.State(); err != nil {
			b.Fatal(err)
		}
	}
}
