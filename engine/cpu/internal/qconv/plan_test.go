package qconv

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/quantized"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func TestPlan(t *testing.T) {
	window := func(stride, pad, dilation int) graph.Window {
		return graph.Window{Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation}}
	}
	for _, c := range []struct {
		x, w   tensor.Shape
		window graph.Window
		groups int
	}{
		{tensor.Shape{1, 3, 11, 13}, tensor.Shape{17, 3, 7, 7}, window(2, 3, 1), 1},
		{tensor.Shape{2, 8, 9, 9}, tensor.Shape{40, 8, 3, 3}, window(1, 1, 1), 1},
		{tensor.Shape{3, 8, 9, 7}, tensor.Shape{33, 8, 3, 3}, window(2, 1, 1), 1},
		{tensor.Shape{2, 20, 5, 6}, tensor.Shape{70, 20, 1, 1}, window(1, 0, 1), 1},
		{tensor.Shape{2, 20, 5, 6}, tensor.Shape{16, 20, 1, 1}, window(2, 0, 1), 1},
		{tensor.Shape{1, 5, 12, 12}, tensor.Shape{6, 5, 3, 3}, window(1, 2, 2), 1},
		{tensor.Shape{2, 12, 8, 8}, tensor.Shape{66, 4, 3, 3}, window(1, 1, 1), 3},
		{tensor.Shape{2, 12, 8, 8}, tensor.Shape{6, 4, 2, 3}, window(1, 0, 1), 3},
		{tensor.Shape{7, 64, 7, 7}, tensor.Shape{128, 64, 3, 3}, window(1, 1, 1), 1},
		{tensor.Shape{1, 128, 1, 1}, tensor.Shape{100, 128, 1, 1}, window(1, 0, 1), 1},
		{tensor.Shape{1, 4, 6, 6}, tensor.Shape{4, 4, 3, 3}, graph.Window{
			Stride: [2]int{2, 1}, Pad: [2]int{0, 1}, Dilation: [2]int{1, 1}, ExtraPad: [2]int{1, -1},
		}, 1},
		{tensor.Shape{2, 70, 9, 9}, tensor.Shape{70, 1, 3, 3}, window(1, 1, 1), 70},
		{tensor.Shape{1, 33, 9, 9}, tensor.Shape{33, 1, 5, 5}, window(2, 2, 1), 33},
		{tensor.Shape{1, 16, 9, 9}, tensor.Shape{16, 1, 3, 3}, window(1, 2, 2), 16},
		{tensor.Shape{1, 16, 9, 9}, tensor.Shape{16, 1, 7, 7}, window(3, 3, 1), 16},
		{tensor.Shape{1, 16, 9, 9}, tensor.Shape{16, 1, 1, 1}, window(1, 0, 1), 16},
	} {
		op := graph.Conv2DOp{Window: c.window, Groups: c.groups}
		y, err := op.Infer([]tensor.Shape{c.x, c.w})
		if err != nil {
			t.Fatal(err)
		}
		for _, extra := range []int{0, 5} { // between pixels
			for _, float := range []bool{false, true} {
				if float && IsDepthwise(op, c.x, y) {
					continue
				}
				t.Run(fmt.Sprintf("%v by %v, pitch +%d, float %v", c.x, c.w, extra, float), func(t *testing.T) {
					check(t, op, c.x, c.w, y, extra, float)
				})
			}
		}
	}
}

// check compares a plan with the sums themselves.
func check(t *testing.T, op graph.Conv2DOp, x, w, y tensor.Shape, extra int, float bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	source := make([]byte, x.Size()/x[1]*(x[1]+extra)+work.SlackFloats)
	for i := range source {
		source[i] = byte(r.IntN(256))
	}
	weights, bias := make([]int8, w.Size()), make([]int32, w[0])
	for i := range weights {
		weights[i] = int8(r.IntN(256) - 128)
	}
	p := New(op, x, w, y)
	p.SetPitch(x[1]+extra, y[1]+extra, y[1]+2*extra)
	const zero = 77
	packed, sums, scale := make([]int8, p.PackedSize()), make([]int32, p.Columns()), make([]float32, p.Columns())
	for i := range bias {
		bias[i] = int32(r.IntN(2000) - 1000)
		scale[p.Column(i)] = 0.001 * (1 + r.Float32())
	}
	for g := range p.Groups() {
		p.Pack(packed, weights, g)
		p.Fold(sums, bias, packed, zero, g)
	}
	add := make([]byte, y.Size()/y[1]*(y[1]+2*extra))
	for i := range add {
		add[i] = byte(r.IntN(256))
	}
	addScale := float32(0.3)
	o := Operands{Source: source, Zero: zero, Packed: packed, Sums: sums, Scale: scale, Add: add,
		Output: quantized.Output{Low: -100, High: 120, Zero: 101, AddScale: addScale, AddZero: 128}}
	if IsDepthwise(op, x, y) {
		o.Add, addScale = nil, 0
	}
	pixels := y.Size() / y[1]
	out, floats := make([]byte, pixels*(y[1]+extra)), make([]float32, pixels*(y[1]+extra))
	if float {
		o.Floats = floats
	} else {
		o.Out = out
	}
	for task := range p.Tasks() {
		scratch := make([]byte, p.Scratch())
		for i := range scratch {
			scratch[i] = byte(r.IntN(256))
		}
		p.Run(task, o, scratch)
	}
	in, outs := w[1], y[1]/op.Groups
	for pixel := range pixels {
		n, i, j := pixel/(y[2]*y[3]), pixel/y[3]%y[2], pixel%y[3]
		for k := range y[1] {
			sum := bias[k]
			for a := range w[2] {
				for b := range w[3] {
					row, col := i*op.Stride[0]-op.Pad[0]+a*op.Dilation[0], j*op.Stride[1]-op.Pad[1]+b*op.Dilation[1]
					if row < 0 || row >= x[2] || col < 0 || col >= x[3] {
						continue
					}
					at := ((n*x[2]+row)*x[3] + col) * (x[1] + extra)
					for ch := range in {
						sum += (int32(source[at+k/outs*in+ch]) - zero) * int32(weights[((k*in+ch)*w[2]+a)*w[3]+b])
					}
				}
			}
			v := float32(float32(sum)*scale[p.Column(k)]) + float32(float32(int32(add[pixel*(y[1]+2*extra)+k])-128)*addScale)
			v = min(max(v, -100), 120)
			at := pixel*(y[1]+extra) + k
			if float && floats[at] != v {
				t.Fatalf("pixel %d, channel %d: %v, want %v", pixel, k, floats[at], v)
			}
			if want := byte(round(v) + 101); !float && out[at] != want {
				t.Fatalf("pixel %d, channel %d: %d, want %d", pixel, k, out[at], want)
			}
		}
		for k := y[1]; k < y[1]+extra; k++ {
			if at := pixel*(y[1]+extra) + k; out[at] != 0 || floats[at] != 0 {
				t.Fatalf("pixel %d: written behind its channels", pixel)
			}
		}
	}
}

// round is to the nearest integer, ties to even.
func round(v float32) int {
	n := int(v)
	for _, k := range []int{n - 1, n, n + 1} {
		if d := v - float32(k); d > -0.5 && d < 0.5 || (d == 0.5 || d == -0.5) && k%2 == 0 {
			return k
		}
	}
	return n
}
