package strideworker

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/workers"
	"github.com/strideml/stride/internal/subprocess"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/zoo"
)

// TestServe runs the worker in this process.
func TestServe(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	spec, err := zoo.Get("lenet-bn")
	if err != nil {
		t.Fatal(err)
	}
	model, err := spec.Model(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&safetensors.File{Entries: model.State()}).Save(path("weights")); err != nil {
		t.Fatal(err)
	}
	const batch = 4
	images := make([]float32, batch*spec.Input.Size())
	for i := range images {
		images[i] = float32(i%17) / 17
	}
	for name, values := range map[string][]float32{"images": images, "labels": {1, 2, 3, 4}} {
		if err := subprocess.WriteFloats(path(name), values); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range []string{results.Train, results.Infer} {
		open := workers.Request{Op: "open", Mode: mode, Precision: results.Float32, Net: spec.Name, Classes: spec.Classes, Batch: batch, Input: spec.Input,
			Threads: 2, Rate: .1, Weights: path("weights"), Images: path("images"), Labels: path("labels")}
		low := open
		low.Op, low.Precision = "settings", results.Int8
		last := workers.Request{Op: "losses", Steps: 2}
		if mode == results.Infer {
			last = workers.Request{Op: "output", Path: path("output")}
		}
		answers := serve(t, workers.Request{Op: "hello"}, low, open, workers.Request{Op: "time", Warm: 1, Steps: 3}, last, workers.Request{Op: "nothing"})
		if len(answers) != 6 || answers[1].Unsupported == "" || answers[2].Error != "" || answers[4].Error != "" || answers[5].Error == "" {
			t.Fatalf("%s: answers are %+v", mode, answers)
		}
		if len(answers[3].Seconds) != 3 || answers[3].AllocsPerStep == nil {
			t.Errorf("%s: times are %+v", mode, answers[3])
		}
		if mode == results.Infer {
			if _, err := ReadTensor(path("output"), batch, spec.Classes); err != nil {
				t.Error(err)
			}
			continue
		}
		if l := answers[4].Losses; len(l) != 2 || !(l[1] < l[0]) {
			t.Errorf("losses are %v, want them to fall", l)
		}
	}
}

func serve(t *testing.T, requests ...workers.Request) (answers []workers.Reply) {
	t.Helper()
	var in, out bytes.Buffer
	for _, r := range requests {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := Serve(&in, &out); err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(&out); d.More(); {
		var r workers.Reply
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, r)
	}
	return answers
}
