package exec

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// scaled is a program that computes (2·w·x)² of parts of n elements, with 2·w in
// memory of its own as long as w stays the same.
type scaled struct {
	*Program
	x      *graph.Node
	w      *graph.Variable
	packed int // how often 2·w was computed
}

func newScaled(t *testing.T, w *Workers, n, parts int) *scaled {
	t.Helper()
	g := graph.New()
	s := &scaled{x: g.Input("x", parts*n), w: &graph.Variable{Name: "w", Value: tensor.Full(0.75, 1)}}
	y := graph.Mul(g.Variable(s.w), s.x)
	compile := func() (*Plan, error) { return s.plan(y, n), nil }
	again := compile
	if !Evenly(parts, w.Size()) {
		again = nil
	}
	plan, _ := compile()
	var err error
	if s.Program, err = New(w, Binding{Inputs: []*graph.Node{s.x}, Outputs: []*graph.Node{y}, Parts: parts}, plan, again); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scaled) plan(node *graph.Node, n int) *Plan {
	in, variable := &Buffer{Size: n}, &Buffer{Size: 1}
	factor, product, square := &Buffer{Size: 1, Arena: true, Persistent: true}, &Buffer{Size: n, Arena: true}, &Buffer{Size: n, Arena: true, Keep: true}
	tasks, chunk := work.Split(n, 8, 1)
	return &Plan{
		Steps: []Step{
			{Name: "pack", Node: node, Tasks: 1, Reads: []*Buffer{variable}, Writes: []*Buffer{factor}, Once: NewOnce([]*graph.Variable{s.w}),
				Run: func(int, []float32) {
					s.packed++
					factor.Data[0] = 2 * variable.Data[0]
				}},
			{Name: "multiply", Node: node, Tasks: tasks, Scratch: chunk, Reads: []*Buffer{in, factor}, Writes: []*Buffer{product},
				Run: func(task int, scratch []float32) {
					lo, hi := work.ChunkRange(task, chunk, n)
					for i, x := range in.Data[lo:hi] {
						scratch[i] = x * factor.Data[0]
					}
					copy(product.Data[lo:hi], scratch)
				}},
			{Name: "square", Node: node, Tasks: tasks, Reads: []*Buffer{product}, Writes: []*Buffer{square}, InPlace: true,
				Run: func(task int, _ []float32) {
					lo, hi := work.ChunkRange(task, chunk, n)
					for i := lo; i < hi; i++ {
						square.Data[i] = product.Data[i] * product.Data[i]
					}
				}},
		},
		Arena:     []*Buffer{factor, product, square},
		Inputs:    []*Buffer{in},
		Outputs:   []Output{{Buf: square, Size: n}},
		Variables: []Variable{{s.w, variable}},
	}
}

// run returns the results, after it has compared them.
func (s *scaled) run(t *testing.T) []float32 {
	t.Helper()
	n := s.x.Shape()[0]
	in, out := tensor.New(n), tensor.New(n)
	for i := range in.Data() {
		in.Data()[i] = float32(i%29)/16 - 1
	}
	if err := s.Run(engine.Feeds{s.x: in}, []*tensor.Tensor{out}); err != nil {
		t.Error(err)
		return nil
	}
	w := 2 * s.w.Value.Data()[0]
	for i, x := range in.Data() {
		if want := x * w * (x * w); out.Data()[i] != want {
			t.Errorf("%d elements: element %d is %v, want %v", n, i, out.Data()[i], want)
			break
		}
	}
	return out.Data()
}

// poison fills the shared memory with what no result may show.
func poison(w *Workers) {
	w.SharedMemory(func(floats []float32) {
		for i := range floats {
			floats[i] = -1e30
		}
	})
}

func TestOnce(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	s := newScaled(t, w, 50, 1)
	for range 3 {
		s.run(t)
		poison(w)
	}
	if s.packed != 1 {
		t.Errorf("packed %d times, want once", s.packed)
	}
	s.w.Value.Data()[0] = 1.5
	s.w.Changed()
	s.run(t)
	s.run(t)
	if s.packed != 2 {
		t.Errorf("packed %d times, want once more when the variable has changed", s.packed)
	}
	if NewOnce(nil) != nil {
		t.Error("a step that depends on no variable need not run again")
	}
}

// A run tells which of its arguments do not fit, a closed program that it is.
func TestRunErrors(t *testing.T) {
	w := NewWorkers(1)
	defer w.Close()
	s := newScaled(t, w, 4, 1)
	fits := tensor.New(4)
	s.w.Value = tensor.New(2)
	if err := s.Run(engine.Feeds{s.x: fits}, []*tensor.Tensor{fits}); err == nil {
		t.Error("a variable of another shape: no error")
	}
	s.w.Value = tensor.New(1)
	for name, out := range map[string][]*tensor.Tensor{"none": nil, "too small": {tensor.New(3)}} {
		if err := s.Run(engine.Feeds{s.x: fits}, out); err == nil {
			t.Errorf("outputs: %s: no error", name)
		}
	}
	if err := s.Run(nil, []*tensor.Tensor{fits}); err == nil {
		t.Error("no input: no error")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(engine.Feeds{s.x: fits}, []*tensor.Tensor{fits}); err == nil {
		t.Error("a closed program runs")
	}
	if err := s.Inspect(func() { t.Error("a closed program is looked into") }); err == nil {
		t.Error("Inspect: no error")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// New refuses steps of more tasks than a ticket has room for, and replicas that
// differ.
func TestNewErrors(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	node := graph.New().Input("x", 1)
	many := &Plan{Steps: []Step{{Name: "many", Node: node, Tasks: MaxTasks + 1, Run: func(int, []float32) {}}}}
	if _, err := New(w, Binding{Parts: 1}, many, nil); err == nil {
		t.Error("too many tasks: no error")
	}
	kept := func(sizes ...int) *Plan {
		p := &Plan{}
		for _, n := range sizes {
			b := &Buffer{Size: n, Arena: true, Persistent: true}
			p.Arena = append(p.Arena, b)
			p.Steps = append(p.Steps, Step{Name: "pack", Node: node, Tasks: 1, Writes: []*Buffer{b}, Run: func(int, []float32) {}})
		}
		return p
	}
	for _, second := range [][]int{{3, 5}, {3}, {3, 4, 1}} {
		if _, err := New(w, Binding{Parts: 2}, kept(3, 4), func() (*Plan, error) { return kept(second...), nil }); err == nil {
			t.Errorf("replicas whose packed weights have sizes 3, 4 and %v: no error", second)
		}
	}
	if got := len(w.memory.needs); got != 0 {
		t.Errorf("%d programs that were not made hold memory", got)
	}
}

// A value that is computed in the memory of a variable, and one that is copied
// there at the end of the run.
func TestVariables(t *testing.T) {
	w := NewWorkers(1)
	defer w.Close()
	g := graph.New()
	a, b := &graph.Variable{Name: "a", Value: tensor.Full(1, 3)}, &graph.Variable{Name: "b", Value: tensor.Full(10, 3)}
	node := graph.Add(g.Variable(a), g.Variable(b))
	bufA, bufB := &Buffer{Size: 3}, &Buffer{Size: 3}
	direct, copied := &Buffer{Size: 3, Alias: bufA}, &Buffer{Size: 3, Arena: true, Keep: true}
	p, err := New(w, Binding{Parts: 1}, &Plan{
		Steps: []Step{
			{Name: "new b", Node: node, Tasks: 1, Reads: []*Buffer{bufA, bufB}, Writes: []*Buffer{copied}, Run: func(int, []float32) {
				for i := range copied.Data {
					copied.Data[i] = bufA.Data[i] + bufB.Data[i]
				}
			}},
			{Name: "new a", Node: node, Tasks: 1, Reads: []*Buffer{bufA}, Writes: []*Buffer{direct}, InPlace: true, Run: func(int, []float32) {
				for i := range direct.Data {
					direct.Data[i] = 2 * bufA.Data[i]
				}
				if bufB.Data[0] == copied.Data[0] {
					t.Error("a variable is written before the end of the run")
				}
			}},
		},
		Arena: []*Buffer{direct, copied}, Variables: []Variable{{a, bufA}, {b, bufB}},
		Commits: []Commit{{From: copied, To: bufB}}, Assigned: []*graph.Variable{a, b},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, want := range [][2]float32{{2, 11}, {4, 13}, {8, 17}} {
		before := a.Version()
		if err := p.Run(nil, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Value.Data(), []float32{want[0], want[0], want[0]}) || !slices.Equal(b.Value.Data(), []float32{want[1], want[1], want[1]}) {
			t.Errorf("a = %v, b = %v, want %v", a.Value.Data(), b.Value.Data(), want)
		}
		if a.Version() == before {
			t.Error("the version of a variable that has changed is the same")
		}
		poison(w)
	}
}
