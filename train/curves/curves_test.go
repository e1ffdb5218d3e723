package curves_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/internal/fonts/fonttest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/curves"
)

// A run folder with curves.png and curves.svg.
func ExampleFiles() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	set, err := data.NewImages(make([]uint8, 8*4), []int{0, 1, 0, 1, 0, 1, 0, 1}, tensor.Shape{1, 2, 2}, []string{"even", "odd"})
	if err != nil {
		panic(err)
	}
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2)), tensor.Shape{1, 2, 2}, nn.Options{})
	if err != nil {
		panic(err)
	}
	config := train.Config{Epochs: 1, BatchSize: 4, LearningRate: 0.1, Dir: dir}
	config.Callbacks.OnHistory = curves.Files(config)
	if _, err := train.Fit(context.Background(), model, set, nil, config); err != nil {
		panic(err)
	}
	pictures, err := filepath.Glob(filepath.Join(dir, "curves.*"))
	fmt.Println(len(pictures), err)
	// Output: 2 <nil>
}

func TestFigure(t *testing.T) {
	h := &train.History{
		Points: []train.Point{{Epochs: 0.5, Loss: 2, Accuracy: 0.25}, {Epochs: 1.5, Loss: 0.5, Accuracy: 0.75}},
		Rows:   []train.Row{{Epoch: 1, TrainLoss: 1, TrainAccuracy: 0.5, TestAccuracy: 0.625}, {Epoch: 2, TrainLoss: 0.25, TrainAccuracy: 1, TestAccuracy: math.NaN()}},
	}
	f := curves.Figure("a title", h)
	if f.Title != "a title" {
		t.Errorf("title %q", f.Title)
	}
	for i, want := range [][2][]float64{
		{{0.5, 1, 1.5, 2}, {2, 1, 0.5, 0.25}},
		{{0.5, 1, 1.5, 2}, {0.25, 0.5, 0.75, 1}},
		{{1}, {0.625}},
	} {
		if l := f.Lines[i]; !slices.Equal(l.X, want[0]) || !slices.Equal(l.Y, want[1]) {
			t.Errorf("%s: %v, %v", l.Name, l.X, l.Y)
		}
	}
}

// Without accuracy there is the loss alone.
func TestFigureWithoutAccuracy(t *testing.T) {
	nan := math.NaN()
	h := &train.History{
		Points: []train.Point{{Epochs: 0.5, Loss: 2, Accuracy: nan}},
		Rows: []train.Row{
			{Epoch: 1, TrainLoss: 1, TrainAccuracy: nan, TestLoss: 0.75, TestAccuracy: nan},
			{Epoch: 2, TrainLoss: 0.5, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan},
		},
	}
	f := curves.Figure("", h)
	if len(f.Lines) != 2 || f.Lines[0].Name != "train loss" || f.Lines[1].Name != "test loss" {
		t.Fatalf("lines %+v", f.Lines)
	}
	if l := f.Lines[0]; !slices.Equal(l.X, []float64{0.5, 1, 2}) || !slices.Equal(l.Y, []float64{2, 1, 0.5}) {
		t.Errorf("train loss: %v, %v", l.X, l.Y)
	}
	if l := f.Lines[1]; !slices.Equal(l.X, []float64{1}) || !slices.Equal(l.Y, []float64{0.75}) {
		t.Errorf("test loss: %v, %v", l.X, l.Y)
	}
}

// trained trains for two epochs, with curves.
func trained(ctx context.Context, t *testing.T, dir string, change func(*train.Config)) error {
	t.Helper()
	set, err := data.NewImages(make([]uint8, 8*4), []int{0, 1, 0, 1, 0, 1, 0, 1}, tensor.Shape{1, 2, 2}, []string{"even", "odd"})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2)), tensor.Shape{1, 2, 2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := train.Config{Epochs: 2, BatchSize: 4, LearningRate: 0.1, Dir: dir, Net: "tiny", Data: "zeros"}
	config.Callbacks.OnHistory = curves.Files(config)
	change(&config)
	_, err = train.Fit(ctx, model, set, set, config)
	return err
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	if err := trained(t.Context(), t, dir, func(*train.Config) {}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "curves.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 100 {
		t.Errorf("curves.png: %v", err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "curves.svg"))
	if err != nil || !strings.Contains(string(svg), "tiny on zeros") {
		t.Errorf("curves.svg has no title (%v)", err)
	}
	elements := 0
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; elements++ {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("curves.svg: %v", err)
		}
	}
	if elements < 10 {
		t.Errorf("curves.svg has %d elements", elements)
	}
}

// Control characters, which XML forbids, do not come from the name of the data.
func TestTitleIsEscaped(t *testing.T) {
	dir := t.TempDir()
	if err := trained(t.Context(), t, dir, func(c *train.Config) {
		c.Data = "a\x1b\nb"
		c.Callbacks.OnHistory = curves.Files(*c)
	}); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "curves.svg"))
	if err != nil || !strings.Contains(string(svg), `tiny on a\u001b\nb`) || strings.Contains(string(svg), "\x1b") {
		t.Errorf("curves.svg has another title (%v): %.300q", err, svg)
	}
}

// The curves of a run that is interrupted show the epochs that it did, if any.
func TestFilesOfAnInterruptedRun(t *testing.T) {
	for step, want := range map[int]bool{1: false, 3: true} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		err := trained(ctx, t, dir, func(c *train.Config) {
			c.Callbacks.OnStep = func(s train.StepInfo) {
				if s.Step == step {
					_ = os.Remove(filepath.Join(dir, "curves.png")) // that of the first epoch
					cancel()
				}
			}
		})
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "curves.png")); (err == nil) != want {
			t.Errorf("interrupted after step %d: %v", step, err)
		}
	}
}

// What stands in the way of a file ends the training with an error that names it.
func TestFilesThatCannotBeWritten(t *testing.T) {
	for _, name := range []string{"curves.png", "curves.svg"} {
		dir := t.TempDir()
		err := trained(t.Context(), t, dir, func(c *train.Config) {
			c.Callbacks.OnStart = func(train.StartInfo) {
				if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
					t.Error(err)
				}
			}
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

// A run whose data have a Chinese name gets its curves with or without a font.
func TestChineseTitle(t *testing.T) {
	h := &train.History{Rows: []train.Row{{Epoch: 1, TrainLoss: 1, TrainAccuracy: 0.5, TestAccuracy: 0.625}}}
	draw := func(files map[string][]byte, data string) (png, svg string) {
		t.Helper()
		fonttest.Install(t, files)
		dir := t.TempDir()
		if err := curves.Files(train.Config{Dir: dir, Net: "lenet", Data: data})(h, true); err != nil {
			t.Fatal(err)
		}
		var contents []string
		for _, name := range []string{"curves.png", "curves.svg"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			contents = append(contents, string(b))
		}
		return contents[0], contents[1]
	}
	drawn, svg := draw(map[string][]byte{"cjk.ttf": fonttest.TrueType(fonttest.Font{Family: "CJK", Runes: "数据"})}, "数据")
	escaped, same := draw(nil, "数据")
	ascii, _ := draw(nil, `\u6570\u636e`)
	if drawn == escaped || escaped != ascii {
		t.Error("without a font the title is not written as numbers")
	}
	if svg != same || !strings.Contains(svg, ">lenet on 数据</text>") {
		t.Error("the SVG depends on fonts")
	}
}
