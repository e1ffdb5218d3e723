package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// A poolCase is one row of windows over an image of channels-last pixels.
type poolCase struct {
	size, stride, c, n int // in pixels, channels, output pixels
	taps               []int32
	x                  []float32
}

func poolCases(t *testing.T, test func(t *testing.T, p poolCase)) {
	for _, shape := range [][2]int{{1, 1}, {2, 2}, {2, 3}, {3, 2}, {3, 3}, {5, 1}, {0, 1}} {
		for _, c := range []int{1, 2, 3, 5, 6, 7, 8, 12, 16, 17, 31, 40, 64, 101} {
			for _, n := range []int{0, 1, 2, 5} {
				p := poolCase{size: shape[0], stride: shape[1], c: c, n: n}
				width := p.stride*max(n-1, 0) + max(p.size, 1)
				for i := range p.size {
					for j := range p.size {
						p.taps = append(p.taps, int32((i*width+j)*c))
					}
				}
				p.x = kerneltest.FencedCopy(kerneltest.Randoms(width*max(p.size, 1)*c, 1)).Data
				for i := range p.x { // few different numbers, so that maxima tie
					p.x[i] = float32(math.Round(float64(p.x[i])*2)) / 2
				}
				t.Run(fmt.Sprintf("%dx%d/%d/c%d/n%d", p.size, p.size, p.stride, c, n), func(t *testing.T) { test(t, p) })
			}
		}
	}
}

// step is the distance of the windows in elements.
func (p poolCase) step() int { return p.stride * p.c }

func TestPool(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		poolCases(t, func(t *testing.T, p poolCase) {
			const scale = 0.3
			sum, highest, same := kerneltest.NewFenced(p.n*p.c), kerneltest.NewFenced(p.n*p.c), kerneltest.NewFenced(p.n*p.c)
			argmax := make([]byte, p.n*p.c+1)
			argmax[p.n*p.c] = 77
			MaxPoolArgmaxRow(same.Data, argmax, p.x, p.taps, p.n, p.step(), p.c)
			same.Check(t, "MaxPoolArgmaxRow")
			if argmax[p.n*p.c] != 77 {
				t.Fatal("MaxPoolArgmaxRow: wrote beyond the argmax")
			}
			SumPoolRow(sum.Data, p.x, p.taps, p.n, p.step(), p.c, scale)
			MaxPoolRow(highest.Data, p.x, p.taps, p.n, p.step(), p.c)
			sum.Check(t, "SumPoolRow")
			highest.Check(t, "MaxPoolRow")
			for i := range sum.Data {
				s, m, place := float32(0), minusInf, 0
				for tap, off := range p.taps {
					v := p.x[i/p.c*p.step()+int(off)+i%p.c]
					s += v
					if v > m {
						m, place = v, tap
					}
				}
				if same.Data[i] != m || int(argmax[i]) != place {
					t.Fatalf("maximum %d is %v from tap %d, want %v from %d", i, same.Data[i], argmax[i], m, place)
				}
				if got := sum.Data[i]; got != s*scale {
					t.Fatalf("sum %d is %v, want %v", i, got, s*scale)
				}
				if got := highest.Data[i]; got != m {
					t.Fatalf("maximum %d is %v, want %v", i, got, m)
				}
			}
		})
	})
}

// NaN wins, the first of several, wherever it is among greater and smaller taps.
func TestMaxPoolOfNaN(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, c := range []int{3, 8, 19} {
			for _, taps := range []int{1, 4, 9} {
				for bad := range taps {
					x, y, dy := kerneltest.Randoms(taps*c, 11), make([]float32, c), kerneltest.Randoms(c, 12)
					var off []int32
					for tap := range taps {
						off = append(off, int32(tap*c))
						if tap == bad || tap == bad+2 {
							x[tap*c+1] = nan32
						}
					}
					argmax := make([]byte, c+8)
					MaxPoolArgmaxRow(y, argmax, x, off, 1, c, c)
					if int(argmax[1]) != bad {
						t.Fatalf("NaN at tap %d of %d: comes from tap %d", bad, taps, argmax[1])
					}
					MaxPoolRow(y, x, off, 1, c, c)
					if y[0] != y[0] || y[1] == y[1] || y[2] != y[2] {
						t.Fatalf("NaN at tap %d of %d: %v", bad, taps, y)
					}
					for name, f := range map[string]func(dx []float32){
						"MaxPoolGradRow":          func(dx []float32) { MaxPoolGradRow(dx, x, y, dy, off, 1, c, c) },
						"MaxPoolGradRowSet":       func(dx []float32) { MaxPoolGradRowSet(dx, x, y, dy, off, 1, c, c) },
						"MaxPoolArgmaxGradRow":    func(dx []float32) { MaxPoolArgmaxGradRow(dx, argmax, dy, off, 1, c, c) },
						"MaxPoolArgmaxGradRowSet": func(dx []float32) { MaxPoolArgmaxGradRowSet(dx, argmax, dy, off, 1, c, c) },
					} {
						dx := make([]float32, len(x))
						f(dx)
						for tap := range taps {
							want := float32(0)
							if tap == bad {
								want = dy[1]
							}
							if got := dx[tap*c+1]; got != want {
								t.Fatalf("%s: NaN at tap %d of %d: gradient of tap %d is %v, want %v", name, bad, taps, tap, got, want)
							}
						}
					}
				}
			}
		}
	})
}

func TestPoolGradients(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		poolCases(t, func(t *testing.T, p poolCase) {
			const scale = 0.3
			y, dy := make([]float32, p.n*p.c), kerneltest.Randoms(p.n*p.c, 9)
			argmax := make([]byte, p.n*p.c+8)
			MaxPoolArgmaxRow(y, argmax, p.x, p.taps, p.n, p.step(), p.c)
			start := kerneltest.Randoms(len(p.x), 10)
			wantMax, wantSum := append([]float32{}, start...), append([]float32{}, start...)
			setMax, setSum := append([]float32{}, start...), append([]float32{}, start...)
			for i, g := range dy {
				given := false
				for _, off := range p.taps {
					k := i/p.c*p.step() + int(off) + i%p.c
					wantSum[k] += float32(g * scale) // not fused
					setSum[k] = g * scale
					setMax[k] = 0
					if !given && p.x[k] == y[i] {
						wantMax[k] += g
						setMax[k] = g
						given = true
					}
				}
			}
			apart := p.stride >= p.size
			for _, k := range []struct {
				name string
				f    func(dx []float32)
				want []float32
				run  bool
			}{
				{"MaxPoolGradRow", func(dx []float32) { MaxPoolGradRow(dx, p.x, y, dy, p.taps, p.n, p.step(), p.c) }, wantMax, true},
				{"MaxPoolGradRowSet", func(dx []float32) { MaxPoolGradRowSet(dx, p.x, y, dy, p.taps, p.n, p.step(), p.c) }, setMax, apart},
				{"MaxPoolArgmaxGradRow", func(dx []float32) { MaxPoolArgmaxGradRow(dx, argmax, dy, p.taps, p.n, p.step(), p.c) }, wantMax, true},
				{"MaxPoolArgmaxGradRowSet", func(dx []float32) { MaxPoolArgmaxGradRowSet(dx, argmax, dy, p.taps, p.n, p.step(), p.c) }, setMax, apart},
				{"SumPoolGradRow", func(dx []float32) { SumPoolGradRow(dx, dy, p.taps, p.n, p.step(), p.c, scale) }, wantSum, true},
				{"SumPoolGradRowSet", func(dx []float32) { SumPoolGradRowSet(dx, dy, p.taps, p.n, p.step(), p.c, scale) }, setSum, apart},
			} {
				if !k.run {
					continue
				}
				got := kerneltest.FencedCopy(start)
				k.f(got.Data)
				got.Check(t, k.name)
				for i, g := range got.Data {
					if g != k.want[i] {
						t.Fatalf("%s: element %d is %v, want %v", k.name, i, g, k.want[i])
					}
				}
			}
		})
	})
}

func ExampleMaxPoolRow() {
	image := []float32{ // two rows of four pixels, one channel
		1, 5, 2, 2,
		3, 4, 8, 0,
	}
	y := make([]float32, 2)
	taps := []int32{0, 1, 4, 5} // a window of 2×2
	MaxPoolRow(y, image, taps, 2, 2, 1)
	fmt.Println(y)
	// Output: [5 8]
}
