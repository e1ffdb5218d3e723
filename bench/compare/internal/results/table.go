package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/strideml/stride/bench/internal/stats"
)

// dash stands for what was not measured.
const dash = "–"

// idleLimit is how many processors a waiting process may keep busy before the
// table says so.
const idleLimit = 0.02

// A table has a head and rows of as many cells.
type table struct {
	head []string
	rows [][]string
}

// A group has the results of a mode in a precision.
type group struct {
	title   string
	results []*Result
}

// groups are those that have results, in the order of these.
func groups(results []Result) []group {
	var out []group
	for i := range results {
		r := &results[i]
		title := map[string]string{Train: "Training", Infer: "Inference"}[r.Mode] + " in " + r.Precision
		if len(out) == 0 || out[len(out)-1].title != title {
			out = append(out, group{title: title})
		}
		g := &out[len(out)-1]
		g.results = append(g.results, r)
	}
	return out
}

// engines are those that the group has figures of.
func (g group) engines() []string {
	return slices.DeleteFunc(slices.Clone(Engines), func(e string) bool {
		return !slices.ContainsFunc(g.results, func(r *Result) bool { return r.Of(e) != nil })
	})
}

// columns say which network with which sizes; threads only where they are not the same.
func (g group) columns() (head []string, cells func(r *Result) []string) {
	head = []string{"network", "batch", "pixels"}
	several := slices.ContainsFunc(g.results, func(r *Result) bool { return r.Threads != g.results[0].Threads })
	if several {
		head = append(head, "threads")
	}
	return head, func(r *Result) []string {
		c := []string{strings.TrimPrefix(r.Net, "torchvision/"), strconv.Itoa(r.Batch), strconv.Itoa(r.Resolution)}
		if strings.HasPrefix(r.Net, "torchvision/") {
			c[0] += " (torchvision)"
		}
		if several {
			c = append(c, strconv.Itoa(r.Threads))
		}
		return c
	}
}

// speeds have images a second of each engine, and how many times as fast as the fastest
// rival Stride is.
func (g group) speeds() table {
	head, cells := g.columns()
	engines := g.engines()
	t := table{head: head}
	t.head = append(t.head, engines...)
	t.head = append(t.head, "fastest rival", "× its speed", "quartiles", "goal")
	for _, r := range g.results {
		row := cells(r)
		for _, e := range engines {
			cell := r.speed(e)
			if v := r.faster(e); e != Stride && v != nil {
				cell += fmt.Sprintf(" (%.2f)", stats.Median(v))
			}
			row = append(row, cell)
		}
		best := r.fastest(Engines)
		ratio, spread, mark := ratioCells(r.faster(best), eachGoal(r))
		if best == "" {
			best = dash
		}
		t.rows = append(t.rows, append(row, best, ratio, spread, mark))
	}
	return t
}

// memory has the peak memory of each engine in megabytes, and in training how that of
// Stride compares with PyTorch's.
func (g group) memory() table {
	head, cells := g.columns()
	engines := g.engines()
	t := table{head: append(head, engines...)}
	training := g.results[0].Mode == Train
	if training {
		t.head = append(t.head, "× PyTorch", "goal", "allocations a step")
	}
	for _, r := range g.results {
		row := cells(r)
		for _, e := range engines {
			row = append(row, r.peak(e))
		}
		if training {
			ratio, mark, allocs := dash, dash, dash
			if m := r.memoryRatio(PyTorch); m > 0 {
				ratio, mark = fmt.Sprintf("%.2f", m), mark2(m <= memoryGoal)
			}
			if f := r.Of(Stride); f != nil && f.AllocsPerStep != nil {
				allocs = strconv.FormatFloat(*f.AllocsPerStep, 'f', 1, 64)
			}
			row = append(row, ratio, mark, allocs)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// settings have the setting that each engine was fastest with, of those that have several.
func (g group) settings() table {
	head, cells := g.columns()
	engines := slices.DeleteFunc(g.engines(), func(e string) bool {
		return !slices.ContainsFunc(g.results, func(r *Result) bool { f := r.Of(e); return f != nil && f.Setting != "" })
	})
	if len(engines) == 0 {
		return table{}
	}
	t := table{head: append(head, engines...)}
	for _, r := range g.results {
		row := cells(r)
		for _, e := range engines {
			cell := dash
			if f := r.Of(e); f != nil {
				cell = f.Setting
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// agreement has how far outputs in a lower precision are from float32: the ratio of
// signal to noise, and the share of images with the same class.
func (g group) agreement() table {
	head, cells := g.columns()
	engines := g.engines()
	if g.results[0].Mode != Infer || g.results[0].Precision == Float32 {
		return table{}
	}
	t := table{head: append(head, engines...)}
	for _, r := range g.results {
		row := cells(r)
		for _, e := range engines {
			cell := dash
			if f := r.Of(e); f != nil && f.Check != nil {
				cell = fmt.Sprintf("%.1f dB, %.0f %%", f.Check.SNR, 100*f.Check.Top1)
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func goalsTable(results []Result) table {
	t := table{head: []string{"goal", "outcome", ""}}
	for _, v := range verdicts(results) {
		t.rows = append(t.rows, []string{v.goal, v.outcome, v.state.String()})
	}
	return t
}

// ratioCells are the median, the quartiles and whether the median meets the
// goal; 0 is no goal.
func ratioCells(values []float64, goal float64) (ratio, spread, mark string) {
	if len(values) == 0 {
		return dash, dash, dash
	}
	s := summarize(values)
	mark = dash
	if goal > 0 {
		mark = mark2(s.median >= goal)
	}
	return fmt.Sprintf("%.2f", s.median), fmt.Sprintf("%.2f–%.2f", s.q1, s.q3), mark
}

func mark2(good bool) string {
	if good {
		return met.String()
	}
	return missed.String()
}

// speed is the images a second of the median step.
func (r *Result) speed(engine string) string {
	f := r.Of(engine)
	if f == nil {
		return dash
	}
	return significant(float64(r.Batch) / stats.Median(f.Seconds))
}

func (r *Result) peak(engine string) string {
	f := r.Of(engine)
	if f == nil || f.PeakBytes == 0 {
		return dash
	}
	return strconv.FormatInt(f.PeakBytes/1e6, 10)
}

// significant writes a number to three digits, with thousands apart: 44,100.
func significant(v float64) string {
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return dash
	}
	digits := 2 - int(math.Floor(math.Log10(v)))
	if digits >= 0 {
		return strconv.FormatFloat(v, 'f', digits, 64)
	}
	scale := math.Pow10(-digits)
	s := strconv.FormatFloat(math.Round(v/scale)*scale, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// OneLine is a result as progress.
func OneLine(r *Result) string {
	var parts []string
	for _, engine := range Engines {
		if f := r.Of(engine); f != nil {
			part := fmt.Sprintf("%s %s", f.Name(), r.speed(engine))
			if v := r.faster(engine); engine != Stride && v != nil {
				part += fmt.Sprintf(" (%.2f ×)", stats.Median(v))
			}
			parts = append(parts, part)
		}
	}
	for _, x := range r.Refused {
		parts = append(parts, x.Engine+" refused: "+firstLine(x.Why))
	}
	if len(parts) == 0 {
		return "nothing is installed that computes this"
	}
	return "images/s: " + strings.Join(parts, ", ")
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// notes are what the tables do not say: failures, and processes that computed
// when they should have waited.
func notes(p *Report) []string {
	var out []string
	for _, r := range p.Results {
		if r.Error != "" {
			out = append(out, fmt.Sprintf("%v failed: %s", r.Case, firstLine(r.Error)))
		}
		for _, x := range r.Refused {
			out = append(out, fmt.Sprintf("%v: %s is not timed: %s", r.Case, x.Engine, firstLine(x.Why)))
		}
		for _, f := range r.Engines {
			if f.IdleShare > idleLimit {
				out = append(out, fmt.Sprintf("%v: %s kept %.2f processors busy while others were timed", r.Case, f.Name(), f.IdleShare))
			}
		}
	}
	for _, run := range p.Runs {
		for _, m := range run.Missing {
			if m = "not everything was measured: " + m; !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// text writes the table with aligned columns; all but the first and those with
// words are flush right.
func (t table) text() string {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.left(i) {
				line.WriteString(cell + space + "  ")
			} else {
				line.WriteString(space + cell + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// left says whether a column has words.
func (t table) left(column int) bool {
	switch t.head[column] {
	case "goal", "fastest rival", "outcome", "":
		return true
	}
	return column == 0
}

// markdown writes the table between bars.
func (t table) markdown() string {
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---"
		if !t.left(i) {
			rule[i] = "---:"
		}
	}
	for i, row := range append([][]string{t.head, rule}, t.rows...) {
		if i == 1 {
			b.WriteString("|" + strings.Join(row, "|") + "|\n")
			continue
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}

// Text is all that the program prints.
func Text(p *Report) string {
	var b strings.Builder
	for _, g := range groups(p.Results) {
		for _, part := range []struct {
			what  string
			table table
		}{{"images/s (× Stride is as fast)", g.speeds()}, {"peak memory, MB", g.memory()}, {"signal to noise and same classes", g.agreement()}} {
			if len(part.table.rows) > 0 {
				fmt.Fprintf(&b, "%s: %s\n%s\n", g.title, part.what, part.table.text())
			}
		}
	}
	b.WriteString(goalsTable(p.Results).text() + "\n")
	for _, n := range notes(p) {
		b.WriteString(n + "\n")
	}
	return b.String()
}
