package dist_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
)

// groups runs f for each rank of a new group and reports the errors.
func groups(t *testing.T, size int, w dist.Wire, o local.Options, f func(g *dist.Group) error) {
	t.Helper()
	var wait sync.WaitGroup
	for _, c := range local.New(size, o) {
		wait.Go(func() {
			g := dist.NewGroup(c, w)
			defer g.Close()
			if err := f(g); err != nil {
				t.Errorf("rank %d of %d, %v: %v", c.Rank(), size, w, err)
			}
		})
	}
	wait.Wait()
}

func random(seed, n int) []float32 {
	r := rand.New(rand.NewPCG(3, uint64(seed)))
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(r.NormFloat64()) * float32(int(1)<<r.IntN(12))
	}
	return data
}

// bfloat16 rounds to the nearest bfloat16, to even of two, by arithmetic.
func bfloat16(v float32) float32 {
	mantissa, exponent := math.Frexp(float64(v))
	return float32(math.Ldexp(math.RoundToEven(math.Ldexp(mantissa, 8)), exponent-8))
}

// Several reductions that have begun are carried out in order, and each gives what
// dist.Sum gives, of rounded numbers for BFloat16, for all ranks the same.
func TestGroup(t *testing.T) {
	lengths := []int{5, 1, 4096, 333}
	jitter := func(_, _, _ int) time.Duration { return time.Duration(rand.IntN(200)) * time.Microsecond }
	for size := 1; size <= 4; size++ {
		for _, w := range []dist.Wire{dist.Float32, dist.BFloat16} {
			var want [][]float32
			for k, n := range lengths {
				parts := make([][]float32, size)
				for i := range parts {
					parts[i] = random(100*k+i, n)
					for j, v := range parts[i] {
						if w == dist.BFloat16 {
							parts[i][j] = bfloat16(v)
						}
					}
				}
				dist.Sum(parts)
				if w == dist.BFloat16 {
					for j, v := range parts[0] {
						parts[0][j] = bfloat16(v)
					}
				}
				want = append(want, parts[0])
			}
			groups(t, size, w, local.Options{Delay: jitter}, func(g *dist.Group) error {
				for range 3 {
					var data [][]float32
					var waits []func() error
					for k, n := range lengths {
						data = append(data, random(100*k+g.Comm().Rank(), n))
						waits = append(waits, g.AllReduce(data[k]))
					}
					for k, wait := range waits {
						if err := wait(); err != nil {
							return err
						}
						if !slices.Equal(data[k], want[k]) {
							return fmt.Errorf("sum %d is %v, want %v", k, data[k][:1], want[k][:1])
						}
					}
				}
				bytes := int64(3 * 4 * (5 + 1 + 4096 + 333))
				if w == dist.BFloat16 {
					bytes /= 2
				}
				if s := g.Stats(); s.Reductions != 12 || s.Bytes != bytes || s.Busy <= 0 || s.Waited <= 0 || s.Sub(s) != (dist.Stats{}) {
					return fmt.Errorf("%+v", s)
				}
				return nil
			})
		}
	}
}

// Infinities, NaN, and the largest numbers that bfloat16 does not have.
func TestBFloat16AtEdges(t *testing.T) {
	groups(t, 1, dist.BFloat16, local.Options{}, func(g *dist.Group) error {
		inf, nan := float32(math.Inf(1)), math.Float32frombits(0x7f800001)
		data := []float32{inf, -inf, nan, math.MaxFloat32, -math.MaxFloat32, 0, float32(math.Copysign(0, -1)), 1e-40, 1 + 1.0/256, 1 + 3.0/256}
		want := []float32{inf, -inf, nan, inf, -inf, 0, float32(math.Copysign(0, -1)), math.Float32frombits(0x10000), 1, 1 + 4.0/256}
		if err := g.AllReduce(data)(); err != nil {
			return err
		}
		for i, v := range data {
			if math.IsNaN(float64(want[i])) && math.IsNaN(float64(v)) {
				continue
			}
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				return fmt.Errorf("%d: %v (%x), want %v", i, v, math.Float32bits(v), want[i])
			}
		}
		return nil
	})
}

// After a rank has failed, all reductions of all ranks fail and name it.
func TestGroupFails(t *testing.T) {
	broken := errors.New("no more memory")
	fail := func(rank, call int) error {
		if rank == 1 && call == 1 {
			return broken
		}
		return nil
	}
	groups(t, 3, dist.Float32, local.Options{Fail: fail}, func(g *dist.Group) error {
		var waits []func() error
		for range 4 {
			waits = append(waits, g.AllReduce(make([]float32, 10)))
		}
		for k, wait := range waits {
			err := wait()
			if k == 0 && err != nil {
				return err
			}
			if k > 0 && (!errors.Is(err, broken) || !strings.Contains(err.Error(), "sum over 3 ranks: rank 1 failed")) {
				return fmt.Errorf("reduction %d: error %v", k, err)
			}
		}
		return nil
	})
}

// From the second step on a group allocates nothing.
func TestGroupAllocatesNothing(t *testing.T) {
	for _, w := range []dist.Wire{dist.Float32, dist.BFloat16} {
		groups(t, 1, w, local.Options{}, func(g *dist.Group) error {
			a, b := make([]float32, 100), make([]float32, 30)
			step := func() {
				first, second := g.AllReduce(a), g.AllReduce(b)
				if err := errors.Join(first(), second()); err != nil {
					t.Error(err)
				}
			}
			step()
			if n := testing.AllocsPerRun(20, step); n > 0 {
				return fmt.Errorf("%v allocations", n)
			}
			return nil
		})
	}
}
