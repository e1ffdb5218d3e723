package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/bench/internal/stats"
)

// The goals, as times of the rival's speed or memory.
const (
	trainGoal     = 2.0 // of PyTorch's speed, each network
	inferMeanGoal = 1.5 // of ONNX Runtime's speed, in geometric mean
	inferEachGoal = 1.0 // the same, each network
	memoryGoal    = 0.6 // of PyTorch's peak memory in training, at most
	// allocsGoal is 0; the Go runtime itself may allocate between steps.
	allocsGoal = 0.5
)

// A verdict is a goal and what came of it.
type verdict struct {
	goal, outcome string
	state         state
}

type state int

const (
	unknown state = iota // not measured
	met
	missed
)

// String returns "met", "not met" or "not measured".
func (s state) String() string { return [...]string{"not measured", "met", "not met"}[s] }

// verdicts holds the results against the goals. Networks that failed or could
// not be compared are left out of the figures and counted as not met where
// there is an error.
func verdicts(results []result) []verdict {
	var training, inference, memory, allocs, latency tally
	for i := range results {
		r := &results[i]
		name := fmt.Sprintf("%s, batch %d", r.Net, r.Batch)
		if r.Mode == "train" {
			training.add(r, name, r.faster(pytorch))
			if m := r.memoryRatio(); m > 0 {
				memory.add(r, name, []float64{m})
			}
			if f := r.of(stride); f != nil && f.AllocsPerStep != nil {
				allocs.add(r, name, []float64{*f.AllocsPerStep})
			}
			continue
		}
		inference.add(r, name, r.faster(onnxRuntime))
		if r.Net == "lenet" && r.Batch == 1 {
			latency.add(r, name, r.faster(onnxRuntime))
		}
	}
	mean := math.NaN()
	if len(inference.values) > 0 {
		mean = stats.GeometricMean(inference.values)
	}
	return []verdict{
		{fmt.Sprintf("training: at least %.1f × PyTorch, each network", trainGoal), training.least(trainGoal), training.state(func(v float64) bool { return v >= trainGoal })},
		{fmt.Sprintf("inference: at least %.1f × ONNX Runtime in geometric mean", inferMeanGoal), times(mean, len(inference.values)),
			inference.state(func(float64) bool { return mean >= inferMeanGoal })},
		{fmt.Sprintf("inference: at least %.1f × ONNX Runtime, each network and batch", inferEachGoal), inference.least(inferEachGoal),
			inference.state(func(v float64) bool { return v >= inferEachGoal })},
		{"inference: LeNet, one image: no slower than ONNX Runtime", times(median0(latency.values), len(latency.values)), latency.state(func(v float64) bool { return v >= 1 })},
		{fmt.Sprintf("peak memory of training: at most %.1f × PyTorch's, each network", memoryGoal), memory.most("%.2f ×", memoryGoal),
			memory.state(func(v float64) bool { return v <= memoryGoal })},
		{"allocations on the Go heap in a training step: none", allocs.most("%.1f", allocsGoal), allocs.state(func(v float64) bool { return v < allocsGoal })},
	}
}

// A tally collects a figure of several networks.
type tally struct {
	values []float64
	names  []string
	failed []string
}

// add takes the median of the values; none means that it was not measured.
func (t *tally) add(r *result, name string, values []float64) {
	if r.Error != "" {
		t.failed = append(t.failed, name)
		return
	}
	if len(values) > 0 {
		t.values, t.names = append(t.values, stats.Median(values)), append(t.names, name)
	}
}

// state is met if there are values, all are good and nothing failed.
func (t *tally) state(good func(float64) bool) state {
	switch {
	case len(t.failed) > 0 || slices.ContainsFunc(t.values, func(v float64) bool { return !good(v) }):
		return missed
	case len(t.values) == 0:
		return unknown
	}
	return met
}

// least describes the smallest of the values, and which miss the goal.
func (t *tally) least(goal float64) string {
	return t.describe("%.2f ×", slices.Min[[]float64], func(v float64) bool { return v >= goal })
}

// most describes the greatest of the values, and which miss the goal.
func (t *tally) most(format string, goal float64) string {
	return t.describe(format, slices.Max[[]float64], func(v float64) bool { return v <= goal })
}

func (t *tally) describe(format string, extreme func([]float64) float64, good func(float64) bool) string {
	var parts []string
	if len(t.values) > 0 {
		at := slices.Index(t.values, extreme(t.values))
		parts = append(parts, fmt.Sprintf("worst "+format+" (%s)", t.values[at], t.names[at]))
		kept := 0
		for _, v := range t.values {
			if good(v) {
				kept++
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %d", kept, len(t.values)))
	}
	if len(t.failed) > 0 {
		parts = append(parts, "failed: "+strings.Join(t.failed, "; "))
	}
	if len(parts) == 0 {
		return dash
	}
	return strings.Join(parts, ", ")
}

func median0(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

func times(v float64, n int) string {
	switch {
	case math.IsNaN(v):
		return dash
	case n == 1:
		return fmt.Sprintf("%.2f ×", v)
	}
	return fmt.Sprintf("%.2f × over %d", v, n)
}
