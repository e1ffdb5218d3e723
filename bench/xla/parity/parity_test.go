package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/zoo"
)

// Two algorithms of the cpu engine agree, and mistakes are noticed.
func TestJudge(t *testing.T) {
	s, err := subjectOf("lenet")
	if err != nil {
		t.Fatal(err)
	}
	direct, err := s.train(cpu.New(cpu.Options{Strict: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	exact, err := s.train(cpu.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	noisy, err := s.train(cpu.Default(), rng.New(1, "parity test"))
	if err != nil {
		t.Fatal(err)
	}
	trainings := []training{noisy}
	if r := judge(direct, exact, trainings); !r.ok() {
		t.Errorf("direct sums are too far from the fast algorithms: %+v", r)
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
			if r := judge(got, exact, trainings); r.ok() {
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
		if _, err := subjectOf(name); err != nil {
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
	cmd.SetArgs([]string{"--quick", "lenet", "lenet-bn", "torchvision/squeezenet1_1"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	t.Log(log.String() + out.String())
}
