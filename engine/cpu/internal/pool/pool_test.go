package pool

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// images are NHWC images with pixels pitch apart.
type images struct {
	shape tensor.Shape // N×C×H×W
	pitch int
	data  []float32
}

func newImages(s tensor.Shape, pitch int) images {
	return images{s, pitch, make([]float32, s.Size()/s[1]*pitch)}
}

func (m images) at(n, c, y, x int) *float32 {
	return &m.data[((n*m.shape[2]+y)*m.shape[3]+x)*m.pitch+c]
}

// random fills the images, and what lies between their pixels with NaN.
func (m images) random(r *rand.Rand) images {
	for i := range m.data {
		m.data[i] = float32(math.NaN())
		if i%m.pitch < m.shape[1] {
			m.data[i] = float32(r.NormFloat64())
		}
	}
	return m
}

// each calls f for all elements.
func (m images) each(f func(n, c, y, x int)) {
	for i := range m.shape.Size() {
		w, h, c := m.shape[3], m.shape[2], m.shape[1]
		f(i/w/h/c, i/w/h%c, i/w%h, i%w)
	}
}

// window calls f for the pixels of a window.
func window(p graph.Pool, x tensor.Shape, i, j int, f func(y, x int)) {
	for ky := range p.Kernel[0] {
		for kx := range p.Kernel[1] {
			y, c := i*p.Stride[0]-p.Pad[0]+ky*p.Dilation[0], j*p.Stride[1]-p.Pad[1]+kx*p.Dilation[1]
			if y >= 0 && y < x[2] && c >= 0 && c < x[3] {
				f(y, c)
			}
		}
	}
}

func check(t *testing.T, what string, got, want images) {
	t.Helper()
	wrong := 0
	want.each(func(n, c, y, x int) {
		if g, w := *got.at(n, c, y, x), *want.at(n, c, y, x); !(math.Abs(float64(g-w)) <= 1e-5) && wrong == 0 {
			t.Errorf("%s: element %d,%d,%d,%d is %v, want %v", what, n, c, y, x, g, w)
			wrong++
		}
	})
}

// all computes all tasks and checks that they complete every element once.
func all(t *testing.T, p *Plan, elements int, f func(task int, scratch []float32) (lo, hi int)) {
	t.Helper()
	next := 0
	for task := range p.Tasks() {
		scratch := make([]float32, 2*p.RowScratch())
		for i := range scratch {
			scratch[i] = float32(math.NaN())
		}
		lo, hi := f(task, scratch)
		if lo != next {
			t.Errorf("task %d completes %d to %d, want it to start at %d", task, lo, hi, next)
		}
		next = hi
	}
	if next != elements {
		t.Errorf("tasks complete %d elements of %d", next, elements)
	}
}

// TestPooling compares pooling and its gradients with plain loops.
func TestPooling(t *testing.T) {
	one := [2]int{1, 1}
	for _, pool := range []graph.Pool{
		{Kernel: [2]int{2, 2}, Window: graph.Window{Stride: [2]int{2, 2}, Dilation: one}},
		{Kernel: [2]int{3, 2}, Window: graph.Window{Stride: [2]int{2, 1}, Pad: [2]int{1, 1}, Dilation: one}},
		{Kernel: [2]int{2, 3}, Window: graph.Window{Stride: one, Pad: [2]int{0, 1}, Dilation: [2]int{2, 1}}},
	} {
		for _, gap := range []int{0, 5} {
			const n, c, h, w = 3, 5, 8, 6
			size := func(axis, in int) int {
				return (in+2*pool.Pad[axis]-pool.Dilation[axis]*(pool.Kernel[axis]-1)-1)/pool.Stride[axis] + 1
			}
			r := rand.New(rand.NewPCG(1, 2))
			x := newImages(tensor.Shape{n, c, h, w}, c+gap).random(r)
			dy := newImages(tensor.Shape{n, c, size(0, h), size(1, w)}, c+gap).random(r)
			testPooling(t, pool, x, dy)
		}
	}
}

func testPooling(t *testing.T, o graph.Pool, x, dy images) {
	t.Helper()
	c := x.shape[1]
	avg := graph.AvgPool2DOp{Pool: o}
	maximum, average := newImages(dy.shape, dy.pitch), newImages(dy.shape, dy.pitch)
	maxGrad, avgGrad := newImages(x.shape, c), newImages(x.shape, c)
	dy.each(func(n, c, i, j int) {
		best, by, bx, sum := math.Inf(-1), 0, 0, 0.0
		divisor := float64(avg.Divisor(i, j, x.shape[2], x.shape[3]))
		grad := *dy.at(n, c, i, j)
		window(o, x.shape, i, j, func(row, col int) {
			v := float64(*x.at(n, c, row, col))
			sum += v
			if v > best {
				best, by, bx = v, row, col
			}
			*avgGrad.at(n, c, row, col) += grad / float32(divisor)
		})
		*maximum.at(n, c, i, j), *average.at(n, c, i, j) = float32(best), float32(sum/divisor)
		*maxGrad.at(n, c, by, bx) += grad
	})
	p := New(o, nil, x.shape, dy.shape, x.pitch, dy.pitch)
	a := New(o, &avg, x.shape, dy.shape, x.pitch, dy.pitch)
	out, size, argmax := newImages(dy.shape, dy.pitch), dy.shape.Size(), make([]byte, p.ArgmaxBytes()+8)
	all(t, p, size, func(task int, s []float32) (int, int) { return p.Max(task, out.data, x.data, s) })
	check(t, "maximum", out, maximum)
	all(t, a, size, func(task int, s []float32) (int, int) { return a.Average(task, out.data, x.data, s) })
	check(t, "average", out, average)
	all(t, p, size, func(task int, s []float32) (int, int) { return p.MaxArgmax(task, out.data, argmax, x.data, s) })
	check(t, "maximum with argmax", out, maximum)

	dense := newImages(x.shape, c)
	dense.each(func(n, c, y, col int) { *dense.at(n, c, y, col) = *x.at(n, c, y, col) })
	p = New(o, nil, x.shape, dy.shape, c, dy.pitch)
	a = New(o, &avg, x.shape, dy.shape, c, dy.pitch)
	dx, size := newImages(x.shape, c), x.shape.Size()
	all(t, p, size, func(task int, s []float32) (int, int) { return p.ArgmaxGrad(task, dx.data, argmax, dy.data, s) })
	check(t, "gradient by argmax", dx, maxGrad)
	all(t, p, size, func(task int, s []float32) (int, int) { return p.MaxGrad(task, dx.data, dense.data, dy.data, s) })
	check(t, "gradient of maximum", dx, maxGrad)
	all(t, a, size, func(task int, s []float32) (int, int) { return a.AverageGrad(task, dx.data, dy.data, s) })
	check(t, "gradient of average", dx, avgGrad)
}

// TestArgmaxFits checks the limit of bytes.
func TestArgmaxFits(t *testing.T) {
	for side, fits := range map[int]bool{3: true, 16: true, 17: false} {
		if got := ArgmaxFits(graph.Pool{Kernel: [2]int{side, side}}); got != (fits && vec.MaxPoolArgmaxFast()) {
			t.Errorf("ArgmaxFits with %d×%d taps is %t", side, side, got)
		}
	}
}
