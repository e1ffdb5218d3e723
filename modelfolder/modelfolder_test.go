package modelfolder_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// input is the smallest that LeNet takes.
var input = tensor.Shape{1, 12, 12}

// lenet is a model with weights of its own.
func lenet(t testing.TB, classes int, input tensor.Shape) *nn.Model {
	t.Helper()
	model, err := nn.New(zoo.LeNet(classes), input, nn.Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// run leaves a finished run of LeNet with classes of three kinds.
func run(t testing.TB, net string) (dir string, model *nn.Model) {
	t.Helper()
	dir, model = filepath.Join(t.TempDir(), "run"), lenet(t, 3, input)
	pixels, labels := make([]uint8, 6*144), []int{0, 1, 2, 0, 1, 2}
	for i := range pixels {
		pixels[i] = uint8(i * 31)
	}
	set, err := data.NewImages(pixels, labels, input, []string{"left", "middle", "right"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), model, set, nil, train.Config{
		Epochs: 1, BatchSize: 3, LearningRate: 0.1, Dir: dir, Net: net, Data: "bars",
	}); err != nil {
		t.Fatal(err)
	}
	return dir, model
}

// save writes a model file.
func save(t testing.TB, entries []tensor.Named, metadata map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	f := safetensors.File{Metadata: metadata, Entries: entries}
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t testing.TB, path, net string) *modelfolder.Model {
	t.Helper()
	model, err := modelfolder.Load(path, modelfolder.Options{Net: net})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// sameState compares weights bit for bit.
func sameState(t testing.TB, got, want *nn.Model) {
	t.Helper()
	for i, e := range want.State() {
		if g := got.State()[i]; g.Name != e.Name || !g.Tensor.Equal(e.Tensor) {
			t.Errorf("%s differs", e.Name)
		}
	}
}

func TestLoadRun(t *testing.T) {
	t.Parallel()
	dir, want := run(t, "lenet")
	m := load(t, dir, "")
	sameState(t, m.Net, want)
	if m.Path != dir || m.WeightsFile != filepath.Join(dir, "model.safetensors") || m.Spec.Name != "lenet" || m.Data != "bars" ||
		!slices.Equal(m.Classes, []string{"left", "middle", "right"}) || !m.Preprocessing.Equal(preprocess.Plain(input)) ||
		m.Run == nil || !m.Run.Finished || len(m.Run.History.Rows) != 1 {
		t.Errorf("%+v", m)
	}
	// The model file alone says the same.
	file := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := os.Rename(m.WeightsFile, file); err != nil {
		t.Fatal(err)
	}
	m = load(t, file, "LeNet")
	sameState(t, m.Net, want)
	if m.Path != file || m.WeightsFile != file || m.Spec.Name != "lenet" || m.Data != "bars" || m.Run != nil ||
		!slices.Equal(m.Classes, []string{"left", "middle", "right"}) || !m.Preprocessing.Equal(preprocess.Plain(input)) {
		t.Errorf("%+v", m)
	}
}

// edit replaces a text in config.json.
func edit(t testing.TB, dir, from, to string) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	b, err := os.ReadFile(path)
	if err == nil && !strings.Contains(string(b), from) {
		err = fmt.Errorf("%s is not in %s", from, b)
	}
	if err = errors.Join(err, os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestLoadRunRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, net, want string }{
		{"other network", `"net": "lenet"`, `"net": "lenet-bn"`, "", "4 (Conv2D"},
		{"unknown network", `"net": "lenet"`, `"net": "skynet"`, "", `a model of the network "skynet", which is not known here`},
		{"unknown network's way out", `"net": "lenet"`, `"net": "skynet"`, "", "a Go program must register it with zoo.Register"},
		{"nameless network", `"net": "lenet"`, `"net": ""`, "", "does not name its network"},
		{"too small an image", "\"input\": [\n    1,\n    12,\n    12", "\"input\": [\n    1,\n    2,\n    2", "", "preprocessing makes images of 1×12×12, the network takes 1×2×2"},
		{"another was asked for", `"net"`, `"net"`, "vgg11", `a model of the network "lenet", not of "vgg11"`},
		{"preprocessing is damaged", `"crop_pct": 1`, `"crop_pct": -1`, "", "crop_pct is -1: want"},
		{"not JSON", `"net"`, `net`, "", "config.json is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, _ := run(t, "lenet")
			edit(t, dir, c.from, c.to)
			m, err := modelfolder.Load(dir, modelfolder.Options{Net: c.net})
			if err == nil || m != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

// Runs of older versions, which have no preprocessing, take pictures as they
// always did, also where the network's published weights take others.
func TestOldRun(t *testing.T) {
	t.Parallel()
	dir, want := run(t, "lenet")
	b, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	from, to := strings.Index(text, `"preprocessing"`), strings.Index(text, `"classes"`)
	if from < 0 || to < from {
		t.Fatalf("no preprocessing in %s", text)
	}
	edit(t, dir, text[from:to], "")
	m := load(t, dir, "")
	sameState(t, m.Net, want)
	if !m.Preprocessing.Equal(preprocess.Plain(input)) {
		t.Errorf("got %v", m.Preprocessing)
	}
}

func TestModelFolder(t *testing.T) {
	t.Parallel()
	want := lenet(t, 3, input)
	config := preprocess.Config{InputSize: input, CropPct: 0.75, Mean: []float32{0.5}, Std: []float32{0.25}, Invert: true}
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	saved := &modelfolder.Model{Net: want, Spec: spec, Classes: []string{"a", "b", "c"}, Preprocessing: config, Data: "letters"}
	dir := filepath.Join(t.TempDir(), "new", "model")
	for range 2 { // the second replaces the first
		if err := saved.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		m := load(t, path, "")
		sameState(t, m.Net, want)
		if m.Path != path || m.Data != "letters" || m.Run != nil || !m.Preprocessing.Equal(config) || !slices.Equal(m.Classes, saved.Classes) {
			t.Errorf("%s: %+v", path, m)
		}
	}
	for _, c := range []struct {
		change func(m *modelfolder.Model)
		want   string
	}{
		{func(m *modelfolder.Model) { m.Classes = m.Classes[:2] }, "shape 1×3, but there are 2 class names"},
		{func(m *modelfolder.Model) { m.Spec.Name = "" }, "does not name its network"},
		{func(m *modelfolder.Model) { m.Preprocessing.CropPct = 7 }, "preprocessing: crop_pct is 7"},
		{func(m *modelfolder.Model) { m.Preprocessing.InputSize = tensor.Shape{1, 28, 28} }, "preprocessing makes inputs of 1×28×28, the network takes 1×12×12"},
	} {
		bad := *saved
		c.change(&bad)
		if err := bad.Save(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	load(t, dir, "") // what failed has left no trace
}

// A model folder that was written by hand need not say all.
func TestModelFolderByHand(t *testing.T) {
	t.Parallel()
	want := lenet(t, 4, tensor.Shape{1, 28, 28})
	dir := filepath.Dir(save(t, want.State(), nil))
	if err := os.Rename(filepath.Join(dir, "weights.safetensors"), filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	write := func(config string) {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"version": 1, "net": "lenet"}`)
	m := load(t, dir, "")
	sameState(t, m.Net, want)
	if !slices.Equal(m.Classes, []string{"class 0", "class 1", "class 2", "class 3"}) || !m.Preprocessing.Equal(preprocess.Plain(tensor.Shape{1, 28, 28})) {
		t.Errorf("%+v", m)
	}
	for config, want := range map[string]string{
		`{"version": 1}`:                 `does not name the network: want a field "net"`,
		`{"version": 2, "net": "lenet"}`: "config.json is damaged: format version is 2, this program knows 1",
		`{"version": 1, "net": "lenet", "preprocessing": {"input_size": [1, 28, 28], "crop": 1}}`: `unknown field "crop"`,
		`{"version": 1, "net": "lenet", "preprocessing": {"input_size": [3, 28, 28]}}`:            "wrong shape: 0.weight is 6×1×5×5, want 6×3×5×5",
		`{"version": 1, "net": "lenet", "classes": ["a", "b"]}`:                                   " names 2 classes, but no tensor in model.safetensors has that many rows",
		`{"version": 1, "net": "torchvision/resnet18"}`:                                           "missing: ",
	} {
		write(config)
		if _, err := modelfolder.Load(dir, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want %q", config, err, want)
		}
	}
	write("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 300\n")
	if _, err := modelfolder.Load(dir, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), "config.json is not what it should be: it is a Git LFS pointer") {
		t.Errorf("got %v", err)
	}
	write(`{"version": 1, "net": "lenet"}`)
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfolder.Load(dir, modelfolder.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "model.safetensors is missing") {
		t.Errorf("got %v", err)
	}
}

// Weights from elsewhere have no metadata: the network must be named, and the
// last layer says how many classes there are.
func TestForeignFile(t *testing.T) {
	t.Parallel()
	want := lenet(t, 5, tensor.Shape{1, 28, 28})
	m := load(t, save(t, want.State(), nil), "lenet")
	sameState(t, m.Net, want)
	if len(m.Classes) != 5 || m.Classes[3] != "class 3" || m.Data != "" {
		t.Errorf("%+v", m)
	}
	spec, err := zoo.Get("torchvision/squeezenet1_1")
	if err != nil {
		t.Fatal(err)
	}
	squeeze, err := nn.New(spec.New(3), tensor.Shape{3, 64, 64}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	published := preprocess.Config{InputSize: tensor.Shape{3, 224, 224}, CropPct: 0.875, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	small := published
	small.InputSize = tensor.Shape{3, 64, 64}
	for _, c := range []struct {
		metadata map[string]string
		want     preprocess.Config
	}{
		{nil, published},
		{map[string]string{"input": "[3,64,64]"}, small},
		{map[string]string{"input": "[3,64,64]", "data": "photos"}, preprocess.Plain(small.InputSize)},
		{map[string]string{"input": "[3,64,64]", "data": ""}, preprocess.Plain(small.InputSize)},
		{map[string]string{"preprocessing": `{"input_size": [3, 64, 64], "invert": true}`}, preprocess.Config{InputSize: small.InputSize, Invert: true}},
	} {
		m := load(t, save(t, squeeze.State(), c.metadata), spec.Name)
		if len(m.Classes) != 3 || !m.Preprocessing.Equal(c.want) || !m.Net.Input().Equal(c.want.InputSize) {
			t.Errorf("%v: %d classes, %v", c.metadata, len(m.Classes), m.Preprocessing)
		}
	}
}

// Weights that PyTorch saved within another module, with classes of their own,
// are loaded all the same.
func TestWrappedNames(t *testing.T) {
	t.Parallel()
	want := lenet(t, 5, tensor.Shape{1, 28, 28})
	for _, prefix := range []string{"module.", "model.", "backbone.", "_orig_mod."} {
		state := want.State()
		for i := range state {
			state[i].Name = prefix + state[i].Name
		}
		m := load(t, save(t, state, nil), "lenet")
		sameState(t, m.Net, want)
		if len(m.Classes) != 5 || m.Prefix != prefix {
			t.Errorf("%s: %d classes, prefix %q", prefix, len(m.Classes), m.Prefix)
		}
	}
	if m := load(t, save(t, want.State(), nil), "lenet"); m.Prefix != "" {
		t.Errorf("prefix %q", m.Prefix)
	}
}

func TestWeightsNotFinite(t *testing.T) {
	t.Parallel()
	m := lenet(t, 3, input)
	state := m.State()
	state[2].Tensor.Data()[7] = float32(math.Inf(-1))
	path := save(t, state, map[string]string{"net": "lenet", "input": "[1,12,12]"})
	_, err := modelfolder.Load(path, modelfolder.Options{})
	if err == nil || !strings.Contains(err.Error(), path+": the weights are damaged: tensor "+state[2].Name+" has 1 Inf among ") {
		t.Errorf("got %v", err)
	}
}

func TestFileRefuses(t *testing.T) {
	t.Parallel()
	state := lenet(t, 3, input).State()
	for _, c := range []struct {
		name, net, want string
		metadata        map[string]string
	}{
		{"nameless", "", "does not say which network", nil},
		{"unknown", "", `a model of the network "skynet", which is not known here`, map[string]string{"net": "skynet"}},
		{"other network", "nin", "missing: ", nil},
		{"another was asked for", "nin", `a model of the network "lenet", not of "nin"`, map[string]string{"net": "lenet"}},
		{"bad input", "lenet", "input shape", map[string]string{"input": "[1,999999,28]"}},
		{"bad input type", "lenet", "input shape", map[string]string{"input": "big"}},
		{"bad classes", "lenet", "class names", map[string]string{"classes": "{"}},
		{"absurd classes", "lenet", "names 2 classes", map[string]string{"classes": `["a","b"]`}},
		{"huge", "lenet", "lenet for inputs of 1×2000×2000 has 476181386 parameters, but ", map[string]string{"input": "[1,2000,2000]"}},
		{"other size", "lenet", "7.weight is 120×16, want 120×400", nil},
		{"bad preprocessing", "lenet", "its metadata: preprocessing: crop_pct is 3", map[string]string{"preprocessing": `{"input_size":[1,12,12],"crop_pct":3}`}},
		{"two sizes", "lenet", "input shape 1×12×12, and preprocessing for 1×28×28", map[string]string{"input": "[1,12,12]", "preprocessing": `{"input_size":[1,28,28]}`}},
	} {
		path := save(t, state, c.metadata)
		_, err := modelfolder.Load(path, modelfolder.Options{Net: c.net})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
		if errors.Is(err, modelfolder.ErrNoNet) != (c.name == "nameless") || errors.Is(err, modelfolder.ErrOtherNet) != (c.name == "another was asked for") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	if _, err := modelfolder.Load(none, modelfolder.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), none) {
		t.Errorf("got %v", err)
	}
	empty := t.TempDir()
	if _, err := modelfolder.Load(empty, modelfolder.Options{}); !errors.Is(err, runfolder.ErrNoRun) || !strings.Contains(err.Error(), empty) {
		t.Errorf("got %v", err)
	}
}

// A network of the user's own is found once it is registered; what it gives must
// be scores.
func TestOwnNetwork(t *testing.T) {
	zoo.Register(zoo.Spec{Name: "own", Title: "own", Input: tensor.Shape{1, 4, 4}, Classes: 2, New: func(classes int) nn.Layer {
		return nn.Sequential(nn.Flatten(), nn.Linear(classes))
	}})
	zoo.Register(zoo.Spec{Name: "own-images", Title: "own", Input: tensor.Shape{1, 4, 4}, Classes: 2, New: func(classes int) nn.Layer {
		return nn.Func("own", func(x *graph.Node) *graph.Node { return graph.ReLU(x) })
	}})
	spec, err := zoo.Get("own")
	if err != nil {
		t.Fatal(err)
	}
	want, err := spec.Model(1)
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, save(t, want.State(), map[string]string{"net": "own"}), "")
	sameState(t, m.Net, want)
	path := save(t, nil, map[string]string{"net": "own-images"})
	if _, err := modelfolder.Load(path, modelfolder.Options{}); err == nil || !strings.Contains(err.Error(), "the output of own-images has shape 1×1×4×4, but there are 2 class names: want 1×2") {
		t.Errorf("got %v", err)
	}
}

// Save would leave a run that cannot be resumed.
func TestSaveRefusesRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := runfolder.Create(dir, runfolder.Settings{
		Version: 1, Input: input, Classes: []string{"a"}, TrainImages: 8, Epochs: 1, BatchSize: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	model := modelfolder.Model{Spec: spec, Net: lenet(t, 1, input), Classes: []string{"a"}, Preprocessing: preprocess.Plain(input)}
	if err := model.Save(dir); err == nil || !strings.Contains(err.Error(), "the folder holds a run") {
		t.Errorf("got %v", err)
	}
}

func ExampleModel_Save() {
	net, err := nn.New(zoo.LeNet(2), tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, err := zoo.Get("lenet")
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	model := &modelfolder.Model{
		Net: net, Spec: spec, Classes: []string{"cat", "dog"},
		Preprocessing: preprocess.Config{InputSize: net.Input(), CropPct: 0.875},
	}
	if err := model.Save(dir); err != nil {
		fmt.Println(err)
		return
	}
	back, err := modelfolder.Load(dir, modelfolder.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(back.Spec.Title, back.Classes)
	fmt.Println(back.Preprocessing)
	// Output:
	// LeNet [cat dog]
	// 1×28×28, center, crop 0.875, bilinear, mean 0, std 1
}

// Whatever config.json and the metadata hold, Load returns an error or a model
// whose parts fit together.
func FuzzLoad(f *testing.F) {
	state := lenet(f, 3, input).State()
	f.Add([]byte(`{"version": 1, "net": "lenet", "preprocessing": {"input_size": [1, 12, 12]}}`), `["a","b","c"]`, "[1,12,12]")
	f.Add([]byte(`{"version": 1, "net": "lenet", "classes": ["a"], "train_images": 3}`), "[]", "[1,2048,2048]")
	f.Add([]byte(`{"version": 1, "net": "vgg16", "preprocessing": {"input_size": [3, 2048, 2048], "crop_pct": 0.06}}`), "", "[64,1,1]")
	f.Add([]byte(`{"architecture": "stride/lenet", "label_names": {"2": "c"}, "pretrained_cfg": {"input_size": [1, 12, 12], "mean": [0.5], "std": [1]}, "stride": {"version": 1, "net": "lenet"}}`), "", "")
	f.Fuzz(func(t *testing.T, config []byte, classes, size string) {
		weights := safetensors.File{Entries: state, Metadata: map[string]string{"net": "lenet", "classes": classes, "input": size}}
		var b bytes.Buffer
		if weights.Write(&b) != nil {
			return // strings that are not UTF-8
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "model.safetensors")
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644), os.WriteFile(file, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{dir, file} {
			m, err := modelfolder.Load(path, modelfolder.Options{})
			if err != nil {
				if !strings.Contains(err.Error(), dir) {
					t.Errorf("%v does not name %s", err, dir)
				}
				continue
			}
			if len(m.Classes) != 3 || !m.Preprocessing.InputSize.Equal(m.Net.Input()) || m.Preprocessing.Check() != nil {
				t.Errorf("%v, %v, %v", m.Classes, m.Preprocessing, m.Net.Input())
			}
		}
	})
}

// bestRun is a run folder of two epochs, the first of which is the best one, with the
// weights after either.
func bestRun(t testing.TB) (dir string, best, last *nn.Model) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	f, err := runfolder.Create(dir, runfolder.Settings{
		Version: 1, Net: "lenet", Input: input, Classes: []string{"a", "b", "c"}, TrainImages: 8, Epochs: 2, BatchSize: 8, Best: runfolder.TestAccuracy,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	best, last = lenet(t, 3, input), lenet(t, 3, input)
	best.Parameters()[0].Value.Data()[0] = 7
	rows := []runfolder.Row{{Epoch: 1, TestAccuracy: 1}, {Epoch: 2}}
	at := runfolder.Position{Version: 1, Epoch: 1, Step: 1, Rows: rows[:1], Best: &runfolder.Best{Epoch: 1, Value: 1}}
	if _, err := f.Save(&at, best, new(optim.State)); err != nil {
		t.Fatal(err)
	}
	at.Epoch, at.Step, at.Rows, at.Finished = 2, 2, rows, true
	if _, err := f.Save(&at, last, new(optim.State)); err != nil {
		t.Fatal(err)
	}
	return dir, best, last
}

// Of a run that has chosen a best epoch its weights are taken, unless Options say
// otherwise; of another one the last.
func TestWeightsOfRun(t *testing.T) {
	t.Parallel()
	dir, best, last := bestRun(t)
	for _, c := range []struct {
		asked, got modelfolder.Choice
		epoch      int
		weights    *nn.Model
	}{{"", modelfolder.Best, 1, best}, {modelfolder.Best, modelfolder.Best, 1, best}, {modelfolder.Last, modelfolder.Last, 2, last}} {
		m, err := modelfolder.Load(dir, modelfolder.Options{Weights: c.asked})
		if err != nil {
			t.Fatal(err)
		}
		sameState(t, m.Net, c.weights)
		if m.Choice != c.got || m.Epoch != c.epoch || len(m.Run.History.Rows) != 2 {
			t.Errorf("%q: %q of epoch %d", c.asked, m.Choice, m.Epoch)
		}
	}
	saved, err := modelfolder.SaveRun(dir, modelfolder.Card{})
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, saved, "")
	sameState(t, m.Net, best)
	if m.Choice != "" || m.Epoch != 0 {
		t.Errorf("a model folder has the %q weights of epoch %d", m.Choice, m.Epoch)
	}
	if _, err := modelfolder.Load(saved, modelfolder.Options{Weights: modelfolder.Last}); err == nil || !strings.Contains(err.Error(), "is no run folder") {
		t.Errorf("got %v", err)
	}
	if _, err := modelfolder.Load(dir, modelfolder.Options{Weights: "newest"}); err == nil || !strings.Contains(err.Error(), `want "best" or "last"`) {
		t.Errorf("got %v", err)
	}
	plain, want := run(t, "lenet")
	if m := load(t, plain, ""); m.Choice != modelfolder.Last || m.Epoch != 1 {
		t.Errorf("%q of epoch %d", m.Choice, m.Epoch)
	} else {
		sameState(t, m.Net, want)
	}
	if _, err := modelfolder.Load(plain, modelfolder.Options{Weights: modelfolder.Best}); !errors.Is(err, runfolder.ErrNoBest) {
		t.Errorf("got %v", err)
	}
}
