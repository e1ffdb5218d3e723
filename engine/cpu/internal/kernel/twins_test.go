package kernel

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"strings"
	"testing"
)

// A twinCase runs a kernel that has assembly on arguments of about n elements. The
// results are compared with those of the pure Go twin.
type twinCase struct {
	name string // of the Go function that calls the assembly

	// tolerance is what assembly and twin may differ by: 0 is not a bit, 1 and more are
	// units in the last place, less than 1 is a share of the result, or of 1 where the
	// result is smaller.
	tolerance float64

	run func(n int) []float32
}

// twinCases are all kernels with assembly. TestEveryKernelHasATwinTest holds the list
// against the source.
func twinCases() []twinCase {
	var list []twinCase
	for _, f := range elementwiseFunctions() {
		list = append(list, twinCase{f.name, f.tolerance, func(n int) []float32 {
			dst := make([]float32, n)
			f.f(dst, f.arguments(n))
			return dst
		}})
	}
	add := func(name string, tolerance float64, run func(n int) []float32) {
		list = append(list, twinCase{name, tolerance, run})
	}
	add("Dropout", 0, func(n int) []float32 {
		x := randoms(n, 1)
		Dropout(x, x, 0.4, 123456789012345, 7, 1<<32-5)
		return x
	})
	add("Sum", 0, func(n int) []float32 { return []float32{Sum(randoms(n, 1))} })
	addRowTwins(add)
	addPoolTwins(add)
	addMatrixTwins(add)
	return list
}

// rounding is the tolerance of sums of few terms about 1.
const rounding = 2e-6

// addRowTwins lists the kernels on matrices of 5 rows of n elements.
func addRowTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	const rows = 5
	// onRows calls f with three matrices and five vectors, and returns all of them.
	onRows := func(f func(a, b, c []float32, v [5][]float32, n int)) func(n int) []float32 {
		return func(n int) (all []float32) {
			a, b, c := randoms(rows*n, 1), randoms(rows*n, 2), randoms(rows*n, 3)
			var v [5][]float32
			for i := range v {
				v[i] = randoms(n, uint64(4+i))
			}
			if n > 0 {
				f(a, b, c, v, n)
			}
			for _, x := range append([][]float32{a, b, c}, v[:]...) {
				all = append(all, x...)
			}
			return all
		}
	}
	add("addRows", 0, onRows(func(a, _, _ []float32, v [5][]float32, n int) { addRows(v[0], a, rows, n, n) }))
	add("mergeMoments", rounding, onRows(func(a, _, _ []float32, v [5][]float32, n int) {
		mergeMoments(v[0], v[1], a, rows, n, n, 1./rows, 0.5, 2)
	}))
	add("addDots", rounding, onRows(func(a, b, _ []float32, v [5][]float32, n int) {
		addDots(v[0], v[1], a, b, v[2], rows, n, n, n)
	}))
	for _, withReLU := range []bool{false, true} {
		add("scaleShiftRows", rounding, onRows(func(a, b, _ []float32, v [5][]float32, n int) {
			scaleShiftRows(a, b, v[0], v[1], rows, n, n, n, withReLU)
		}))
	}
	add("batchNormGradRows", rounding, onRows(func(a, b, c []float32, v [5][]float32, n int) {
		batchNormGradRows(a, b, c, v[0], v[1], v[2], v[3], v[4], rows, n, n, n, n)
	}))
	// Softmax keeps a number or two a row: those of the first vector.
	add("expRows", rounding, onRows(func(a, b, c []float32, _ [5][]float32, n int) {
		expRows(a, b, c[:rows], c[n*rows-rows:], n)
	}))
	add("sumExpRows", rounding, onRows(func(_, b, c []float32, _ [5][]float32, n int) {
		sumExpRows(b, c[:rows], c[n*rows-rows:], n)
	}))
	add("scaleEachRow", 0, onRows(func(a, b, _ []float32, _ [5][]float32, n int) { scaleEachRow(a, b[:rows], n) }))
	add("subTwoEachRow", 0, onRows(func(a, b, c []float32, _ [5][]float32, n int) {
		subTwoEachRow(a, b, c[:rows], c[n*rows-rows:], n)
	}))
}

// addPoolTwins lists the kernels on windows: three of n channels, with four taps and
// with five.
func addPoolTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	const pixels = 3
	for _, count := range []int{4, 5} {
		// onWindows calls f with tensors of the size of the input and of the output.
		onWindows := func(f func(in, in2, out, out2 []float32, argmax []byte, taps []int32, stride, c int)) func(n int) []float32 {
			return func(c int) (all []float32) {
				var taps []int32
				for i := range count {
					taps = append(taps, int32(i*c))
				}
				stride := count * c
				in, in2 := randoms(pixels*stride, 1), randoms(pixels*stride, 2)
				out, out2 := randoms(pixels*c, 3), randoms(pixels*c, 4)
				argmax := make([]byte, pixels*c+8)
				for i := range argmax {
					argmax[i] = byte(i % count)
				}
				f(in, in2, out, out2, argmax[:pixels*c], taps, stride, c)
				for _, x := range [][]float32{in, in2, out, out2} {
					all = append(all, x...)
				}
				for _, tap := range argmax {
					all = append(all, float32(tap))
				}
				return all
			}
		}
		add("SumPoolRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolRow(out, in, taps, pixels, stride, c, 0.3)
		}))
		add("SumPoolGradRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolGradRow(in, out, taps, pixels, stride, c, 0.3)
		}))
		add("SumPoolGradRowSet", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolGradRowSet(in, out, taps, pixels, stride, c, 0.3)
		}))
		add("MaxPoolRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
		}))
		add("MaxPoolGradRow", 0, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
			MaxPoolGradRow(in2, in, out, out2, taps, pixels, stride, c)
		}))
		add("MaxPoolGradRowSet", 0, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
			MaxPoolGradRowSet(in2, in, out, out2, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxRow", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxRow(out, argmax, in, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxGradRow", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxGradRow(in, argmax, out, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxGradRowSet", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxGradRowSet(in, argmax, out, taps, pixels, stride, c)
		}))
		add("DepthwiseRow", rounding, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			DepthwiseRow(out, in, in2, out2[:c], pairs(taps), pixels, c, stride, c)
		}))
		add("DepthwiseGradRow", rounding, onWindows(func(in, in2, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			DepthwiseGradRow(in2, in, out, pairs(taps), pixels, stride, c)
		}))
	}
}

// pairs returns taps whose weights lie as the pixels do.
func pairs(taps []int32) (list []Tap) {
	for _, t := range taps {
		list = append(list, Tap{t, t})
	}
	return list
}

// addMatrixTwins lists the kernels on matrices and channels.
func addMatrixTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	// onPanel multiplies n rows of 7 terms by a panel.
	onPanel := func(nr int, kernel func(*TileArgs)) func(n int) []float32 {
		return func(rows int) []float32 {
			const terms = 7
			c := randoms(rows*nr, 1)
			if rows > 0 {
				kernel(&TileArgs{
					A: &randoms(rows*terms, 2)[0], AOff: &ramp(rows, terms)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: terms,
					B: &randoms(terms*nr, 3)[0], C: &c[0], COff: &ramp(rows, nr)[0], Rows: rows, Cols: nr - 1, ReLU: rows%2 == 0, Accumulate: rows%3 == 0,
				})
			}
			return c
		}
	}
	add("Tile", rounding, onPanel(TileCols, Tile))
	add("TileNarrow", rounding, onPanel(NarrowCols, TileNarrow))
	for _, cols := range []int{NarrowCols, TileCols} {
		add("Outer", rounding, func(rows int) []float32 {
			const terms = 9
			c := randoms(rows*cols, 1)
			if rows > 0 {
				step := rows + TileCols
				Outer(&OuterArgs{
					A: &randoms(terms*step+TileCols, 2)[0], AOff: &ramp(terms, step)[0], B: &randoms((terms+1)*TileCols, 3)[0], BOff: &ramp(terms, TileCols)[0],
					B1: 8, K: terms, C: &c[0], LdC: cols, Rows: rows, Cols: cols,
				})
			}
			return c
		})
	}
	add("Transpose2D", 0, func(n int) []float32 {
		dst := make([]float32, 11*n)
		Transpose2D(dst, randoms(11*n, 1), 11, n, 11, n)
		return dst
	})
	add("applySIMD", 1e-5, func(n int) (all []float32) {
		channels := (n/channelLanes + 1) * channelLanes
		for _, w := range []*WinogradTransforms{WinogradF23, WinogradF33, WinogradF43, WinogradF25, WinogradF35} {
			for _, tr := range []*Transform{&w.Input, &w.Kernel, &w.Output, &w.OutputGrad, &w.KernelGrad} {
				src, dst := randoms(tr.from*tr.from*channels, 1), make([]float32, tr.to*tr.to*channels)
				tr.Apply(&TransformArgs{
					Src: &src[0], SrcRow: tr.from * channels, SrcCol: channels, Dst: &dst[0], DstRow: tr.to * channels, DstCol: channels, N: channels,
				})
				all = append(all, dst...)
			}
		}
		return all
	})
	// The loop counts operations; what it sums differs, see TestPeakFMA.
	add("PeakFMA", rounding, func(int) []float32 { return nil })
}

// TestTwins compares each kernel with its twin, on lengths around those of vectors.
func TestTwins(t *testing.T) {
	for _, c := range twinCases() {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range lengths() {
				if n > 300 && testing.Short() {
					break
				}
				var want []float32
				generically(t, func() { want = c.run(n) })
				eachISA(t, func(t *testing.T) {
					for i, g := range c.run(n) {
						if !c.close(g, want[i]) {
							t.Fatalf("n = %d: element %d is %v, twin %v", n, i, g, want[i])
						}
					}
				})
			}
		})
	}
}

func (c twinCase) close(got, want float32) bool {
	switch {
	case sameBits(got, want):
		return true
	case c.tolerance == 0:
		return false
	case c.tolerance < 1:
		return math.Abs(float64(got)-float64(want)) <= c.tolerance*max(1, math.Abs(float64(want)))
	}
	return ulps(got, float64(want)) <= c.tolerance
}

// TestEveryKernelHasATwinTest reads the source: each function declared without a body
// is assembly, and the functions that call it must be those of twinCases.
func TestEveryKernelHasATwinTest(t *testing.T) {
	assembly, callers := assemblyFunctions(t)
	if len(assembly) < 50 {
		t.Fatalf("only %d assembly functions found", len(assembly))
	}
	tested := map[string]bool{}
	for _, c := range twinCases() {
		tested[c.name] = true
	}
	for _, name := range assembly {
		if len(callers[name]) == 0 {
			t.Errorf("%s is called by no function", name)
		}
		for _, caller := range callers[name] {
			if !tested[caller] {
				t.Errorf("%s calls %s, but twinCases has no case for it", caller, name)
			}
		}
	}
}

// assemblyFunctions returns the functions without a body, and for each function those
// that call it.
func assemblyFunctions(t *testing.T) (assembly []string, callers map[string][]string) {
	callers = map[string][]string{}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok:
			case f.Body == nil:
				assembly = append(assembly, f.Name.Name)
			default:
				ast.Inspect(f.Body, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok {
						if id, ok := call.Fun.(*ast.Ident); ok {
							callers[id.Name] = append(callers[id.Name], f.Name.Name)
						}
					}
					return true
				})
			}
		}
	}
	return assembly, callers
}

// TestAssemblyNames checks that a name says on which architectures a function exists:
// in which files it is.
func TestAssemblyNames(t *testing.T) {
	text := map[string]string{}
	for _, arch := range []string{"amd64", "arm64"} {
		for _, topic := range []string{"tile", "vec", "winograd"} {
			b, err := os.ReadFile(fmt.Sprintf("%s_%s.s", topic, arch))
			if err != nil {
				t.Fatal(err)
			}
			text[arch] += string(b)
		}
	}
	assembly, _ := assemblyFunctions(t)
	for _, name := range assembly {
		for arch, want := range map[string]bool{"amd64": true, "arm64": strings.HasSuffix(name, "SIMD")} {
			if has := strings.Contains(text[arch], "TEXT ·"+name+"(SB)"); has != want {
				t.Errorf("%s on %s: %v, its name says %v", name, arch, has, want)
			}
		}
	}
}
