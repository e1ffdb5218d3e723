package finetune_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train"
	_ "github.com/strideml/stride/weights/efficientnetlite0"
	"github.com/strideml/stride/zoo"
)

// shapes are the classes of drawn pictures: each says whether a point of −1..1 is
// part of it.
var shapes = map[string]func(x, y float64) bool{
	"disk":    func(x, y float64) bool { return x*x+y*y < 0.5 },
	"ring":    func(x, y float64) bool { r := x*x + y*y; return r < 0.6 && r > 0.25 },
	"cross":   func(x, y float64) bool { return min(abs(x), abs(y)) < 0.2 },
	"stripes": func(_, y float64) bool { return int((y+1)*4)%2 == 0 },
	"checks":  func(x, y float64) bool { return (int((x+1)*3)+int((y+1)*3))%2 == 0 },
}

func abs(x float64) float64 { return max(x, -x) }

// draw makes a folder of photos with n pictures of each of the classes.
func draw(t testing.TB, n int, classes ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, class := range classes {
		if err := os.Mkdir(filepath.Join(root, class), 0o755); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(uint64(len(class)), uint64(class[0])))
		for i := range n {
			const side = 48
			m := image.NewRGBA(image.Rect(0, 0, side+r.IntN(20), side+r.IntN(20)))
			light, dark := color.RGBA{uint8(150 + r.IntN(100)), uint8(150 + r.IntN(100)), uint8(150 + r.IntN(100)), 255}, color.RGBA{uint8(r.IntN(100)), uint8(r.IntN(100)), uint8(r.IntN(100)), 255}
			dx, dy, scale := r.Float64()*0.3-0.15, r.Float64()*0.3-0.15, 0.8+r.Float64()*0.4
			b := m.Bounds()
			for y := range b.Dy() {
				for x := range b.Dx() {
					c := dark
					if shapes[class](scale*(2*float64(x)/float64(b.Dx())-1+dx), scale*(2*float64(y)/float64(b.Dy())-1+dy)) {
						c = light
					}
					m.Set(x, y, c)
				}
			}
			f, err := os.Create(filepath.Join(root, class, fmt.Sprintf("%03d.png", i)))
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
	}
	return root
}

func open(t testing.TB, root string) *imagefolder.Sets {
	t.Helper()
	sets, err := imagefolder.Open(context.Background(), root, imagefolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

func lite0(t testing.TB) *modelfolder.Model {
	t.Helper()
	m, err := modelfolder.Load("efficientnet-lite0", modelfolder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Five classes that a program draws are learnt in two epochs.
func TestFiveClasses(t *testing.T) {
	t.Parallel()
	sets := open(t, draw(t, 30, "disk", "ring", "cross", "stripes", "checks"))
	job, err := finetune.New(sets, finetune.Options{Base: lite0(t), Size: 64, Epochs: 3, HeadEpochs: 1, BatchSize: 16, LearningRate: 1e-2})
	if err != nil {
		t.Fatal(err)
	}
	if job.Head != "classifier" {
		t.Errorf("head %q", job.Head)
	}
	h, err := train.Fit(t.Context(), job.Model, job.Train, job.Validation, job.Config)
	if err != nil {
		t.Fatal(err)
	}
	if best := h.Rows[h.BestEpoch-1]; best.TestAccuracy < 0.9 {
		t.Errorf("validation accuracy %v in epoch %d", best.TestAccuracy, h.BestEpoch)
	}
}

// The weights are those of the base, but for the last layer; that stays, too, where
// the classes are those of the base.
func TestTransfer(t *testing.T) {
	t.Parallel()
	sets := open(t, draw(t, 3, "disk", "ring"))
	base := lite0(t)
	job, err := finetune.New(sets, finetune.Options{Base: base, Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	own := base.Net.State()
	for i, e := range job.Model.State() {
		if head := strings.HasPrefix(e.Name, "classifier."); head != !e.Tensor.Equal(own[i].Tensor) {
			t.Errorf("%s: new %v", e.Name, head)
		}
	}
	again := &modelfolder.Model{Net: job.Model, Spec: base.Spec, Classes: sets.Classes, Preprocessing: base.Preprocessing}
	second, err := finetune.New(sets, finetune.Options{Base: again, Size: 32, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if second.Head != "" || !second.Model.State()[0].Tensor.Equal(job.Model.State()[0].Tensor) {
		t.Errorf("head %q", second.Head)
	}
	for _, e := range second.Model.State() {
		if p, err := job.Model.Param(e.Name); err == nil && !p.Value.Equal(e.Tensor) {
			t.Errorf("%s is new", e.Name)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	root := draw(t, 4, "disk", "ring", "cross")
	for i := range 3 { // the rarest class
		if err := os.Remove(filepath.Join(root, "ring", fmt.Sprintf("%03d.png", i))); err != nil {
			t.Fatal(err)
		}
	}
	sets, err := imagefolder.Open(t.Context(), root, imagefolder.Options{Validation: -1})
	if err != nil {
		t.Fatal(err)
	}
	base := lite0(t)
	job, err := finetune.New(sets, finetune.Options{Base: base, Size: 32, ClassWeights: true, BatchSize: 8, Epochs: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := job.Config
	if job.Validation != nil || c.Best != "" || c.EarlyStop.Patience != 0 {
		t.Errorf("without validation: best %q, early stop %v", c.Best, c.EarlyStop)
	}
	if want := []float32{0.75, 0.75, 3}; !slices.Equal(c.ClassWeights, want) {
		t.Errorf("class weights %v, want %v", c.ClassWeights, want)
	}
	if len(c.Freeze) != 1 || !c.Freeze[0].Statistics { // one epoch trains all layers
		t.Errorf("freeze %v", c.Freeze)
	}
	if most, fewest, ratio := finetune.Imbalance(sets); most != "cross" || fewest != "ring" || ratio != 4 {
		t.Errorf("imbalance %s %s %v", most, fewest, ratio)
	}
	few := *sets.Train // as where a limit leaves some photos out
	few.Items = few.Items[:5]
	limited := *sets
	limited.Train = &few
	if most, _, ratio := finetune.Imbalance(&limited); most != "cross" || ratio != 4 {
		t.Errorf("of five photos, imbalance %s %v", most, ratio)
	}
	// All layers are trained for 21 steps or for 24: then the statistics move.
	for epochs, frozen := range map[int]int{25: 2, 28: 1} {
		job, err := finetune.New(sets, finetune.Options{Base: base, Size: 32, Epochs: epochs})
		if err != nil {
			t.Fatal(err)
		}
		if len(job.Config.Freeze) != frozen {
			t.Errorf("%d epochs: %v", epochs, job.Config.Freeze)
		}
	}
	p, err := augment.Parse("flip,erase=0.5,mixup")
	if err != nil {
		t.Fatal(err)
	}
	if job, err = finetune.New(sets, finetune.Options{Base: base, Size: 32, Augment: p}); err != nil {
		t.Fatal(err)
	}
	if job.Config.Mix == nil || job.Config.LabelSmoothing != 0 || job.Config.Augment.String() != "erase" || len(job.Config.Freeze) != 2 {
		t.Errorf("%+v", job.Config)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	sets := open(t, draw(t, 3, "disk", "ring"))
	lenet, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	bad := augment.Pipeline{augment.Normalize{Mean: []float32{0.5}, Std: []float32{1}}}
	for want, o := range map[string]finetune.Options{
		"needs a network":              {},
		"normalize is no augmentation": {Net: lenet, Augment: bad},
		"is smaller than the kernel":   {Net: lenet, Size: 3},
	} {
		if _, err := finetune.New(sets, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	sets.Train = nil
	if _, err := finetune.New(sets, finetune.Options{Net: lenet}); err == nil || !strings.Contains(err.Error(), "no training photos") {
		t.Error(err)
	}
}
