package cpu

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/engine/cpu/internal/work"
)

// A trace has a slice for each task as long as there is room, and one for the
// whole of each other step.
func TestTraceIsBounded(t *testing.T) {
	steps := []step{{tasks: 3}, {tasks: 40}, {tasks: 2}, {tasks: 1}}
	for _, c := range []struct {
		most   int
		first  []int
		slices int
	}{
		{100, []int{0, 3, 43, 45}, 46},
		{46, []int{0, 3, 43, 45}, 46},
		{45, []int{0, 3, -1, 44}, 45},
		{5, []int{-1, -1, 2, 4}, 5},
		{1, []int{-1, -1, -1, -1}, 4},
	} {
		tr := newTrace(steps, c.most, time.Now())
		if !slices.Equal(tr.first, c.first) || len(tr.slices) != c.slices {
			t.Errorf("room for %d: steps start at %v, %d slices; want %v, %d", c.most, tr.first, len(tr.slices), c.first, c.slices)
		}
	}
}

func TestTraceOfWholeSteps(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.CacheFloats = 0 // the batch as a whole
	d := New(Options{Threads: 2})
	defer d.Close()
	p := squares(t, d, 20000)
	defer p.Close()
	if !slices.ContainsFunc(p.steps, func(s step) bool { return s.tasks > 2 }) {
		t.Fatal("no step has several tasks")
	}
	p.observer = &observer{times: make([]time.Duration, len(p.steps)), trace: newTrace(p.steps, 1, time.Now())}
	runSquares(t, p, 20000)
	var b bytes.Buffer
	if err := p.observer.trace.write(&b, p.profile(p.observer)); err != nil {
		t.Fatal(err)
	}
	var file struct {
		TraceEvents []struct {
			Ph   string
			Dur  float64
			Args map[string]string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, e := range file.TraceEvents {
		if e.Ph == "X" && strings.HasPrefix(e.Args["task"], "all ") && e.Dur > 0 {
			whole++
		}
	}
	if whole != len(p.steps) {
		t.Errorf("%d slices for %d steps in\n%s", whole, len(p.steps), b.String())
	}
}
