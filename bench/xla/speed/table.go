package main

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/bench/internal/stats"
)

// A row is what was measured of a case.
type row struct {
	what string
	// By engine, if it was measured.
	seconds map[string][]float64 // of a step: the medians of the rounds
	compile map[string]float64   // seconds until the first step could run
	batch   int
	differs float64 // the greatest difference to engine/cpu: see checkTolerance
}

// speed is images a second, from the median of the rounds.
func (r row) speed(engine string) float64 {
	return float64(r.batch) / stats.Median(r.seconds[engine])
}

// times is the median of the rounds' ratios of engine's speed to that of other.
func (r row) times(engine, other string) (ratio float64, ok bool) {
	a, b := r.seconds[engine], r.seconds[other]
	if len(a) == 0 || len(a) != len(b) {
		return 0, false
	}
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = b[i] / a[i]
	}
	return stats.Median(ratios), true
}

// line is the row in words, for the log.
func (r row) line(engines []string) string {
	var parts []string
	for _, e := range engines {
		if len(r.seconds[e]) > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f images/s", e, r.speed(e)))
		}
	}
	return strings.Join(parts, ", ")
}

// table prints images a second of each engine, ratios of engine/xla's speed to those
// of the others, and the time to compile, as Markdown.
func table(rows []row, engines []string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, e := range engines {
		fmt.Fprintf(&b, " %s, images/s |", e)
	}
	var ratios [][2]string
	for _, e := range engines {
		if e != xlaEngine {
			ratios = append(ratios, [2]string{xlaEngine, e})
			fmt.Fprintf(&b, " xla ÷ %s |", e)
		}
	}
	for _, e := range engines {
		fmt.Fprintf(&b, " %s compiles, s |", e)
	}
	b.WriteString(" differs by |\n|---|" + strings.Repeat("---:|", 2*len(engines)+len(ratios)+1) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r.what)
		for _, e := range engines {
			if len(r.seconds[e]) == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s |", figures(r.speed(e)))
		}
		for _, pair := range ratios {
			if ratio, ok := r.times(pair[0], pair[1]); ok {
				fmt.Fprintf(&b, " %.2f |", ratio)
			} else {
				b.WriteString(" – |")
			}
		}
		for _, e := range engines {
			if s, ok := r.compile[e]; ok {
				fmt.Fprintf(&b, " %.2f |", s)
			} else {
				b.WriteString(" – |")
			}
		}
		fmt.Fprintf(&b, " %.0e |\n", r.differs)
	}
	return b.String()
}

// figures prints a speed with three digits or more.
func figures(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
