package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// problem returns a convolution's output as a problem.
func problem(n, in, h, w, out, k, stride, pad, dilation, groups int) Problem {
	size := func(x int) int { return (x+2*pad-dilation*(k-1)-1)/stride + 1 }
	window := graph.Window{Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation}}
	return Problem{
		Op: graph.Conv2DOp{Window: window, Groups: groups},
		X:  tensor.Shape{n, in, h, w}, W: tensor.Shape{out, in / groups, k, k}, Y: tensor.Shape{n, out, size(h), size(w)},
	}
}

var problems = []Problem{
	problem(2, 3, 7, 6, 5, 3, 1, 1, 1, 1),
	problem(3, 8, 9, 8, 16, 3, 1, 1, 1, 1),
	problem(1, 16, 13, 11, 24, 3, 1, 0, 1, 1),
	problem(9, 8, 5, 5, 8, 5, 1, 2, 1, 1),
	problem(2, 6, 9, 8, 20, 3, 2, 1, 1, 1),
	problem(2, 4, 8, 9, 6, 3, 1, 2, 2, 2),
	problem(2, 40, 5, 4, 24, 1, 1, 0, 1, 1),
	problem(2, 5, 7, 7, 9, 1, 2, 0, 1, 1),
	problem(2, 6, 8, 7, 6, 3, 2, 1, 1, 6),
	problem(3, 2, 6, 6, 3, 2, 3, 0, 1, 1),
	problem(2, 30, 1, 1, 150, 1, 1, 0, 1, 1),
}

// terms calls f for each product of a convolution, with the indices of its
// elements in row-major x, w and y.
func terms(p Problem, f func(x, w, y int)) {
	in, out := p.X[1]/p.Op.Groups, p.W[0]/p.Op.Groups
	for i := range p.Y.Size() {
		x0, y0 := i%p.Y[3], i/p.Y[3]%p.Y[2]
		o, image := i/p.Y[3]/p.Y[2]%p.Y[1], i/p.Y[3]/p.Y[2]/p.Y[1]
		for c := range in {
			for ky := range p.W[2] {
				for kx := range p.W[3] {
					y, x := y0*p.Op.Stride[0]+ky*p.Op.Dilation[0]-p.Op.Pad[0], x0*p.Op.Stride[1]+kx*p.Op.Dilation[1]-p.Op.Pad[1]
					if y >= 0 && y < p.X[2] && x >= 0 && x < p.X[3] {
						f(((image*p.X[1]+o/out*in+c)*p.X[2]+y)*p.X[3]+x, ((o*in+c)*p.W[2]+ky)*p.W[3]+kx, i)
					}
				}
			}
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// poisoned returns n floats that are NaN.
func poisoned(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

// nhwc returns row-major images of a shape in NHWC with pixels pitch apart and
// NaNs between and after them.
func nhwc(x []float32, s tensor.Shape, pitch int) []float32 {
	dst := poisoned(s.Size()/s[1]*pitch + work.SlackFloats)
	for i, v := range x {
		dst[nhwcIndex(i, s, pitch)] = v
	}
	return dst
}

// nhwcIndex is where element i of row-major images lies.
func nhwcIndex(i int, s tensor.Shape, pitch int) int {
	area := s[2] * s[3]
	return (i/area/s[1]*area+i%area)*pitch + i/area%s[1]
}

func compare(t *testing.T, what string, got func(i int) float32, want []float64) {
	t.Helper()
	var diff, size float64
	for i, v := range want {
		d := float64(got(i)) - v
		diff += d * d
		size += v * v
	}
	if !(math.Sqrt(diff) <= 2e-6*math.Sqrt(size)) {
		t.Errorf("%s: relative error %.2g", what, math.Sqrt(diff/size))
	}
}

// imageResult computes a plan and checks what its tasks say they complete.
func imageResult(t *testing.T, p ImagePlan, source, w, bias, add []float32, elements, pixelSize, pitch int) []float32 {
	t.Helper()
	return packedResult(t, p, source, packed(p, w), bias, add, elements, pixelSize, pitch)
}

// packedResult is imageResult with weights that are packed, or that a Streamer reads.
func packedResult(t *testing.T, p ImagePlan, source, w, bias, add []float32, elements, pixelSize, pitch int) []float32 {
	t.Helper()
	o := Operands{Source: source, Packed: w, Bias: bias, Out: poisoned(elements / pixelSize * pitch)}
	if bias != nil && p.Bias().PackedSize() > 0 {
		o.Bias = packed(p.Bias(), bias)
	}
	o.Clip = min(gemm.ClipReLU, p.Clips())
	if a, ok := p.(Adder); ok && a.Adds() && add != nil {
		a.SetAddPitch(pixelSize + 1)
		o.Add = add
	}
	if size := p.PointsSize(); size > 0 {
		o.Points = poisoned(size)
		for task := range p.PointsTasks() {
			p.Points(task, o.Points, source, poisoned(p.PointsScratch()))
		}
	}
	completed := make([]int, elements)
	for task := range p.Tasks() {
		lo, hi := p.Run(task, o, poisoned(p.Scratch()))
		if lo%pixelSize != 0 || hi%pixelSize != 0 {
			t.Errorf("%s: task %d completes %d to %d, not whole pixels of %d", p.Algorithm(), task, lo, hi, pixelSize)
		}
		for i := lo; i < hi; i++ {
			completed[i]++
		}
	}
	for i, n := range completed {
		if n == 0 || n > 1 && !p.Scattered() {
			t.Fatalf("%s: element %d is completed by %d tasks, scattered %t", p.Algorithm(), i, n, p.Scattered())
		}
	}
	return o.Out
}

func packed(p gemm.Packer, src []float32) []float32 {
	dst := poisoned(p.PackedSize())
	for task := range p.PackTasks() {
		p.Pack(dst, src, poisoned(p.PackScratch()), task)
	}
	return dst
}

func weightResult(p WeightPlan, x, dy []float32, size int) []float32 {
	out := poisoned(size)
	dst := out
	if p.PartialSize() > 0 {
		dst = poisoned(p.PartialSize())
	}
	for task := range p.Tasks() {
		p.Run(task, dst, x, dy, poisoned(p.Scratch()))
	}
	if p.PartialSize() > 0 {
		for task := range p.SumTasks() {
			p.Sum(task, out, dst, poisoned(p.SumScratch()))
		}
	}
	return out
}

// TestPlans computes problems by all plans that apply, with dense images and with
// larger distances between pixels, and compares them with plain sums.
func TestPlans(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	usual := work.Limit
	fine := usual
	fine.BlockTerms, fine.PixelTerms, fine.FrameFloats, fine.TaskFMAs, fine.MaxChunks = 12, 5, 64, 64, 3
	fine.WinogradTiles, fine.WinogradFloats, fine.WinogradTurn, fine.GrainShift = 6, 1, 1<<10, 14
	for name, l := range map[string]work.Limits{"usual": usual, "fine": fine} {
		work.Limit = l
		for _, p := range problems {
			for _, p.BF16 = range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v", name, p), func(t *testing.T) { testProblem(t, p) })
			}
		}
	}
}

// bfloat16 returns numbers rounded to bfloat16.
func bfloat16(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = math.Float32frombits((math.Float32bits(v) + 0x7fff + math.Float32bits(v)>>16&1) &^ 0xffff)
	}
	return y
}

func testProblem(t *testing.T, p Problem) {
	r := rand.New(rand.NewPCG(1, 2))
	x, w, dy, bias := random(r, p.X.Size()), random(r, p.W.Size()), random(r, p.Y.Size()), random(r, p.W[0])
	if p.BF16 { // the factors are rounded already, so that products are exact
		x, w, dy = bfloat16(x), bfloat16(w), bfloat16(dy)
	}
	y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
	terms(p, func(i, j, k int) {
		y[k] += float64(x[i]) * float64(w[j])
		dx[i] += float64(dy[k]) * float64(w[j])
		dw[j] += float64(x[i]) * float64(dy[k])
	})
	area := p.Y[2] * p.Y[3]
	for i := range y {
		y[i] += float64(bias[i/area%p.Y[1]])
	}
	clipped := make([]float64, len(y))
	summed := make([]float64, len(y)) // with dy added before the activation
	for i, v := range y {
		clipped[i], summed[i] = max(0, v), max(0, v+float64(dy[i]))
	}
	for _, gap := range []int{0, 3} {
		pitchX, pitchY := p.X[1]+gap, p.Y[1]+2*gap
		xs, dys := nhwc(x, p.X, pitchX), nhwc(dy, p.Y, pitchY)
		for _, p.Kind = range []Kind{Output, InputGrad, WeightGrad} {
			for _, plan := range Candidates(p) {
				if !(plan.Cost() > 0) {
					t.Errorf("%s costs %v", plan.Algorithm(), plan.Cost())
				}
				what := fmt.Sprintf("%v by %s, gap %d", p.Kind, plan.Algorithm(), gap)
				switch plan := plan.(type) {
				case WeightPlan:
					if a, b := plan.NeedsDense(); gap > 0 && (a || b) {
						continue
					}
					plan.SetPitch(pitchX, pitchY)
					got := weightResult(plan, xs, dys, len(w))
					compare(t, what, func(i int) float32 { return got[i] }, dw)
				case ImagePlan:
					if gap > 0 && plan.NeedsDense() {
						continue
					}
					if p.Kind == Output {
						plan.SetPitch(pitchX, pitchY)
						got := imageResult(t, plan, xs, w, bias, nil, len(y), p.Y[1], pitchY)
						want := clipped
						if plan.Clips() == gemm.NoClip {
							want = y
						}
						compare(t, what, func(i int) float32 { return got[nhwcIndex(i, p.Y, pitchY)] }, want)
						if r, ok := plan.(PlanarReader); ok && r.CanReadPlanar() {
							r = newDirect(p)
							r.ReadPlanar()
							r.SetPitch(pitchX, pitchY)
							got := imageResult(t, r, x, w, bias, nil, len(y), p.Y[1], pitchY)
							compare(t, what+", row-major", func(i int) float32 { return got[nhwcIndex(i, p.Y, pitchY)] }, clipped)
						}
						if a, ok := plan.(Adder); ok && a.Adds() {
							got := imageResult(t, plan, xs, w, bias, nhwc(dy, p.Y, p.Y[1]+1), len(y), p.Y[1], pitchY)
							compare(t, what+", with something added", func(i int) float32 { return got[nhwcIndex(i, p.Y, pitchY)] }, summed)
						}
						continue
					}
					plan.SetPitch(pitchY, pitchX)
					got := imageResult(t, noClip{plan}, dys, w, nil, nil, len(x), p.X[1], pitchX)
					compare(t, what, func(i int) float32 { return got[nhwcIndex(i, p.X, pitchX)] }, dx)
				}
			}
		}
	}
}

// noClip is a plan that applies no activation.
type noClip struct{ ImagePlan }

func (noClip) Clips() gemm.Clip { return gemm.NoClip }

type fixedTuner string

func (f fixedTuner) Choose(Problem, []string) (string, error) { return string(f), nil }

// TestChoose checks what overrules the costs.
func TestChoose(t *testing.T) {
	p := problem(4, 64, 24, 24, 64, 3, 1, 1, 1, 1)
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "Winograd F(4×4, 3×3)"},
		{Options{Strict: true}, "direct"},
		{Options{Tuner: fixedTuner("Winograd F(2×2, 3×3)")}, "Winograd F(2×2, 3×3)"},
		{Options{Tuner: fixedTuner("direct")}, "direct"},
		{Options{Tuner: fixedTuner("none")}, "Winograd F(4×4, 3×3)"},
		{Options{Tuner: fixedTuner("Winograd F(2×2, 3×3)"), Strict: true}, "direct"},
	} {
		plan, err := Choose(p, test.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Algorithm(); got != test.want {
			t.Errorf("%+v: %s, want %s", test.o, got, test.want)
		}
	}
}

// TestEvenShares checks that the tasks of one image keep two workers and four workers
// busy to the end.
func TestEvenShares(t *testing.T) {
	for _, p := range []Problem{
		problem(1, 256, 28, 28, 512, 1, 1, 0, 1, 1),
		problem(1, 64, 56, 56, 256, 1, 1, 0, 1, 1),
		problem(1, 1024, 14, 14, 512, 1, 1, 0, 1, 1),
		problem(1, 32, 56, 56, 96, 3, 2, 1, 1, 1),
	} {
		d := newDirect(p)
		pixels := d.phases[0].grid[1]
		ratio := unevenness(d.Tasks(), func(task int) int {
			block, part := task/d.split, task%d.split
			rows := min(d.rows, d.gridMax-block*d.rows)
			return d.tileTime(rows*pixels) * ((part+1)*d.panels/d.split - part*d.panels/d.split)
		})
		if ratio > 1.1 {
			t.Errorf("%v: %d tasks of %d rows and 1/%d of the panels take %.2f times as long as even shares", p, d.Tasks(), d.rows, d.split, ratio)
		}
	}
}

// TestStream computes plans that can read the weights as they are in both ways: the bits
// must be the same.
func TestStream(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	for _, size := range []struct{ n, channels, out, tiles, floats int }{
		{2, 256, 512, 48, 1 << 16},  // one block
		{37, 136, 168, 48, 1 << 16}, // several, the last one smaller, and a last panel of half the width
		{2, 24, 120, 4, 1},          // a panel at a time
	} {
		work.Limit.WinogradTiles, work.Limit.WinogradFloats, work.Limit.WinogradShared = size.tiles, size.floats, 0
		p := problem(size.n, size.channels, 5, 4, size.out, 3, 1, 1, 1, 1)
		r := rand.New(rand.NewPCG(3, 4))
		x, w, dy, bias := random(r, p.X.Size()), random(r, p.W.Size()), random(r, p.Y.Size()), random(r, p.W[0])
		streamed := 0
		for _, p.Kind = range []Kind{Output, InputGrad} {
			for _, transforms := range winogradTransforms(p) {
				source, bias, to := x, bias, p.Y
				if p.Kind == InputGrad {
					source, bias, to = dy, nil, p.X
				}
				result := func(stream bool) []float32 {
					plan := newWinograd(p, transforms)
					if !stream {
						return imageResult(t, plan, source, w, bias, nil, to.Size(), to[1], to[1])
					}
					if !plan.CanStream() {
						return nil
					}
					streamed++
					plan.Stream()
					return packedResult(t, plan, source, w, bias, nil, to.Size(), to[1], to[1])
				}
				if got := result(true); got != nil && !slices.Equal(got, result(false)) {
					t.Errorf("%v of %v by %s: the bits with streamed weights are not those with packed ones", p.Kind, size, winogradName(transforms))
				}
			}
		}
		if streamed == 0 {
			t.Errorf("%v: no plan can stream", size)
		}
	}
}

// TestUnevenness checks shares that are known.
func TestUnevenness(t *testing.T) {
	for _, test := range []struct {
		times []int
		want  float64
	}{
		{[]int{5, 5, 5, 5}, 1},
		{[]int{9, 9, 9, 1}, (18*2/28. + 9*4/28.) / 2},
		{[]int{4}, 3},
		{make([]int, manyTasks), 1},
	} {
		if got := unevenness(len(test.times), func(i int) int { return test.times[i] }); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", test.times, got, test.want)
		}
	}
}

// TestChooseKept holds the memory of late layers down in inference, where transformed weights
// would take four times the memory of the weights: there is less to gain by them than it costs
// to read them from memory. With many images, or in training, nothing changes.
func TestChooseKept(t *testing.T) {
	late, many, early := problem(1, 512, 7, 7, 512, 3, 1, 1, 1, 1), problem(64, 512, 7, 7, 512, 3, 1, 1, 1, 1), problem(1, 64, 56, 56, 64, 3, 1, 1, 1, 1)
	name := func(p Problem, kept bool) string {
		p.Kept = kept
		plan, err := Choose(p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return plan.Algorithm()
	}
	if got := name(late, true); got == "Winograd F(4×4, 3×3)" || got == name(late, false) {
		t.Errorf("512 channels of 7×7 pixels are computed by %s, in training by %s", got, name(late, false))
	}
	for _, p := range []Problem{many, early} {
		if got, want := name(p, true), name(p, false); got != want {
			t.Errorf("%v: %s, in training %s", p, got, want)
		}
	}
}
