package quantized

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// depthwiseCase is a row of a depthwise convolution with all of its memory.
type depthwiseCase struct {
	n, c, rows, width, stride int
	extreme                   bool

	src, want, dst   []uint8
	rowOff           []int32
	w, packed        []int8
	bias             []int32
	scale            []float32
	out              Output
	srcStep, dstStep int
}

func (dc *depthwiseCase) String() string {
	return fmt.Sprintf("%dof%dx%d/%d,%dchannels", dc.n, dc.rows, dc.width, dc.stride, dc.c)
}

// fill takes memory for the case and computes what it should give.
func (dc *depthwiseCase) fill(r *rand.Rand) {
	dc.srcStep, dc.dstStep = dc.c+r.IntN(3), dc.c+r.IntN(3)
	columns := (dc.n-1)*dc.stride + dc.width
	row := columns*dc.srcStep + r.IntN(5)
	dc.src = make([]uint8, (dc.rows-1)*row+(columns-1)*dc.srcStep+dc.c)
	for i := range dc.src {
		dc.src[i] = uint8(r.IntN(256))
		if dc.extreme {
			dc.src[i] = 255
		}
	}
	dc.rowOff = make([]int32, quad*Quads(dc.rows))
	for y := range dc.rows {
		dc.rowOff[y] = int32(y * row)
	}
	dc.w = make([]int8, dc.rows*dc.width*dc.c)
	for i := range dc.w {
		dc.w[i] = int8(r.IntN(256) - 128)
		if dc.extreme {
			dc.w[i] = []int8{127, -128}[i%dc.c%2]
		}
	}
	dc.packed = make([]int8, PackedDepthwiseSize(dc.c, dc.rows, dc.width))
	PackDepthwise(dc.packed, dc.w, dc.c, dc.rows, dc.width)
	bias, scale, zero := make([]int32, dc.c), make([]float32, dc.c), int32(r.IntN(256))
	for j := range bias {
		bias[j], scale[j] = int32(r.IntN(20001)-10000), (0.5+r.Float32())/float32(50*dc.rows*dc.width)
	}
	dc.bias, dc.scale = make([]int32, DepthwiseColumns(dc.c)), make([]float32, DepthwiseColumns(dc.c))
	FoldDepthwiseBias(dc.bias, bias, dc.packed, dc.c, dc.rows, dc.width, zero)
	DepthwiseOrder(dc.scale, scale)
	dc.out = Output{Zero: int32(r.IntN(256))}
	dc.out.Low, dc.out.High = float32(-dc.out.Zero), float32(255-dc.out.Zero)
	if r.IntN(2) == 0 {
		dc.out.Low, dc.out.High = Bounds8(0, 2, 1.0/64, dc.out.Zero)
	}
	dc.dst = slices.Repeat([]uint8{canary}, (dc.n-1)*dc.dstStep+dc.c)
	dc.want = slices.Clone(dc.dst)
	for p := range dc.n {
		for j := range dc.c {
			sum := bias[j]
			for y := range dc.rows {
				for x := range dc.width {
					v := int32(dc.src[y*row+(p*dc.stride+x)*dc.srcStep+j])
					sum += (v - zero) * int32(dc.w[(y*dc.width+x)*dc.c+j])
				}
			}
			y := min(max(roundEven(float32(float64(float32(sum))*float64(scale[j]))), dc.out.Low), dc.out.High)
			dc.want[p*dc.dstStep+j] = uint8(int32(y) + dc.out.Zero)
		}
	}
}

// args are the arguments of the call.
func (dc *depthwiseCase) args() *DepthwiseArgs {
	dc.out.Scale = &dc.scale[0]
	return &DepthwiseArgs{
		Src: &dc.src[0], RowOff: &dc.rowOff[0], Quads: Quads(dc.rows), W: &dc.packed[0], Bias: &dc.bias[0], Output: &dc.out,
		Dst: &dc.dst[0], N: dc.n, DstStep: dc.dstStep, SrcStep: dc.srcStep, C: dc.c, Width: dc.width, Stride: dc.stride,
	}
}

// depthwiseCases yields cases of all kinds.
func depthwiseCases(r *rand.Rand, yield func(dc *depthwiseCase)) {
	for i, shape := range [][3]int{{3, 3, 1}, {3, 3, 2}, {5, 5, 1}, {5, 5, 2}, {9, 1, 1}, {4, 1, 3}, {2, 3, 1}, {7, 7, 1}, {3, 2, 2}} {
		for n := 1; n <= 9; n++ {
			for _, c := range []int{1, 7, 16, 17, 24, 32, 33, 40, 48, 63, 64, 72, 144} {
				dc := &depthwiseCase{n: n, c: c, rows: shape[0], width: shape[1], stride: shape[2], extreme: (i+n+c)%5 == 0}
				dc.fill(r)
				yield(dc)
			}
		}
	}
}

func TestDepthwise(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		depthwiseCases(rand.New(rand.NewPCG(7, 8)), func(dc *depthwiseCase) {
			if Depthwise(dc.args()); !slices.Equal(dc.dst, dc.want) {
				i := 0
				for dc.dst[i] == dc.want[i] {
					i++
				}
				t.Fatalf("%v: byte %d is %d, want %d", dc, i, dc.dst[i], dc.want[i])
			}
		})
	})
}

// TestDepthwiseTaps checks that a kernel of one column, with a row for each tap, is the same convolution.
func TestDepthwiseTaps(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		dc := &depthwiseCase{n: 6, c: 72, rows: 3, width: 3, stride: 2}
		dc.fill(rand.New(rand.NewPCG(9, 10)))
		var taps []int32
		for _, off := range dc.rowOff[:dc.rows] {
			for x := range dc.width {
				taps = append(taps, off+int32(x*dc.srcStep))
			}
		}
		folded := make([]int8, PackedDepthwiseSize(dc.c, len(taps), 1))
		PackDepthwise(folded, dc.w, dc.c, len(taps), 1)
		dc.packed, dc.rows, dc.width = folded, len(taps), 1
		dc.rowOff = append(taps, make([]int32, quad*Quads(len(taps))-len(taps))...)
		if Depthwise(dc.args()); !slices.Equal(dc.dst, dc.want) {
			t.Error("another result")
		}
	})
}

func BenchmarkDepthwise(b *testing.B) {
	for _, d := range []depthwiseCase{
		{n: 112, c: 32, rows: 3, width: 3, stride: 1}, {n: 56, c: 96, rows: 3, width: 3, stride: 2}, {n: 56, c: 144, rows: 3, width: 3, stride: 1},
		{n: 28, c: 192, rows: 3, width: 3, stride: 1}, {n: 14, c: 384, rows: 3, width: 3, stride: 1}, {n: 7, c: 960, rows: 3, width: 3, stride: 1},
		{n: 28, c: 240, rows: 5, width: 5, stride: 1}, {n: 14, c: 480, rows: 5, width: 5, stride: 1}, {n: 7, c: 672, rows: 5, width: 5, stride: 2},
		{n: 14, c: 384, rows: 9, width: 1, stride: 1},
	} {
		b.Run(d.String(), func(b *testing.B) {
			dc := &d
			dc.fill(rand.New(rand.NewPCG(1, 2)))
			dc.src = kerneltest.RandomBytes(len(dc.src), 1)
			args := dc.args()
			reportRate(b, d.n*d.c*d.rows*d.width, func() { Depthwise(args) })
		})
	}
}
