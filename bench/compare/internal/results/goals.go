package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/bench/internal/stats"
)

// The goals, as times of a rival's speed or memory.
const (
	trainGoal     = 2.0 // of PyTorch's speed in float32, each network
	bf16TrainGoal = 1.5 // of PyTorch's speed with autocast to bfloat16, each network
	inferMeanGoal = 1.5 // of ONNX Runtime's speed in float32, in geometric mean
	inferEachGoal = 1.0 // the same, each network
	mobileGoal    = 1.1 // of the fastest of ONNX Runtime, OpenVINO and ncnn in float32, one image, the networks for phones
	lowMeanGoal   = 1.1 // of OpenVINO's speed in bfloat16 and int8, in geometric mean
	lowEachGoal   = 0.9 // the same, each network
	memoryGoal    = 0.6 // of PyTorch's peak memory in training, at most
	int8Memory    = 0.4 // of the peak memory of inference in float32, in int8, at most
	// allocsGoal is 0; the Go runtime itself may allocate between steps.
	allocsGoal = 0.5
)

// mobileNets are the networks for phones that have a goal of their own.
var mobileNets = []string{"torchvision/mobilenet_v2", "efficientnet-lite0"}

// mobileRivals are those that they are held against.
var mobileRivals = []string{ONNXRuntime, OpenVINO, NCNN}

// eachGoal is how fast Stride should be beside the fastest rival, at least; 0 if there is
// no goal.
func eachGoal(r *Result) float64 {
	switch {
	case r.Mode == Train && r.Precision == Float32:
		return trainGoal
	case r.Mode == Train:
		return bf16TrainGoal
	case r.Precision == Float32:
		return inferEachGoal
	}
	return lowEachGoal
}

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
func verdicts(results []Result) []verdict {
	collect := func(pick func(r *Result) bool, value func(r *Result) []float64) *tally {
		t := new(tally)
		for i := range results {
			if r := &results[i]; pick(r) {
				t.add(r, value(r))
			}
		}
		return t
	}
	is := func(mode, precision string) func(*Result) bool {
		return func(r *Result) bool { return r.Mode == mode && r.Precision == precision }
	}
	beside := func(rival string) func(*Result) []float64 {
		return func(r *Result) []float64 { return r.faster(rival) }
	}
	training := collect(is(Train, Float32), beside(PyTorch))
	inference := collect(is(Infer, Float32), beside(ONNXRuntime))
	latency := collect(func(r *Result) bool { return is(Infer, Float32)(r) && r.Net == "lenet" && r.Batch == 1 }, beside(ONNXRuntime))
	mobile := collect(func(r *Result) bool {
		return is(Infer, Float32)(r) && r.Batch == 1 && slices.Contains(mobileNets, r.Net)
	}, func(r *Result) []float64 { return r.faster(r.fastest(mobileRivals)) })
	memory := collect(is(Train, Float32), func(r *Result) []float64 { return positive(r.memoryRatio(PyTorch)) })
	allocs := collect(is(Train, Float32), func(r *Result) []float64 {
		if f := r.Of(Stride); f != nil && f.AllocsPerStep != nil {
			return []float64{*f.AllocsPerStep}
		}
		return nil
	})
	int8Peak := collect(is(Infer, Int8), func(r *Result) []float64 { return positive(smaller(results, r)) })
	out := []verdict{
		training.each("training: at least %.1f × PyTorch, each network", trainGoal),
		collect(is(Train, BFloat16), beside(PyTorch)).each("training in bfloat16: at least %.1f × PyTorch with autocast, each network", bf16TrainGoal),
		inference.mean("inference: at least %.1f × ONNX Runtime in geometric mean", inferMeanGoal),
		inference.each("inference: at least %.1f × ONNX Runtime, each network and batch", inferEachGoal),
		latency.each("inference: LeNet, one image: at least %.1f × ONNX Runtime", inferEachGoal),
		mobile.each("inference, one image, MobileNetV2 and EfficientNet-Lite0: at least %.1f × the fastest of ONNX Runtime, OpenVINO and ncnn", mobileGoal),
	}
	for _, precision := range []string{BFloat16, Int8} {
		low := collect(is(Infer, precision), beside(OpenVINO))
		out = append(out, low.mean("inference in "+precision+": at least %.1f × OpenVINO in geometric mean", lowMeanGoal),
			low.each("inference in "+precision+": at least %.1f × OpenVINO, each network and batch", lowEachGoal))
	}
	return append(out,
		memory.most("peak memory of training: at most %.1f × PyTorch's, each network", "%.2f ×", memoryGoal),
		int8Peak.most("peak memory of inference in int8: at most %.1f × float32's, each network", "%.2f ×", int8Memory),
		allocs.most("allocations on the Go heap in a training step: none", "%.1f", allocsGoal))
}

// smaller is Stride's peak memory in a case to that of the same case in float32, or 0 if
// unknown.
func smaller(results []Result, r *Result) float64 {
	plain := r.Case
	plain.Precision = Float32
	full := (&Report{Results: results}).Find(plain)
	if full == nil {
		return 0
	}
	a, b := r.Of(Stride), full.Of(Stride)
	if a == nil || b == nil || b.PeakBytes == 0 {
		return 0
	}
	return float64(a.PeakBytes) / float64(b.PeakBytes)
}

func positive(v float64) []float64 {
	if v > 0 {
		return []float64{v}
	}
	return nil
}

// A tally collects a figure of several networks.
type tally struct {
	values []float64
	names  []string
	failed []string
}

// add takes the median of the values; none means that it was not measured.
func (t *tally) add(r *Result, values []float64) {
	name := fmt.Sprintf("%s, batch %d", r.Net, r.Batch)
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

// each is the verdict on a goal that all values must reach. The text has a place for it.
func (t *tally) each(text string, goal float64) verdict {
	good := func(v float64) bool { return v >= goal }
	return verdict{fmt.Sprintf(text, goal), t.describe("%.2f ×", slices.Min[[]float64], good), t.state(good)}
}

// mean is the verdict on a goal that the geometric mean must reach.
func (t *tally) mean(text string, goal float64) verdict {
	mean := math.NaN()
	if len(t.values) > 0 {
		mean = stats.GeometricMean(t.values)
	}
	return verdict{fmt.Sprintf(text, goal), times(mean, len(t.values)), t.state(func(float64) bool { return mean >= goal })}
}

// most is the verdict on a goal that no value may exceed. The text may have a place for it.
func (t *tally) most(text, format string, goal float64) verdict {
	if strings.Contains(text, "%") {
		text = fmt.Sprintf(text, goal)
	}
	good := func(v float64) bool { return v <= goal }
	return verdict{text, t.describe(format, slices.Max[[]float64], good), t.state(good)}
}

// describe says which value is the worst and how many are good.
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

func times(v float64, n int) string {
	switch {
	case math.IsNaN(v):
		return dash
	case n == 1:
		return fmt.Sprintf("%.2f ×", v)
	}
	return fmt.Sprintf("%.2f × over %d", v, n)
}
