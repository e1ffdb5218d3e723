package engine

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A Stage is one step of a program: what it does and what it costs. Times are
// means over the runs that were measured.
type Stage struct {
	// Name says what the stage does, Node for which node of the graph.
	Name string `json:"stage"`
	Node string `json:"node"`
	// Phase is "forward", "backward" or "update".
	Phase string `json:"phase"`
	// Kind sums stages up: "convolution", "input gradient", "packing", …
	Kind string `json:"kind"`
	// Algorithm is the way that was chosen for a convolution or product.
	Algorithm string `json:"algorithm,omitempty"`
	// Tasks is the number of pieces that workers take.
	Tasks int `json:"tasks"`
	// Seconds is the time of a run. Packing of weights that did not change
	// takes none.
	Seconds float64 `json:"seconds"`
	// FLOPs counts the multiplications and additions of convolutions and
	// products as their definition has them, whatever the algorithm does: fast
	// algorithms may exceed the processor's peak. Everything else counts as 0.
	FLOPs int64 `json:"flops"`
	// Bytes is the size of what the stage reads and writes: it moves at least
	// that, through some level of the caches.
	Bytes int64 `json:"bytes"`
	// MemoryBytes is how much of the program's memory holds something needed
	// while the stage runs, its scratch memory included.
	MemoryBytes int64 `json:"memory_bytes"`
}

// A Profile says where a program spends its time.
type Profile struct {
	// Runs is how many runs were measured.
	Runs int `json:"runs"`
	// Threads is the number of threads that computed.
	Threads int `json:"threads"`
	// PeakGFLOPS is the most multiply-adds that the threads can do, in
	// GFLOP/s, or 0 if the caller did not measure it. See cpu.MeasurePeak.
	PeakGFLOPS float64 `json:"peak_gflops,omitempty"`
	// Stages are in the order in which they run.
	Stages []Stage `json:"stages"`
}

// Seconds is the time of a run in all stages.
func (p *Profile) Seconds() (total float64) {
	for _, s := range p.Stages {
		total += s.Seconds
	}
	return total
}

// A KindTotal is what all stages of a kind cost together.
type KindTotal struct {
	Kind    string  `json:"kind"`
	Phase   string  `json:"phase"`
	Stages  int     `json:"stages"`
	Seconds float64 `json:"seconds"`
	FLOPs   int64   `json:"flops"`
	Bytes   int64   `json:"bytes"`
}

// Kinds adds the stages up by kind and phase, in the order in which those
// first run.
func (p *Profile) Kinds() []KindTotal {
	var totals []KindTotal
	at := map[[2]string]int{}
	for _, s := range p.Stages {
		key := [2]string{s.Kind, s.Phase}
		i, ok := at[key]
		if !ok {
			i = len(totals)
			at[key] = i
			totals = append(totals, KindTotal{Kind: s.Kind, Phase: s.Phase})
		}
		t := &totals[i]
		t.Stages++
		t.Seconds += s.Seconds
		t.FLOPs += s.FLOPs
		t.Bytes += s.Bytes
	}
	return totals
}

// Write prints the profile as tables for people: all stages, and the kinds of
// stages from the costliest on.
func (p *Profile) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "µs\tshare\tGFLOP/s\tof peak\tMB\tGB/s\talive MB\ttasks\tphase\talgorithm\tstage\tnode\t")
	total := p.Seconds()
	for _, s := range p.Stages {
		fmt.Fprintf(tw, "%.1f\t%s\t%s\t%.2f\t%s\t%.1f\t%d\t%s\t%s\t%s\t%s\t\n", 1e6*s.Seconds, percent(s.Seconds, total),
			p.rate(s.FLOPs, s.Seconds), float64(s.Bytes)/1e6, gigabytes(s.Bytes, s.Seconds), float64(s.MemoryBytes)/1e6,
			s.Tasks, s.Phase, orDot(s.Algorithm), s.Name, s.Node)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	kinds := p.Kinds()
	slices.SortStableFunc(kinds, func(a, b KindTotal) int { return cmp.Compare(b.Seconds, a.Seconds) })
	sum := KindTotal{Kind: "all", Phase: "·", Seconds: total}
	fmt.Fprintln(tw, "µs\tshare\tGFLOP/s\tof peak\tMB\tGB/s\tstages\tphase\tkind\t")
	row := func(k KindTotal) {
		fmt.Fprintf(tw, "%.1f\t%s\t%s\t%.2f\t%s\t%d\t%s\t%s\t\n", 1e6*k.Seconds, percent(k.Seconds, total),
			p.rate(k.FLOPs, k.Seconds), float64(k.Bytes)/1e6, gigabytes(k.Bytes, k.Seconds), k.Stages, k.Phase, k.Kind)
	}
	for _, k := range kinds {
		row(k)
		sum.Stages += k.Stages
		sum.FLOPs += k.FLOPs
		sum.Bytes += k.Bytes
	}
	row(sum)
	if err := tw.Flush(); err != nil {
		return err
	}
	note := "GFLOP/s are those of a direct sum: effective where the algorithm multiplies less."
	if p.PeakGFLOPS > 0 {
		note += fmt.Sprintf(" The peak of %d threads is %.0f GFLOP/s.", p.Threads, p.PeakGFLOPS)
	}
	_, err := fmt.Fprintln(w, note)
	return err
}

// rate is GFLOP/s and their share of the peak, as two cells.
func (p *Profile) rate(flops int64, seconds float64) string {
	if flops == 0 || seconds == 0 {
		return "·\t·"
	}
	rate := float64(flops) / seconds / 1e9
	if p.PeakGFLOPS == 0 {
		return fmt.Sprintf("%.1f\t·", rate)
	}
	return fmt.Sprintf("%.1f\t%.0f%%", rate, 100*rate/p.PeakGFLOPS)
}

func gigabytes(bytes int64, seconds float64) string {
	if seconds == 0 {
		return "·"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/seconds/1e9)
}

func percent(part, whole float64) string {
	if whole == 0 {
		return "·"
	}
	return fmt.Sprintf("%.1f%%", 100*part/whole)
}

func orDot(s string) string {
	if s == "" {
		return "·"
	}
	return s
}
