package main

import (
	"math"
	"slices"
	"time"

	"github.com/strideml/stride/bench/compare/internal/workers"
	"github.com/strideml/stride/bench/internal/stats"
)

const (
	// slowerSetting is how many times as slow as an engine's fastest setting another
	// must be at first to be left out of the rounds.
	slowerSetting = 1.15
	// pause comes before each turn, at most mostPauses times, until nobody has
	// computed in one: threads that the last turn left spinning are asleep.
	pause      = 50 * time.Millisecond
	mostPauses = 20
)

func median(values []float64) float64 { return stats.Median(values) }

// idleTime is how long a process computed while another was timed.
type idleTime struct{ busy, total float64 }

func (t *idleTime) add(busy, total float64) { t.busy, t.total = t.busy+busy, t.total+total }

func (t *idleTime) share() float64 {
	if t.total == 0 {
		return 0
	}
	return t.busy / t.total
}

// settle waits until the workers are still and returns their processor times.
func settle(list []*runner) []float64 {
	times := processorTimes(list)
	for range mostPauses {
		time.Sleep(pause)
		now := processorTimes(list)
		if slices.Equal(times, now) {
			break
		}
		times = now
	}
	return times
}

func processorTimes(list []*runner) []float64 {
	times := make([]float64, len(list))
	for i, r := range list {
		times[i] = r.ProcessorSeconds()
	}
	return times
}

// warmUp runs the first steps of a worker, and returns the time of the fastest once there
// are so many that they fill a third of a turn.
func warmUp(w *workers.Worker, slice time.Duration) (float64, error) {
	for n, warm := 2, 1; ; n, warm = 4*n, 0 {
		answer, err := w.Call(workers.Request{Op: "time", Warm: warm, Steps: n})
		if err != nil {
			return 0, err
		}
		if step := slices.Min(answer.Seconds); step*float64(n) >= slice.Seconds()/3 {
			return step, nil
		}
	}
}

// stepsFor is how many steps of some length fill a turn, one at least.
func stepsFor(turn, step float64) int { return max(1, int(math.Ceil(turn/step))) }
