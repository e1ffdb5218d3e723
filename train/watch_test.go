package train

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/batches"
	"github.com/strideml/stride/train/internal/objective"
)

// stripes is a dataset of n images of 1×6×6 in three classes.
func stripes(t *testing.T, n int) *data.Images {
	t.Helper()
	pixels, labels := make([]uint8, n*36), make([]int, n)
	for i := range labels {
		labels[i] = i % 3
		for j := range 36 {
			if j%(2+labels[i]) == 0 {
				pixels[i*36+j] = uint8(100 + (i*7+j)%100)
			}
		}
	}
	set, err := data.NewImages(pixels, labels, tensor.Shape{1, 6, 6}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// explode trains with a learning rate that is tiny at first and far too high
// from a step on.
func explode(t *testing.T, net nn.Layer, from uint64, few bool) (*nn.Model, error) {
	t.Helper()
	model, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	config, err := Config{
		Epochs: 5, BatchSize: 8, Device: cpu.New(cpu.Options{Threads: 2}),
		Schedule: optim.ScheduleFunc(func(step uint64) float32 {
			if step >= from {
				return 1e30
			}
			return 1e-12
		}),
		Optimizer: optim.SGD{},
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFitter(nil, model, stripes(t, 60), nil, objective.Objective{}, objective.Objective{}, config)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	f.watch.few = few
	return model, f.run(context.Background())
}

func TestExplain(t *testing.T) {
	plain := func() nn.Layer {
		return nn.Sequential(nn.Conv2D(4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8), nn.ReLU(), nn.Linear(3))
	}
	// The square root has an infinite derivative at 0.
	steep := nn.Func("Steep", func(x *graph.Node) *graph.Node {
		return graph.Add(x, graph.Sqrt(graph.Sub(x, x)))
	})
	for _, test := range []struct {
		name string
		net  nn.Layer
		from uint64
		few  bool
		want []string
	}{
		{"forward", plain(), 3, true, []string{"epoch 1 at step 5", "the loss is ", "; in step 5 the output of layer ", ") holds "}},
		{"later epoch", plain(), 9, true, []string{"epoch 2 at step 11", "; in step 11 the output of layer "}},
		{"end of epoch", plain(), 7, true, []string{"; in step "}},
		{"many weights", plain(), 2, false, []string{"; in step 4 the output of layer "}},
		{"gradient", nn.Sequential(nn.Flatten(), nn.Linear(4), steep, nn.Linear(3)), 100, true,
			[]string{"at step 2", "; in step 1 the gradient in layer 2 (Steep) holds -Inf, the first value that is not finite"}},
	} {
		model, err := explode(t, test.net, test.from, test.few)
		if !errors.Is(err, ErrDiverged) {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", test.name, err, want)
			}
		}
		for _, p := range model.Parameters() {
			if !batches.Finite(p.Value.Data()) {
				t.Errorf("%s: %s is not finite", test.name, p.Name)
			}
		}
	}
}

// TestUpdateTooLarge has finite gradients and an update that is not.
func TestUpdateTooLarge(t *testing.T) {
	scale := nn.Func("Scale", func(x *graph.Node) *graph.Node { return graph.Mul(x, x.Graph().Scalar(1e10)) })
	for from, want := range map[uint64]string{
		2: "at step 4: the loss is NaN; the update of step 3 was too large for the weights",
		7: "at step 8: 2.weight holds a value that is not finite; the update of step 8 was too large for the weights",
	} {
		_, err := explode(t, nn.Sequential(nn.Flatten(), scale, nn.Linear(3)), from, true)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestWarning trains with a learning rate that is too low to learn anything.
func TestWarning(t *testing.T) {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3).Init(nn.Constant(0)).InitBias(nn.Constant(0))), tensor.Shape{1, 6, 6}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines, warnings []string
	_, err = Fit(context.Background(), model, stripes(t, 60), nil, Config{
		Epochs: 2, BatchSize: 8, LearningRate: 1e-45, Device: cpu.New(cpu.Options{Threads: 2}),
		Log:       func(line string) { lines = append(lines, line) },
		Callbacks: Callbacks{OnEpoch: func(e EpochInfo) { warnings = append(warnings, e.Warning) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "no learning in epochs 1 to 2: the loss equals chance (ln 3 = 1.099); if that continues, try a lower learning rate or another seed"
	if len(warnings) != 2 || warnings[1] != want || lines[len(lines)-1] != "warning: "+want {
		t.Errorf("warnings %q, lines %q", warnings, lines)
	}
}

func BenchmarkWatch(b *testing.B) {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(1000)), tensor.Shape{1, 6, 10}, nn.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w, step := newWatch(model), 0
	for b.Loop() {
		if w.wants(0) {
			w.keep(step)
		}
		step++
	}
}
