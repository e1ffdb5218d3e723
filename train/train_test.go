package train_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

// Short names of what the tests of this package share with those of runfolder.
var (
	bars, tiny, linear = traintest.Bars, traintest.Tiny, traintest.Linear
	settings, device   = traintest.Config, traintest.Device

	hashOf, files, copyDir = traintest.HashOf, traintest.Files, traintest.CopyDir
)

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// fit trains tiny with the test's usual data.
func fit(t *testing.T, config train.Config) (*train.History, error) {
	t.Helper()
	return train.Fit(t.Context(), tiny(t, 3), bars(28), bars(10), config)
}

// whole is an uninterrupted run of settings: 4 epochs of 4 steps, the last of
// each with 4 images.
var whole struct {
	once    sync.Once
	dir     string
	history *train.History
	err     error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if whole.dir != "" {
		os.RemoveAll(whole.dir)
	}
	os.Exit(code)
}

// finished returns a copy of the folder of an uninterrupted run, and its
// history.
func finished(t *testing.T) (string, *train.History) {
	t.Helper()
	whole.once.Do(func() {
		if whole.dir, whole.err = os.MkdirTemp("", "whole"); whole.err == nil {
			whole.history, whole.err = fit(t, settings(whole.dir))
		}
	})
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	dir := filepath.Join(t.TempDir(), "whole")
	copyDir(t, dir, whole.dir)
	return dir, whole.history
}

// sameFiles compares all files but those that hold times.
func sameFiles(t *testing.T, got, want string) {
	t.Helper()
	if g, w := names(t, got), names(t, want); !slices.Equal(g, w) {
		t.Errorf("the run folder has %v, want %v", g, w)
	}
	for _, name := range names(t, want) {
		if strings.HasSuffix(name, ".safetensors") && hashOf(t, filepath.Join(got, name)) != hashOf(t, filepath.Join(want, name)) {
			t.Errorf("%s differs from that of a run that was not stopped", name)
		}
	}
}

// sameRows compares histories without times, and the files of a run with them.
func sameRows(t *testing.T, got, want *train.History, dir string) {
	t.Helper()
	timeless := func(rows []train.Row) []train.Row {
		rows = slices.Clone(rows)
		for i := range rows {
			rows[i].Seconds, rows[i].ImagesPerSecond = 0, 0
		}
		return rows
	}
	if g, w := timeless(got.Rows), timeless(want.Rows); !slices.Equal(g, w) || got.Steps != want.Steps {
		t.Errorf("after %d steps %+v, want after %d steps %+v", got.Steps, g, want.Steps, w)
	}
	if !slices.Equal(got.Points, want.Points) {
		t.Errorf("points %+v, want %+v", got.Points, want.Points)
	}
	if g := readCSV(t, dir); !slices.Equal(g, got.Rows) {
		t.Errorf("metrics.csv has %+v, want %+v", g, got.Rows)
	}
}

// readCSV reads metrics.csv back.
func readCSV(t *testing.T, dir string) (rows []train.Row) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if head := strings.Join(lines[0], ","); head != "epoch,train_loss,train_accuracy,test_accuracy,images_per_second,seconds,test_loss" {
		t.Errorf("metrics.csv begins with %s", head)
	}
	for _, line := range lines[1:] {
		number := make([]float64, len(line))
		for i, field := range line {
			if number[i], err = strconv.ParseFloat(field, 64); err != nil {
				t.Errorf("metrics.csv: %v", err)
			}
		}
		rows = append(rows, train.Row{
			Epoch: int(number[0]), TrainLoss: number[1], TrainAccuracy: number[2],
			TestAccuracy: number[3], ImagesPerSecond: number[4], Seconds: number[5], TestLoss: number[6],
		})
	}
	return rows
}

func TestFitWritesRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a [odd] name", "run")
	config := settings(dir)
	var lines []string
	var steps []train.StepInfo
	var epochs []train.EpochInfo
	var start train.StartInfo
	tested := 0
	config.Log = func(line string) { lines = append(lines, line) }
	config.Callbacks = train.Callbacks{
		OnStart: func(s train.StartInfo) { start = s },
		OnStep:  func(s train.StepInfo) { steps = append(steps, s) },
		OnTest:  func(done, total int) { tested = done*100 + total },
		OnEpoch: func(e train.EpochInfo) { epochs = append(epochs, e) },
	}
	model := tiny(t, 3)
	history, err := train.Fit(t.Context(), model, bars(28), bars(10), config)
	if err != nil {
		t.Fatal(err)
	}
	if len(history.Rows) != 4 || history.Steps != 16 || len(steps) != 16 || len(epochs) != 4 || len(lines) != 4 || tested != 1010 {
		t.Errorf("history %+v, %d steps, %d epochs, %d lines, tested %d", history, len(steps), len(epochs), len(lines), tested)
	}
	if start.Epochs != 4 || start.Batches != 4 || start.Step != 0 {
		t.Errorf("start %+v", start)
	}
	if first, last := history.Rows[0], history.Last(); !(last.TrainLoss < first.TrainLoss/2) || last.TestAccuracy < .9 {
		t.Errorf("it did not learn: %v, then %v", first, last)
	}
	if s := steps[3]; s.Epoch != 1 || s.Batch != 4 || s.Batches != 4 || s.Step != 4 || s.Loss != history.Rows[0].TrainLoss || s.LearningRate != .2 {
		t.Errorf("fourth step %+v, epoch %+v", s, history.Rows[0])
	}
	// Three of an epoch's four steps leave a point.
	if s, p := steps[5], history.Points; len(p) != 12 || p[4] != (train.Point{Epochs: 1.5, Loss: s.Loss, Accuracy: s.Accuracy}) {
		t.Errorf("points %+v, the sixth step %+v", p, s)
	}
	want := []string{"config.json", "log.txt", "metrics.csv", "metrics.jsonl", "model.safetensors", "optimizer-16.safetensors", "state.json"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("run folder has %v, want %v", got, want)
	}
	if got := readCSV(t, dir); !slices.Equal(got, history.Rows) {
		t.Errorf("metrics.csv has %+v, want %+v", got, history.Rows)
	}
	jsonl, _ := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	for i, line := range strings.Split(strings.TrimSpace(string(jsonl)), "\n") {
		var row train.Row
		if err := json.Unmarshal([]byte(line), &row); err != nil || row != history.Rows[i] {
			t.Errorf("metrics.jsonl, line %d: %v, %v, want %v", i+1, err, row, history.Rows[i])
		}
	}
	for i, r := range history.Rows {
		if r.Epoch != i+1 || !(r.ImagesPerSecond > 0) || !(r.Seconds > 0) || math.IsInf(r.ImagesPerSecond, 0) || epochs[i].Row != r || epochs[i].Step != 4*(i+1) {
			t.Errorf("row %d is %+v, its callback had %+v", i, r, epochs[i])
		}
	}
	saved, err := safetensors.Load(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range model.State() {
		if got, ok := saved.Get(e.Name); !ok || !got.Equal(e.Tensor) {
			t.Errorf("%s in model.safetensors differs from the model", e.Name)
		}
	}
	s, err := runfolder.ReadSettings(dir)
	if err != nil || s.Net != "tiny" || s.Data != "bars" || s.Epochs != 4 || s.BatchSize != 8 || s.LearningRate != .2 || s.Seed != 7 ||
		s.Optimizer != "sgd, momentum 0.9" || s.Device != "cpu" || !slices.Equal(s.Classes, bars(1).Classes()) || s.TrainImages != 28 || s.TestImages != 10 {
		t.Errorf("config.json says %+v, %v", s, err)
	}
	var state map[string]any
	b, _ := os.ReadFile(filepath.Join(dir, "state.json"))
	if err := json.Unmarshal(b, &state); err != nil || state["step"] != 16. || state["finished"] != true {
		t.Errorf("state.json: %v\n%s", err, b)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log.txt"))
	if !strings.Contains(string(log), "start: net tiny, data bars, 4 epochs") || !strings.Contains(string(log), lines[3]) {
		t.Errorf("log.txt:\n%s", log)
	}
}

func TestFitWithoutFolderOrTest(t *testing.T) {
	t.Chdir(t.TempDir())
	config := settings("")
	config.Epochs = 1
	history, err := train.Fit(t.Context(), tiny(t, 3), bars(5), nil, config)
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(history.Last().TestAccuracy) || len(names(t, ".")) != 0 {
		t.Errorf("%+v, files %v", history.Last(), names(t, "."))
	}
	line, err := json.Marshal(history.Last())
	if err != nil || !strings.Contains(string(line), `"test_accuracy":null`) {
		t.Errorf("%s, %v", line, err)
	}
	var back train.Row
	if err := json.Unmarshal(line, &back); err != nil || !math.IsNaN(back.TestAccuracy) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestDivergence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		bad        uint64 // step whose rate is absurd
		kept       bool
	}{
		{"at once", "there was no checkpoint yet", 0, false},
		{"in epoch 3", "the last good checkpoint is kept: ", 9, true},
		{"in the last step of epoch 2", "the last good checkpoint is kept: ", 7, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := settings(filepath.Join(t.TempDir(), "run"))
			config.Schedule = optim.ScheduleFunc(func(step uint64) float32 {
				if step == c.bad {
					return float32(math.Inf(1))
				}
				return .2
			})
			good := ""
			config.Callbacks.OnEpoch = func(e train.EpochInfo) { good = e.Checkpoint }
			_, err := train.Fit(t.Context(), tiny(t, 3), bars(28), bars(10), config)
			if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), fmt.Sprintf("epoch %d at step", c.bad/4+1)) {
				t.Fatalf("got %v", err)
			}
			if !c.kept {
				return
			}
			if !strings.HasSuffix(err.Error(), good) {
				t.Errorf("%v does not name %s", err, good)
			}
			saved, err := safetensors.Load(good)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range saved.Entries {
				for _, v := range e.Tensor.Data() {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("%s in %s holds %v", e.Name, good, v)
					}
				}
			}
			config.Schedule, config.Resume = optim.ScheduleFunc(func(uint64) float32 { return .2 }), true
			history, err := train.Fit(t.Context(), tiny(t, 3), bars(28), bars(10), config)
			if err != nil || math.IsNaN(history.Last().TrainLoss) {
				t.Errorf("the checkpoint is of no use: %v", err)
			}
		})
	}
}

func TestFitRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := errors.Join(os.Mkdir(full, 0o755), os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	wide, err := bars(6).Resize(7, 7)
	if err != nil {
		t.Fatal(err)
	}
	four, err := data.NewImages(make([]uint8, 36), []int{3}, tensor.Shape{1, 6, 6}, []string{"a", "b", "c", "d"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*train.Config)
		train  data.Dataset
		test   data.Dataset
		want   string
		late   bool // cannot be seen before the folder is made
	}{
		{"no epochs", func(c *train.Config) { c.Epochs = 0 }, nil, nil, "0 epochs: want at least 1", false},
		{"negative batch", func(c *train.Config) { c.BatchSize = -1 }, nil, nil, "batch size -1: want at least 1", false},
		{"no batch", func(c *train.Config) { c.BatchSize = 0 }, nil, nil, "batch size 0: want at least 1", false},
		{"no rate", func(c *train.Config) { c.LearningRate = 0 }, nil, nil, "learning rate 0: want a number above 0", false},
		{"NaN rate", func(c *train.Config) { c.LearningRate = float32(math.NaN()) }, nil, nil, "learning rate NaN", false},
		{"infinite rate", func(c *train.Config) { c.LearningRate = float32(math.Inf(1)) }, nil, nil, "learning rate +Inf", false},
		{"negative checkpoints", func(c *train.Config) { c.CheckpointEvery = -1 }, nil, nil, "a checkpoint every -1 epochs", false},
		{"negative workers", func(c *train.Config) { c.Workers = -1 }, nil, nil, "-1 workers", false},
		{"resume nowhere", func(c *train.Config) { c.Resume, c.Dir = true, "" }, nil, nil, "only be resumed from a folder", false},
		{"full folder", func(c *train.Config) { c.Dir = full }, nil, nil, "run folder is not empty: " + full, false},
		{"file as folder", func(c *train.Config) { c.Dir = filepath.Join(full, "thesis.txt") }, nil, nil, "open the run folder", false},
		{"image shape", nil, wide, nil, "images of the training set are 1×7×7, the network takes 1×6×6", false},
		{"test shape", nil, nil, wide, "images of the test set are 1×7×7", false},
		{"classes", nil, four, nil, "the network has 3 outputs, the training set 4 classes", false},
		{"empty", nil, must(data.Subset(bars(3), nil)), nil, "the training set has no images", false},
		{"label", nil, mislabelled{bars(20)}, nil, "image 5 of the training set has label 9: there are 3 classes", false},
		{"label seen late", nil, hidden{mislabelled{bars(20)}}, nil, "image 5 of the training set has label 9", true},
		{"unreadable image", nil, broken{bars(20)}, nil, "disk on fire", true},
		{"negative epochs", func(c *train.Config) { c.Epochs = -3 }, nil, nil, "-3 epochs", false},
		{"NaN rate with a schedule", func(c *train.Config) {
			c.LearningRate, c.Schedule = float32(math.NaN()), optim.Cosine{}
		}, nil, nil, "learning rate NaN", false},
		{"no test images", nil, nil, must(data.Subset(bars(3), nil)), "the test set has no images", false},
		{"test label", nil, nil, mislabelled{bars(20)}, "image 5 of the test set has label 9", false},
		{"test label seen late", nil, nil, hidden{mislabelled{bars(20)}}, "image 5 of the test set has label 9", true},
		{"unreadable test image", nil, nil, broken{bars(20)}, "test set: read image 7: disk on fire", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			config := settings(run)
			if c.change != nil {
				c.change(&config)
			}
			if c.train == nil {
				c.train = bars(6)
			}
			_, err := train.Fit(t.Context(), tiny(t, 3), c.train, c.test, config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
			if _, err := os.Stat(run); !c.late && err == nil {
				t.Errorf("the run folder was made, with %v", names(t, run))
			}
		})
	}
	if got := names(t, full); !slices.Equal(got, []string{"thesis.txt"}) {
		t.Errorf("the full folder has %v", got)
	}
}

func must(d data.Dataset, err error) data.Dataset {
	if err != nil {
		panic(err)
	}
	return d
}

type mislabelled struct{ *data.Images }

func (m mislabelled) Label(i int) int {
	if i == 5 {
		return 9
	}
	return m.Images.Label(i)
}

func (m mislabelled) Read(i int, pixels []float32) (int, error) {
	_, err := m.Images.Read(i, pixels)
	return m.Label(i), err
}

// hidden keeps the Label method from being seen.
type hidden struct{ data.Dataset }

type broken struct{ *data.Images }

func (b broken) Read(i int, pixels []float32) (int, error) {
	if i == 7 {
		return 0, errors.New("disk on fire")
	}
	return b.Images.Read(i, pixels)
}

// slowSet is a dataset that takes its time.
type slowSet struct {
	data.Dataset
	pause time.Duration
}

func (s slowSet) Read(i int, pixels []float32) (int, error) {
	time.Sleep(s.pause)
	return s.Dataset.Read(i, pixels)
}

// An epoch says which share of the training it waited for images.
func TestWaiting(t *testing.T) {
	t.Parallel()
	for pause, most := range map[time.Duration]bool{0: false, 3 * time.Millisecond: true} {
		c := settings("")
		c.Workers, c.Epochs = 1, 2
		c.Callbacks.OnEpoch = func(e train.EpochInfo) {
			if e.Waiting < 0 || e.Waiting > 1 || most && e.Waiting < 0.5 {
				t.Errorf("images that take %v: epoch %d waited %.3f of the time", pause, e.Epoch, e.Waiting)
			}
		}
		if _, err := train.Fit(t.Context(), tiny(t, 3), slowSet{bars(28), pause}, bars(10), c); err != nil {
			t.Fatal(err)
		}
	}
}
