package inspect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
)

// maxSlices bounds the memory of a trace: about 6 MB. A step whose tasks do not fit
// has one slice for all of them.
const maxSlices = 1 << 18

// trace records which worker did which task of one run, and when.
type trace struct {
	begin  time.Time
	first  []int // of each step, its first slice; −1 if it has one for all tasks
	whole  []int // of each step, that slice
	slices []traceSlice
	others []*trace // of the replicas of the other workers
}

// A traceSlice is the time that a worker spent on a task, or on a step as a whole.
type traceSlice struct {
	worker      int32 // counted from 1; 0 if the slice was not recorded
	start, took time.Duration
}

// newTrace makes room for at most most slices, but at least one for each step.
func newTrace(steps []exec.Step, most int, begin time.Time) *trace {
	t := &trace{begin: begin, first: make([]int, len(steps)), whole: make([]int, len(steps))}
	total := 0
	for i := range steps {
		t.first[i], t.whole[i] = -1, total
		if n := steps[i].Tasks; total+n+len(steps)-i-1 <= most {
			t.first[i] = total
			total += n
		} else {
			total++
		}
	}
	t.slices = make([]traceSlice, total)
	return t
}

// recording returns the step's run with each task recorded. Workers are told
// apart by their scratch memory. Slices belong to one task each, so workers
// need no lock.
func (t *trace) recording(workers *exec.Workers, i int, s *exec.Step) func(task int, scratch []float32) {
	run, first := s.Run, t.first[i]
	if first < 0 {
		w := &t.slices[t.whole[i]]
		if w.worker != 0 {
			return run
		}
		*w = traceSlice{worker: 1, start: time.Since(t.begin)}
		return func(task int, scratch []float32) {
			run(task, scratch)
			if task == s.Tasks-1 { // tasks begin in order: this one ends among the last
				w.took = time.Since(t.begin) - w.start
			}
		}
	}
	return func(task int, scratch []float32) {
		start := time.Since(t.begin)
		run(task, scratch)
		slice := traceSlice{start: start, took: time.Since(t.begin) - start}
		slice.worker = int32(workers.WorkerOf(scratch)) + 1
		if t.slices[first+task].worker == 0 { // of several parts of a batch, the first counts
			t.slices[first+task] = slice
		}
	}
}

// traceEvent is an event of the trace event format: "X" is a slice with a
// duration, "M" names a row. Times are in microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Type     string         `json:"ph"`
	Start    float64        `json:"ts"`
	Duration float64        `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// write prints the events one by one, so that no second copy of the trace is
// in memory.
func (t *trace) write(out io.Writer, profile *engine.Profile) error {
	w := bufio.NewWriter(out)
	separator := `{"displayTimeUnit":"ns","traceEvents":[` + "\n"
	emit := func(e traceEvent) error {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		w.WriteString(separator)
		separator = ",\n"
		_, err = w.Write(b)
		return err
	}
	for worker := range profile.Threads {
		name := map[string]any{"name": fmt.Sprintf("worker %d", worker)}
		if err := emit(traceEvent{Name: "thread_name", Type: "M", Process: 1, Thread: worker, Args: name}); err != nil {
			return err
		}
	}
	for i := range profile.Stages {
		for _, tr := range append([]*trace{t}, t.others...) {
			if err := tr.writeStage(i, &profile.Stages[i], emit); err != nil {
				return err
			}
		}
	}
	w.WriteString("\n]}\n")
	return w.Flush()
}

// writeStage emits the slices of a step.
func (t *trace) writeStage(i int, s *engine.Stage, emit func(traceEvent) error) error {
	tasks := s.Tasks
	if t.first[i] < 0 {
		tasks = 1
	}
	for task, slice := range t.slices[t.whole[i]:][:tasks] {
		if slice.worker == 0 {
			continue // weights that were still packed
		}
		args := map[string]any{"node": s.Node, "phase": s.Phase, "task": fmt.Sprintf("%d of %d", task+1, s.Tasks)}
		if s.Algorithm != "" {
			args["algorithm"] = s.Algorithm
		}
		if t.first[i] < 0 {
			args["task"] = fmt.Sprintf("all %d", s.Tasks)
		}
		err := emit(traceEvent{
			Name: s.Name, Category: s.Kind, Type: "X", Process: 1, Thread: int(slice.worker) - 1,
			Start: float64(slice.start.Nanoseconds()) / 1e3, Duration: float64(slice.took.Nanoseconds()) / 1e3, Args: args,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
