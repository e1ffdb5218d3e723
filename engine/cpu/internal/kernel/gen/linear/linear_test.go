package linear

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

// calculator computes at once what other machines emit, and counts operations.
type calculator struct{ operations int }

func (c *calculator) value(v float64) *float64 {
	c.operations++
	return &v
}

func (c *calculator) Copy(x *float64) *float64             { return c.value(*x) }
func (c *calculator) Add(x, y *float64) *float64           { return c.value(*x + *y) }
func (c *calculator) Sub(x, y *float64) *float64           { return c.value(*x - *y) }
func (c *calculator) Scale(x *float64, f float64) *float64 { return c.value(*x * f) }
func (c *calculator) AddTo(y, x *float64)                  { c.operations++; *y += *x }
func (c *calculator) SubFrom(y, x *float64)                { c.operations++; *y -= *x }
func (c *calculator) AddScaled(y, x *float64, f float64)   { c.operations++; *y += *x * f }

// TestMultiply compares with the plain sums, of which it must need fewer steps.
func TestMultiply(t *testing.T) {
	for name, m := range map[string]matrices.Matrix{
		"input 4": matrices.Input(4), "input 6": matrices.Input(6),
		"kernel 4,3": matrices.Kernel(4, 3), "kernel 2,5": matrices.Kernel(2, 5),
		"output 4,3": matrices.Output(4, 3), "output 2,5": matrices.Output(2, 5),
		"output gradient 2,3": matrices.Output(2, 3).Transposed(), "kernel gradient 4,3": matrices.Kernel(4, 3).Transposed(),
	} {
		t.Run(name, func(t *testing.T) {
			x := make([]*float64, m.Cols())
			for i := range x {
				v := math.Sin(float64(i + 1))
				x[i] = &v
			}
			c := &calculator{}
			got := map[int]float64{}
			Multiply(c, m, x, func(i int, y *float64) { got[i] = *y })
			terms := 0
			for i, row := range m {
				want := 0.0
				for j, f := range row {
					want += f * *x[j]
					if f != 0 {
						terms++
					}
				}
				if math.Abs(got[i]-want) > 1e-14 {
					t.Errorf("element %d is %v, want %v", i, got[i], want)
				}
			}
			if c.operations > terms {
				t.Errorf("%d operations for %d terms", c.operations, terms)
			}
		})
	}
}

func ExampleMultiply() {
	c := &calculator{}
	three, five := 3.0, 5.0
	Multiply(c, matrices.Matrix{{1, 2}, {1, -2}}, []*float64{&three, &five}, func(i int, y *float64) {
		fmt.Println(i, *y)
	})
	fmt.Println(c.operations, "operations")
	// Output:
	// 0 13
	// 1 -7
	// 4 operations
}
