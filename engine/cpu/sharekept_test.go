package cpu

import (
	"slices"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// sharedNet is a network of some layers, the last of which are folded, compiled for a batch.
func sharedNet(t *testing.T, batch int, v map[string]*graph.Variable) program {
	t.Helper()
	variable := func(name string, from, to float32, shape ...int) *graph.Variable {
		if v[name] == nil {
			v[name] = &graph.Variable{Name: name, Value: tensor.New(shape...)}
			for i := range v[name].Value.Data() {
				v[name].Value.Data()[i] = from + float32(i%13)/13*(to-from)
			}
		}
		return v[name]
	}
	g := graph.New()
	of := func(name string, from, to float32, shape ...int) *graph.Node {
		return g.Variable(variable(name, from, to, shape...))
	}
	x := g.Input("x", batch, 16, 14, 14)
	y := graph.ReLU(graph.Conv2D(x, of("a", -0.1, 0.1, 32, 16, 3, 3), of("bias", 0, 1, 32), graph.Window{Pad: [2]int{1, 1}}, 1))
	y = graph.Conv2D(y, of("b", -0.1, 0.1, 24, 32, 1, 1), nil, graph.Window{}, 1)
	stats := graph.Concat(0, graph.Reshape(of("mean", 0, 1, 24), 1, 24), graph.Reshape(of("variance", 1, 2, 24), 1, 24))
	y = graph.ReLU(graph.BatchNorm(y, stats, of("gamma", 0.5, 1, 24), of("beta", 0, 1, 24), 1e-5))
	y = graph.Reshape(graph.Mean(y, 2, 3), batch, 24)
	p, err := New(Options{Threads: 2}).Compile(g, graph.MatMul(y, of("linear", -1, 1, 24, 10)))
	if err != nil {
		t.Fatal(err)
	}
	return p.(program)
}

// Programs for batches of several sizes share the weights that they pack in the same form: they
// compute the same bits as without that, side by side, see weights that change, and are closed in
// any order.
func TestShareKept(t *testing.T) {
	run := func(p program, batch int) []float32 {
		in, out := tensor.New(batch, 16, 14, 14), tensor.New(batch, 10)
		for i := range in.Data() {
			in.Data()[i] = float32(i%29)/15 - 1
		}
		if err := p.Run(engine.Feeds{p.Inputs[0]: in}, []*tensor.Tensor{out}); err != nil {
			t.Error(err)
		}
		return out.Data()
	}
	for _, closed := range []int{0, 1, 2} {
		variables := map[string]*graph.Variable{}
		batches := []int{4, 2, 1}
		var programs, alone []program
		for i, batch := range batches {
			alone = append(alone, sharedNet(t, batch, variables))
			p := sharedNet(t, batch, variables)
			before, saved := p.KeptBytes(), int64(0)
			for _, q := range programs {
				bytes, err := p.ShareKept(q)
				if err != nil {
					t.Fatal(err)
				}
				saved += bytes
			}
			if p.KeptBytes() != before-saved || i > 0 && saved < 4*32*16*9 {
				t.Errorf("batch %d: %d bytes of %d are shared, %d are left", batch, saved, before, p.KeptBytes())
			}
			programs = append(programs, p)
		}
		check := func(what string, skip int) {
			t.Helper()
			want := make([][]float32, len(batches))
			for i, batch := range batches {
				want[i] = run(alone[i], batch)
			}
			var wg sync.WaitGroup
			for i, batch := range batches {
				if i != skip {
					wg.Go(func() {
						for range 3 {
							if !slices.Equal(run(programs[i], batch), want[i]) {
								t.Errorf("%s: batch %d has other bits", what, batch)
							}
						}
					})
				}
			}
			wg.Wait()
		}
		check("at first", -1)
		for name, v := range variables {
			v.Value.Data()[3] += 0.25
			v.Changed()
			check(name+" has changed", -1)
		}
		if err := programs[closed].Close(); err != nil {
			t.Fatal(err)
		}
		check("one is closed", closed)
		variables["a"].Value.Data()[5] = 1
		variables["a"].Changed()
		check("one is closed, a weight has changed", closed)
		for _, p := range slices.Concat(programs, alone) {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Programs of other variables share nothing, nor does one with itself.
func TestShareKeptOfOthers(t *testing.T) {
	p, q := sharedNet(t, 2, map[string]*graph.Variable{}), sharedNet(t, 1, map[string]*graph.Variable{})
	if bytes, err := q.ShareKept(p); err != nil || bytes != 0 {
		t.Errorf("%d bytes of other variables are shared, %v", bytes, err)
	}
	if _, err := p.ShareKept(p); err == nil {
		t.Error("a program shares with itself")
	}
}
