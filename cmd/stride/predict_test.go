package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// testImage is a test image of Fashion-MNIST.
func testImage(t testing.TB, i int) image.Image {
	t.Helper()
	set, err := fashionmnist.Load(t.Context(), fashionmnist.Options{Dir: fixture.data})
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err := data.Picture(set.Test, i)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// encode writes a picture into a new file.
func encode(t testing.TB, name string, picture image.Image, encode func(io.Writer, image.Image) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), name), b.Bytes())
}

func asJPEG(w io.Writer, p image.Image) error { return jpeg.Encode(w, p, &jpeg.Options{Quality: 95}) }
func asGIF(w io.Writer, p image.Image) error  { return gif.Encode(w, p, nil) }

// picture is a PNG file that every network here can read.
func picture(t testing.TB) string { return encode(t, "picture.png", testImage(t, 0), png.Encode) }

// photo is the picture as a shop would show it: large, in colour, dark on
// bright ground.
func photo(p image.Image) image.Image {
	large := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	draw.CatmullRom.Scale(large, large.Bounds(), p, p.Bounds(), draw.Src, nil)
	for i := range large.Pix {
		if i%4 != 3 {
			large.Pix[i] = 255 - large.Pix[i]
		}
	}
	return large
}

// Every format and size of the same picture is taken for the same thing.
func TestPredict(t *testing.T) {
	t.Parallel()
	run, p := finishedRun(t), testImage(t, 3)
	plain := encode(t, "plain.png", p, png.Encode)
	want := objects(t, mustStride(t, "predict", run, plain, "--json"))[0]
	if want["file"] != plain || want["width"] != 28. || want["height"] != 28. {
		t.Fatalf("got %v", want)
	}
	classes := want["classes"].([]any)
	sum, last := 0., 2.
	for _, c := range classes {
		p := c.(map[string]any)["probability"].(float64)
		if sum += p; p > last || p < 0 {
			t.Errorf("probability %v after %v", p, last)
		}
		last = p
	}
	if len(classes) != 5 || sum > 1+1e-9 || sum < 0.5 {
		t.Errorf("%d classes of together %v", len(classes), sum)
	}
	first := classes[0].(map[string]any)
	for _, c := range []struct {
		path  string
		flags []string
		near  float64
	}{
		{encode(t, "a.bmp", p, bmp.Encode), nil, 0},
		{encode(t, "a.gif", p, asGIF), nil, 0.05},
		{encode(t, "a.jpg", p, asJPEG), nil, 0.05},
		{encode(t, "photo.png", photo(p), png.Encode), []string{"--invert"}, 0.1},
		{encode(t, "photo.jpg", photo(p), asJPEG), []string{"--invert", "--fit", "crop"}, 0.1},
	} {
		got := objects(t, mustStride(t, append([]string{"predict", run, c.path, "--json", "--top", "10"}, c.flags...)...))[0]["classes"].([]any)
		if len(got) != 10 {
			t.Fatalf("%s: %d classes", c.path, len(got))
		}
		for _, g := range got {
			if g := g.(map[string]any); g["class"] == first["class"] && math.Abs(g["probability"].(float64)-first["probability"].(float64)) > c.near {
				t.Errorf("%s: %v, want %v", c.path, g, first)
			}
		}
	}
	out := mustStride(t, "predict", run, plain, plain, "--top", "2")
	if strings.Count(out, plain+" (28×28)\n") != 2 || strings.Count(out, " %") != 4 || !strings.Contains(out, "█") {
		t.Errorf("got %s", out)
	}
}

// A picture may come from standard input, and a bad one does not keep others
// from being read.
func TestPredictStandardInput(t *testing.T) {
	t.Parallel()
	path := picture(t)
	text := writeFile(t, filepath.Join(t.TempDir(), "broken.txt"), []byte("<!DOCTYPE html><html>"))
	want := objects(t, mustStride(t, "predict", finishedRun(t), path, "--json"))[0]["classes"]
	cmd := child(t, "predict", finishedRun(t), path, text, "-", path, "--json")
	cmd.Stdin = strings.NewReader(readFile(t, path))
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != failed {
		t.Fatalf("%v: %s", err, out)
	}
	all := objects(t, string(out))
	if len(all) != 4 || all[2]["file"] != "-" {
		t.Fatalf("got %s", out)
	}
	for i, object := range all {
		if i == 1 {
			if message, _ := object["error"].(string); !strings.Contains(message, "is an HTML page") {
				t.Errorf("got %v", object)
			}
		} else if fmt.Sprint(object["classes"]) != fmt.Sprint(want) {
			t.Errorf("picture %d is %v, want %v", i, object["classes"], want)
		}
	}
}

// Of a JPEG file that is cut short, what is there is used, with a warning.
func TestPredictCutShort(t *testing.T) {
	t.Parallel()
	whole := readFile(t, filepath.Join("..", "..", "data", "imagefile", "testdata", "pictures", "444.jpg"))
	path := writeFile(t, filepath.Join(t.TempDir(), "cut.jpg"), []byte(whole[:len(whole)-10]))
	out, notes, status := stride(t, "predict", finishedRun(t), path, "--json")
	object := objects(t, out)[0]
	if warning, _ := object["warning"].(string); status != done || !strings.Contains(warning, "cut.jpg is cut short: ") || !strings.Contains(notes, warning) || object["classes"] == nil {
		t.Errorf("status %d, %q, %s", status, notes, out)
	}
}

func TestPredictWebP(t *testing.T) {
	t.Parallel()
	out := mustStride(t, "predict", finishedRun(t), filepath.Join("..", "..", "data", "imagefile", "testdata", "picture.webp"))
	if !strings.Contains(out, ".webp (") {
		t.Errorf("got %s", out)
	}
}

func TestPredictHints(t *testing.T) {
	t.Parallel()
	bright := encode(t, "bright.png", photo(testImage(t, 0)), png.Encode)
	if _, notes, _ := stride(t, "predict", finishedRun(t), bright); !strings.Contains(notes, "--invert may help") {
		t.Errorf("got %q", notes)
	}
	if _, notes, _ := stride(t, "predict", finishedRun(t), bright, "--invert"); notes != "" {
		t.Errorf("got %q", notes)
	}
}

// Pictures that cannot be read each cost one sentence; the others are answered.
func TestPredictBadPictures(t *testing.T) {
	t.Parallel()
	run := finishedRun(t)
	var whole bytes.Buffer
	if err := png.Encode(&whole, testImage(t, 1)); err != nil {
		t.Fatal(err)
	}
	good := writeFile(t, filepath.Join(t.TempDir(), "good.png"), whole.Bytes())
	dir := t.TempDir()
	bad := map[string][]byte{
		"empty.png":   {},
		"text.jpg":    []byte("this is a letter, not a picture\n"),
		"garbage.png": append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0xde, 0xad}, 100)...),
		"cut.png":     whole.Bytes()[:whole.Len()/2],
		"huge.png":    hugePNG(100_000, 100_000),
		"flat.png":    hugePNG(0, 10),
		"huge.gif":    append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), 0x2c),
		"cut.bmp":     []byte("BM\x00\x00"),
		"cut.webp":    []byte("RIFF\x10\x00\x00\x00WEBPVP8 "),
	}
	args := []string{"predict", run, filepath.Join(dir, "missing.png"), dir}
	for name, b := range bad {
		args = append(args, writeFile(t, filepath.Join(dir, name), b))
	}
	args = append(args, good)
	stdout, stderr, status := stride(t, args...)
	if status != failed {
		t.Errorf("status %d", status)
	}
	if !strings.HasPrefix(strings.TrimSpace(stdout), good+" (28×28)\n") {
		t.Errorf("the good picture: %s", stdout)
	}
	if got := strings.Count(stderr, "\n"); got != len(bad)+2 {
		t.Errorf("%d lines for %d bad pictures: %s", got, len(bad)+2, stderr)
	}
	for name := range bad {
		if !strings.Contains(stderr, name) {
			t.Errorf("nothing about %s in %s", name, stderr)
		}
	}
	if !strings.Contains(stderr, "100000×100000") {
		t.Errorf("nothing about the size in %s", stderr)
	}
	answers := objects(t, func() string { out, _, _ := stride(t, append(args, "--json")...); return out }())
	if len(answers) != len(bad)+3 || answers[0]["error"] == nil || answers[len(answers)-1]["error"] != nil {
		t.Errorf("got %v", answers)
	}
}

// hugePNG is a header that claims a size, and nothing after it.
func hugePNG(width, height uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 0, 0, 0, 0)
	b := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestBrightEdge(t *testing.T) {
	t.Parallel()
	for level, want := range map[uint8]bool{0: false, 100: false, 255: true} {
		p := image.NewGray(image.Rect(0, 0, 28, 28))
		for i := range p.Pix {
			p.Pix[i] = level
		}
		p.SetGray(14, 14, color.Gray{255 - level})
		_, notes, status := stride(t, "predict", finishedRun(t), encode(t, "p.png", p, png.Encode))
		if status != done || strings.Contains(notes, "bright edge") != want {
			t.Errorf("level %d: %q", level, notes)
		}
	}
}

// Weights from torchvision are given pictures as they expect them: 256×256 pixels
// of which the middle 224×224 are cut out, normalised.
func TestPredictNormalizes(t *testing.T) {
	t.Parallel()
	spec, err := zoo.Get("torchvision/squeezenet1_1")
	if err != nil {
		t.Fatal(err)
	}
	model, err := spec.Model(1)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	p := photo(testImage(t, 0))
	path := encode(t, "photo.png", p, png.Encode)
	large, err := preprocess.Plain(tensor.Shape{3, 256, 256}).Tensor(p)
	if err != nil {
		t.Fatal(err)
	}
	mean, deviation := []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	x := tensor.New(1, 3, 224, 224)
	for i := range x.Data() {
		c, row, column := i/(224*224), i/224%224, i%224
		x.Data()[i] = (large.At(0, c, row+16, column+16) - mean[c]) / deviation[c]
	}
	device := cpu.New(cpu.Options{Threads: 1})
	defer device.Close()
	y, err := model.Predict(device, x)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, score := range y.Data() {
		sum += math.Exp(float64(score))
	}
	for data, same := range map[string]bool{"": true, "fashion-mnist": false} {
		weights := safetensors.File{Entries: model.State(), Metadata: map[string]string{"net": spec.Name}}
		if data != "" {
			weights.Metadata["data"] = data
		}
		file := filepath.Join(t.TempDir(), "weights.safetensors")
		if err := weights.Save(file); err != nil {
			t.Fatal(err)
		}
		got := objects(t, mustStride(t, "predict", file, path, "--top", "1", "--json"))[0]["classes"].([]any)[0].(map[string]any)
		if near := math.Abs(got["probability"].(float64)-math.Exp(float64(y.Data()[int(got["index"].(float64))]))/sum) < 1e-6; near != same {
			t.Errorf("weights of %q: class %v, probability %v", data, got["index"], got["probability"])
		}
	}
}

// folderOf makes a model folder with the weights of the finished run and other
// preprocessing.
func folderOf(t testing.TB, config preprocess.Config) (dir string, m *modelfolder.Model) {
	t.Helper()
	m, err := modelfolder.Load(finishedRun(t), modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config.InputSize = m.Net.Input()
	m.Preprocessing = config
	dir = filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

// The preprocessing is the model's own; flags change it.
func TestPredictModelFolder(t *testing.T) {
	t.Parallel()
	path := encode(t, "photo.png", photo(testImage(t, 3)), png.Encode)
	classes := func(args ...string) any {
		return objects(t, mustStride(t, slices.Concat([]string{"predict"}, args, []string{path, "--json"})...))[0]["classes"]
	}
	run := finishedRun(t)
	inverts, _ := folderOf(t, preprocess.Config{Invert: true})
	crops, _ := folderOf(t, preprocess.Config{CropPct: 0.6, Invert: true})
	for _, c := range []struct {
		name     string
		one, two any
		same     bool
	}{
		{"inverts", classes(inverts), classes(run, "--invert"), true},
		{"inverts twice", classes(inverts, "--invert"), classes(run), true},
		{"crops", classes(crops), classes(inverts), false},
		{"stretched", classes(crops, "--fit", "stretch"), classes(inverts), true},
		{"cropped", classes(crops, "--fit", "crop"), classes(crops), true},
	} {
		if same := fmt.Sprint(c.one) == fmt.Sprint(c.two); same != c.same {
			t.Errorf("%s: same classes %v: %v and %v", c.name, same, c.one, c.two)
		}
	}
}

// eval gives the network the images of the data as the model says.
func TestEvalModelFolder(t *testing.T) {
	t.Parallel()
	dir, m := folderOf(t, preprocess.Config{Mean: []float32{0.5}, Std: []float32{0.02}, Invert: true})
	set, err := fashionmnist.Load(t.Context(), fashionmnist.Options{Dir: fixture.data})
	if err != nil {
		t.Fatal(err)
	}
	const images, tolerance = 40, 1e-5
	loss := 0.
	x := tensor.New(m.Net.Input()...)
	for i := range images {
		label, err := set.Test.Read(i, x.Data())
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range x.Data() {
			x.Data()[j] = (1 - v - 0.5) / 0.02
		}
		y, err := m.Net.Predict(reference.New(), x)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.
		for _, score := range y.Data() {
			sum += math.Exp(float64(score))
		}
		loss += (math.Log(sum) - float64(y.Data()[label])) / images
	}
	report := objects(t, mustStride(t, "eval", dir, "--data", fixture.data, "--limit", fmt.Sprint(images), "--json"))[0]
	if got := report["loss"].(float64); math.Abs(got-loss) > tolerance || report["net"] != "lenet" || report["model"] != dir {
		t.Errorf("loss %v, want %v, in %v", got, loss, report)
	}
	plain := objects(t, mustStride(t, "eval", finishedRun(t), "--data", fixture.data, "--limit", fmt.Sprint(images), "--report", "none", "--json"))[0]
	if got := plain["loss"].(float64); math.Abs(got-loss) < 10*tolerance {
		t.Errorf("loss %v of images as they are, %v of others", got, loss)
	}
}
