package modelfolder_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// timmGolden is what testdata/make_timm.py writes for a model.
type timmGolden struct {
	Config json.RawMessage
	State  stateList
	Logits []float64 // of an image of 64×64 pixels, for some
}

// stateEntry is a name and a shape.
type stateEntry struct {
	name  string
	shape tensor.Shape
}

// A stateList is in JSON a list of names and shapes, and of paths of batch
// normalizations and their channels.
type stateList []stateEntry

func (l *stateList) UnmarshalJSON(text []byte) error {
	var entries []json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return err
	}
	for _, e := range entries {
		var s stateEntry
		if err := json.Unmarshal(e, &[]any{&s.name, &s.shape}); err == nil {
			*l = append(*l, s)
			continue
		}
		var channels int
		if err := json.Unmarshal(e, &[]any{&s.name, &channels}); err != nil {
			return err
		}
		for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
			*l = append(*l, stateEntry{s.name + "." + name, tensor.Shape{channels}})
		}
	}
	return nil
}

// fill sets the tensor of a name as make_timm.py does.
func fill(name string, x *tensor.Tensor) {
	offset, scale := 0.0, 0.1
	shape := x.Shape()
	switch {
	case name == "image":
		scale = 1
	case len(shape) >= 2:
		scale = math.Sqrt(6 / float64(shape[1:].Size()))
	case strings.HasSuffix(name, "running_var"):
		offset, scale = 1, 0.5
	case strings.HasSuffix(name, ".weight"):
		offset, scale = 1, 0.2
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	key := h.Sum64()
	for i := range x.Data() {
		z := key + uint64(i+1)*0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		x.Data()[i] = float32(offset + float64(scale*(float64(z>>40)/(1<<23)-1)))
	}
}

// goldens returns the names of the golden files, such as "resnet18-grey".
func goldens(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/timm-*.json")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		names = append(names, strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), ".json"), "timm-"))
	}
	return names
}

func readGolden(t *testing.T, name string) (g timmGolden) {
	t.Helper()
	b, err := os.ReadFile("testdata/timm-" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// timmFolder writes what timm's save_for_hf writes for a model, with the weights of
// make_timm.py.
func timmFolder(t *testing.T, g timmGolden) string {
	t.Helper()
	dir := t.TempDir()
	var f safetensors.File
	for _, s := range g.State {
		x := tensor.New(s.shape...)
		fill(s.name, x)
		f.Entries = append(f.Entries, tensor.Named{Name: s.name, Tensor: x})
		if path, ok := strings.CutSuffix(s.name, "running_var"); ok {
			f.Entries = append(f.Entries, tensor.Named{Name: path + "num_batches_tracked", Tensor: tensor.Scalar(5)})
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), g.Config, 0o644), f.Save(filepath.Join(dir, "model.safetensors"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// logits returns the network's output for the image of make_timm.py.
func logits(t *testing.T, net *nn.Model, size int) []float32 {
	t.Helper()
	shape := tensor.Shape{net.Input()[0], size, size}
	at, err := nn.New(net.Net(), shape, nn.Options{Init: nn.Constant(0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := at.LoadState(net.State()); err != nil {
		t.Fatal(err)
	}
	trace, err := at.Trace(1, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	image := tensor.New(1, shape[0], size, size)
	fill("image", image)
	device := cpu.New(cpu.Options{Threads: 2})
	defer device.Close()
	out, err := engine.Run(device, engine.Feeds{trace.Input: image}, trace.Output)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data()
}

// What timm has written is read, with timm's logits.
func TestReadTimm(t *testing.T) {
	t.Parallel()
	for _, name := range goldens(t) {
		g := readGolden(t, name)
		if g.Logits == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := load(t, timmFolder(t, g), "")
			channels := 3
			if name == "resnet18-grey" {
				channels = 1
			}
			if p := m.Preprocessing; !slices.Equal(m.Classes, []string{"ant", "bee", "cat", "dog", "elk"}) || m.Descriptions["bee"] != "a honey bee" ||
				!p.InputSize.Equal(tensor.Shape{channels, 224, 224}) || p.Interpolation != preprocess.Bicubic || p.CropMode != preprocess.Center {
				t.Errorf("%v, %v, %v", m.Classes, m.Descriptions, p)
			}
			largest, worst := 0.0, 0.0
			for i, v := range logits(t, m.Net, 64) {
				largest = max(largest, math.Abs(g.Logits[i]))
				worst = max(worst, math.Abs(float64(v)-g.Logits[i]))
			}
			t.Logf("largest difference %.1e of the largest logit", worst/largest)
			if !(worst <= 2e-5*largest) {
				t.Errorf("logits differ by %.1e of the largest one", worst/largest)
			}
		})
	}
}

// Names and shapes of what Export gives are those of timm's state dict, in its
// order, and Import turns them back.
func TestTimmNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range goldens(t) {
		g := readGolden(t, name)
		architecture, grey := strings.CutSuffix(name, "-grey")
		seen[architecture] = true
		spec, ok := zoo.GetTimm(architecture)
		if !ok {
			t.Errorf("no network is timm's %s", architecture)
			continue
		}
		input := spec.Input
		if grey {
			input[0] = 1
		}
		shapes, err := nn.StateShapes(spec.New(5), input)
		if err != nil {
			t.Fatal(err)
		}
		theirs := map[string]tensor.Shape{}
		for own, shape := range shapes {
			as := shape
			if spec.Timm.Tensor != nil {
				own, as = spec.Timm.Tensor(own, shape)
			}
			theirs[own] = as
		}
		if len(theirs) != len(g.State) {
			t.Errorf("%s: %d tensors, timm has %d", name, len(theirs), len(g.State))
		}
		for _, s := range g.State {
			if !theirs[s.name].Equal(s.shape) {
				t.Errorf("%s: %s is %v, timm has %v", name, s.name, theirs[s.name], s.shape)
			}
		}
	}
	for _, name := range zoo.TimmNames() {
		if !seen[name] {
			t.Errorf("there is no golden file for timm's %s", name)
		}
	}
}

// config.json says what timm's own says, for the same weights and preprocessing,
// and reading gives back what was written.
func TestWriteTimm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"resnet18", "resnet18-grey", "mobilenetv2_100"} {
		g := readGolden(t, name)
		m := load(t, timmFolder(t, g), "")
		m.Card.License = "apache-2.0"
		dir := filepath.Join(t.TempDir(), "out")
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		b, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err := errors.Join(err, json.Unmarshal(b, &got), json.Unmarshal(g.Config, &want)); err != nil {
			t.Fatal(err)
		}
		delete(got, "stride")
		delete(want, "model_args") // has defaults, too
		if name == "resnet18-grey" {
			if args := got["model_args"]; !reflect.DeepEqual(args, map[string]any{"in_chans": 1.0}) {
				t.Errorf("model_args %v", args)
			}
		}
		delete(got, "model_args")
		cfg := want["pretrained_cfg"].(map[string]any)
		for _, field := range []string{"tag", "custom_load", "test_input_size", "test_crop_pct", "origin_url", "paper_ids"} {
			delete(cfg, field) // about the weights that timm has
		}
		cfg["license"] = "apache-2.0"
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: config.json is\n%v, timm's\n%v", name, got, want)
		}
		f, err := safetensors.Load(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range g.State {
			if e := f.Entries[i]; e.Name != s.name || !e.Tensor.Shape().Equal(s.shape) {
				t.Fatalf("%s: entry %d is %s %v, timm has %s %v", name, i, e.Name, e.Tensor.Shape(), s.name, s.shape)
			}
		}
		back := load(t, dir, "")
		sameState(t, back.Net, m.Net)
		if !slices.Equal(back.Classes, m.Classes) || !back.Preprocessing.Equal(m.Preprocessing) || back.Descriptions["bee"] != "a honey bee" || back.Spec.Name != m.Spec.Name {
			t.Errorf("%s: read back %v, %v, %v", name, back.Classes, back.Preprocessing, back.Descriptions)
		}
		// The file alone says which network it is for.
		sameState(t, load(t, filepath.Join(dir, "model.safetensors"), "").Net, m.Net)
	}
}

// Whether the real timm loads what Save writes, with equal logits, is checked where
// STRIDE_TIMM names a Python that has it:
//
//	STRIDE_TIMM=python3 go test ./modelfolder -run TestRealTimm -v
//
// testdata/check_timm.py is the other half.
func TestRealTimm(t *testing.T) {
	python := os.Getenv("STRIDE_TIMM")
	if python == "" {
		t.Skip("STRIDE_TIMM does not name a Python that has timm")
	}
	for _, architecture := range zoo.TimmNames() {
		for _, channels := range []int{3, 1} {
			if channels == 1 && architecture != "resnet18" {
				continue
			}
			t.Run(fmt.Sprintf("%s of %d channels", architecture, channels), func(t *testing.T) { realTimm(t, python, architecture, channels) })
		}
	}
}

func realTimm(t *testing.T, python, architecture string, channels int) {
	spec, ok := zoo.GetTimm(architecture)
	if !ok {
		t.Fatal("not there")
	}
	size := 96
	// Enough classes for the largest logit to be as large as others are: errors are
	// measured by it.
	classes := strings.Fields("cat dog a|b c d e f g h i j k l m n o")
	net, err := nn.New(spec.New(len(classes)), tensor.Shape{channels, size, size}, nn.Options{Seed: 3, Init: nn.HeNormal()})
	if err != nil {
		t.Fatal(err)
	}
	m := modelfolder.Model{
		Net: net, Spec: spec, Classes: classes,
		Preprocessing: preprocess.Config{InputSize: net.Input(), CropPct: 0.875, Mean: []float32{0.5}, Std: []float32{0.25}},
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/check_timm.py", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var theirs struct {
		Architecture string
		Labels       []string
		Mean         []float64
		CropPct      float64 `json:"crop_pct"`
		Logits       []float64
	}
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	if theirs.Architecture != architecture || !slices.Equal(theirs.Labels, m.Classes) || theirs.CropPct != 0.875 || len(theirs.Mean) != channels || theirs.Mean[0] != 0.5 {
		t.Errorf("timm reads %+v", theirs)
	}
	largest, worst := 0.0, 0.0
	for i, v := range logits(t, net, size) {
		largest = max(largest, math.Abs(theirs.Logits[i]))
		worst = max(worst, math.Abs(float64(v)-theirs.Logits[i]))
	}
	t.Logf("largest difference %.1e of the largest logit", worst/largest)
	if !(worst <= 2e-5*largest) {
		t.Errorf("logits differ by %.1e of the largest one", worst/largest)
	}
}

// A VGG for images on which timm's computes something else is not called timm's.
func TestTimmMaxSide(t *testing.T) {
	t.Parallel()
	spec, ok := zoo.GetTimm("vgg11")
	if !ok {
		t.Fatal("no vgg11")
	}
	for side, want := range map[int]bool{32: true, 224: true, 255: true, 256: false, 288: false} {
		if got := spec.Timm.Equals(tensor.Shape{3, side, side}); got != want {
			t.Errorf("%d pixels: %v", side, got)
		}
	}
	if (zoo.Timm{}).Equals(tensor.Shape{3, 32, 32}) {
		t.Error("no model equals")
	}
}

func TestTimmRefuses(t *testing.T) {
	t.Parallel()
	net := lenet(t, 3, input)
	dir := t.TempDir()
	if err := (&safetensors.File{Entries: net.State()}).Save(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{"architecture": "vit_base_patch16_224", "pretrained_cfg": {}}`:                                   `timm's model "vit_base_patch16_224" is not among the networks of Stride, which has convnext_base, `,
		`{"architecture": "resnet18", "num_classes": 0, "pretrained_cfg": {}}`:                             "gives features and no classes",
		`{"architecture": "resnet18", "num_classes": 3, "label_names": ["a"], "pretrained_cfg": {}}`:       "num_classes is 3, but label_names has 1 names",
		`{"architecture": "resnet18", "num_classes": -1, "pretrained_cfg": {}}`:                            "num_classes is -1",
		`{"architecture": "resnet18", "label_names": {"x": "a"}, "pretrained_cfg": {}}`:                    `"x" is not the index of a class`,
		`{"architecture": "resnet18", "label_names": {"9999999": "a"}, "pretrained_cfg": {}}`:              `"9999999" is not the index of a class`,
		`{"architecture": "resnet18", "label_names": 3, "pretrained_cfg": {}}`:                             "label_names: want a list",
		`{"architecture": "resnet18", "model_args": {"output_stride": 16}, "pretrained_cfg": {}}`:          "output_stride is 16, which makes another network of resnet18",
		`{"architecture": "resnet18", "model_args": {"global_pool": "max"}, "pretrained_cfg": {}}`:         `global_pool is "max"`,
		`{"architecture": "resnet18", "model_args": {"in_chans": "x"}, "pretrained_cfg": {}}`:              `in_chans is "x"`,
		`{"architecture": "resnet18", "pretrained_cfg": {"interpolation": "lanczos"}}`:                     `pretrained_cfg: interpolation is "lanczos"`,
		`{"architecture": "resnet18", "pretrained_cfg": {"crop_mode": "border"}}`:                          `pretrained_cfg: crop_mode is "border"`,
		`{"architecture": "resnet18", "pretrained_cfg": {"label_offset": 1}}`:                              "label_offset is 1",
		`{"architecture": "vgg11", "pretrained_cfg": {"input_size": [3, 256, 256]}}`:                       "may have up to 255 pixels a side",
		`{"architecture": "stride/lenet", "stride": {"version": 2, "net": "lenet"}, "pretrained_cfg": {}}`: "format version is 2",
		`{"architecture": "stride/lenet", "stride": {"version": 1}, "pretrained_cfg": {}}`:                 `timm's model "stride/lenet" is not among`,
		`{"architecture": "resnet18", "pretrained_cfg": {}}`:                                               "missing: ",
	} {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := modelfolder.Load(dir, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want %q", config, err, want)
		}
	}
}

// Labels may have gaps, stand in labels.txt or in timm's first layout.
func TestLabels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := (&safetensors.File{Entries: lenet(t, 3, input).State()}).Save(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	const head = `{"architecture": "stride/lenet", "stride": {"version": 1, "net": "lenet"}, "input_size": [1, 12, 12], "mean": [0.5], "std": [0.5]`
	for _, c := range []struct{ config, labels, want string }{
		{head + `, "label_names": {"0": "a", "2": "c"}}`, "", "a,class 1,c"},
		{head + `, "label_names": ["a", "b", "c"]}`, "x\ny\nz\n", "a,b,c"},
		{head + `, "num_classes": 3}`, "", "class 0,class 1,class 2"},
		{head + "}", "\ufeffx x\r\ny\r\nz", "x x,y,z"},
		{head + "}", "\n\n", "class 0,class 1,class 2"},
		{`{"version": 1, "net": "lenet", "classes": ["a", "b", "c"], "preprocessing": {"input_size": [1, 12, 12]}}`, "x", "a,b,c"},
	} {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), []byte(c.config), 0o644),
			os.WriteFile(filepath.Join(dir, "labels.txt"), []byte(c.labels), 0o644)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(load(t, dir, "").Classes, ","); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.config, c.labels, got, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.txt"), []byte("a\nb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(head+"}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfolder.Load(dir, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), "names 2 classes") {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "model.safetensors")), os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfolder.Load(dir, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), "pytorch_model.bin: the file is empty") {
		t.Errorf("got %v", err)
	}
}

// The model of a run, with its card.
func TestSaveRun(t *testing.T) {
	t.Parallel()
	dir, want := run(t, "lenet")
	confusion := metrics.NewConfusionMatrix([]string{"left", "middle", "right"})
	for _, pair := range [][2]int{{0, 0}, {0, 1}, {1, 1}, {2, 2}} {
		if err := confusion.Add(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	out, err := modelfolder.SaveRun(dir, modelfolder.Card{
		License: "mit", Command: "stride train `x`", Versions: []string{"stride v0.1.0"}, Split: "validation", Confusion: confusion,
	})
	if err != nil || out != filepath.Join(dir, "model") {
		t.Fatal(out, err)
	}
	m := load(t, out, "")
	sameState(t, m.Net, want)
	if m.Data != "bars" || m.Run != nil || !slices.Equal(m.Classes, []string{"left", "middle", "right"}) {
		t.Errorf("%+v", m)
	}
	card, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"---\ntags:\n- image-classification\n- stride\npipeline_tag: image-classification\nlicense: mit\n---\n",
		"# LeNet on bars\n", "It tells 3 classes apart: left, middle, right.\n", "- Images: 6 for training\n", "- Epochs: 1 of 1\n",
		"- Command: `` stride train `x` ``\n", "- Versions: stride v0.1.0\n",
		"Accuracy 0.7500 on 4 validation images.\n", "| left | 1.000 | 0.500 | 0.667 | 2 |\n", "The weights: mit.\n",
	} {
		if !strings.Contains(string(card), want) {
			t.Errorf("the card does not say %q:\n%s", want, card)
		}
	}
	labels, err := os.ReadFile(filepath.Join(out, "labels.txt"))
	if err != nil || string(labels) != "left\nmiddle\nright\n" {
		t.Errorf("%q, %v", labels, err)
	}
	// The run is as it was, and a model folder has no run.
	if again, err := runfolder.Read(dir); err != nil || !again.Finished {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := modelfolder.SaveRun(out, modelfolder.Card{}); err == nil || !strings.Contains(err.Error(), "not a run folder") {
		t.Errorf("got %v", err)
	}
}

// A card cannot be broken by the names in it.
func TestCardIsEscaped(t *testing.T) {
	t.Parallel()
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	m := modelfolder.Model{
		Spec: spec, Net: lenet(t, 2, input), Preprocessing: preprocess.Plain(input), Data: "<b>\x1b[31m", Classes: []string{"a|b\n---", "<script>"},
		Card: modelfolder.Card{License: "x: y"},
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	card, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\n---\n\n---", "<script>", "a|b"} {
		if strings.Contains(string(card), bad) && bad != "" && strings.Count(string(card), "\\"+bad) < strings.Count(string(card), bad) {
			t.Errorf("the card has %q:\n%s", bad, card)
		}
	}
	if !strings.Contains(string(card), "license: \"x: y\"\n") {
		t.Errorf("licence:\n%s", card)
	}
	if labels, err := os.ReadFile(filepath.Join(dir, "labels.txt")); err != nil || string(labels) != `a|b\n---`+"\n<script>\n" {
		t.Errorf("%q, %v", labels, err)
	}
	if m := load(t, dir, ""); m.Classes[0] != "a|b\n---" {
		t.Errorf("%q", m.Classes)
	}
}
