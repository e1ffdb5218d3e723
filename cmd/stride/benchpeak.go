package main

import (
	"context"
	"fmt"
	"time"

	"github.com/strideml/stride/engine/cpu"
)

// peakResult is a measurement of the processor as JSON.
type peakResult struct {
	Peak    string  `json:"name"`
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflops"`
}

// measurePeak measures one thread and all of them.
func (b *benchVerb) measurePeak(ctx context.Context) error {
	device := cpu.New(cpu.Options{Threads: b.compute.threads})
	all := device.Threads()
	if err := device.Close(); err != nil {
		return err
	}
	t := newTable(0)
	for i, threads := range []int{1, all} {
		if i == 1 && all == 1 {
			break
		}
		rate, err := b.peakWithin(ctx, threads, b.time/2)
		if err != nil {
			return err
		}
		r := peakResult{"peak", threads, rate}
		if b.json {
			if err := writeJSON(b.stdout, r); err != nil {
				return err
			}
			continue
		}
		what := fmt.Sprintf("peak of %d threads", threads)
		if threads == 1 {
			what = "peak of one thread"
		}
		t.add(what, fmt.Sprintf("%.1f GFLOP/s", r.GFLOPS))
	}
	return t.write(b.stdout)
}

// peakWithin measures the peak for some time, or until the context ends.
func (b *benchVerb) peakWithin(ctx context.Context, threads int, d time.Duration) (best float64, err error) {
	const most = 100 * time.Millisecond
	for start := time.Now(); best == 0 || time.Since(start) < d; {
		best = max(best, cpu.MeasurePeak(threads, min(d, most)))
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		b.live.draw(func() progress {
			return progress{head: "measuring the peak", share: share(time.Since(start), d)}
		})
	}
	b.live.clear()
	return best, nil
}

// measureKernels measures the kernels on one thread.
func (b *benchVerb) measureKernels(ctx context.Context) error {
	measurements, err := cpu.MeasureKernels(ctx, b.time/4)
	if err != nil {
		return err
	}
	t := newTable(0)
	t.add("kernel, one thread", "GFLOP/s", "of peak")
	for _, m := range measurements {
		if b.json {
			if err := writeJSON(b.stdout, m); err != nil {
				return err
			}
			continue
		}
		t.add(m.Name, fmt.Sprintf("%.1f", m.GFLOPS), fmt.Sprintf("%.1f %%", 100*m.Share))
	}
	if b.json {
		return nil
	}
	return t.write(b.stdout)
}
