package runs_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/train/runs"
)

func settings() runfolder.Settings {
	return runfolder.Settings{
		Version: 1, Net: "tiny", Data: "bars", Input: tensor.Shape{1, 6, 6}, Classes: []string{"a", "b", "c"},
		TrainImages: 8, TestImages: 4, Epochs: 3, BatchSize: 8, LearningRate: 0.1, Optimizer: "SGD",
	}
}

// write leaves a run with so many epochs done, written to at a time. It is open: the
// caller closes it.
func write(t *testing.T, dir string, s runfolder.Settings, epochs int, at time.Time) *runfolder.Folder {
	t.Helper()
	f, err := runfolder.Create(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := []float64{0.5, 0.75, 0.7}
	p := runfolder.Position{Version: 1, Epoch: epochs, Step: epochs, Finished: epochs == s.Epochs}
	for i := range epochs {
		p.Rows = append(p.Rows, runfolder.Row{Epoch: i + 1, TrainLoss: 1 / float64(i+1), TrainAccuracy: 0.9, TestLoss: 1, TestAccuracy: accuracy[i], ImagesPerSecond: 100, Seconds: 2})
	}
	if epochs > 0 {
		model := traintest.Tiny(t, 3)
		if _, err := f.Save(&p, model, new(optim.State)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"config.json", "log.txt", "state.json"} {
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return f
}

func closed(t *testing.T, f *runfolder.Folder) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	day := func(d int) time.Time { return time.Date(2031, 1, d, 0, 0, 0, 0, time.UTC) }
	closed(t, write(t, in("finished"), settings(), 3, day(2)))
	closed(t, write(t, in("deep", "down", "interrupted"), settings(), 2, day(4)))
	closed(t, write(t, in("deep", "deeper", "deepest", "unseen"), settings(), 2, day(4)))
	closed(t, write(t, in("new"), settings(), 0, day(3)))
	running := write(t, in("running"), settings(), 1, day(1))
	defer closed(t, running)
	closed(t, write(t, in("no weights"), settings(), 1, day(5)))
	if err := errors.Join(
		os.Remove(in("no weights", "model.safetensors")), os.Remove(in("no weights", "checkpoint-1.safetensors")),
		os.MkdirAll(in("model"), 0o755), os.WriteFile(in("model", "config.json"), []byte(`{"architecture": "resnet18"}`), 0o644),
		os.MkdirAll(in("half"), 0o755), os.WriteFile(in("half", "config.json"), []byte(`{"version"`), 0o644),
		os.MkdirAll(in("headless"), 0o755), os.WriteFile(in("headless", "state.json"), []byte(`{}`), 0o644),
		os.MkdirAll(in("finished", "model"), 0o755), os.WriteFile(in("finished", "model", "config.json"), []byte(`{"net": "tiny"}`), 0o644),
		os.WriteFile(in("a file"), nil, 0o644), os.MkdirAll(in("empty"), 0o755),
	); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"half", "headless"} {
		if err := errors.Join(os.Chtimes(in(name), day(7+i), day(7+i)), chtimesIfThere(in(name, "config.json"), day(7+i))); err != nil {
			t.Fatal(err)
		}
	}
	before := traintest.Files(t, in("running"))
	found, err := runs.List(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range found {
		line := fmt.Sprintf("%s %s %d/%d", filepath.ToSlash(r.Name), r.State, len(r.History.Rows), r.Settings.Epochs)
		if r.Err != nil {
			line += " " + r.Err.Error()
		}
		if r.Writer != nil {
			line += fmt.Sprintf(" pid %v", r.Writer.PID == os.Getpid())
		}
		got = append(got, strings.ReplaceAll(line, root+string(filepath.Separator), ""))
	}
	running2 := "running running 1/3 pid true"
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		running2 = "running interrupted 1/3"
	}
	want := []string{
		"headless damaged 0/0 no run in headless: config.json is missing",
		"half damaged 0/0 half" + string(filepath.Separator) + "config.json is damaged: unexpected end of JSON input",
		"no weights damaged 0/0 checkpoint no weights" + string(filepath.Separator) + "checkpoint-1.safetensors is missing",
		"deep/down/interrupted interrupted 2/3",
		"new interrupted 0/3",
		"finished finished 3/3",
		running2,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if after := traintest.Files(t, in("running")); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("listing changed a run from %v to %v", before, after)
	}
	if one, err := runs.List(in("finished")); err != nil || len(one) != 1 || one[0].Name != "finished" {
		t.Errorf("a run folder itself: %v, %v", one, err)
	}
	if _, err := runs.List(in("nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := runs.List(in("a file")); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("got %v", err)
	}
}

func chtimesIfThere(path string, at time.Time) error {
	if err := os.Chtimes(path, at, at); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func TestBest(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	row := func(epoch int, loss, train, testLoss, test float64) runfolder.Row {
		return runfolder.Row{Epoch: epoch, TrainLoss: loss, TrainAccuracy: train, TestLoss: testLoss, TestAccuracy: test, Seconds: 1.5}
	}
	for _, c := range []struct {
		rows     []runfolder.Row
		epoch    int
		accuracy float64
	}{
		{nil, 0, 0},
		{[]runfolder.Row{row(1, 1, .9, 1, .5), row(2, 2, .8, 1, .7), row(3, 2, .95, 1, .7)}, 2, .7},
		{[]runfolder.Row{row(1, 1, .9, nan, nan), row(2, 2, .8, nan, nan)}, 1, .9},
		{[]runfolder.Row{row(1, 1, nan, 3, nan), row(2, 2, nan, 2, nan)}, 2, nan},
		{[]runfolder.Row{row(1, 1, nan, nan, nan), row(2, 2, nan, nan, nan)}, 1, nan},
	} {
		r := runs.Run{History: &runfolder.History{Rows: c.rows}}
		best, ok := r.Best()
		if ok != (c.epoch > 0) || best.Epoch != c.epoch || ok && fmt.Sprint(runs.Accuracy(best)) != fmt.Sprint(c.accuracy) {
			t.Errorf("%v: epoch %d, accuracy %v", c.rows, best.Epoch, runs.Accuracy(best))
		}
		if s := r.Seconds(); s != 1.5*float64(len(c.rows)) {
			t.Errorf("%v seconds", s)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	a, b := settings(), settings()
	a.Options = map[string]string{"data": "sample", "limit": "8"}
	b.Options = map[string]string{"data": "sample", "momentum": "0.9"}
	b.LearningRate, b.Optimizer, b.Input, b.Schedule = 0.05, "SGD, momentum 0.9", tensor.Shape{1, 8, 8}, "cosine"
	got, err := runs.Compare(&runs.Run{Settings: a}, &runs.Run{Settings: b}, &runs.Run{Settings: a})
	want := []runs.Difference{
		{Setting: "options.momentum", Values: []string{"", "0.9", ""}},
		{Setting: "options.limit", Values: []string{"8", "", "8"}},
		{Setting: "input", Values: []string{"[1,6,6]", "[1,8,8]", "[1,6,6]"}},
		{Setting: "learning_rate", Values: []string{"0.1", "0.05", "0.1"}},
		{Setting: "schedule", Values: []string{"", "cosine", ""}},
		{Setting: "optimizer", Values: []string{"SGD", "SGD, momentum 0.9", "SGD"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if same, err := runs.Compare(&runs.Run{Settings: a}, &runs.Run{Settings: a}); err != nil || same != nil {
		t.Errorf("got %v, %v", same, err)
	}
	broken := errors.New("broken")
	if _, err := runs.Compare(&runs.Run{Settings: a}, &runs.Run{Name: "x", Err: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func ExampleList() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	f, err := runfolder.Create(filepath.Join(dir, "first"), settings())
	if err != nil {
		panic(err)
	}
	f.Close()
	found, err := runs.List(dir)
	if err != nil {
		panic(err)
	}
	for _, r := range found {
		fmt.Println(r.Name, r.State, len(r.History.Rows), "of", r.Settings.Epochs, "epochs")
	}
	// Output: first interrupted 0 of 3 epochs
}
