package cpu

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/strideml/stride/engine"
)

// A Resident is a piece of a program's memory that is needed where the program
// needs most.
type Resident struct {
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

// MemoryUse says what a program's memory is used for.
type MemoryUse struct {
	// TotalBytes is the size of the program's memory: places of buffers, which
	// those share that are not needed at the same time, and scratch memory.
	TotalBytes int64 `json:"total_bytes"`
	// ScratchBytes is the scratch memory of all workers.
	ScratchBytes int64 `json:"scratch_bytes"`
	// LiveBytes is the sum of Residents: what the places can never be less
	// than. The rest is lost to gaps between them.
	LiveBytes int64 `json:"live_bytes"`
	// At is the stage at which most is needed.
	At string `json:"at"`
	// Residents are the pieces needed there, the largest first.
	Residents []Resident `json:"residents"`
}

// Memory says what a program of this engine uses its memory for. It need not
// have run.
func Memory(p engine.Program) (*MemoryUse, error) {
	prog, ok := p.(*program)
	if !ok {
		return nil, errNotOurs
	}
	prog.team.mu.Lock()
	defer prog.team.mu.Unlock()
	if prog.closed {
		return nil, errClosed
	}
	use := &MemoryUse{TotalBytes: int64(prog.MemoryBytes()), ScratchBytes: 4 * int64(prog.scratchFloats*(prog.team.size+len(prog.programs)-1))}
	live := prog.liveFloats()
	if len(live) == 0 {
		return use, nil
	}
	at := slices.Index(live, slices.Max(live))
	stage := func(i int) string { return prog.steps[i].name + " " + prog.steps[i].node.String() }
	use.At = stage(at)
	for b, made := range prog.residents() {
		if b.first > at || b.last < at {
			continue
		}
		r := Resident{Name: prog.steps[made].name, Node: prog.steps[made].node.String(), Bytes: 4 * int64(b.size*prog.copies(b))}
		r.Stages = b.last - b.first + 1
		if b.last < len(prog.steps) {
			r.Last = stage(b.last)
		}
		use.LiveBytes += r.Bytes
		use.Residents = append(use.Residents, r)
	}
	slices.SortFunc(use.Residents, func(a, b Resident) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	return use, nil
}

// residents returns the buffers that have a place of their own, with the first
// step that writes each.
func (p *program) residents() map[*buffer]int {
	made := map[*buffer]int{}
	for i, s := range p.steps {
		for _, b := range s.writes {
			r := b.root()
			if _, ok := made[r]; !ok && r.arena {
				made[r] = i
			}
		}
	}
	return made
}

// copies is how many workers have a buffer of their own for b.
func (p *program) copies(b *buffer) int {
	if b.persistent {
		return 1
	}
	return len(p.programs)
}

// liveFloats returns, for each step, the size of the buffers that hold
// something then.
func (p *program) liveFloats() []int {
	live := make([]int, len(p.steps))
	for b := range p.residents() {
		for i := max(b.first, 0); i <= min(b.last, len(live)-1); i++ {
			live[i] += b.size * p.copies(b)
		}
	}
	return live
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
	for _, r := range u.Residents {
		last := r.Last
		if last == "" {
			last = "kept"
		}
		fmt.Fprintf(tw, "%.2f\t%s\t%d\t%s\t%s\t%s\t\n", float64(r.Bytes)/1e6, percent(float64(r.Bytes), float64(u.LiveBytes)), r.Stages, r.Name, r.Node, last)
	}
	return tw.Flush()
}
