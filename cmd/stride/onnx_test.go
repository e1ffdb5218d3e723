package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
)

// smallONNX writes an ONNX file of a network with batch normalizations for pictures of
// 16×16 pixels and n classes.
func smallONNX(t testing.TB, name string, n int, o onnx.WriteOptions) string {
	t.Helper()
	net := nn.Sequential(
		nn.Conv2D(8, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2), nn.Conv2D(12, 3).Pad(1), nn.BatchNorm(), nn.ReLU(),
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(n),
	)
	model, err := nn.New(net, tensor.Shape{3, 16, 16}, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := onnx.Save(path, model, o); err != nil {
		t.Fatal(err)
	}
	return path
}

// An ONNX file that a run was converted to gives what the run gives, also one that ends
// in a softmax, and one whose weights are in another file.
func TestONNXFile(t *testing.T) {
	t.Parallel()
	run, dir := finishedRun(t), t.TempDir()
	want := strings.Fields(evalOf(t, run))
	wanted := objects(t, mustStride(t, "predict", run, picture(t), "--json"))[0]
	for name, flags := range map[string][]string{
		"plain": nil, "softmax": {"--softmax"}, "outside": {"--external-data"}, "old": {"--opset", "13"}, "new": {"--opset", "21", "--keep-bn"},
	} {
		path := filepath.Join(dir, name+".onnx")
		mustStride(t, append([]string{"convert", run, path}, flags...)...)
		got := strings.Fields(evalOf(t, path))
		if got[0] != want[0] || math.Abs(atof(t, got[1])-atof(t, want[1])) > 1e-5 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		guess := objects(t, mustStride(t, "predict", path, picture(t), "--json"))[0]
		for i, c := range guess["classes"].([]any) {
			a, b := c.(map[string]any), wanted["classes"].([]any)[i].(map[string]any)
			if a["class"] != b["class"] || math.Abs(a["probability"].(float64)-b["probability"].(float64)) > 1e-5 {
				t.Errorf("%s: %v, want %v", name, a, b)
			}
		}
		if out := mustStride(t, "summary", path); !strings.Contains(out, "61,706") {
			t.Errorf("summary of %s: %s", name, out)
		}
	}
	alone := filepath.Join(t.TempDir(), "alone.safetensors")
	if _, notes, status := stride(t, "convert", filepath.Join(dir, "plain.onnx"), alone); status != done || !strings.Contains(notes, "alone.safetensors has weights alone") {
		t.Errorf("status %d: %s", status, notes)
	}
	fails(t, failed, []string{"summary", alone}, "alone.safetensors has weights of the network in plain.onnx, which is not in the same folder")
	if out := mustStride(t, "bench", filepath.Join(dir, "plain.onnx"), "--mode", "infer", "--batch", "2", "--time", "1ms", "--threads", "1"); !strings.Contains(out, "plain.onnx") {
		t.Errorf("bench: %s", out)
	}
	if err := os.Remove(filepath.Join(dir, "outside.onnx.data")); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"eval", filepath.Join(dir, "outside.onnx")}, "outside.onnx.data")
}

// What an ONNX file does not say is assumed, and told once.
func TestONNXAssumptions(t *testing.T) {
	t.Parallel()
	path := smallONNX(t, "bare.onnx", 5, onnx.WriteOptions{})
	shirt := picture(t)
	out, notes, status := stride(t, "predict", path, shirt, shirt)
	if status != done || strings.Count(notes, "\n") != 1 || !strings.Contains(notes, "assumed is 3×16×16, center, crop 0.875, bilinear, mean 0.485 0.456 0.406, std 0.229 0.224 0.225; --mean, ") || !strings.Contains(out, "class 4") {
		t.Errorf("status %d: %s\n%s", status, out, notes)
	}
	writeFile(t, filepath.Join(filepath.Dir(path), "labels.txt"), []byte("a\nb\nc\nd\ne\n"))
	if out := mustStride(t, "predict", path, shirt); strings.Contains(out, "class") || !strings.Contains(out, "  e ") {
		t.Errorf("got %s", out)
	}
	writeFile(t, filepath.Join(filepath.Dir(path), "labels.txt"), []byte("a\nb\n"))
	fails(t, failed, []string{"predict", path, shirt}, "labels.txt names 2 classes", "has 5 outputs")
	fails(t, failed, []string{"predict", smallONNX(t, "x.onnx", 5, onnx.WriteOptions{}), shirt, "--size", "20"}, "16×16 pixels, not of 20×20")
	fails(t, failed, []string{"predict", smallONNX(t, "x.onnx", 5, onnx.WriteOptions{}), shirt, "--net", "lenet"}, `is a model of the network "x.onnx", not of "lenet"`)
}

// Flags say how pictures become the input, and what is written has it.
func TestPictureFlags(t *testing.T) {
	t.Parallel()
	const want = "3×16×16, center, crop 0.9, bicubic, mean 0.5 0.5 0.5, std 0.25 0.5 0.125"
	flags := []string{"--mean", "0.5", "--std", "0.25,0.5,0.125", "--interpolation", "bicubic", "--crop-pct", "0.9"}
	path, dir := smallONNX(t, "bare.onnx", 2, onnx.WriteOptions{}), t.TempDir()
	for _, name := range []string{"a.onnx", "a.safetensors", "folder"} {
		to := filepath.Join(dir, name)
		_, notes, status := stride(t, append([]string{"convert", path, to}, flags...)...)
		if status != done || strings.Contains(notes, "assumed") {
			t.Fatalf("status %d: %s", status, notes)
		}
		if filepath.Ext(name) == ".safetensors" { // the network is in another file
			writeFile(t, filepath.Join(dir, "bare.onnx"), []byte(readFile(t, path)))
		}
		m, err := modelfolder.Load(to, modelfolder.Options{})
		if err != nil || m.Preprocessing.String() != want || m.AssumedPreprocessing != "" {
			t.Errorf("%s: %v, %v", name, m.Preprocessing, err)
		}
	}
	shirt := picture(t)
	scores := func(args ...string) string {
		t.Helper()
		out, notes, status := stride(t, append(args, "--json", "--top", "2")...)
		if status != done || strings.Contains(notes, "assumed") {
			t.Errorf("status %d: %s", status, notes)
		}
		return out
	}
	stored := scores("predict", filepath.Join(dir, "a.onnx"), shirt)
	if given := scores(append([]string{"predict", path, shirt}, flags...)...); given != stored {
		t.Errorf("flags give %s, the file %s", given, stored)
	}
	if other := scores("predict", filepath.Join(dir, "a.onnx"), shirt, "--std", "1"); other == stored {
		t.Error("--std changes nothing")
	}
	photos := tiles(t, 6)
	run := filepath.Join(dir, "run")
	mustStride(t, append(fromONNX(photos, path, "--out", run), flags...)...)
	settings, err := runfolder.ReadSettings(run)
	if err != nil || settings.Preprocessing == nil || settings.Preprocessing.String() != want {
		t.Errorf("%v, %v", settings.Preprocessing, err)
	}
	losses := map[string]bool{}
	for _, more := range [][]string{nil, {"--mean", "0"}} {
		r := objects(t, mustStride(t, append([]string{"eval", run, "--report", "none", "--json"}, more...)...))[0]
		losses[jsonText(t, r["loss"])] = true
	}
	if len(losses) != 2 {
		t.Errorf("--mean does not change what eval measures: %v", losses)
	}
}

// fromONNX is the command line of a training that starts from a model.
func fromONNX(photos, from string, more ...string) []string {
	return append([]string{
		"train", photos, "--from", from, "--epochs", "3", "--head-epochs", "1", "--batch", "8", "--cache", "off", "--threads", "1",
	}, more...)
}

// An ONNX file is fine-tuned: the head is new, alone at first, and the run needs the file
// no more.
func TestTrainFromONNX(t *testing.T) {
	t.Parallel()
	photos, out := tiles(t, 12), filepath.Join(t.TempDir(), "run")
	path := smallONNX(t, "small.onnx", 5, onnx.WriteOptions{KeepBatchNorm: true})
	_, notes, status := stride(t, fromONNX(photos, path, "--out", out)...)
	if status != done || !strings.Contains(notes, "The last layer, 9, is drawn at random for 2 classes; all other weights are those of "+path) {
		t.Fatalf("status %d: %s", status, notes)
	}
	settings, err := runfolder.ReadSettings(out)
	if err != nil || settings.Net != "small.onnx" || settings.Freeze == "" || len(settings.Classes) != 2 {
		t.Fatalf("%+v, %v", settings, err)
	}
	before := readFile(t, filepath.Join(out, "small.onnx"))
	if before != readFile(t, path) {
		t.Error("the run has not the file that it was started from")
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	eval := func(model string, more ...string) []string {
		r := objects(t, mustStride(t, append([]string{"eval", model, "--report", "none", "--json"}, more...)...))[0]
		return []string{jsonText(t, r["accuracy"]), jsonText(t, r["images"])}
	}
	want := eval(out)
	all := eval(out, "--data", photos, "--split", "all")
	converted := filepath.Join(t.TempDir(), "small.onnx")
	mustStride(t, "convert", out, converted)
	for _, model := range []string{filepath.Join(out, "model"), filepath.Join(out, "best.safetensors"), converted} {
		if got := eval(model, "--data", photos); !slices.Equal(got, all) {
			t.Errorf("%s: %v, want %v", model, got, all)
		}
	}
	if want[1] == all[1] || readFile(t, filepath.Join(out, "small.onnx")) != before {
		t.Error("the network's file has changed, or all pictures are for validation")
	}
	mustStride(t, "summary", out)
	mustStride(t, "predict", out, picture(t))
}

// The same weights, bit for bit, come of a run that was interrupted, whether or not it had
// a checkpoint then; its file is all that a resumed run needs.
func TestResumeONNX(t *testing.T) {
	t.Parallel()
	photos, root := tiles(t, 10), t.TempDir()
	path := smallONNX(t, "small.onnx", 5, onnx.WriteOptions{})
	whole, parts := filepath.Join(root, "whole"), filepath.Join(root, "parts")
	mustStride(t, fromONNX(photos, path, "--schedule", "constant", "--out", whole)...)
	mustStride(t, fromONNX(photos, path, "--schedule", "constant", "--out", parts, "--epochs", "2")...)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustStride(t, "train", "--resume", parts, "--epochs", "3", "--threads", "1")
	if weightsHash(t, whole) != weightsHash(t, parts) {
		t.Error("a resumed run has other weights")
	}
	// One that was killed before its first checkpoint has settings and the network.
	early := filepath.Join(root, "early")
	for _, name := range []string{"config.json", "small.onnx"} {
		writeFile(t, filepath.Join(early, name), []byte(readFile(t, filepath.Join(whole, name))))
	}
	mustStride(t, "train", "--resume", early, "--threads", "1")
	if weightsHash(t, whole) != weightsHash(t, early) {
		t.Error("a run that was begun again has other weights")
	}
	if err := os.Remove(filepath.Join(early, "small.onnx")); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"eval", early}, "small.onnx")
	fails(t, failed, []string{"train", "--resume", early, "--epochs", "4"}, "small.onnx")
}

// --from takes every model; --freeze leaves layers as they are.
func TestTrainFrom(t *testing.T) {
	t.Parallel()
	photos, root := tiles(t, 6), t.TempDir()
	first := filepath.Join(root, "first")
	pictures := preprocess.Plain(tensor.Shape{3, 16, 16})
	path := smallONNX(t, "small.onnx", 5, onnx.WriteOptions{KeepBatchNorm: true, Preprocessing: pictures})
	mustStride(t, fromONNX(photos, path, "--out", first, "--freeze", "0,1")...)
	state := func(run string) map[string][]float32 {
		r, err := runfolder.Read(run)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string][]float32{}
		for _, e := range r.Weights.Entries {
			values[e.Name] = e.Tensor.Data()
		}
		return values
	}
	a := state(first)
	for i, from := range []string{first, filepath.Join(first, "model", "model.safetensors")} {
		out := filepath.Join(root, string(rune('a'+i)))
		_, notes, status := stride(t, fromONNX(photos, from, "--out", out, "--freeze", "2", "--epochs", "2")...)
		if status != done || strings.Contains(notes, "drawn at random") { // the classes are the same
			t.Errorf("from %s: status %d, %s", from, status, notes)
		}
		b := state(out)
		for _, name := range []string{"0.weight", "0.bias", "1.weight"} {
			if !slices.Equal(a[name], b[name]) {
				t.Errorf("from %s: %s has changed", from, name)
			}
		}
		if len(b["4.weight"]) == 0 || slices.Equal(a["4.weight"], b["4.weight"]) {
			t.Errorf("from %s: 4.weight has not changed", from)
		}
	}
	for _, c := range []struct {
		status int
		args   []string
		want   string
	}{
		{failed, fromONNX(photos, filepath.Join(root, "nothing.onnx")), "nothing.onnx"},
		{failed, fromONNX(photos, path, "--freeze", "nowhere"), "nowhere"},
		{failed, fromONNX(photos, path, "--net", "lenet"), "lenet"},
		{misused, fromONNX(photos, path, "--weights", path), "--from and --weights"},
		{misused, []string{"train", "lenet", "--from", path}, "--from is for folders of photos"},
		{misused, fromONNX(photos, path, "--freeze", "-1"), "--freeze"},
	} {
		fails(t, c.status, append(c.args, "--out", filepath.Join(root, "never")), c.want)
	}
}

// What is no network for pictures is told in one sentence.
func TestONNXRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := writeFile(t, filepath.Join(dir, "text.onnx"), []byte("<!DOCTYPE html><html>not found</html>"))
	empty := writeFile(t, filepath.Join(dir, "empty.onnx"), nil)
	folder := filepath.Join(dir, "folder.onnx")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(name string, net nn.Layer, input tensor.Shape) string {
		model, err := nn.New(net, input, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := onnx.Save(path, model, onnx.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	four := file("four.onnx", nn.Sequential(nn.Conv2D(4, 3), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3)), tensor.Shape{4, 8, 8})
	vector := file("vector.onnx", nn.Linear(3), tensor.Shape{7})
	map1 := file("map.onnx", nn.Conv2D(2, 3), tensor.Shape{3, 8, 8})
	for path, want := range map[string]string{
		text: "text.onnx", empty: "empty.onnx", folder: "folder.onnx", four: "inputs of 4×8×8: want pictures", vector: "inputs of 7: want pictures",
		map1: "want a score for each class", filepath.Join(dir, "missing.onnx"): "missing.onnx",
	} {
		for _, verb := range [][]string{{"predict", path, picture(t)}, {"eval", path}, {"convert", path, filepath.Join(dir, "out.onnx")}, {"summary", path}} {
			fails(t, failed, verb, want)
		}
	}
	out, errs, status := stride(t, "convert", "--check", dir, smallONNX(t, "good.onnx", 2, onnx.WriteOptions{}))
	if status != failed || !strings.Contains(errs, "5 of 6 files cannot be read") || strings.Count(out, "\n") != 8 || !strings.Contains(out, "3×16×16, 2 classes") {
		t.Errorf("status %d: %s\n%s", status, out, errs)
	}
	if good := smallONNX(t, "good.onnx", 2, onnx.WriteOptions{}); !strings.Contains(mustStride(t, "convert", "--check", good, "--json"), `"loads":true`) {
		t.Error("a good file does not load")
	}
}
