package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEval(t *testing.T) {
	t.Parallel()
	run := finishedRun(t)
	out := mustStride(t, "eval", run, "--limit", "50", "--confusion", "--report", "none")
	for _, want := range []string{"LeNet from " + run + " on 50 test images of Fashion-MNIST\naccuracy 0.", "precision", "\nankle boot", "\nmean "} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %s", want, out)
		}
	}
	report := objects(t, mustStride(t, "eval", run, "--split", "train", "--limit", "200", "--report", "none", "--json"))[0]
	if report["images"] != 200. || report["split"] != "train" || report["net"] != "lenet" || report["data"] != "fashion-mnist" {
		t.Errorf("got %v", report)
	}
	sum := 0.
	for _, row := range report["confusion"].([]any) {
		for _, n := range row.([]any) {
			sum += n.(float64)
		}
	}
	if sum != 200 || len(report["classes"].([]any)) != 10 {
		t.Errorf("%v images in %v", sum, report["confusion"])
	}
	if loss, ok := report["loss"].(float64); !ok || loss < 1 || loss > 10 {
		t.Errorf("loss %v", report["loss"])
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	out := mustStride(t, "summary", "lenet")
	if !strings.Contains(out, "1×6×28×28") || !strings.Contains(out, "61,706        416,520") {
		t.Errorf("got %s", out)
	}
	for _, what := range []string{"lenet", "LeNet", finishedRun(t), filepath.Join(finishedRun(t), "model.safetensors")} {
		r := objects(t, mustStride(t, "summary", what, "--json"))[0]
		layers := r["layers"].([]any)
		first := layers[0].(map[string]any)
		if r["net"] != "lenet" || r["parameters"] != 61706. || r["multiply_adds"] != 416520. || len(layers) != 12 ||
			first["path"] != "0" || first["kind"] != "Conv2D" || first["parameters"] != 156. || len(first["output"].([]any)) != 4 {
			t.Errorf("%s: %v", what, r)
		}
	}
	if r := objects(t, mustStride(t, "summary", "torchvision/resnet18", "--json"))[0]; r["parameters"] != 11689512. {
		t.Errorf("ResNet-18 has %v parameters", r["parameters"])
	}
	if out := mustStride(t, "summary", "lenet", "--input", "3x32x32", "--batch", "8"); !strings.Contains(out, "8×6×32×32") || !strings.Contains(out, "input 3×32×32") {
		t.Errorf("got %s", out)
	}
	fails(t, failed, []string{"summary", finishedRun(t), "--input", "1x4x4"}, "smaller than the kernel", "3 (Conv2D 5×5")
	for _, args := range [][]string{{"summary", finishedRun(t), "--net", "vgg"}, {"eval", finishedRun(t), "--net", "vgg"}, {"predict", finishedRun(t), "x.png", "--net", "vgg"},
		{"eval", filepath.Join(finishedRun(t), "model.safetensors"), "--net", "vgg"}} {
		fails(t, failed, args, `a model of the network "lenet", not of "vgg"`)
	}
	if mustStride(t, "summary", "lenet", "--net", "LeNet") != out { // which says the same
		t.Error("--net lenet changes the summary of lenet")
	}
}

func TestSummaryOfMemory(t *testing.T) {
	t.Parallel()
	type total struct{ Parameters, Program, Batch, Total, Recomputed float64 }
	read := func(args ...string) (batch float64, training, inference total) {
		r := objects(t, mustStride(t, append([]string{"summary", "--json"}, args...)...))[0]
		memory := r["memory"].(map[string]any)
		get := func(key string) (v total) {
			b, err := json.Marshal(memory[key])
			if err == nil {
				err = json.Unmarshal(b, &v)
			}
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		return memory["batch"].(float64), get("training"), get("inference")
	}
	batch, training, inference := read("lenet")
	if batch != 256 || training.Parameters != 4*61706 || training.Batch != 4*256*785 || !(training.Program > inference.Program) ||
		training.Total != training.Parameters+training.Program+training.Batch {
		t.Errorf("lenet: batch %v, %+v, %+v", batch, training, inference)
	}
	_, whole, _ := read("densenet", "--batch", "16")
	batch, less, _ := read("densenet", "--batch", "16", "--memory-budget", fmt.Sprint(int(0.9*whole.Total)))
	if batch != 16 || less.Total > 0.9*whole.Total || less.Recomputed == 0 || whole.Recomputed != 0 {
		t.Errorf("densenet: %+v, within a budget %+v", whole, less)
	}
	fails(t, failed, []string{"summary", "densenet", "--batch", "16", "--memory-budget", "10MB"}, "memory budget of 10.0 MB", "batches of 16 need at least ")
	out := mustStride(t, "summary", "lenet", "--batch", "8")
	for _, want := range []string{"batch 8", "one image", "activations, gradients", "246.8 kB"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

func TestBench(t *testing.T) {
	t.Parallel()
	rows := objects(t, mustStride(t, "bench", "lenet", "--time", "10ms", "--batch", "4", "--threads", "1", "--json"))
	if len(rows) != 2 || rows[0]["mode"] != "train" || rows[1]["mode"] != "infer" {
		t.Fatalf("got %v", rows)
	}
	for _, row := range rows {
		if row["net"] != "lenet" || row["batch"] != 4. || row["resolution"] != 28. || row["threads"] != 1. || !(row["images_per_second"].(float64) > 0) ||
			!(row["best_images_per_second"].(float64) >= row["images_per_second"].(float64)) || !(row["step_seconds"].(float64) > 0) {
			t.Errorf("got %v", row)
		}
		for _, key := range []string{"peak_rss_bytes", "allocs_per_step"} {
			if _, ok := row[key].(float64); !ok {
				t.Errorf("%s is %v", key, row[key])
			}
		}
	}
	out := mustStride(t, "bench", "lenet", "lenet-bn", "--time", "5ms", "--batch", "2", "--mode", "train", "--profile")
	if !strings.Contains(out, "\nlenet-bn ") || !strings.Contains(out, "Conv2D") {
		t.Errorf("got %s", out)
	}
	trace := filepath.Join(t.TempDir(), "step.json")
	rows = objects(t, mustStride(t, "bench", "lenet", "--time", "5ms", "--batch", "2", "--profile", "--memory", "--trace", trace, "--json"))
	if len(rows) != 1 || rows[0]["mode"] != "train" || rows[0]["trace"] != trace {
		t.Fatalf("got %v", rows)
	}
	profile, memory := rows[0]["profile"].(map[string]any), rows[0]["memory"].(map[string]any)
	if len(profile["stages"].([]any)) < 20 || len(profile["kinds"].([]any)) < 5 || !(profile["peak_gflops"].(float64) > 0) || len(memory["peak_buffers"].([]any)) < 5 {
		t.Errorf("got %v", rows)
	}
	var file struct{ TraceEvents []any }
	if err := json.Unmarshal([]byte(readFile(t, trace)), &file); err != nil || len(file.TraceEvents) < 20 {
		t.Errorf("%v: %d events", err, len(file.TraceEvents))
	}
	if rows := objects(t, mustStride(t, "bench", "--peak", "--threads", "1", "--time", "2ms", "--json")); len(rows) != 1 || !(rows[0]["gflops"].(float64) > 0) {
		t.Errorf("got %v", rows)
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	list := objects(t, mustStride(t, "data", "list", "--data", "sample", "--json"))
	if len(list) != 1 || list[0]["name"] != "fashion-mnist" || list[0]["sample"] != true || len(list[0]["classes"].([]any)) != 10 {
		t.Errorf("got %v", list)
	}
	if out := mustStride(t, "data", "list", "--data", "sample"); !strings.Contains(out, "data get fashion-mnist") {
		t.Errorf("got %s", out)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name          string
		flags         []string
		width, height int
	}{
		{"first.png", []string{"--count", "6", "--columns", "3"}, 300, 222},
		{"random.png", []string{"fashion-mnist", "--count", "6", "--columns", "3", "--seed", "5", "--split", "test"}, 300, 222},
		{"augmented.png", []string{"--augment", "hflip,crop=28:4,jitter=0.3", "--count", "2", "--versions", "3"}, 396, 222},
	} {
		path := filepath.Join(dir, c.name)
		if out := mustStride(t, append([]string{"data", "show", "--data", "sample", "--out", path}, c.flags...)...); !strings.Contains(out, path+" shows ") {
			t.Errorf("%s: %s", c.name, out)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		config, err := png.DecodeConfig(f)
		if err != nil || config.Width != c.width || config.Height != c.height {
			t.Errorf("%s is %d×%d, %v", c.name, config.Width, config.Height, err)
		}
	}
	if readFile(t, filepath.Join(dir, "first.png")) == readFile(t, filepath.Join(dir, "random.png")) {
		t.Error("--seed changes nothing")
	}
	fails(t, failed, quick("--memory-budget", "1KB", "--out", filepath.Join(dir, "run")), " of 1 KB: ")
}

// What cannot be written is called by the name that was asked for, and before work
// is done that would be lost.
func TestWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), nil)
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), file} {
		in := func(name string) string { return filepath.Join(dir, name) }
		for _, args := range [][]string{
			{"data", "show", "--data", fixture.data, "--out", in("x.png")},
			{"bench", "vgg19", "--time", "1h", "--trace", in("x.json")},
			{"bench", "lenet", "--time", "1h", "--cpuprofile", in("x.prof")},
			{"bench", "lenet", "--time", "1h", "--memprofile", in("x.prof")},
			quick("--out", filepath.Join(file, "run")),
			{"data", "get", "fashion-mnist", "--dir", filepath.Join(file, "data")},
		} {
			name := args[len(args)-1]
			fails(t, failed, args, name)
			if _, stderr, _ := stride(t, args...); strings.Contains(stderr, ".tmp") {
				t.Errorf("%v: %s", args, stderr)
			}
		}
	}
	if contents(t, filepath.Dir(file))["file"] != "" {
		t.Error("the file was changed")
	}
}

// --plan prints the form after each pass and measures nothing.
func TestBenchPlan(t *testing.T) {
	stdout, stderr, status := stride(t, "bench", "lenet", "--mode", "infer", "--batch", "2", "--plan")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"== build", "== layout", "== place", "variable 0.weight", "Conv2D(v0, v1, v2) by direct, narrow, then Sigmoid", "output 0"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "images/s") {
		t.Error("--plan measured")
	}
	for _, args := range [][]string{
		{"bench", "--plan", "--json"}, {"bench", "--plan", "--profile"}, {"bench", "--plan", "lenet", "vgg"}, {"bench", "--plan", "--device", "reference"},
	} {
		if _, stderr, status := stride(t, args...); status != 2 || !strings.Contains(stderr, "--plan") {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
}
