package cpu

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

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
