package benchverb

import (
	"context"
	"fmt"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
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
	device := cpu.New(cpu.Options{Threads: b.compute.Threads})
	all := device.Threads()
	if err := device.Close(); err != nil {
		return err
	}
	t := terminal.NewTable(0)
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
			if err := terminal.WriteJSON(b.Stdout, r); err != nil {
				return err
			}
			continue
		}
		what := fmt.Sprintf("peak of %d threads", threads)
		if threads == 1 {
			what = "peak of one thread"
		}
		t.Add(what, fmt.Sprintf("%.1f GFLOP/s", r.GFLOPS))
	}
	return t.Write(b.Stdout)
}

// peakWithin measures the peak for some time, or until the context ends.
func (b *benchVerb) peakWithin(ctx context.Context, threads int, d time.Duration) (best float64, err error) {
	const most = 100 * time.Millisecond
	for start := time.Now(); best == 0 || time.Since(start) < d; {
		best = max(best, cpu.MeasurePeak(threads, min(d, most)))
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		b.Live.Draw(func() terminal.Progress {
			return terminal.Progress{Head: "measuring the peak", Share: terminal.Share(time.Since(start), d)}
		})
	}
	b.Live.Clear()
	return best, nil
}

// measureKernels measures the kernels on one thread.
func (b *benchVerb) measureKernels(ctx context.Context) error {
	measurements, err := cpu.MeasureKernels(ctx, b.time/4)
	if err != nil {
		return err
	}
	t := terminal.NewTable(0)
	t.Add("kernel, one thread", "GFLOP/s", "of peak")
	for _, m := range measurements {
		if b.json {
			if err := terminal.WriteJSON(b.Stdout, m); err != nil {
				return err
			}
			continue
		}
		t.Add(m.Name, fmt.Sprintf("%.1f", m.GFLOPS), fmt.Sprintf("%.1f %%", 100*m.Share))
	}
	if b.json {
		return nil
	}
	return t.Write(b.Stdout)
}
