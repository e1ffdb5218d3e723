package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/check"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// photo draws a picture of waves in many directions, another one for each seed.
func photo(seed, w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	type wave struct{ x, y, phase, size float64 }
	var waves [3][14]wave
	for c := range waves {
		for i := range waves[c] {
			waves[c][i] = wave{r.Float64()*24 - 12, r.Float64()*24 - 12, r.Float64() * 6, 6 + 14*r.Float64()}
		}
	}
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var v [3]uint8
			for c := range v {
				sum := 128.0
				for _, k := range waves[c] {
					sum += k.size * math.Sin(k.x*float64(x)/float64(w)+k.y*float64(y)/float64(h)+k.phase)
				}
				v[c] = uint8(min(max(sum, 0), 255))
			}
			p.SetNRGBA(x, y, color.NRGBA{v[0], v[1], v[2], 255})
		}
	}
	return p
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, p image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder writes files, whose first folder is the split and whose second the class,
// and returns them as an input in random order.
func folder(t testing.TB, files map[string][]byte) check.Input {
	t.Helper()
	input := check.Input{Root: t.TempDir(), Classes: []string{"cat", "dog", "owl"}}
	for path, content := range files {
		file := filepath.Join(input.Root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(path, "/")
		path = strings.TrimPrefix(path, "/") // of a set without splits
		input.Items = append(input.Items, check.Item{Path: path, Label: slices.Index(input.Classes, parts[1]), Split: parts[0]})
	}
	return input
}

func run(t testing.TB, input check.Input, config check.Config) *check.Result {
	t.Helper()
	r, err := check.Run(t.Context(), input, config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func kinds(r *check.Result) string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, fmt.Sprintf("%s:%d", f.Kind, f.Count))
	}
	return strings.Join(list, " ")
}

// groups shows groups in a line: paths, then ! for several splits and ? for several
// classes.
func groups(list []check.Group) string {
	var lines []string
	for _, g := range list {
		var paths []string
		for _, p := range g.Pictures {
			paths = append(paths, p.Path)
		}
		line := strings.Join(paths, " ")
		if g.AcrossSplits {
			line += " !"
		}
		if g.AcrossClasses {
			line += " ?"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func paths(list []check.Problem) string {
	var all []string
	for _, p := range list {
		all = append(all, p.Path)
	}
	return strings.Join(all, " ")
}

// A set with one of everything.
func TestRun(t *testing.T) {
	files := map[string][]byte{}
	for i := range 30 {
		files[fmt.Sprintf("train/cat/%02d.png", i)] = asPNG(t, photo(i, 48, 40))
	}
	for i := range 3 {
		files[fmt.Sprintf("train/dog/%d.jpg", i)] = asJPEG(t, photo(100+i, 80, 60), 90)
		files[fmt.Sprintf("validation/cat/%d.png", i)] = asPNG(t, photo(200+i, 40, 48))
	}
	cut := asJPEG(t, photo(300, 200, 200), 90)
	files["train/dog/cut.jpg"] = cut[:len(cut)/2]
	files["train/dog/half.jpeg"] = []byte("<html>404</html>")
	files["train/dog/empty.jpg"] = nil
	files["train/dog/misnamed.jpg"] = asPNG(t, photo(301, 64, 64))
	files["train/cat/tiny.png"] = asPNG(t, photo(302, 20, 90))
	blank := image.NewGray(image.Rect(0, 0, 50, 50))
	files["train/cat/black.png"] = asPNG(t, blank)
	blank.Pix[77] = 9
	files["train/cat/nearly black.png"] = asPNG(t, blank)
	// Copies: in the same class, in another class, in another split.
	files["train/cat/copy of 00.png"] = files["train/cat/00.png"]
	files["train/dog/01.png"] = files["train/cat/01.png"]
	files["validation/cat/02.png"] = files["train/cat/02.png"]
	// Near copies: another size, a JPEG in another class, a brighter one in another split.
	files["train/cat/small 03.png"] = asPNG(t, photo(3, 96, 80))
	files["train/dog/04.jpg"] = asJPEG(t, photo(4, 48, 40), 50)
	bright := photo(5, 48, 40)
	for i := range bright.Pix {
		bright.Pix[i] = uint8(min(int(bright.Pix[i])*11/10, 255))
	}
	files["validation/cat/bright 05.png"] = asPNG(t, bright)

	input := folder(t, files)
	input.Unreadable = []check.Problem{{Picture: check.Picture{Path: "train/owl/x.heic", Class: "owl", Split: "train"}, Reason: "x.heic is a HEIF picture"}}
	r := run(t, input, check.Config{})

	for what, c := range map[string][2]string{
		"exact duplicates": {groups(r.Duplicates), "train/cat/02.png validation/cat/02.png !; train/cat/01.png train/dog/01.png ?; train/cat/00.png train/cat/copy of 00.png"},
		"near duplicates":  {groups(r.NearDuplicates), "train/cat/05.png validation/cat/bright 05.png !; train/cat/04.png train/dog/04.jpg ?; train/cat/03.png train/cat/small 03.png"},
		"unreadable":       {paths(r.Unreadable), "train/dog/empty.jpg train/dog/half.jpeg train/owl/x.heic"},
		"damaged":          {paths(r.Damaged), "train/dog/cut.jpg"},
		"misnamed":         {paths(r.Misnamed), "train/dog/misnamed.jpg"},
		"splits":           {fmt.Sprint(r.Splits), "[train validation]"},
		"classes":          {fmt.Sprint(r.Classes), "[{cat 40 [35 5]} {dog 7 [7 0]} {owl 0 [0 0]}]"},
		"formats":          {fmt.Sprint(r.Formats), "map[JPEG:5 PNG:42]"},
		"sizes":            {fmt.Sprint(r.Sizes.Shorter, r.Sizes.Longer), "[20 40 200] [48 48 200]"},
		"blank":            {fmt.Sprint(r.Blank), "[{train/cat/black.png cat train} {train/cat/nearly black.png cat train}]"},
		"small":            {fmt.Sprint(r.Small), "[{train/cat/tiny.png cat train}]"},
		"findings": {kinds(r), "unreadable:3 empty_class:1 leak:1 near_leak:1 conflict:1 near_conflict:1 damaged:1 missing_in_split:1 " +
			"few_pictures:1 duplicates:1 near_duplicates:1 blank:2 small:1 misnamed:1"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got  %s\nwant %s", what, c[0], c[1])
		}
	}
	for _, f := range r.Findings {
		if !strings.HasSuffix(f.Text, ".") || !strings.HasSuffix(f.Advice, ".") || strings.Contains(f.Text, "%!") {
			t.Errorf("%s: %q, %q", f.Kind, f.Text, f.Advice)
		}
	}
	// The number of goroutines and the order of the list change nothing.
	want, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(input.Items)
	for _, workers := range []int{1, 5} {
		if got, err := json.Marshal(run(t, input, check.Config{Workers: workers})); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d goroutines: %v\n%s\n%s", workers, err, got, want)
		}
	}
}

// A set in order has no findings.
func TestNothingWrong(t *testing.T) {
	files := map[string][]byte{}
	for i := range 60 {
		files[fmt.Sprintf("/%s/%02d.png", []string{"cat", "dog", "owl"}[i%3], i)] = asPNG(t, photo(i, 40, 40))
	}
	r := run(t, folder(t, files), check.Config{})
	if len(r.Findings) > 0 || r.Pictures != 60 || fmt.Sprint(r.Splits) != "[]" || r.Compared != 0 {
		t.Errorf("%+v", r.Findings)
	}
	if b, err := json.Marshal(r); err != nil || strings.Contains(string(b), "null") {
		t.Errorf("%s, %v", b, err)
	}
	if r := run(t, check.Input{}, check.Config{}); len(r.Findings) > 0 || r.Pictures != 0 {
		t.Errorf("no pictures: %+v", r)
	}
}

func TestImbalance(t *testing.T) {
	files := map[string][]byte{}
	for i := range 42 {
		files[fmt.Sprintf("/%s/%02d.png", map[bool]string{true: "cat", false: "dog"}[i >= 2], i)] = asPNG(t, photo(i, 36, 36))
	}
	input := folder(t, files)
	input.Classes = input.Classes[:2]
	if r := run(t, input, check.Config{}); kinds(r) != "imbalance:1 few_pictures:1" || !strings.Contains(r.Findings[0].Text, "cat has 40 pictures, dog has 2") {
		t.Errorf("%+v", r.Findings)
	}
}

// mean is a picture's mean colour around grey: photos of a class below have one.
func mean(p *raster.Raster) ([]float32, error) {
	sum := make([]float32, 3)
	for c := range sum {
		for _, v := range p.Plane(c) {
			sum[c] += float32(v)/255 - .5
		}
	}
	return sum, nil
}

// tinted draws a photo whose pictures of a class have a colour in common.
func tinted(seed, class int) image.Image {
	p := photo(seed, 36, 36)
	for i := range p.Pix {
		if i%4 == class {
			p.Pix[i] = 255
		} else if i%4 < 3 {
			p.Pix[i] /= 3
		}
	}
	return p
}

// Pictures in a wrong class are found, and no others; their copies do not vouch for
// them.
func TestSuspects(t *testing.T) {
	files := map[string][]byte{}
	for i := range 45 {
		files[fmt.Sprintf("/%s/%02d.png", []string{"cat", "dog", "owl"}[i%3], i)] = asPNG(t, tinted(i, i%3))
	}
	wrong := map[string]string{"cat/dog.png": "dog", "cat/dog copy.png": "dog", "owl/cat.png": "cat"}
	files["/cat/dog.png"], files["/owl/cat.png"] = asPNG(t, tinted(100, 1)), asPNG(t, tinted(101, 0))
	files["/cat/dog copy.png"] = files["/cat/dog.png"]
	input := folder(t, files)
	var stages []string
	config := check.Config{Features: mean, Progress: func(stage string, done, total int) {
		if done == total {
			stages = append(stages, stage)
		}
	}}
	r := run(t, input, config)
	if len(r.Suspects) != len(wrong) || r.Compared != 48 || fmt.Sprint(stages) != "[pictures labels]" {
		t.Errorf("%d compared, %v: %+v", r.Compared, stages, r.Suspects)
	}
	for _, s := range r.Suspects {
		if wrong[s.Path] != s.Suggested || s.Agreement < .9 || s.Similarity < .8 || len(s.Neighbours) != 3 || !strings.HasPrefix(s.Neighbours[0], s.Suggested+"/") {
			t.Errorf("%+v", s)
		}
	}
	// Of more pictures than MaxLabels some are compared.
	config.MaxLabels, config.Progress = 24, nil
	if r := run(t, input, config); r.Compared < 12 || r.Compared > 36 {
		t.Errorf("%d pictures were compared, want about 24", r.Compared)
	}
	// A class of three pictures is not judged.
	few := check.Input{Root: input.Root, Classes: input.Classes}
	for _, item := range input.Items {
		if item.Label != 2 || item.Path == "owl/cat.png" {
			few.Items = append(few.Items, item)
		}
	}
	for _, s := range run(t, few, check.Config{Features: mean}).Suspects {
		if s.Class == "owl" {
			t.Errorf("the only owl is suspected: %+v", s)
		}
	}
}

// More pictures than are compared at once.
func TestManyLabels(t *testing.T) {
	files := map[string][]byte{}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 600 {
		noise := image.NewGray(image.Rect(0, 0, 32, 32))
		for j := range noise.Pix {
			noise.Pix[j] = uint8(r.IntN(256))
		}
		noise.Pix[0] = uint8(i % 2)
		files[fmt.Sprintf("/%s/%03d.png", []string{"cat", "dog"}[i%2], i)] = asPNG(t, noise)
	}
	input := folder(t, files)
	for i, item := range input.Items {
		if item.Path == "dog/599.png" {
			input.Items[i].Label = 0 // which is wrong
		}
	}
	features := func(p *raster.Raster) ([]float32, error) { // the class, and some noise
		angle := float64(p.Pix[0]) + float64(p.Pix[5])/1000
		return []float32{float32(math.Cos(angle)), float32(math.Sin(angle))}, nil
	}
	got := run(t, input, check.Config{Features: features})
	if got.Compared != 600 || len(got.Suspects) != 1 || got.Suspects[0].Path != "dog/599.png" || got.Suspects[0].Suggested != "dog" || len(got.NearDuplicates) > 0 {
		t.Errorf("%d compared: %+v", got.Compared, got.Suspects)
	}
}

// Features of a network: what its last linear layer gets.
func TestNetworkFeatures(t *testing.T) {
	net, err := nn.New(nn.Sequential(nn.Conv2D(5, 3), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(3)), tensor.Shape{3, 8, 8}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := preprocess.Plain(tensor.Shape{3, 8, 8})
	features, closeNetwork, err := check.NetworkFeatures(net, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := photo(1, 8, 8)
	got, err := features(raster.FromImage(p, 3))
	if err != nil {
		t.Fatal(err)
	}
	x, err := config.Tensor(p)
	if err != nil {
		t.Fatal(err)
	}
	want, err := net.Activations(nil, x, "3")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || !slices.Equal(got, want[0].Data()) {
		t.Errorf("got %v, want %v", got, want[0].Data())
	}
	if err := closeNetwork(); err != nil {
		t.Error(err)
	}
	if _, err := features(raster.FromImage(p, 3)); err == nil {
		t.Error("a closed network computes")
	}
	if _, _, err := check.NetworkFeatures(net, preprocess.Plain(tensor.Shape{3, 9, 9}), nil); err == nil || !strings.Contains(err.Error(), "3×9×9") {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	input := folder(t, map[string][]byte{"/cat/1.png": asPNG(t, photo(1, 40, 40)), "/cat/2.png": asPNG(t, photo(2, 40, 40)), "/cat/3.png": asPNG(t, photo(3, 40, 40)), "/cat/4.png": asPNG(t, photo(4, 40, 40))})
	broken := errors.New("the network is on fire")
	n := 0
	for want, config := range map[string]check.Config{
		"the network is on fire": {Features: func(*raster.Raster) ([]float32, error) { return nil, broken }},
		"negative number":        {Workers: -1},
		"features of":            {Workers: 1, Features: func(*raster.Raster) ([]float32, error) { n++; return slices.Repeat([]float32{1}, n), nil }},
	} {
		if _, err := check.Run(t.Context(), input, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := check.Run(t.Context(), check.Input{Classes: []string{"a"}, Items: []check.Item{{Path: "x", Label: 1}}}, check.Config{}); err == nil || !strings.Contains(err.Error(), "x has label 1") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := check.Run(ctx, input, check.Config{Workers: 1, Progress: func(string, int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
