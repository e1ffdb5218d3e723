package observe

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// However many steps there are, there are few points, and their means are right.
func TestStepsMerge(t *testing.T) {
	s := Steps{Every: 1, Batches: 1000}
	const steps = 100_000
	for i := range steps {
		s.add(train.StepInfo{Step: i + 1, BatchLoss: float64(i)}, 8, 4)
		if s.Len() >= maxPoints {
			t.Fatalf("%d points", s.Len())
		}
	}
	if s.Every != 64 || s.Len() < maxPoints/2 || s.check() != nil {
		t.Errorf("%d points of %d steps, %v", s.Len(), s.Every, s.check())
	}
	for i, step := range s.Step {
		if step != (i+1)*s.Every || float64(s.Loss[i]) != float64(step)-float64(s.Every)/2-0.5 || s.Accuracy[i] != 0.5 {
			t.Fatalf("point %d: step %d, loss %v, accuracy %v", i, step, s.Loss[i], s.Accuracy[i])
		}
	}
	s.goOn(steps / 2)
	if n := s.Len(); s.Step[n-1] > steps/2 || s.Step[n-1] < steps/2-s.Every {
		t.Errorf("goes on after %d", s.Step[n-1])
	}
}

// There are few files of a long training, evenly spread, with the first and the last epoch.
func TestThin(t *testing.T) {
	w := &writer{r: &Recorder{dir: t.TempDir()}}
	var kept []int
	for n := 1; n <= 5000; n++ {
		if kept = w.thin(append(kept, n), epochFile); len(kept) > maxFiles {
			t.Fatalf("%d files", len(kept))
		}
	}
	longest := 0
	for i := 1; i < len(kept); i++ {
		longest = max(longest, kept[i]-kept[i-1])
	}
	if kept[0] != 1 || kept[len(kept)-1] != 5000 || len(kept) < maxFiles/2 || longest > 4*5000/maxFiles {
		t.Errorf("%v, distances up to %d", kept, longest)
	}
}

func TestHistogram(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	h := newHistogram([]float32{-1, nan, 0, 0, inf, 3})
	if h.Min != -1 || h.Max != 3 || h.Mean != 0.5 || h.NotFinite != 2 || len(h.Counts) != bins || h.Counts[0] != 1 || h.Counts[8] != 2 || h.Counts[bins-1] != 1 ||
		math.Abs(float64(h.Std)-1.5) > 1e-9 {
		t.Errorf("%+v", h)
	}
	if h := newHistogram([]float32{2, 2}); !slices.Equal(h.Counts, []int{2}) || h.Min != 2 || h.Std != 0 {
		t.Errorf("%+v", h)
	}
	if h := newHistogram([]float32{nan}); h.Counts != nil || h.NotFinite != 1 {
		t.Errorf("%+v", h)
	}
	// Of many, those that are looked at are like all: here each ninth is 1, as one element of kernels of 3×3.
	many := make([]float32, 9*maxValues)
	for i := 4; i < len(many); i += 9 {
		many[i] = 1
	}
	if h := newHistogram(many); h.Mean < 0.1 || h.Mean > 0.125 {
		t.Errorf("mean %v, want about 1/9", h.Mean)
	}
	// A huge range.
	if h := newHistogram([]float32{-math.MaxFloat32, math.MaxFloat32}); h.Counts[0] != 1 || h.Counts[bins-1] != 1 {
		t.Errorf("%+v", h)
	}
	if h := newHistogram([]float32{0, math.SmallestNonzeroFloat32}); h.Counts[0] != 1 || h.Counts[bins-1] != 1 {
		t.Errorf("%+v", h)
	}
}

// Of many classes, those with the most mistakes are kept.
func TestConfusion(t *testing.T) {
	m := metrics.NewConfusionMatrix(make([]string, 1000))
	for i := range 1000 {
		if err := errors.Join(m.Add(i, i), m.Add(i, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := 100; i < 100+MaxClasses; i++ {
		if err := m.Add(i, (i+1)%1000); err != nil {
			t.Fatal(err)
		}
	}
	c := newConfusion(m)
	if len(c.Classes) != MaxClasses || c.All != 1000 || c.Classes[1] != 101 || c.Counts[1][1] != 2 || c.Counts[1][2] != 1 || c.Support[1] != 3 {
		t.Errorf("%+v", c)
	}
}

// A writer that is slow leaves files out and keeps nobody waiting.
func TestSlowWriter(t *testing.T) {
	var said []string
	r := &Recorder{dir: t.TempDir(), config: train.Config{Log: func(line string) { said = append(said, line) }}}
	w := &writer{r: r, jobs: make(chan func() error, queued), done: make(chan struct{})} // nothing runs
	began := time.Now()
	for n := 1; n <= 3*queued; n++ {
		w.epoch(&Epoch{Epoch: n}, nil, false)
	}
	if took := time.Since(began); took > patience/2 || len(said) != 1 || !strings.Contains(said[0], "too slowly") {
		t.Errorf("waited %v, said %q", took, said)
	}
}

// Damaged files are errors that name them; what is not there is not an error of its own kind.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, Folder), 0o755), os.WriteFile(file(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadSteps(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if found, err := Epochs(dir); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
	for _, text := range []string{
		`{"every":1`, `[]`, `{}`, `{"every":0,"batches":4}`, `{"every":1,"batches":4,"step":[1,2],"loss":[1]}`,
		`{"every":1,"batches":4,"step":[2,1],"loss":[1,1],"accuracy":[1,1],"rate":[1,1],"speed":[1,1]}`, "\x00\x00", strings.Repeat(" ", maxBytes+1),
	} {
		put(stepsFile, text)
		if _, err := ReadSteps(dir); err == nil || !strings.Contains(err.Error(), stepsFile) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, text := range []string{`{"confusion":{"classes":[0,1],"counts":[[1]],"support":[1,1]}}`, `{"confusion":{"classes":[0],"counts":[[1,2]],"support":[1]}}`, `{"worst":1}`, ``} {
		put("epoch-3.json", text)
		if _, err := ReadEpoch(dir, 3); err == nil || !strings.Contains(err.Error(), "epoch-3.json") {
			t.Errorf("%q: %v", text, err)
		}
	}
	put("probe-x.json", "")
	put("probe-01.json", "")
	put("probe--1.json", "")
	put("probe-7.json", "{}")
	if found, err := Probes(dir); err != nil || !slices.Equal(found, []int{7}) {
		t.Errorf("%v, %v", found, err)
	}
	if err := os.Mkdir(file(dir, chosenFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadChosen(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A probe has few images where an epoch has few.
func TestSizes(t *testing.T) {
	for _, c := range []struct{ train, test, gradients, dead int }{{124, 26, 4, 16}, {512, 512, 6, 20}, {10_000, 2_000, 16, 128}, {60_000, 0, 16, 128}} {
		p := &prober{trainSet: make(labelled, c.train)}
		if c.test > 0 {
			p.testSet = make(labelled, c.test)
		}
		if g, d := p.sizes(); g != c.gradients || d != c.dead {
			t.Errorf("%d and %d images: %d, %d; want %d, %d", c.train, c.test, g, d, c.gradients, c.dead)
		}
	}
}

// The images that are shown in each epoch are of all classes, if there are few.
func TestChoose(t *testing.T) {
	set := labelled{0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0}
	if got := choose(set, 8); !slices.Equal(got, []int{0, 4, 7, 1, 2, 3, 5, 6}) {
		t.Errorf("chose %v", got)
	}
	if got := choose(struct{ bare }{bare{set}}, 4); !slices.Equal(got, []int{0, 3, 6, 9}) {
		t.Errorf("chose %v", got)
	}
	if got := choose(set[:2], 8); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("chose %v", got)
	}
}

// labelled is a dataset of labels alone; a bare one does not show them.
type labelled []int

func (l labelled) Len() int                             { return len(l) }
func (l labelled) ImageShape() tensor.Shape             { return tensor.Shape{1, 1, 1} }
func (l labelled) Classes() []string                    { return []string{"a", "b", "c"} }
func (l labelled) Read(i int, _ []float32) (int, error) { return l[i], nil }
func (l labelled) Label(i int) int                      { return l[i] }

type bare struct{ l labelled }

func (b bare) Len() int                                  { return b.l.Len() }
func (b bare) ImageShape() tensor.Shape                  { return b.l.ImageShape() }
func (b bare) Classes() []string                         { return b.l.Classes() }
func (b bare) Read(i int, pixels []float32) (int, error) { return b.l.Read(i, pixels) }
