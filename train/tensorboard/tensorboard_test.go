package tensorboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
)

// An event file has the bytes that TensorBoard's own code writes.
func TestGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_700_000_000-1, 250_000_000)
	steps := -1 // Create asks for the time of the file's name first
	w, err := create(t.TempDir(), func() time.Time { steps++; return at.Add(time.Duration(steps) * time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Scalar("train/loss", 1, 2.5), w.Scalar("learning_rate", 300, 0),
		w.Text("notes", 70000, "*ants* – bees"), w.Restart(301), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), w.Path()) {
		t.Errorf("a second Close: %v", err)
	}
	if err := w.Scalar("a", 1, 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Files of a folder sort in the order in which they were made, even within a second
// and where a clock goes back.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for _, unix := range []int64{1_700_000_000, 1_700_000_000, 1_600_000_000, 1_800_000_000} {
		w, err := create(dir, func() time.Time { return time.Unix(unix, 0) })
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, w.Path())
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 4 || !strings.Contains(names[3], ".tfevents.1800000000.") {
		t.Error(names)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(file, "below")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Image("empty", 1, image.NewRGBA(image.Rectangle{})); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(w.Scalar("still", 1, 1), w.Close()); err != nil {
		t.Errorf("an empty picture spoils the file: %v", err)
	}
}

// record is an event as far as the tests read it.
type record struct {
	step  uint64
	tag   string
	start bool // of a session
}

// read reads the event files of a folder with a reader of its own.
func read(t *testing.T, dir string) (files int, records []record) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for len(b) > 0 {
			n := int(uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16)
			data := b[12 : 12+n]
			if again := appendRecord(nil, data); !bytes.Equal(again, b[:len(again)]) {
				t.Fatalf("%s: a record has other checksums", path)
			}
			b = b[16+n:]
			records = append(records, parse(t, data))
		}
	}
	return len(paths), records
}

// fields calls f for each field of a message.
func fields(t *testing.T, m []byte, f func(field int, number uint64, data []byte)) {
	t.Helper()
	varint := func() (v uint64) {
		for shift := 0; ; shift += 7 {
			c := m[0]
			m = m[1:]
			v |= uint64(c&127) << shift
			if c < 128 {
				return v
			}
		}
	}
	for len(m) > 0 {
		key := varint()
		switch key & 7 {
		case wireVarint:
			f(int(key>>3), varint(), nil)
		case wireFixed64:
			m = m[8:]
		case wireFixed32:
			m = m[4:]
		case wireBytes:
			n := varint()
			f(int(key>>3), 0, m[:n])
			m = m[n:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
	}
}

func parse(t *testing.T, data []byte) (r record) {
	t.Helper()
	fields(t, data, func(field int, number uint64, data []byte) {
		switch field {
		case 2:
			r.step = number
		case sessionLog:
			r.start = true
		case summary:
			fields(t, data, func(_ int, _ uint64, value []byte) {
				fields(t, value, func(field int, _ uint64, data []byte) {
					if field == 1 {
						r.tag = string(data)
					}
				})
			})
		}
	})
	return r
}

// steps returns the steps of a tag.
func steps(records []record, tag string) (steps []uint64) {
	for _, r := range records {
		if r.tag == tag {
			steps = append(steps, r.step)
		}
	}
	return steps
}

// fit trains Tiny on four batches an epoch, until the step if it is not 0.
func fit(t *testing.T, config train.Config, until int, o Options) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := map[string]int{}
	config.Callbacks = train.Callbacks{
		OnStart: func(train.StartInfo) { heard["start"]++ },
		OnStep: func(s train.StepInfo) {
			heard["step"]++
			if s.Step == until {
				cancel()
			}
		},
		OnHistory: func(*train.History, bool) error { heard["history"]++; return nil },
	}
	stop := Attach(&config, o)
	_, err := train.Fit(ctx, traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10), config)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err == nil && (heard["start"] > 1 || heard["history"] == 0 || (heard["start"] == 0) != (heard["step"] == 0)) {
		t.Errorf("the callbacks that were there heard %v", heard)
	}
	return err
}

// A run, interrupted within its second epoch and resumed.
func TestAttach(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	config := traintest.Config(dir)
	config.Epochs = 3
	if err := fit(t, config, 6, Options{}); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	if _, records := read(t, dir); !slices.Equal(steps(records, "train/loss"), []uint64{4}) || !slices.Equal(steps(records, "train/batch_loss"), []uint64{1, 2, 3, 4, 5, 6}) ||
		len(steps(records, "settings")) != 1 {
		t.Errorf("first part: %v", records)
	}
	config.Resume = true
	if err := fit(t, config, 0, Options{}); err != nil {
		t.Fatal(err)
	}
	files, records := read(t, dir)
	if files != 2 {
		t.Errorf("%d files", files)
	}
	for _, tag := range []string{"train/loss", "train/accuracy", "test/loss", "test/accuracy", "images_per_second"} {
		if got := steps(records, tag); !slices.Equal(got, []uint64{4, 8, 12}) {
			t.Errorf("%s at %v", tag, got)
		}
	}
	if got := steps(records, "learning_rate"); len(got) != 12 || got[11] != 12 {
		t.Errorf("learning_rate at %v", got)
	}
	started := slices.IndexFunc(records, func(r record) bool { return r.start })
	if started < 0 || records[started].step != 7 {
		t.Errorf("the second part starts at %v of %v", started, records)
	}
	// Nothing to do: no rows twice.
	if err := fit(t, config, 0, Options{}); err != nil {
		t.Fatal(err)
	}
	if files, records := read(t, dir); files != 2 || len(steps(records, "train/loss")) != 3 {
		t.Errorf("%d files: %v", files, records)
	}
}

// A run that had no event files gets one that begins with its epochs; Dir and Every
// are kept to.
func TestAttachLate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	config := traintest.Config(dir)
	config.Epochs = 2
	if _, err := train.Fit(t.Context(), traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10), config); err != nil {
		t.Fatal(err)
	}
	config.Epochs, config.Resume = 3, true
	events := filepath.Join(t.TempDir(), "events")
	if err := fit(t, config, 0, Options{Dir: events, Every: 3}); err != nil {
		t.Fatal(err)
	}
	files, records := read(t, events)
	if files != 1 || !slices.Equal(steps(records, "test/loss"), []uint64{4, 8, 12}) || !slices.Equal(steps(records, "train/batch_loss"), []uint64{11, 12}) {
		t.Errorf("%d files: %v", files, records)
	}
	if files, _ := read(t, dir); files != 0 {
		t.Errorf("%d files in the run folder", files)
	}
}

// What stands in the way of the file ends the training with an error that names it.
func TestAttachFails(t *testing.T) {
	config := traintest.Config("")
	if err := fit(t, config, 0, Options{}); err == nil || !strings.Contains(err.Error(), "need a folder") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := fit(t, config, 0, Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// Whether the real TensorBoard reads the files is checked where STRIDE_TENSORBOARD
// names a Python that has it:
//
//	STRIDE_TENSORBOARD=python3 go test ./train/tensorboard -run TestRealTensorBoard
func TestRealTensorBoard(t *testing.T) {
	python := os.Getenv("STRIDE_TENSORBOARD")
	if python == "" {
		t.Skip("STRIDE_TENSORBOARD does not name a Python that has TensorBoard")
	}
	dir := t.TempDir()
	first, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	red := image.NewNRGBA(image.Rect(3, 4, 8, 11))
	for i := range red.Pix {
		red.Pix[i] = []uint8{255, 0, 0, 255}[i%4]
	}
	red.Set(3, 4, color.NRGBA{})
	err = errors.Join(first.Text("settings", 0, "| a | b |\n|---|---|"), first.Image("picture", 2, red))
	for step := 1; step <= 6; step++ {
		err = errors.Join(err, first.Scalar("train/loss", step, 1/float64(step)))
	}
	if err := errors.Join(err, first.Flush()); err != nil {
		t.Fatal(err)
	}
	if _, err := first.file.Write([]byte{1, 2, 3}); err != nil { // killed in the middle of a record
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.Restart(5), second.Scalar("train/loss", 5, 10), second.Scalar("train/loss", 6, 20), second.Close()); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(python, "testdata/check_events.py", dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var got, want any
	text := fmt.Sprintf(`{"scalars": {"train/loss": [[1, 1], [2, 0.5], [3, %v], [4, 0.25], [5, 10], [6, 20]]},
		"images": {"picture": [2, 5, 7, 255, 255, 255]}, "texts": {"settings": "| a | b |\n|---|---|"}}`, float64(float32(1.0/3)))
	if err := errors.Join(json.Unmarshal(out, &got), json.Unmarshal([]byte(text), &want)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("TensorBoard reads %s, want %s", out, text)
	}
}

func ExampleAttach() {
	config := train.Config{Epochs: 3, BatchSize: 32, LearningRate: 0.1, Dir: "runs/first"}
	stop := Attach(&config, Options{})
	// history, err := train.Fit(ctx, model, trainSet, testSet, config)
	fmt.Println(stop())
	// Output: <nil>
}
