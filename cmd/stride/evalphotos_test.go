package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// tile is a picture of one colour, each a little different.
func tile(c color.RGBA, i int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 24, 20))
	for at := range 24 * 20 {
		m.SetRGBA(at%24, at/24, color.RGBA{c.R, c.G, uint8(i*7 + at%5), 255})
	}
	return m
}

var colours = map[string]color.RGBA{"green": {G: 220, A: 255}, "red": {R: 220, A: 255}}

// putTiles writes pictures of a class into a folder.
func putTiles(t testing.TB, dir, class string, from, to int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		writePNG(t, filepath.Join(dir, fmt.Sprintf("%s%02d.png", class, i)), tile(colours[class], i))
	}
}

func writePNG(t testing.TB, path string, picture image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
}

// photoRun trains a tiny network on pictures of two colours, 20 of each, which are
// divided by a hash.
func photoRun(t testing.TB) (run, photos string) {
	t.Helper()
	root := t.TempDir()
	run, photos = filepath.Join(root, "run"), filepath.Join(root, "tiles")
	for class := range colours {
		putTiles(t, filepath.Join(photos, class), class, 0, 20)
	}
	sets, err := imagefolder.Open(t.Context(), photos, imagefolder.Options{Validation: float64(float32(0.3)), Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	p := preprocess.Config{InputSize: tensor.Shape{3, 16, 16}, CropPct: 0.875, Interpolation: preprocess.Bicubic, Mean: []float32{0.5}, Std: []float32{0.5}}.WithDefaults()
	training, err := sets.Train.Images(imagefolder.Reading{Preprocess: p})
	if err != nil {
		t.Fatal(err)
	}
	validation, err := sets.Validation.Images(imagefolder.Reading{Preprocess: p})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := zoo.Get("lenet-bn")
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(spec.New(2), p.InputSize, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), model, training, validation, train.Config{
		Epochs: 6, BatchSize: 4, LearningRate: 0.2, Dir: run, Net: spec.Name, Data: "tiles", Preprocessing: p, Best: runfolder.TestLoss,
		Options: map[string]string{"photos": photos, "validation": "0.3", "split-seed": "4", "fingerprint": sets.Fingerprint()},
	}); err != nil {
		t.Fatal(err)
	}
	return run, photos
}

// A run for photos is measured on its validation pictures, and reported with them.
func TestEvalPhotos(t *testing.T) {
	t.Parallel()
	run, photos := photoRun(t)
	sets, err := imagefolder.Open(t.Context(), photos, imagefolder.Options{Validation: float64(float32(0.3)), Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	was, err := runfolder.Peek(run)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := zoo.Get("lenet-bn")
	if err != nil {
		t.Fatal(err)
	}
	title := spec.Title
	n, best := sets.Validation.Len(), was.History.BestEpoch
	out := mustStride(t, "eval", run)
	for _, want := range []string{
		fmt.Sprintf("%s from %s on %d validation images of tiles\nweights of epoch %d of 6, the best by validation loss\naccuracy ", title, run, n, best), "\ngreen ", "\nThe report is " + filepath.Join(run, "report.html"),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in:\n%s", want, out)
		}
	}
	page := readFile(t, filepath.Join(run, "report.html"))
	for _, want := range []string{"<h1>" + title + " on tiles</h1>", fmt.Sprintf("%d validation images", n), "Loss, validation", photos, "40 PNG", "chosen by a hash", "the best by validation loss"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	r := objects(t, mustStride(t, "eval", run, "--report", "none", "--json"))[0]
	row := was.History.Rows[best-1]
	if r["split"] != "validation" || r["source"] != photos || r["data"] != "tiles" || r["weights"] != "best" || r["epoch"] != float64(best) || r["images"] != float64(n) ||
		r["accuracy"] != row.TestAccuracy || !near(r["loss"].(float64), row.TestLoss) {
		t.Errorf("got %v, the run has %v", r, row)
	}
	splits, interval := r["splits"].([]any), r["accuracy_interval"].([]any)
	if len(splits) != 2 || splits[0].(map[string]any)["split"] != "train" || splits[1].(map[string]any)["split"] != "validation" || splits[1].(map[string]any)["images"] != float64(n) || len(splits[1].(map[string]any)["by_class"].([]any)) != 2 {
		t.Errorf("splits %v", splits)
	}
	if a := r["accuracy"].(float64); !(interval[0].(float64) < a && a <= interval[1].(float64)+1e-12) {
		t.Errorf("accuracy %v in %v", a, interval)
	}
	row = was.History.Last()
	if r := objects(t, mustStride(t, "eval", run, "--report", "none", "--json", "--weights", "last"))[0]; r["weights"] != "last" || r["epoch"] != 6. || !near(r["loss"].(float64), row.TestLoss) {
		t.Errorf("got %v, the run has %v", r, row)
	}
	for split, want := range map[string]int{"train": sets.Train.Len(), "all": 40} {
		if r := objects(t, mustStride(t, "eval", run, "--report", "none", "--json", "--split", split))[0]; r["images"] != float64(want) || r["split"] != split {
			t.Errorf("%s: got %v", split, r)
		}
	}
	if r := objects(t, mustStride(t, "eval", run, "--report", "none", "--json", "--split", "all", "--limit", "6"))[0]; r["images"] != 6. || r["classes"].([]any)[1].(map[string]any)["images"] != 3. {
		t.Errorf("--limit: got %v", r)
	}
	fails(t, failed, []string{"eval", run, "--split", "test"}, photos+" has no test images: want --split train, validation or all")
}

func near(a, b float64) bool { return a-b < 1e-4 && b-a < 1e-4 }

// Photos of another folder are measured, too: all of them, or those that are for
// testing, with the worst mistakes as pictures.
func TestEvalOtherPhotos(t *testing.T) {
	t.Parallel()
	run, photos := photoRun(t)
	other := filepath.Join(t.TempDir(), "other")
	putTiles(t, filepath.Join(other, "red"), "red", 0, 3)
	putTiles(t, filepath.Join(other, "red"), "green", 7, 8) // in the wrong place
	page := filepath.Join(t.TempDir(), "page.html")
	out, notes, status := stride(t, "eval", run, "--data", other, "--json", "--report", page)
	if status != done || !strings.Contains(notes, "Only 1 of the model's 2 classes have pictures here.") {
		t.Fatalf("status %d: %s", status, notes)
	}
	r := objects(t, out)[0]
	worst := r["worst_mistakes"].([]any)
	if r["images"] != 4. || r["split"] != "all" || r["accuracy"] != 0.75 || len(worst) != 1 || worst[0].(map[string]any)["file"] != "red/green07.png" || worst[0].(map[string]any)["predicted"] != "green" {
		t.Errorf("got %v", r)
	}
	if text := readFile(t, page); !strings.Contains(text, "red/green07.png") || !strings.Contains(text, "data:image/png;base64,") {
		t.Error("the report does not have the mistake")
	}
	// A test split comes first.
	for _, split := range []string{"train", "val", "test"} {
		putTiles(t, filepath.Join(other, "divided", split, "green"), "green", 0, 2)
	}
	if r := objects(t, mustStride(t, "eval", run, "--data", filepath.Join(other, "divided"), "--report", "none", "--json"))[0]; r["split"] != "test" || r["images"] != 2. {
		t.Errorf("got %v", r)
	}
	// A manifest.
	manifest := writeFile(t, filepath.Join(other, "list.csv"), []byte("path,label\nred/red01.png,red\n"))
	if r := objects(t, mustStride(t, "eval", run, "--data", manifest, "--report", "none", "--json"))[0]; r["images"] != 1. || r["accuracy"] != 1. {
		t.Errorf("got %v", r)
	}
	// The model alone, and with other data than it is for.
	model := filepath.Join(run, "model.safetensors")
	if r := objects(t, mustStride(t, "eval", model, "--data", photos, "--json"))[0]; r["images"] != 40. || r["weights"] != nil || r["report"] != "" {
		t.Errorf("got %v", r)
	}
	fails(t, failed, []string{"eval", model}, "was trained with the data tiles", "with --data")
	fails(t, failed, []string{"eval", model, "--data", photos, "--weights", "last"}, "is no run folder")
	putTiles(t, filepath.Join(other, "blue"), "red", 0, 1)
	fails(t, failed, []string{"eval", run, "--data", other}, `class "blue" is not among the 2 classes of the model (green, red)`)
	fails(t, failed, []string{"eval", run, "--data", filepath.Join(other, "none")}, "there is no folder "+filepath.Join(other, "none"))
}

// Photos that have moved, changed or gone since the training.
func TestEvalMovedPhotos(t *testing.T) {
	t.Parallel()
	run, photos := photoRun(t)
	want := objects(t, mustStride(t, "eval", run, "--report", "none", "--json"))[0]
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(photos, moved); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, []string{"eval", run}, "the photos that "+run+" was trained with are not there any more", photos, "with --data")
	if r := objects(t, mustStride(t, "eval", run, "--data", moved, "--report", "none", "--json"))[0]; r["split"] != "validation" || r["loss"] != want["loss"] {
		t.Errorf("got %v, before %v", r, want)
	}
	if err := os.Rename(moved, photos); err != nil {
		t.Fatal(err)
	}
	// A picture of the validation whose beginning alone is right: it is left out, and
	// nothing counts twice.
	sets, err := imagefolder.Open(t.Context(), photos, imagefolder.Options{Validation: float64(float32(0.3)), Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(photos, filepath.FromSlash(sets.Validation.Items[0].Path))
	content := []byte(readFile(t, path))
	writeFile(t, path, content[:60])
	out, notes, status := stride(t, "eval", run, "--report", "none", "--json")
	r := objects(t, out)[0]
	sum := 0.
	for _, of := range r["confusion"].([]any) {
		for _, n := range of.([]any) {
			sum += n.(float64)
		}
	}
	n := float64(sets.Validation.Len())
	if status != done || r["images"] != n-1 || r["left_out"] != 1. || sum != n-1 || !strings.Contains(notes, path) || !strings.Contains(notes, "are not the same as when") {
		t.Errorf("status %d: %v\n%s", status, r, notes)
	}
}

// The weights that are part of the program know ImageNet's classes by their names and
// numbers.
func TestEvalPretrained(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	putTiles(t, filepath.Join(root, "n02012849"), "red", 0, 1) // crane, the bird
	putTiles(t, filepath.Join(root, "tench"), "green", 0, 1)
	r := objects(t, mustStride(t, "eval", "efficientnet-lite0", "--data", root, "--json"))[0]
	classes := r["classes"].([]any)
	for index, class := range map[int]string{0: "tench", 134: "crane (bird)"} {
		if c := classes[index].(map[string]any); c["class"] != class || c["images"] != 1. {
			t.Errorf("got %v", c)
		}
	}
	if r["images"] != 2. || len(classes) != 1000 {
		t.Errorf("%v images, %d classes", r["images"], len(classes))
	}
	fails(t, failed, []string{"eval", "efficientnet-lite0"}, "was trained with the data imagenet-1k", "with --data")
}

// The other verbs take a run for photos, too.
func TestPhotoRun(t *testing.T) {
	t.Parallel()
	run, photos := photoRun(t)
	root := t.TempDir()
	whole := filepath.Join(root, "whole.jpg")
	f, err := os.Create(whole)
	if err != nil {
		t.Fatal(err)
	}
	big := image.NewRGBA(image.Rect(0, 0, 200, 150))
	for at := range 200 * 150 {
		big.SetRGBA(at%200, at/200, colours["red"])
	}
	if err := jpeg.Encode(f, big, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	content := readFile(t, whole)
	cut := writeFile(t, filepath.Join(root, "cut.jpg"), []byte(content[:len(content)*9/10]))
	heic := writeFile(t, filepath.Join(root, "phone.heic"), []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"))
	out, notes, status := stride(t, "predict", run, whole, cut, heic, filepath.Join(photos, "green", "green03.png"), "--json", "--top", "1")
	list := objects(t, out)
	if status != failed || len(list) != 4 || !strings.Contains(notes, "cut.jpg is cut short") {
		t.Fatalf("status %d: %s\n%s", status, out, notes)
	}
	for i, want := range map[int]string{0: "red", 1: "red", 3: "green"} {
		if got := list[i]["classes"].([]any)[0].(map[string]any); got["class"] != want {
			t.Errorf("%v: %v, want %s", list[i]["file"], got, want)
		}
	}
	if warning, ok := list[1]["warning"].(string); !ok || !strings.Contains(warning, "cut short") || !strings.Contains(list[2]["error"].(string), "HEIC") {
		t.Errorf("got %s", out)
	}
	if r := objects(t, mustStride(t, "summary", run, "--json"))[0]; r["net"] != "lenet-bn" || fmt.Sprint(r["input"]) != "[3 16 16]" {
		t.Errorf("got %v", r)
	}
	if r := objects(t, mustStride(t, "data", "check", photos, "--model", run, "--json"))[0]; r["compared"] != 40. {
		t.Errorf("got %v", r["compared"])
	}
}
