package cpu

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel/matrix"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Measurement is the speed of one piece of work.
type Measurement struct {
	Name   string  `json:"name"`
	GFLOPS float64 `json:"gflops"`        // billions of floating-point operations a second
	Share  float64 `json:"share_of_peak"` // of the peak measured just before and after
}

// MeasurePeak runs independent multiply-adds on the given number of threads
// for about d and returns the best rate seen, in GFLOP/s: the speed limit of
// the machine.
func MeasurePeak(threads int, d time.Duration) float64 {
	return measurePeak(context.Background(), threads, d)
}

// measurePeak ends early with the context, after a burst at least.
func measurePeak(ctx context.Context, threads int, d time.Duration) float64 {
	const iters = 50000
	burst := func() {
		for range 20 {
			matrix.PeakFMA(iters)
		}
	}
	best := 0.0
	for start := time.Now(); time.Since(start) < d && ctx.Err() == nil || best == 0; {
		var wg sync.WaitGroup
		t := time.Now()
		for range threads {
			wg.Go(burst)
		}
		wg.Wait()
		best = max(best, float64(threads)*20*iters*matrix.PeakFlops/time.Since(t).Seconds()/1e9)
	}
	return best
}

// MeasureKernels measures the matrix kernel in cache and a few convolutions
// as a compiled plan runs them, all on one thread, for about d each. Shares
// are of the median of the peaks measured around each. If the context ends, so
// does the measurement within some milliseconds, with the context's cause.
func MeasureKernels(ctx context.Context, d time.Duration) ([]Measurement, error) {
	var out []Measurement
	add := func(name string, f func(time.Duration) (float64, error)) error {
		before := measurePeak(ctx, 1, d/4)
		rate, err := f(d)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		after := measurePeak(ctx, 1, d/4)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out = append(out, Measurement{name, rate, rate / max(before, after)})
		return nil
	}
	for _, n := range []int{16, 64} {
		if err := add(fmt.Sprintf("GEMM in cache, 96×256×%d", n), func(d time.Duration) (float64, error) {
			return measureGEMM(ctx, 96, 256, n, d), nil
		}); err != nil {
			return nil, err
		}
	}
	for _, c := range []struct{ in, out, size, kernel int }{
		{64, 64, 24, 3}, {128, 128, 12, 3}, {64, 192, 24, 3}, {256, 256, 6, 3}, {480, 192, 6, 1}, {96, 256, 26, 5},
	} {
		name := fmt.Sprintf("Conv2D %d→%d, %d², %d×%d, batch 16", c.in, c.out, c.size, c.kernel, c.kernel)
		if err := add(name, func(d time.Duration) (float64, error) {
			return measureConv(ctx, c.in, c.out, c.size, c.kernel, d)
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// measureGEMM multiplies m×k by k×n matrices that stay in cache.
func measureGEMM(ctx context.Context, m, k, n int, d time.Duration) float64 {
	a, c := make([]float32, m*k+work.SlackFloats), make([]float32, m*n)
	b := make([]float32, k*n)
	vec.Fill(a, 1)
	vec.Fill(b, 1)
	p := gemm.NewWhole(m, k, n)
	return bestRate(ctx, 2*float64(m*k*n), d, func() { p.Run(0, gemm.Operands{A: a, B: b, C: c}, nil) })
}

// bestRate calls f for about d and returns the best rate in GFLOP/s.
func bestRate(ctx context.Context, flop float64, d time.Duration, f func()) float64 {
	calls := int(2e7/flop) + 1 // some hundreds of microseconds
	best := 0.0
	for start := time.Now(); time.Since(start) < d && ctx.Err() == nil || best == 0; {
		t := time.Now()
		for range calls {
			f()
		}
		best = max(best, flop*float64(calls)/time.Since(t).Seconds()/1e9)
	}
	return best
}

// measureConv runs a convolution with "same" padding and times its main stage.
func measureConv(ctx context.Context, in, out, size, k int, d time.Duration) (float64, error) {
	const batch = 16
	g := graph.New()
	x := g.Input("x", batch, in, size, size)
	w := g.Variable(&graph.Variable{Name: "w", Value: tensor.Full(0.5, out, in, k, k)})
	y := graph.Conv2D(x, w, nil, graph.Window{Pad: [2]int{k / 2, k / 2}}, 1)
	device := New(Options{Threads: 1, Strict: true})
	defer device.Close()
	p, err := device.Compile(g, y)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	feeds := engine.Feeds{x: tensor.Full(1, x.Shape()...)}
	outputs := []*tensor.Tensor{tensor.New(y.Shape()...)}
	best, flops := 0.0, int64(0) // of the step that convolves
	for start := time.Now(); time.Since(start) < d && ctx.Err() == nil || best == 0; {
		stop, err := engine.StartProfile(p)
		if err != nil {
			return 0, err
		}
		if err := p.Run(feeds, outputs); err != nil {
			return 0, err
		}
		for _, s := range stop().Stages {
			if s.FLOPs > 0 && (best == 0 || s.Seconds < best) {
				best, flops = s.Seconds, s.FLOPs
			}
		}
	}
	return float64(flops) / best / 1e9, nil
}
