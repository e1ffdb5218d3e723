package cpu

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/strideml/stride/engine"
)

// StepTime is how long one stage of a program took.
type StepTime struct {
	Name  string        // what the stage does
	Node  string        // the node it does it for
	Tasks int           // pieces of work
	Time  time.Duration // all runs together
}

// Profile measures where a program of this engine spends its time: from its
// call until stop, each run is timed stage by stage.
func Profile(p engine.Program) (stop func() []StepTime, err error) {
	prog, ok := p.(*program)
	if !ok {
		return nil, fmt.Errorf("cpu: only programs of this engine can be profiled")
	}
	prog.team.mu.Lock()
	defer prog.team.mu.Unlock()
	prog.times = make([]time.Duration, len(prog.steps))
	return func() []StepTime {
		prog.team.mu.Lock()
		defer prog.team.mu.Unlock()
		times := make([]StepTime, len(prog.times))
		for i, t := range prog.times {
			s := prog.steps[i]
			times[i] = StepTime{s.name, s.node.String(), s.tasks, t}
		}
		prog.times = nil
		return times
	}, nil
}

// WriteProfile prints a table of stages with their share of the total.
func WriteProfile(w io.Writer, times []StepTime, runs int) error {
	var total time.Duration
	for _, t := range times {
		total += t.Time
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "µs\tshare\ttasks\tstage\tnode\t")
	for _, t := range times {
		fmt.Fprintf(tw, "%.1f\t%.1f%%\t%d\t%s\t%s\t\n", float64(t.Time.Nanoseconds())/1e3/float64(runs),
			100*float64(t.Time)/float64(max(total, 1)), t.Tasks, t.Name, t.Node)
	}
	fmt.Fprintf(tw, "%.1f\t\t\tall\t\t\n", float64(total.Nanoseconds())/1e3/float64(runs))
	return tw.Flush()
}
