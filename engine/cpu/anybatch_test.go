package cpu

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A program for any batch gives each sample the bits that the program gives it that it is
// made of, whatever the size of the batch and the number of threads, and shares packed
// weights with it.
func TestAnyBatch(t *testing.T) {
	const most = 13
	for _, compiled := range []int{1, 2, 24} {
		first, _ := partsNet(t, New(Options{Threads: 2}), compiled)
		samples := compiled / first.Parts
		for threads := 1; threads <= 3; threads++ {
			q, multiple, err := first.AnyBatch(New(Options{Threads: threads}))
			if err != nil {
				t.Fatal(err)
			}
			if multiple != samples || q.(engine.MemoryPlanner).KeptBytes() != 0 {
				t.Errorf("%d samples at a time, want %d; %d bytes are kept", multiple, samples, q.(engine.MemoryPlanner).KeptBytes())
			}
			for parts := 1; parts <= most; parts++ {
				n := parts * samples
				in, out, want := tensor.New(n, 3, 9, 9), tensor.New(n, 10), []float32{}
				for i := range in.Data() {
					in.Data()[i] = float32(i%29)/15 - 1
				}
				for part := range parts {
					same := slices.Repeat(in.Data()[part*samples*243:][:samples*243], first.Parts)
					scores := tensor.New(compiled, 10)
					if err := first.Run(engine.Feeds{first.Inputs[0]: tensor.Must(tensor.FromSlice(same, compiled, 3, 9, 9))}, []*tensor.Tensor{scores}); err != nil {
						t.Fatal(err)
					}
					want = append(want, scores.Data()[:samples*10]...)
				}
				if err := q.Run(engine.Feeds{first.Inputs[0]: in}, []*tensor.Tensor{out}); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(out.Data(), want) {
					t.Errorf("compiled for %d, %d threads, batch %d: other bits", compiled, threads, n)
				}
			}
			if err := q.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnyBatchRefuses(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	p, _ := partsNet(t, d, 2)
	defer p.Close()
	compiled, samples, err := p.AnyBatch(d)
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	x := p.Inputs[0]
	for what, run := range map[string]struct {
		feeds  engine.Feeds
		output *tensor.Tensor
	}{
		"no sample":        {engine.Feeds{x: tensor.New(0, 3, 9, 9)}, tensor.New(0, 10)},
		"half a part":      {engine.Feeds{x: tensor.New(3*samples+1, 3, 9, 9)}, tensor.New(3*samples+1, 10)},
		"unlike batches":   {engine.Feeds{x: tensor.New(2*samples, 3, 9, 9)}, tensor.New(4*samples, 10)},
		"no input":         {nil, tensor.New(samples, 10)},
		"another input":    {engine.Feeds{x: tensor.New(samples, 3, 9, 9), graph.New().Input("y", 1): tensor.New(1)}, tensor.New(samples, 10)},
		"another shape":    {engine.Feeds{x: tensor.New(samples, 3, 9, 9)}, tensor.New(samples, 5, 2)},
		"a missing tensor": {engine.Feeds{x: tensor.New(samples, 3, 9, 9)}, nil},
	} {
		if samples == 1 && what == "half a part" {
			continue
		}
		if err := compiled.Run(run.feeds, []*tensor.Tensor{run.output}); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, _, err := p.AnyBatch(reference.New()); err == nil {
		t.Error("a program of this engine was replicated on another")
	}

	g := graph.New()
	y := g.Input("y", 4, 3)
	whole, err := d.Compile(g, graph.Sub(y, graph.Mean(y, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if _, _, err := whole.(engine.Batcher).AnyBatch(d); err == nil {
		t.Error("the samples depend on each other")
	}
}
