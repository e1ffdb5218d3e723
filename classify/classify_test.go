package classify_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// side runs f in some goroutines side by side and waits for all.
func side(goroutines int, f func()) {
	var all sync.WaitGroup
	for range goroutines {
		all.Go(f)
	}
	all.Wait()
}

// folder is a model folder of LeNet, untrained, whose pictures are cropped,
// inverted and normalised.
func folder(t testing.TB) (dir string, m *modelfolder.Model) {
	t.Helper()
	m = untrained(t, "lenet", tensor.Shape{1, 28, 28})
	m.Classes = slices.Clone(m.Classes)
	m.Classes[3] = "three"
	m.Preprocessing = preprocess.Config{InputSize: m.Net.Input(), CropPct: 0.7, Mean: []float32{0.4}, Std: []float32{0.2}, Invert: true}
	dir = filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func writePNG(t testing.TB, picture image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, picture), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func newClassifier(t testing.TB, m *modelfolder.Model, o classify.Options) *classify.Classifier {
	t.Helper()
	c, err := classify.New(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// The classes are those of the scores that the network has for the picture as
// the model's own preprocessing makes it.
func TestPredict(t *testing.T) {
	t.Parallel()
	dir, m := folder(t)
	picture := photo(3, 90)
	x, err := m.Preprocessing.Tensor(picture)
	if err != nil {
		t.Fatal(err)
	}
	y, err := m.Net.Predict(reference.New(), x)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.
	for _, v := range y.Data() {
		sum += math.Exp(float64(v))
	}
	c, err := classify.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !slices.Equal(c.Classes(), m.Classes) || !c.Preprocessing().Equal(m.Preprocessing) {
		t.Errorf("%v, %v", c.Classes(), c.Preprocessing())
	}
	all, err := c.PredictFile(t.Context(), writePNG(t, picture), 0)
	if err != nil || len(all) != 10 {
		t.Fatalf("%v, %v", all, err)
	}
	seen := map[int]bool{}
	for i, class := range all {
		if want := math.Exp(float64(y.Data()[class.Index])) / sum; math.Abs(class.Probability-want) > 1e-5 || class.Name != m.Classes[class.Index] || seen[class.Index] {
			t.Errorf("got %+v, want probability %v", class, want)
		}
		seen[class.Index] = true
		if i > 0 && class.Probability > all[i-1].Probability {
			t.Errorf("%+v after %+v", class, all[i-1])
		}
	}
	for top, want := range map[int]int{1: 1, 3: 3, 10: 10, 1000: 10} {
		if got, err := c.Predict(t.Context(), picture, top); err != nil || !slices.Equal(got, all[:want]) {
			t.Errorf("top %d: %v, %v", top, got, err)
		}
	}
}

// One picture has the same bits whatever the number of threads, alone, beside
// other calls and in a batch.
func TestSameBits(t *testing.T) {
	t.Parallel()
	const pictures = 6
	for _, net := range []struct {
		name  string
		input tensor.Shape
	}{{"lenet", tensor.Shape{1, 28, 28}}, {"resnet18", tensor.Shape{1, 32, 32}}} {
		m := untrained(t, net.name, net.input)
		var batch []image.Image
		var want [][]classify.Class
		alone := newClassifier(t, m, classify.Options{CPU: cpu.Options{Threads: 1}})
		for i := range pictures {
			batch = append(batch, photo(i, 40))
			classes, err := alone.Predict(t.Context(), batch[i], 0)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, classes)
		}
		for _, o := range []struct{ threads, parallel int }{{1, 0}, {2, 0}, {3, 0}, {2, 1}, {4, 2}} {
			threads := o.threads
			c := newClassifier(t, m, classify.Options{CPU: cpu.Options{Threads: threads}, Parallel: o.parallel})
			check := func(how string, i int, got []classify.Class, err error) {
				if err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("%s, %d threads, %s, picture %d: %v, want %v, %v", net.name, threads, how, i, got, want[i], err)
				}
			}
			for i, picture := range batch {
				got, err := c.Predict(t.Context(), picture, 0)
				check("alone", i, got, err)
			}
			side(8, func() {
				for i, picture := range batch {
					got, err := c.Predict(t.Context(), picture, 0)
					check("8 goroutines", i, got, err)
				}
			})
			results, err := c.PredictBatch(t.Context(), batch, 0)
			if err != nil || len(results) != pictures {
				t.Fatalf("%d results, %v", len(results), err)
			}
			for i, got := range results {
				check("batch", i, got, nil)
			}
			results, err = c.PredictBatch(t.Context(), batch[:1], 2)
			if err != nil || len(results) != 1 || !slices.Equal(results[0], want[0][:2]) {
				t.Errorf("%v, %v", results, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	dir, m := folder(t)
	c := newClassifier(t, m, classify.Options{})
	text := filepath.Join(dir, "config.json")
	missing := filepath.Join(dir, "none.png")
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no time")
	cancel(why)
	picture := photo(1, 30)
	long := image.NewGray(image.Rect(0, 0, 2_000_000, 1))
	for _, f := range []struct {
		name string
		err  func() error
		want string
	}{
		{"a text", func() error { _, err := c.PredictFile(t.Context(), text, 1); return err }, text + " is not a PNG, JPEG, GIF, BMP or WebP picture"},
		{"a folder", func() error { _, err := c.PredictFile(t.Context(), dir, 1); return err }, dir + " is a folder"},
		{"nothing", func() error { _, err := c.PredictFile(t.Context(), missing, 1); return err }, missing},
		{"nil", func() error { _, err := c.Predict(t.Context(), nil, 1); return err }, "there is no picture"},
		{"empty", func() error { _, err := c.Predict(t.Context(), image.NewGray(image.Rectangle{}), 1); return err }, "the picture is empty"},
		{"long", func() error { _, err := c.Predict(t.Context(), long, 1); return err }, "too long and narrow"},
		{"in a file", func() error { _, err := c.PredictFile(t.Context(), writePNG(t, long), 1); return err }, "picture.png: a picture of 2000000×1"},
		{"in a batch", func() error { _, err := c.PredictBatch(t.Context(), []image.Image{picture, long}, 1); return err }, "picture 1: a picture of 2000000×1"},
		{"top", func() error { _, err := c.Predict(t.Context(), picture, -1); return err }, "the -1 most probable classes"},
		{"ended", func() error { _, err := c.Predict(ended, picture, 1); return err }, "no time"},
		{"no model", func() error { _, err := classify.Load(missing); return err }, "there is no run folder, model folder or model file " + missing},
		{"other input", func() error {
			other := *m
			other.Preprocessing.InputSize = tensor.Shape{1, 32, 32}
			_, err := classify.New(&other, classify.Options{})
			return err
		}, "preprocessing makes inputs of 1×32×32, the network takes 1×28×28"},
		{"bad preprocessing", func() error {
			other := *m
			other.Preprocessing.CropMode = "round"
			_, err := classify.New(&other, classify.Options{})
			return err
		}, `preprocessing: crop_mode is "round"`},
	} {
		if err := f.err(); err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%s: got %v, want %q", f.name, err, f.want)
		}
	}
	if _, err := c.PredictFile(t.Context(), missing, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if results, err := c.PredictBatch(t.Context(), nil, 1); err != nil || len(results) != 0 {
		t.Errorf("no pictures: %v, %v", results, err)
	}
	if _, err := c.PredictBatch(ended, []image.Image{picture}, 1); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// Weights that are not numbers give no class.
func TestNotFinite(t *testing.T) {
	t.Parallel()
	m := untrained(t, "lenet", tensor.Shape{1, 28, 28})
	m.WeightsFile = "weights.safetensors"
	bias := m.Net.Parameters()[len(m.Net.Parameters())-1]
	bias.Value.Data()[2] = float32(math.NaN())
	bias.Changed()
	c := newClassifier(t, m, classify.Options{})
	if _, err := c.Predict(t.Context(), photo(1, 28), 1); err == nil || err.Error() != "weights.safetensors: the network's output 2 is NaN: its weights cannot be used" {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	m := untrained(t, "lenet", tensor.Shape{1, 28, 28})
	c, err := classify.New(m, classify.Options{CPU: cpu.Options{Threads: 2}})
	if err != nil {
		t.Fatal(err)
	}
	first := c.MemoryBytes()
	if first < 4*61706 {
		t.Errorf("%d bytes: fewer than LeNet's parameters take", first)
	}
	if _, err := c.PredictBatch(t.Context(), []image.Image{photo(1, 28), photo(2, 28), photo(3, 28)}, 1); err != nil {
		t.Fatal(err)
	}
	if now := c.MemoryBytes(); now <= first {
		t.Errorf("%d bytes, %d after calls side by side", first, now)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Predict(t.Context(), photo(1, 28), 1); err == nil || err.Error() != "the classifier is closed" {
		t.Errorf("got %v", err)
	}
	if now := c.MemoryBytes(); now != 4*61706 {
		t.Errorf("%d bytes when closed", now)
	}
}

// With TakeWeights the weights are in memory once after the first prediction, and calls side by
// side have the same results as without it. The model is of no use to others.
func TestTakeWeights(t *testing.T) {
	t.Parallel()
	keeps := newClassifier(t, untrained(t, "lenet", tensor.Shape{1, 28, 28}), classify.Options{CPU: cpu.Options{Threads: 2}})
	want, err := keeps.Predict(t.Context(), photo(1, 28), 0)
	if err != nil {
		t.Fatal(err)
	}
	m := untrained(t, "lenet", tensor.Shape{1, 28, 28})
	c := newClassifier(t, m, classify.Options{CPU: cpu.Options{Threads: 2}, TakeWeights: true})
	first := c.MemoryBytes()
	side(4, func() {
		for range 3 {
			if got, err := c.Predict(t.Context(), photo(1, 28), 0); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			c.MemoryBytes()
		}
	})
	const linear = 4 * (400*120 + 120*84) // bytes of weights that are packed
	if now, kept := c.MemoryBytes(), keeps.MemoryBytes(); first < kept-linear || now > first-linear/2 {
		t.Errorf("%d bytes, %d at first, %d with the weights", now, first, kept)
	}
	if err := m.Save(filepath.Join(t.TempDir(), "model")); err == nil || !strings.Contains(err.Error(), "released") {
		t.Errorf("saving a model without its weights: got %v", err)
	}
	if _, err := m.Net.Predict(cpu.Default(), tensor.New(1, 1, 28, 28)); err == nil || !strings.Contains(err.Error(), "released") {
		t.Errorf("computing without the weights: got %v", err)
	}
	if _, err := m.Net.Predict(reference.New(), tensor.New(1, 1, 28, 28)); err == nil || !strings.Contains(err.Error(), "released") {
		t.Errorf("computing without the weights: got %v", err)
	}
}

// A Classifier of a network of the user's own.
func ExampleNew() {
	zoo.Register(zoo.Spec{
		Name: "brightness", Input: tensor.Shape{1, 8, 8}, Classes: 2,
		New: func(classes int) nn.Layer { return nn.Sequential(nn.Flatten(), nn.Linear(classes)) },
	})
	spec, err := zoo.Get("brightness")
	if err != nil {
		fmt.Println(err)
		return
	}
	net, err := spec.Model(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Trained by hand: the more light, the less likely it is night.
	weight, bias := net.Parameters()[0].Value.Data(), net.Parameters()[1].Value.Data()
	for i := range weight {
		weight[i] = float32(1-i/64*2) / 16
	}
	bias[0], bias[1] = -2, 2

	classifier, err := classify.New(&modelfolder.Model{
		Net: net, Spec: spec, Classes: []string{"day", "night"}, Preprocessing: preprocess.Plain(spec.Input),
	}, classify.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer classifier.Close()
	black := image.NewGray(image.Rect(0, 0, 100, 100))
	classes, err := classifier.Predict(context.Background(), black, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %.3f\n", classes[0].Name, classes[0].Probability)
	// Output: night 0.982
}
