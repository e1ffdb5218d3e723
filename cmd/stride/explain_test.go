package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/onnx"
)

// pngSize reads a PNG file whole and returns its size.
func pngSize(t *testing.T, path string) image.Point {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m.Bounds().Size()
}

// Every method writes two pictures under names that are free, and says what it has found.
func TestExplain(t *testing.T) {
	t.Parallel()
	run, shirt := finishedRun(t), picture(t)
	dir := t.TempDir()
	base := strings.TrimSuffix(filepath.Base(shirt), filepath.Ext(shirt))
	best := objects(t, mustStride(t, "predict", run, shirt, "--json", "--top", "1"))[0]["classes"].([]any)[0].(map[string]any)
	for _, method := range []string{"gradcam", "gradcam++", "gradient", "integrated-gradients", "smoothgrad", "occlusion"} {
		args := []string{"explain", run, shirt, "--method", method, "--out", dir, "--json"}
		r := objects(t, mustStride(t, args...))[0]
		overlay, alone := filepath.Join(dir, base+"-"+method+".png"), filepath.Join(dir, base+"-"+method+"-map.png")
		if r["overlay"] != overlay || r["map"] != alone || r["method"] != method || r["class"] != best["class"] || r["file"] != shirt {
			t.Errorf("%s: %v; the most probable class is %v", method, r, best)
		}
		if p := r["probability"].(float64); p < best["probability"].(float64)-1e-6 || p > best["probability"].(float64)+1e-6 {
			t.Errorf("%s: probability %v, want %v", method, p, best["probability"])
		}
		if a := pngSize(t, overlay); min(a.X, a.Y) < 200 || pngSize(t, alone).X < 28 {
			t.Errorf("%s: an overlay of %v", method, a)
		}
	}
	before := contents(t, dir)
	out := mustStride(t, "explain", run, shirt, shirt, "--out", dir, "--class", "3")
	for _, want := range []string{": dress, ", "by gradcam of layer 5", base + "-gradcam-2.png", base + "-gradcam-2-map.png", base + "-gradcam-3.png"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %s", want, out)
		}
	}
	for name, content := range before {
		if contents(t, dir)[name] != content {
			t.Errorf("%s was replaced", name)
		}
	}
	mustStride(t, "explain", run, shirt, "--out", dir, "--force", "--class", "Dress")
	if contents(t, dir)[base+"-gradcam.png"] == before[base+"-gradcam.png"] || contents(t, dir)[base+"-gradcam-4.png"] != "" {
		t.Error("--force does not replace the files")
	}
	one := filepath.Join(dir, "one.png")
	mustStride(t, "explain", run, shirt, "--out", one, "--layer", "3", "--colors", "inferno", "--opacity", "1")
	fails(t, failed, []string{"explain", run, shirt, "--out", one}, "one-map.png exists already", "--force")
	fails(t, failed, []string{"explain", run, shirt, "--layer", "12"}, `there is no layer "12"`)
	fails(t, failed, []string{"explain", run, shirt, "--layer", "9"}, `the output of layer "9"`, "not maps")
	fails(t, failed, []string{"explain", run, shirt, "--class", "shrit"}, "--class shrit", "did you mean shirt?")
	fails(t, failed, []string{"explain", run, shirt, "--class", "10"}, "--class 10", "0 to 9")
	fails(t, failed, []string{"explain", run, shirt, "--method", "guided-backprop"}, "no ReLU")
	fails(t, failed, []string{"explain", run, shirt, "--method", "occlusion", "--window", "40", "--out", dir}, "a window of 40 pixels: want 1 to 28")
	// One picture that cannot be read does not keep the others from being explained.
	printed, notes, status := stride(t, "explain", run, "nowhere.png", shirt, "--out", filepath.Join(dir, "new"), "--json")
	if lines := objects(t, printed); status != failed || len(lines) != 2 || lines[0]["error"] == nil || lines[1]["overlay"] == nil || !strings.Contains(notes, "nowhere.png") {
		t.Errorf("status %d, %s, %s", status, printed, notes)
	}
}

// The layers of a network, its filters, maps and receptive fields, and what excites a channel.
func TestLook(t *testing.T) {
	t.Parallel()
	run, shirt := finishedRun(t), picture(t)
	dir := t.TempDir()
	out := mustStride(t, "look", run)
	for _, want := range []string{"Conv2D", "6×28×28", "Grad-CAM's default layer: 5"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %s", want, out)
		}
	}
	list := objects(t, mustStride(t, "look", run, "--times", "--json"))[0]
	nodes := list["nodes"].([]any)
	if first := nodes[1].(map[string]any); list["gradcam_layer"] != "5" || first["name"] != "0" || first["seconds"].(float64) <= 0 || first["filters"] != true {
		t.Errorf("%v", list)
	}
	look := func(args ...string) map[string]any {
		t.Helper()
		r := objects(t, mustStride(t, append([]string{"look", run, "--json", "--out", dir}, args...)...))[0]
		if file, ok := r["file"].(string); !ok || filepath.Dir(file) != dir || pngSize(t, file).X < 50 {
			t.Errorf("%v: %v", args, r)
		}
		return r
	}
	if r := look("--features", "0", "--picture", shirt, "--most", "4"); r["shown"] != 4. || r["layer"] != "0" {
		t.Error(r)
	}
	if r := look("--filters"); r["shown"] != 6. || r["layer"] != "0" {
		t.Error(r)
	}
	if r := look("--filters=3"); r["shown"] != 16. || r["layer"] != "3" {
		t.Error(r)
	}
	field := look("--receptive-field", "3", "--unit", "1,2", "--picture", shirt)
	if box := field["box"].(map[string]any); box["top"] != 0. || box["left"] != 2. || box["bottom"] != 14. || box["right"] != 16. || field["channel"] == nil {
		t.Error(field)
	}
	without := objects(t, mustStride(t, "look", run, "--receptive-field", "3", "--unit", "1,2", "--json"))[0]
	if box := without["box"].(map[string]any); box["top"] != 0. || box["right"] != 16. || without["file"] != nil {
		t.Error(without)
	}
	if out := mustStride(t, "look", run, "--receptive-field", "3"); !strings.Contains(out, "a field of 14×14") || !strings.Contains(out, "unit 5,5 of layer 3") {
		t.Error(out)
	}
	photos := t.TempDir()
	for i, name := range []string{"a.png", "deep/er/b.png", "c.PNG", ".hidden.png", "note.txt"} {
		m := image.NewGray(image.Rect(0, 0, 30, 30))
		for j := range 900 {
			m.SetGray(j%30, j/30, color.Gray{uint8(j * (i + 2) / 9)})
		}
		path := filepath.Join(photos, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r := look("--exciting", "3:2", "--data", photos)
	found := r["pictures"].([]any)
	if len(found) != 3 || found[0].(map[string]any)["activation"].(float64) < found[2].(map[string]any)["activation"].(float64) {
		t.Error(r)
	}
	trained := look("--exciting", "3:2", "--top", "2", "--data", "sample")
	if found := trained["pictures"].([]any); len(found) != 2 || !strings.HasPrefix(found[0].(map[string]any)["name"].(string), "training image ") {
		t.Error(trained)
	}
	fails(t, failed, []string{"look", run, "--features", "conv", "--picture", shirt}, `there is no layer "conv"`)
	fails(t, failed, []string{"look", run, "--filters=1"}, `layer "1" is not a convolution`)
	fails(t, failed, []string{"look", run, "--receptive-field", "3", "--unit", "10,2"}, "16 channels of 10×10 units")
	fails(t, failed, []string{"look", run, "--exciting", "3:16", "--data", photos}, "16 channels of 10×10 units")
	fails(t, failed, []string{"look", run, "--exciting", "3:1", "--data", filepath.Join(photos, "deep", "nothing")}, "nothing")
	fails(t, failed, []string{"look", run, "--exciting", "3:1", "--data", t.TempDir()}, "has no pictures")
}

// A network of an ONNX file is looked into by the names of its nodes.
func TestExplainONNX(t *testing.T) {
	t.Parallel()
	path := smallONNX(t, "x.onnx", 5, onnx.WriteOptions{})
	dir := t.TempDir()
	list := objects(t, mustStride(t, "look", path, "--json"))[0]
	layer, _ := list["gradcam_layer"].(string)
	if layer == "" {
		t.Fatalf("%v", list)
	}
	for _, method := range []string{"gradcam", "occlusion"} {
		r := objects(t, mustStride(t, "explain", path, picture(t), "--method", method, "--out", dir, "--json"))[0]
		if r["class"] == nil || method == "gradcam" && r["layer"] != layer {
			t.Errorf("%v", r)
		}
		pngSize(t, r["overlay"].(string))
	}
	r := objects(t, mustStride(t, "look", path, "--features", layer, "--picture", picture(t), "--out", dir, "--json"))[0]
	pngSize(t, r["file"].(string))
}
