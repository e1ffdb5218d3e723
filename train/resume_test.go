package train_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

// resume continues a run with the settings of whole and compares the result.
func resume(t *testing.T, dir string) {
	t.Helper()
	want, history := finished(t)
	config := settings(dir)
	config.Resume = true
	got, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, dir, want)
	sameRows(t, got, history, dir)
}

// A run that stops at any point goes on to the same weights.
func TestResumeGivesTheSameBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		step  int // where it stops
		kill  bool
		every int
	}{
		{"interrupted in the first epoch", 1, false, 1},
		{"interrupted in epoch 3", 10, false, 1},
		{"interrupted at the end of an epoch", 8, false, 1},
		{"interrupted after the last step", 16, false, 1},
		{"killed in epoch 3", 10, true, 1},
		{"killed in the first epoch", 2, true, 1},
		{"killed in epoch 2, before the first checkpoint", 6, true, 2},
		{"killed between checkpoints", 14, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			config := settings(filepath.Join(dir, "run"))
			config.CheckpointEvery = c.every
			ctx, cancel := context.WithCancel(t.Context())
			left := filepath.Join(dir, "left")
			config.Callbacks.OnStep = func(s train.StepInfo) {
				if s.Step == c.step {
					if c.kill { // what a process that dies here leaves
						copyDir(t, left, config.Dir)
					}
					cancel()
				}
			}
			_, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config)
			if !errors.Is(err, train.ErrInterrupted) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprintf("after step %d", c.step)) {
				t.Fatalf("got %v", err)
			}
			if c.kill {
				config.Dir = left
			}
			resume(t, config.Dir)
		})
	}
}

// A run that is stopped after each of its steps still gets there.
func TestResumeAfterEachStep(t *testing.T) {
	t.Parallel()
	want, history := finished(t)
	config := settings(filepath.Join(t.TempDir(), "run"))
	for range 16 {
		ctx, cancel := context.WithCancel(t.Context())
		config.Callbacks.OnStep = func(train.StepInfo) { cancel() }
		if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config); !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		config.Resume = true
	}
	config.Callbacks = train.Callbacks{}
	got, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, config.Dir, want)
	sameRows(t, got, history, config.Dir)
}

func TestInterruptBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	config := settings(filepath.Join(t.TempDir(), "run"))
	history, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config)
	if !errors.Is(err, train.ErrInterrupted) || !errors.Is(err, cause) || history == nil || history.Steps != 0 || history.Last() != (train.Row{}) {
		t.Errorf("%+v, %v", history, err)
	}
	resume(t, config.Dir)

	config = settings("")
	if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config); !errors.Is(err, train.ErrInterrupted) || strings.Contains(err.Error(), "saved") {
		t.Errorf("without a folder: %v", err)
	}
}

func TestInterruptWhileTesting(t *testing.T) {
	t.Parallel()
	config := settings(filepath.Join(t.TempDir(), "run"))
	ctx, cancel := context.WithCancel(t.Context())
	config.Callbacks.OnTest = func(int, int) { cancel() }
	if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), config); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	resume(t, config.Dir)
}

// Without momentum there is no file for the optimizer.
func TestResumePlainSGD(t *testing.T) {
	t.Parallel()
	weights := func(stop int) string {
		config := settings(filepath.Join(t.TempDir(), "run"))
		config.Optimizer = optim.SGD{}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		config.Callbacks.OnStep = func(s train.StepInfo) {
			if s.Step == stop {
				cancel()
			}
		}
		_, err := train.Fit(ctx, tiny(t, 3), bars(28), nil, config)
		if errors.Is(err, train.ErrInterrupted) {
			config.Resume = true
			_, err = train.Fit(t.Context(), tiny(t, 3), bars(28), nil, config)
		}
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(names(t, config.Dir), func(name string) bool { return strings.HasPrefix(name, "optimizer") }) {
			t.Errorf("the folder has %v", names(t, config.Dir))
		}
		return hashOf(t, filepath.Join(config.Dir, "model.safetensors"))
	}
	if weights(7) != weights(0) {
		t.Error("the weights differ")
	}
}

func TestExtendFinishedRun(t *testing.T) {
	t.Parallel()
	dir, history := finished(t)
	config := settings(dir)
	config.Resume = true
	before := files(t, dir)
	said := ""
	config.Log = func(line string) { said += line }
	got, err := fit(t, config)
	if err != nil || !strings.Contains(said, "nothing to do: 4 of 4 epochs are done") {
		t.Errorf("%v, %q", err, said)
	}
	sameRows(t, got, history, dir)
	before["log.txt"] = hashOf(t, filepath.Join(dir, "log.txt"))
	if after := files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("a finished run was changed from %v to %v", before, after)
	}
	config.Epochs = 6
	if got, err = fit(t, config); err != nil {
		t.Fatal(err)
	}
	six := settings(filepath.Join(t.TempDir(), "six"))
	six.Epochs = 6
	want, err := fit(t, six)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, dir, six.Dir)
	sameRows(t, got, want, dir)
	if s, err := runfolder.ReadSettings(dir); err != nil || s.Epochs != 6 {
		t.Errorf("config.json has %d epochs, %v", s.Epochs, err)
	}
}

// A process that dies between two files leaves a folder that can be resumed.
// A folder in the place of a file makes Fit fail just before it writes it.
func TestKilledWhileSaving(t *testing.T) {
	t.Parallel()
	type point struct {
		epoch int
		name  string
	}
	var points []point
	for _, epoch := range []int{1, 4} {
		for _, name := range []string{
			fmt.Sprintf("checkpoint-%d.safetensors", 4*epoch), fmt.Sprintf("optimizer-%d.safetensors", 4*epoch),
			"state.json", "model.safetensors", "metrics.csv", "metrics.jsonl",
		} {
			points = append(points, point{epoch, name})
		}
	}
	points = append(points, point{2, "state.json"}, point{2, "model.safetensors"})
	for _, c := range points {
		t.Run(fmt.Sprintf("epoch %d before %s", c.epoch, c.name), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			config := settings(filepath.Join(dir, "run"))
			path, aside := filepath.Join(config.Dir, c.name), filepath.Join(dir, "aside")
			config.Callbacks.OnStep = func(s train.StepInfo) {
				if s.Step == 4*c.epoch {
					_ = os.Rename(path, aside) // if it is there
					if err := os.Mkdir(path, 0o755); err != nil {
						t.Error(err)
					}
				}
			}
			_, err := fit(t, config)
			if err == nil || !strings.Contains(err.Error(), c.name) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			_ = os.Rename(aside, path)
			if err := os.WriteFile(filepath.Join(config.Dir, "."+c.name+".01234567.tmp"), []byte("half"), 0o644); err != nil {
				t.Fatal(err)
			}
			resume(t, config.Dir)
		})
	}
}

// The last checkpoint is written in two steps: state.json first names a file
// of its own, then model.safetensors.
func TestKilledAtTheEnd(t *testing.T) {
	t.Parallel()
	want, _ := finished(t)
	config := settings(filepath.Join(t.TempDir(), "run"))
	path := filepath.Join(config.Dir, "model.safetensors")
	config.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 16 {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := fit(t, config); err == nil {
		t.Fatal("it went on")
	}
	if err := errors.Join(os.Remove(path), os.CopyFS(filepath.Join(config.Dir, "x"), os.DirFS(want))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(filepath.Join(config.Dir, "x", "model.safetensors"), path), os.RemoveAll(filepath.Join(config.Dir, "x"))); err != nil {
		t.Fatal(err)
	}
	resume(t, config.Dir)
}

// The folder as it is at every callback can be resumed.
func TestKilledAtEveryCallback(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := settings(filepath.Join(dir, "run"))
	config.Epochs = 2
	var copies []string
	snapshot := func(name string) {
		to := filepath.Join(dir, fmt.Sprintf("%d-%s", len(copies), name))
		copyDir(t, to, config.Dir)
		copies = append(copies, to)
	}
	config.Callbacks = train.Callbacks{
		OnStart: func(train.StartInfo) { snapshot("start") },
		OnStep:  func(train.StepInfo) { snapshot("step") },
		OnTest:  func(int, int) { snapshot("test") },
		OnEpoch: func(train.EpochInfo) { snapshot("epoch") },
	}
	want, err := fit(t, config)
	if err != nil {
		t.Fatal(err)
	}
	if len(copies) != 1+8+4+2 {
		t.Errorf("%d callbacks: %v", len(copies), copies)
	}
	for _, left := range copies {
		t.Run(filepath.Base(left), func(t *testing.T) {
			again := config
			again.Dir, again.Resume, again.Callbacks = left, true, train.Callbacks{}
			got, err := fit(t, again)
			if err != nil {
				t.Fatal(err)
			}
			sameFiles(t, left, config.Dir)
			sameRows(t, got, want, left)
		})
	}
}

// Each file of an interrupted run is lost or cut in turn. Either the
// run goes on to the same bits, or the error says what is wrong and the folder
// stays as it is.
func TestLostFiles(t *testing.T) {
	t.Parallel()
	whole := settings(filepath.Join(t.TempDir(), "run"))
	ctx, cancel := context.WithCancel(t.Context())
	whole.Callbacks.OnStep = func(s train.StepInfo) {
		if s.Step == 10 {
			cancel()
		}
	}
	if _, err := train.Fit(ctx, tiny(t, 3), bars(28), bars(10), whole); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	needed := []string{"config.json", "state.json", "optimizer-10.safetensors"}
	for _, name := range names(t, whole.Dir) {
		for how, spoil := range map[string]func(path string) error{
			"lost": os.Remove,
			"cut":  func(path string) error { return os.Truncate(path, 30) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "run")
				copyDir(t, dir, whole.Dir)
				if err := spoil(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(needed, name) { // it is written again, or there is a copy
					resume(t, dir)
					return
				}
				before := files(t, dir)
				config := settings(dir)
				config.Resume = true
				if _, err := fit(t, config); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v", err)
				}
				if after := files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
					t.Errorf("the folder was changed from %v to %v", before, after)
				}
			})
		}
	}
}
