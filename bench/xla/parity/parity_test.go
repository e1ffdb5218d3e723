package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/zoo"
)

// Two algorithms of the cpu engine agree, and mistakes are noticed.
func TestJudge(t *testing.T) {
	s, err := subjectOf("lenet", 8)
	if err != nil {
		t.Fatal(err)
	}
	trainings := make([]training, 0, 3)
	for _, noisy := range []*rand.Rand{nil, rng.New(1, "parity test")} {
		got, err := s.train(cpu.Default(), noisy)
		if err != nil {
			t.Fatal(err)
		}
		trainings = append(trainings, got)
	}
	exact, noisy := trainings[0], trainings[1]
	direct, err := s.train(cpu.New(cpu.Options{Strict: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(got training) result {
		m := newMeasurement(exact)
		m.addNoisy(noisy, exact)
		m.add(onXLA, got, onCPU, exact)
		return m.judge(onXLA, onCPU)
	}
	if r := judge(direct); !r.ok() {
		t.Errorf("direct sums are too far from the fast algorithms: %+v", r)
	}
	m := newMeasurement(exact)
	m.addNoisy(noisy, exact)
	if b := m.blurred(); b > 0 {
		t.Errorf("noise hides errors in %v of the tensors", b)
	}
	for i := range m.Tensors[:2] { // of ten
		m.Tensors[i].Noisy[0] = 0.2 * m.Tensors[i].Moved
	}
	if b := m.blurred(); math.Abs(b-0.2) > 1e-9 {
		t.Errorf("noise hides errors in %v of the tensors, want 0.2", b)
	}
	for _, fault := range []struct {
		name  string
		spoil func(got training)
	}{
		{"a loss", func(got training) { got.losses[4] *= 1.0001 }},
		{"a loss that is NaN", func(got training) { got.losses[9] = math.NaN() }},
		{"a weight that is NaN", func(got training) { got.state[0].Tensor.Data()[3] = float32(math.NaN()) }},
		{"a bias that moves 2 % too far", func(got training) {
			for i, e := range got.state {
				if e.Name == "11.bias" {
					before := got.before[i].Tensor.Data()
					for k, v := range e.Tensor.Data() {
						e.Tensor.Data()[k] = before[k] + 1.02*(v-before[k])
					}
				}
			}
		}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			got := direct
			got.losses, got.state = append([]float64{}, direct.losses...), copied(direct.state)
			fault.spoil(got)
			if r := judge(got); r.ok() {
				t.Errorf("it is not noticed: %+v", r)
			}
		})
	}
}

// There is a size of images for each network.
func TestSubjects(t *testing.T) {
	if testing.Short() {
		t.Skip("tracing all networks takes seconds")
	}
	for _, name := range zoo.Names() {
		if _, err := subjectOf(name, 8); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The smallest networks on the plugin in $STRIDE_PJRT. The program itself takes all.
func TestPlugin(t *testing.T) {
	if os.Getenv("STRIDE_PJRT") == "" {
		t.Skip("$STRIDE_PJRT names no plugin")
	}
	var out, log strings.Builder
	cmd := command(&out, &log)
	folder := t.TempDir()
	cmd.SetArgs([]string{"--quick", "--json", folder, "lenet", "lenet-bn", "torchvision/squeezenet1_1"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	t.Log(log.String() + out.String())
	// What was measured is not measured a second time: here it stands for another network.
	if err := os.Rename(filepath.Join(folder, "lenet.json"), filepath.Join(folder, "resnet152.json")); err != nil {
		t.Fatal(err)
	}
	first := out.String()
	out.Reset()
	cmd.SetArgs([]string{"--json", folder, "resnet152"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	if row := strings.Split(out.String(), "\n")[2]; !strings.Contains(first, row) || !strings.HasPrefix(row, "| lenet |") {
		t.Errorf("got %q", row)
	}
}
