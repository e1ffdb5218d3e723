package quantized

import (
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly. None may differ in a bit.
func twins() []kerneltest.Twin {
	var list []kerneltest.Twin
	add := func(name string, run func(n int) []float32) {
		list = append(list, kerneltest.Twin{Name: name, Run: run})
	}
	for _, float := range []bool{false, true} {
		tile := func(rows int) []float32 {
			if rows == 0 {
				return nil
			}
			tc := &tileCase{rows: rows, cols: 1 + rows%PanelCols, segs: 2, run: 7, add: rows%3 == 0, float: float}
			tc.fill(rand.New(rand.NewPCG(1, uint64(rows))))
			tc.withSlack()
			return kerneltest.Floats(tc.result())
		}
		add("Tile", tile)
		add("tileHalf", tile)
	}
	depthwise := func(n int) []float32 {
		var all []uint8
		for _, shape := range [][3]int{{3, 3, 1}, {3, 3, 2}, {5, 5, 1}, {5, 5, 2}, {9, 1, 1}} {
			dc := &depthwiseCase{n: 1 + n%7, c: n + 1, rows: shape[0], width: shape[1], stride: shape[2]}
			dc.fill(rand.New(rand.NewPCG(2, uint64(n))))
			Depthwise(dc.args())
			all = append(all, dc.dst...)
		}
		return kerneltest.Floats(all)
	}
	add("depthwise", depthwise)
	add("depthwiseBlockAVX512", depthwise)
	bytes := func(name string, run func(dst, a, b []uint8)) {
		add(name, func(n int) []float32 {
			dst := make([]uint8, n)
			run(dst, kerneltest.RandomBytes(n, 1), kerneltest.RandomBytes(n, 2))
			return kerneltest.Floats(dst)
		})
	}
	bytes("Lookup", func(dst, a, _ []uint8) {
		table := [256]uint8(kerneltest.RandomBytes(256, 3))
		Lookup(dst, a, &table)
	})
	bytes("Add", func(dst, a, b []uint8) {
		Add(dst, a, b, &Sum{ScaleA: 0.3, ScaleB: 0.7, ZeroA: 100, ZeroB: 130, Low: -90, High: 100, Zero: 128})
	})
	bytes("MaxRow", func(dst, a, _ []uint8) {
		MaxRow(dst, append(a, a...), []int32{0, 1, 3}[:min(3, 1+len(a)/3)], 1, len(a), len(a), len(a))
	})
	bytes("AverageRow", func(dst, a, _ []uint8) {
		AverageRow(dst, append(a, a...), []int32{0, 1, 3}[:min(3, 1+len(a)/3)], 1, len(a), len(a), len(a), &Average{Scale: 0.3, Low: -90, High: 100, Zero: 128, Bias: -300})
	})
	bytes("Quantize", func(dst, _, _ []uint8) {
		Quantize(dst, kerneltest.Randoms(len(dst), 1), &Quantization{Scale: 0.01, Low: -100, High: 155, Zero: 100})
	})
	add("Dequantize", func(n int) []float32 {
		dst := make([]float32, n)
		Dequantize(dst, kerneltest.RandomBytes(n, 1), 0.3, 77)
		return dst
	})
	// The loop counts operations; what it sums differs, see TestPeakDot.
	add("PeakDot", func(int) []float32 { return nil })
	return list
}
