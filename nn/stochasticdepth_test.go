package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// stochasticDepth runs the layer and returns its output, and the gradient of the sum of
// that with respect to x.
func stochasticDepth(t *testing.T, d engine.Device, p float32, mode nn.Mode, seed, step uint64, x *tensor.Tensor) (y, dx *tensor.Tensor) {
	t.Helper()
	m, err := nn.New(nn.Sequential(nn.StochasticDepth(p)), x.Shape()[1:], nn.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(x.Shape()[0], mode)
	if err != nil {
		t.Fatal(err)
	}
	gradient := graph.Gradients(graph.Sum(trace.Output), trace.Input)[0]
	feeds := engine.Feeds{trace.Input: x}
	trace.FeedStep(feeds, step)
	out, err := engine.Run(d, feeds, trace.Output, gradient)
	if err != nil {
		t.Fatal(err)
	}
	return out[0], out[1]
}

// upTo7 has the values 1 to 7 in turns.
func upTo7(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(i%7) + 1
	}
	return x
}

// Whole samples go or stay, as often as the probability says, and what stays grows by
// 1/(1−p). The gradient is that factor.
func TestStochasticDepth(t *testing.T) {
	const samples, p = 4000, 0.25
	x := upTo7(samples, 2, 3, 1)
	y, dx := stochasticDepth(t, cpu.New(cpu.Options{}), p, nn.Train, 1, 3, x)
	size, dropped := x.Size()/samples, 0
	for i := range samples {
		factor := dx.Data()[i*size]
		if factor == 0 {
			dropped++
		} else if math.Abs(float64(factor)-1/(1-p)) > 1e-6 {
			t.Fatalf("sample %d has the factor %v", i, factor)
		}
		for j := i * size; j < (i+1)*size; j++ {
			if dx.Data()[j] != factor || y.Data()[j] != x.Data()[j]*factor {
				t.Fatalf("sample %d: value %d is %v of %v with gradient %v, want factor %v", i, j, y.Data()[j], x.Data()[j], dx.Data()[j], factor)
			}
		}
	}
	// Four standard deviations of a binomial distribution.
	if want := samples * p; math.Abs(float64(dropped)-want) > 4*math.Sqrt(want*(1-p)) {
		t.Errorf("%d of %d samples are dropped, want about %v", dropped, samples, want)
	}
}

// Both engines draw the same, and another step or seed draws otherwise.
func TestStochasticDepthStreams(t *testing.T) {
	x := upTo7(64, 5)
	first, _ := stochasticDepth(t, cpu.New(cpu.Options{}), 0.5, nn.Train, 1, 0, x)
	for _, c := range []struct {
		name       string
		d          engine.Device
		seed, step uint64
		same       bool
	}{
		{"again", cpu.New(cpu.Options{}), 1, 0, true},
		{"reference", reference.New(), 1, 0, true},
		{"step", cpu.New(cpu.Options{}), 1, 1, false},
		{"seed", cpu.New(cpu.Options{}), 2, 0, false},
	} {
		if y, _ := stochasticDepth(t, c.d, 0.5, nn.Train, c.seed, c.step, x); y.Equal(first) != c.same {
			t.Errorf("%s: equal %v, want %v", c.name, !c.same, c.same)
		}
	}
}

func TestStochasticDepthDoesNothing(t *testing.T) {
	x := upTo7(8, 2, 2, 2)
	for _, c := range []struct {
		p    float32
		mode nn.Mode
	}{{0.9, nn.Eval}, {0, nn.Train}} {
		m, err := nn.New(nn.Sequential(nn.StochasticDepth(c.p)), x.Shape()[1:], nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		trace, err := m.Trace(8, c.mode)
		if err != nil {
			t.Fatal(err)
		}
		if trace.Output != trace.Input || trace.Step != nil {
			t.Errorf("p %v in mode %v adds operators", c.p, c.mode)
		}
	}
	for _, p := range []float32{-0.1, 1, float32(math.NaN())} {
		if _, err := nn.New(nn.StochasticDepth(p), tensor.Shape{3}, nn.Options{}); err == nil || !strings.Contains(err.Error(), "probability must be at least 0 and below 1") {
			t.Errorf("p %v: error %v", p, err)
		}
	}
}
