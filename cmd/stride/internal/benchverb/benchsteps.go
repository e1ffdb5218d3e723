package benchverb

import (
	"context"
	"runtime"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
)

// benchSteps runs the steps of a network, shows how they get on, and stops between
// two of them when the context ends.
type benchSteps struct {
	live   *terminal.LiveLine
	what   string
	step   func() error
	showed uint64 // allocations for what was shown
}

// warmSteps are done before any is measured, and timedSteps are measured, at least.
const (
	warmSteps  = 3
	timedSteps = 5
)

// time warms up for a fifth of the time d and then times steps.
func (b *benchSteps) time(ctx context.Context, d time.Duration) (times []time.Duration, allocs float64, err error) {
	const most = 1 << 20
	warm := 0
	for start := time.Now(); warm < warmSteps || time.Since(start) < d/5 && warm < most; warm++ {
		if err := b.step(); err != nil {
			return nil, 0, err
		}
		if err := b.between(ctx, "warming up", min(terminal.Share(time.Since(start), d/5), float64(warm+1)/warmSteps)); err != nil {
			return nil, 0, err
		}
	}
	times = make([]time.Duration, 0, min(16*warm+1024, most))
	b.showed = 0
	before := mallocs()
	for start := time.Now(); len(times) < timedSteps || time.Since(start) < d && len(times) < cap(times); {
		began := time.Now()
		if err := b.step(); err != nil {
			return nil, 0, err
		}
		times = append(times, time.Since(began))
		if err := b.between(ctx, "measuring", min(terminal.Share(time.Since(start), d), float64(len(times))/timedSteps)); err != nil {
			return nil, 0, err
		}
	}
	return times, float64(mallocs()-before-b.showed) / float64(len(times)), nil
}

// repeat runs the step some times more, for observers of the program.
func (b *benchSteps) repeat(ctx context.Context, doing string, times int) error {
	for i := range times {
		if err := b.step(); err != nil {
			return err
		}
		if err := b.between(ctx, doing, float64(i+1)/float64(times)); err != nil {
			return err
		}
	}
	return nil
}

// between is what is done after a step.
func (b *benchSteps) between(ctx context.Context, doing string, share float64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if b.live.Due() {
		before := mallocs()
		b.live.Draw(func() terminal.Progress { return terminal.Progress{Head: b.what + ": " + doing, Share: share} })
		b.showed += mallocs() - before
	}
	return nil
}

// mallocs counts the allocations of this process so far.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
