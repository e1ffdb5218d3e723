package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// mbProblems are pairs of an expansion and a depthwise convolution.
var mbProblems = [][2]Problem{
	{problem(1, 5, 14, 9, 24, 1, 1, 0, 1, 1), problem(1, 24, 14, 9, 24, 3, 1, 1, 1, 24)},
	{problem(2, 40, 11, 12, 72, 1, 1, 0, 1, 1), problem(2, 72, 11, 12, 72, 3, 2, 1, 1, 72)},
	{problem(1, 3, 15, 15, 50, 1, 1, 0, 1, 1), problem(1, 50, 15, 15, 50, 5, 2, 2, 1, 50)},
	{problem(9, 8, 7, 7, 33, 1, 1, 0, 1, 1), problem(9, 33, 7, 7, 33, 5, 1, 2, 1, 33)},
	{problem(1, 7, 9, 8, 6, 1, 1, 0, 1, 1), problem(1, 6, 9, 8, 6, 2, 3, 0, 1, 6)},
	{problem(1, 6, 12, 13, 17, 1, 1, 0, 1, 1), problem(1, 17, 12, 13, 17, 3, 1, 2, 2, 17)},
	{problem(1, 16, 1, 1, 32, 1, 1, 0, 1, 1), problem(1, 32, 1, 1, 32, 3, 1, 4, 1, 32)}, // windows that see nothing
}

// square is elementwise work that is not linear.
func square(values []float32) {
	for i, v := range values {
		values[i] = v*v - 1
	}
}

// An mbCase is a way to compute two convolutions.
type mbCase struct {
	clip       [2]gemm.Clip
	then, done bool
	bias       bool
	gap        int // between the pixels of source and output
}

// TestMBConv compares the bits with those of both plans, one after the other.
func TestMBConv(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	usual := work.Limit
	fine, rows := usual, usual
	fine.BlockTerms, fine.FrameFloats, fine.TaskFMAs = 12, 64, 64
	rows.FrameFloats = 1 << 11
	for name, l := range map[string]work.Limits{"usual": usual, "fine": fine, "some rows": rows} {
		work.Limit = l
		for _, p := range mbProblems {
			t.Run(fmt.Sprintf("%s/%v", name, p[1]), func(t *testing.T) {
				for i := range 16 {
					testMBConv(t, p, mbCase{
						clip: [2]gemm.Clip{gemm.Clip(i % 3), gemm.Clip((i + i/3) % 3)},
						then: i&1 == 0, done: i&2 == 0, bias: i&4 == 0, gap: i & 8 / 8 * 3,
					})
				}
			})
		}
	}
}

func testMBConv(t *testing.T, p [2]Problem, c mbCase) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	first, second := newDirect(p[0]), newDepthwise(p[1])
	pitchX, pitchY := p[0].X[1]+c.gap, p[1].Y[1]+2*c.gap
	first.SetPitch(pitchX, p[0].Y[1])
	second.SetPitch(p[1].X[1], pitchY)
	x := nhwc(random(r, p[0].X.Size()), p[0].X, pitchX)
	filter := func(plan ImagePlan, p Problem) (f Filter) {
		f.Weights = packed(plan, random(r, p.W.Size()))
		bias := random(r, p.W[0])
		switch {
		case !c.bias:
		case plan.Bias().PackedSize() == 0:
			f.Bias = bias
		default:
			f.Bias = packed(plan.Bias(), bias)
		}
		return f
	}
	expand, depthwise := filter(first, p[0]), filter(second, p[1])

	expanded, want := poisoned(p[0].Y.Size()), poisoned(p[1].Y.Size()/p[1].Y[1]*pitchY)
	got := slices.Clone(want)
	run := func(plan ImagePlan, source []float32, f Filter, out []float32, clip gemm.Clip) {
		for task := range plan.Tasks() {
			plan.Run(task, Operands{Source: source, Packed: f.Weights, Bias: f.Bias, Out: out, Clip: clip}, poisoned(plan.Scratch()))
		}
	}
	run(first, x, expand, expanded, c.clip[0])
	if c.then {
		square(expanded)
	}
	run(second, expanded, depthwise, want, c.clip[1])
	if c.done {
		square(want)
	}

	m := NewMBConv(newDirect(p[0]), newDepthwise(p[1]))
	m.SetPitch(pitchX, pitchY, c.done)
	o := MBOperands{Source: x, Out: got, Expand: expand, Depthwise: depthwise, Clip: c.clip}
	const rest = 5
	work := func(values, scratch []float32) {
		if len(scratch) != rest {
			t.Fatalf("%d floats of scratch memory are left, want %d", len(scratch), rest)
		}
		square(values)
	}
	if c.then {
		o.Then = work
	}
	if c.done {
		o.Done = work
	}
	for task := range m.Tasks() {
		m.Run(task, o, poisoned(m.Scratch()+rest))
	}
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) && !(v != v && want[i] != want[i]) {
			t.Fatalf("%+v: element %d of the output is %v, want %v (%d×%d tasks, %d rows at a time)", c, i, v, want[i], m.strips, m.blocks, m.rows)
		}
	}
}

// The limits of the tests make all kinds of tasks.
func TestMBConvTasks(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	plan := func(p [2]Problem) *MBConv { return NewMBConv(newDirect(p[0]), newDepthwise(p[1])) }
	if m := plan(mbProblems[1]); m.Tasks() != 2 || m.rows != 6 {
		t.Errorf("small images: %d tasks, %d rows at a time; want a task for each image", m.Tasks(), m.rows)
	}
	work.Limit.TaskFMAs = 64
	if m := plan(mbProblems[1]); m.blocks*m.strips < 2 {
		t.Errorf("with small tasks: %d×%d tasks for each image, want some", m.strips, m.blocks)
	}
	work.Limit.FrameFloats = 64
	if m := plan(mbProblems[0]); m.rows != 1 || m.buffer != 3 {
		t.Errorf("with little memory: %d rows at a time from %d, want 1 from 3", m.rows, m.buffer)
	}
}

// NewMBConv refuses what it cannot compute.
func TestNoMBConv(t *testing.T) {
	e, d := mbProblems[0][0], mbProblems[0][1]
	gradient := d
	gradient.Kind = InputGrad
	for what, plans := range map[string][2]Plan{
		"a 3×3 convolution":         {newDirect(problem(1, 5, 14, 9, 24, 3, 1, 1, 1, 1)), newDepthwise(d)},
		"an expansion with strides": {newDirect(problem(1, 5, 27, 17, 24, 1, 2, 0, 1, 1)), newDepthwise(d)},
		"an expansion of groups":    {newDirect(problem(1, 4, 14, 9, 24, 1, 1, 0, 1, 2)), newDepthwise(d)},
		"padding":                   {newDirect(problem(1, 5, 12, 7, 24, 1, 1, 1, 1, 1)), newDepthwise(d)},
		"two 1×1 convolutions":      {newDirect(e), newDirect(problem(1, 24, 14, 9, 24, 1, 1, 0, 1, 1))},
		"two depthwise ones":        {newDepthwise(d), newDepthwise(d)},
		"a gradient":                {newDirect(e), newDepthwise(gradient)},
	} {
		if NewMBConv(plans[0], plans[1]) != nil {
			t.Errorf("%s: there is a plan", what)
		}
	}
}

// A Direct plan has the same bits whether its source is in memory or made by Fill.
func TestFill(t *testing.T) {
	for _, p := range []Problem{
		problem(1, 40, 9, 9, 24, 1, 1, 0, 1, 1), problem(2, 6, 25, 30, 70, 1, 1, 0, 1, 1), problem(9, 17, 3, 5, 8, 1, 1, 0, 1, 1),
		problem(1, 700, 13, 14, 5, 1, 1, 0, 1, 1),
	} {
		r := rand.New(rand.NewPCG(5, 6))
		x, w := random(r, p.X.Size()), random(r, p.W.Size())
		run := func(o Operands, d *Direct) []float32 {
			o.Packed, o.Out = packed(d, w), poisoned(p.Y.Size())
			for task := range d.Tasks() {
				d.Run(task, o, poisoned(d.Scratch()))
			}
			return o.Out
		}
		want := run(Operands{Source: append(slices.Clone(x), make([]float32, work.SlackFloats)...)}, newDirect(p))
		d := newDirect(p)
		if !d.Fills() {
			t.Fatalf("%v: the plan cannot fill", p)
		}
		filled := make([]int, len(x)/p.X[1])
		got := run(Operands{Fill: func(first, end int, _ []float32) []float32 {
			for i := first; i < end; i++ {
				filled[i]++
			}
			pixels := poisoned(d.FillSize())
			copy(pixels[:(end-first)*p.X[1]], x[first*p.X[1]:])
			return pixels
		}}, d)
		if !slices.Equal(got, want) {
			t.Errorf("%v: the bits differ", p)
		}
		for i, n := range filled {
			if n != 1 {
				t.Fatalf("%v: pixel %d is made %d times", p, i, n)
			}
		}
	}
}

// Only 1×1 convolutions whose tasks share no pixels can have their source made.
func TestFills(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	for what, p := range map[string]Problem{
		"a 3×3 convolution": problem(1, 8, 9, 9, 8, 3, 1, 1, 1, 1),
		"strides":           problem(1, 8, 9, 9, 8, 1, 2, 0, 1, 1),
		"groups":            problem(1, 8, 9, 9, 8, 1, 1, 0, 1, 2),
		"large weights":     problem(1, 300, 9, 9, 300, 1, 1, 0, 1, 1),
	} {
		if newDirect(p).Fills() {
			t.Errorf("%s: the plan can fill", what)
		}
	}
	p := problem(1, 64, 2, 2, 256, 1, 1, 0, 1, 1)
	if !newDirect(p).Fills() {
		t.Error("one task: the plan cannot fill")
	}
	work.Limit.TaskFMAs = 64
	if d := newDirect(p); d.split == 1 || d.Fills() {
		t.Errorf("%d tasks share the pixels, and the plan can fill", d.split)
	}
}
