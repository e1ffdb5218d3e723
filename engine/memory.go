package engine

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// A PeakBuffer is a piece of a program's memory that is in use at the stage
// where the program needs most.
type PeakBuffer struct {
	// Name says what step makes it, Node for which node.
	Name string `json:"stage"`
	Node string `json:"node"`
	// Bytes is its size.
	Bytes int64 `json:"bytes"`
	// Stages counts those that it lives through, to the last that uses it.
	Stages int `json:"stages"`
	// Last is the stage that uses it last, "" if it is kept to the end.
	Last string `json:"last,omitempty"`
}

// MemoryUse says what a program's memory is used for, at the stage where most is
// needed.
type MemoryUse struct {
	// TotalBytes is the size of the program's memory: that of its buffers, of
	// which those share memory that are not needed at the same time, and scratch
	// memory.
	TotalBytes int64 `json:"total_bytes"`
	// ScratchBytes is the scratch memory of all workers.
	ScratchBytes int64 `json:"scratch_bytes"`
	// LiveBytes is the sum of PeakBuffers, which no placement of the buffers
	// can go below. The rest is lost to gaps between them.
	LiveBytes int64 `json:"live_bytes"`
	// At is the stage at which most is needed.
	At string `json:"at"`
	// PeakBuffers are the buffers needed there, the largest first.
	PeakBuffers []PeakBuffer `json:"peak_buffers"`
}

// Write prints a table for people: what holds memory where most is needed.
func (u *MemoryUse) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%.1f MB of memory: %.1f MB scratch; most is needed at %s: %.1f MB, with gaps %.1f MB\n",
		float64(u.TotalBytes)/1e6, float64(u.ScratchBytes)/1e6, u.At, float64(u.LiveBytes)/1e6, float64(u.TotalBytes-u.ScratchBytes)/1e6)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "MB\tshare\tstages\tmade by\tfor\tlast used by\t")
	for _, r := range u.PeakBuffers {
		last := r.Last
		if last == "" {
			last = "kept"
		}
		fmt.Fprintf(tw, "%.2f\t%s\t%d\t%s\t%s\t%s\t\n", float64(r.Bytes)/1e6, percent(float64(r.Bytes), float64(u.LiveBytes)), r.Stages, r.Name, r.Node, last)
	}
	return tw.Flush()
}
