package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/serve/internal/batch"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// constant is a network whose scores are its two parameters, whatever the picture.
func init() {
	zoo.Register(zoo.Spec{
		Name: "serve-test", Title: "serve-test", Doc: "A network for tests.", Input: tensor.Shape{1, 4, 4}, Classes: 2, Init: nn.Constant(0),
		Defaults: zoo.Defaults{Batch: 1, LearningRate: 1, Epochs: 1}, Sample: zoo.Defaults{Batch: 1, LearningRate: 1, Epochs: 1},
		New: func(classes int) nn.Layer { return nn.Sequential(nn.Flatten(), nn.Linear(classes)) },
	})
}

// model is a network that gives each class the same score.
func model(t testing.TB, score float32) *modelfolder.Model {
	t.Helper()
	spec, err := zoo.Get("serve-test")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(2), spec.Input, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range net.State() {
		if len(e.Tensor.Shape()) == 1 {
			copy(e.Tensor.Data(), []float32{score, score})
		}
	}
	return &modelfolder.Model{Path: "test", Spec: spec, Net: net, Classes: []string{"a", "b"}, Preprocessing: preprocess.Plain(spec.Input)}
}

func save(t testing.TB, score float32, dir string) {
	t.Helper()
	if err := model(t, score).Save(dir); err != nil {
		t.Fatal(err)
	}
}

func newRepository(t *testing.T) *Repository {
	t.Helper()
	r, err := New(Options{CPU: cpu.Options{Threads: 2}, Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// ask returns the score that a model gives.
func ask(r *Repository, name, version string) (float32, error) {
	v, err := r.Acquire(name, version)
	if err != nil {
		return 0, err
	}
	defer v.Release()
	out := make([]float32, 2)
	if _, err := v.Queue.Do(context.Background(), 1, make([]float32, 16), out); err != nil {
		return 0, err
	}
	if out[0] != out[1] {
		return 0, fmt.Errorf("a mixture of %v and %v", out[0], out[1])
	}
	return out[0], nil
}

func check(t *testing.T, r *Repository, name, version string, want float32) {
	t.Helper()
	if got, err := ask(r, name, version); err != nil || got != want {
		t.Errorf("%s version %q: %v, %v, want %v", name, version, got, err, want)
	}
}

// list is the index as text.
func list(r *Repository) string {
	var lines []string
	for _, s := range r.Index() {
		lines = append(lines, fmt.Sprintf("%s/%d %v", s.Name, s.Version, s.Ready))
	}
	return strings.Join(lines, ", ")
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	save(t, 1, filepath.Join(dir, "one"))
	save(t, 2, filepath.Join(dir, "two", "2"))
	save(t, 10, filepath.Join(dir, "two", "10"))
	save(t, 9, filepath.Join(dir, "two", "09"))   // no version
	save(t, 9, filepath.Join(dir, ".hidden"))     // no model
	save(t, 3, filepath.Join(dir, "two", "temp")) // no version
	m := model(t, 4)
	if err := m.SaveWeights(filepath.Join(dir, "file.safetensors"), modelfolder.WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "inside", "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveWeights(filepath.Join(dir, "inside", "1", "m.safetensors"), modelfolder.WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"notes.txt": "x", "broken.onnx": "x", "README.md": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := newRepository(t)
	if err := r.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	if got, want := list(r), "broken/1 false, file/1 true, inside/1 true, one/1 true, two/2 true, two/10 true"; got != want {
		t.Errorf("models %s, want %s", got, want)
	}
	check(t, r, "one", "", 1)
	check(t, r, "one", "1", 1)
	check(t, r, "two", "", 10)
	check(t, r, "two", "2", 2)
	check(t, r, "file", "", 4)
	check(t, r, "inside", "", 4)
	for _, missing := range [][2]string{{"three", ""}, {"two", "3"}, {"two", "02"}, {"two", "x"}, {"broken", ""}, {"broken", "1"}, {"", ""}} {
		var notFound *NotFoundError
		if _, err := ask(r, missing[0], missing[1]); !errors.As(err, &notFound) {
			t.Errorf("%q: error %v", missing, err)
		}
	}

	// New, changed and removed models.
	save(t, 5, filepath.Join(dir, "new"))
	save(t, 6, filepath.Join(dir, "one"))
	save(t, 11, filepath.Join(dir, "two", "11"))
	if err := os.RemoveAll(filepath.Join(dir, "inside")); err != nil {
		t.Fatal(err)
	}
	two, err := r.Acquire("two", "10")
	if err != nil {
		t.Fatal(err)
	}
	defer two.Release()
	if err := r.Reload(); err == nil || !strings.Contains(err.Error(), "broken.onnx") {
		t.Errorf("error %v", err)
	}
	check(t, r, "new", "", 5)
	check(t, r, "one", "", 6)
	check(t, r, "two", "", 11)
	if again, err := r.Acquire("two", "10"); err != nil || again != two {
		t.Errorf("a version that has not changed was loaded again (%v)", err)
	} else {
		again.Release()
	}
	if _, err := ask(r, "inside", ""); err == nil {
		t.Error("a model that is gone is served")
	}

	// A damaged model is served as before.
	if err := os.WriteFile(filepath.Join(dir, "one", "model.safetensors"), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Load("one"); err == nil {
		t.Error("a damaged model was loaded")
	}
	check(t, r, "one", "", 6)

	if err := r.Unload("two"); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(r, "two", ""); err == nil {
		t.Error("an unloaded model is served")
	}
	if err := r.Reload(); err == nil { // one is damaged
		t.Error("no error")
	}
	if got, want := list(r), "broken/1 false, file/1 true, new/1 true, one/1 true, two/2 false, two/10 false, two/11 false"; got != want {
		t.Errorf("models %s, want %s", got, want)
	}
	if err := r.Load("two"); err != nil {
		t.Fatal(err)
	}
	check(t, r, "two", "2", 2)
	var notFound *NotFoundError
	if err := errors.Join(r.Load("three")); !errors.As(err, &notFound) {
		t.Errorf("error %v", err)
	}
	if err := r.Unload("three"); !errors.As(err, &notFound) {
		t.Errorf("error %v", err)
	}
}

func TestOpenAndAdd(t *testing.T) {
	dir := t.TempDir()
	save(t, 1, filepath.Join(dir, "one"))
	save(t, 2, filepath.Join(dir, "two", "7"))
	r := newRepository(t)
	for _, c := range []struct{ name, path string }{{"", filepath.Join(dir, "one") + "/"}, {"two", filepath.Join(dir, "two")}} {
		if err := r.Open(c.name, c.path); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Add("three", model(t, 3)); err != nil {
		t.Fatal(err)
	}
	check(t, r, "one", "", 1)
	check(t, r, "two", "7", 2)
	check(t, r, "three", "", 3)
	for _, err := range []error{
		r.Add("one", model(t, 4)), r.Open("three", filepath.Join(dir, "one")), r.Open("x", filepath.Join(dir, "nothing")), r.Open("", dir),
		r.Add("a/b", model(t, 4)), r.Add("", model(t, 4)), r.Add("..", model(t, 4)), r.Add("a\n", model(t, 4)), r.Load("three"),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
	save(t, 8, filepath.Join(dir, "one"))
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	check(t, r, "one", "", 8)
	check(t, r, "three", "", 3)
	small := model(t, 1)
	small.Preprocessing.InputSize = tensor.Shape{1, 5, 5}
	if err := r.Add("small", small); err == nil {
		t.Error("preprocessing for another input")
	}
	if _, err := New(Options{Concurrency: -1}); err == nil {
		t.Error("fewer than no batches")
	}
}

// While a model is replaced again and again, each request gets an answer of one of its
// states, and the old ones are closed.
func TestReplaceUnderLoad(t *testing.T) {
	dir := t.TempDir()
	save(t, 0, filepath.Join(dir, "m"))
	r := newRepository(t)
	if err := r.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	var state atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				from := state.Load()
				got, err := ask(r, "m", "")
				to := state.Load() + 1 // it may be loaded already
				if err != nil || got < float32(from) || got > float32(to) {
					t.Errorf("%v, %v, want %d to %d", got, err, from, to)
				}
				asked.Add(1)
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	for i := 1; i <= 6; i++ {
		if i%2 == 0 { // files replaced in place
			save(t, float32(i), filepath.Join(dir, "m"))
		} else { // the folder is replaced
			save(t, float32(i), filepath.Join(dir, ".new"))
			if err := errors.Join(os.Rename(filepath.Join(dir, "m"), filepath.Join(dir, ".old")),
				os.Rename(filepath.Join(dir, ".new"), filepath.Join(dir, "m")), os.RemoveAll(filepath.Join(dir, ".old"))); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Reload(); err != nil {
			t.Fatal(err)
		}
		state.Store(int64(i))
	}
	close(stop)
	wg.Wait()
	check(t, r, "m", "", 6)
	if asked.Load() < 20 {
		t.Errorf("%d requests", asked.Load())
	}
	if err := r.Close(); err != nil { // it would wait for ever for a version that is not released
		t.Fatal(err)
	}
	if err := r.Add("late", model(t, 1)); err == nil {
		t.Error("a closed repository takes a model")
	}
}

// A replaced version answers the requests that it has, and is closed after the last.
func TestOldVersionFinishes(t *testing.T) {
	r := newRepository(t)
	if err := r.Add("m", model(t, 1)); err != nil {
		t.Fatal(err)
	}
	v, err := r.Acquire("m", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Unload("m"); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 2)
	if _, err := v.Queue.Do(t.Context(), 1, make([]float32, 16), out); err != nil || out[0] != 1 {
		t.Errorf("%v, %v", out, err)
	}
	v.Release()
	if _, err := v.Queue.Do(t.Context(), 1, make([]float32, 16), out); !errors.Is(err, batch.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// Reading waits until files have stopped changing.
func TestChangesWhileReading(t *testing.T) {
	dir := t.TempDir()
	save(t, 1, dir)
	loads := 0
	r, err := New(Options{CPU: cpu.Options{Threads: 1}, Load: func(path string) (*modelfolder.Model, error) {
		if loads++; loads < 3 {
			time.Sleep(2 * time.Millisecond) // so that the time of the file differs
			save(t, float32(loads+1), path)
			return nil, errors.New("half of it")
		}
		return modelfolder.Load(path, modelfolder.Options{})
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Open("m", dir); err != nil {
		t.Fatal(err)
	}
	if check(t, r, "m", "", 3); loads != 3 {
		t.Errorf("read %d times", loads)
	}
}

// Weights that do not name their network are recognized.
func TestRecognized(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	if err := (&safetensors.File{Entries: model(t, 1).Net.State()}).Save(path); err != nil {
		t.Fatal(err)
	}
	if m, err := LoadRecognized(path); err != nil || m.Spec.Name != "serve-test" {
		t.Errorf("%v", err)
	}
	if _, err := LoadRecognized(filepath.Join(dir, "nothing.pth")); err == nil {
		t.Error("no error")
	}
}

// The memory of models that are replaced is released.
func TestMemoryOfReplacedModels(t *testing.T) {
	dir := t.TempDir()
	save(t, 0, filepath.Join(dir, "m"))
	r := newRepository(t)
	if err := r.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	goroutines := 0
	for i := range 30 {
		if i == 10 {
			goroutines = runtime.NumGoroutine()
		}
		if err := r.Load("m"); err != nil {
			t.Fatal(err)
		}
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines after 30 loads, %d after 10", now, goroutines)
	}
	if !slices.Equal(r.Versions("m"), []int{1}) || r.Versions("x") != nil {
		t.Errorf("versions %v", r.Versions("m"))
	}
}

type closer struct{ closed *int }

func (c closer) Close() error { *c.closed++; return nil }

// What is attached to a version is made once, and closed with the version: after its last request.
func TestAttached(t *testing.T) {
	r := newRepository(t)
	if err := r.Add("m", model(t, 1)); err != nil {
		t.Fatal(err)
	}
	v, err := r.Acquire("m", "")
	if err != nil {
		t.Fatal(err)
	}
	made, closed := 0, 0
	if _, err := v.Attached(func() (io.Closer, error) { return nil, io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if _, err := v.Attached(func() (io.Closer, error) { made++; return closer{&closed}, nil }); err != nil {
			t.Error(err)
		}
	}
	if err := r.Unload("m"); err != nil {
		t.Fatal(err)
	}
	if made != 1 || closed != 0 {
		t.Errorf("made %d times, closed %d times while a request is under way", made, closed)
	}
	v.Release()
	if closed != 1 {
		t.Errorf("closed %d times", closed)
	}
}
