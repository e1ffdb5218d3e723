package main

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

func trainingTable(results []result) table {
	t := table{head: []string{
		"training", "batch", "pixels", "Stride, images/s", "PyTorch, images/s", "layout", "× PyTorch", "quartiles", "goal",
		"Stride, MB", "PyTorch, MB", "ratio", "goal", "allocations a step",
	}}
	for i := range results {
		r := &results[i]
		if r.Mode != "train" {
			continue
		}
		ratio, spread, mark := ratioCells(r.faster(pytorch), trainGoal)
		layout, allocs := dash, dash
		if f := r.of(pytorch); f != nil {
			layout = f.Layout
		}
		if f := r.of(stride); f != nil && f.AllocsPerStep != nil {
			allocs = strconv.FormatFloat(*f.AllocsPerStep, 'f', 1, 64)
		}
		memory, memoryMark := dash, dash
		if m := r.memoryRatio(); m > 0 {
			memory, memoryMark = fmt.Sprintf("%.2f", m), mark2(m <= memoryGoal)
		}
		t.rows = append(t.rows, []string{
			r.Net, strconv.Itoa(r.Batch), strconv.Itoa(r.Resolution), r.speed(stride), r.speed(pytorch), layout, ratio, spread, mark,
			r.peak(stride), r.peak(pytorch), memory, memoryMark, allocs,
		})
	}
	return t
}

func inferenceTable(results []result) table {
	t := table{head: []string{
		"inference", "batch", "pixels", "Stride, images/s", "PyTorch, images/s", "ONNX Runtime, images/s",
		"× PyTorch", "× ONNX Runtime", "quartiles", "goal",
	}}
	for i := range results {
		r := &results[i]
		if r.Mode != "infer" {
			continue
		}
		torch, _, _ := ratioCells(r.faster(pytorch), inferEachGoal)
		ratio, spread, mark := ratioCells(r.faster(onnxRuntime), inferEachGoal)
		t.rows = append(t.rows, []string{
			r.Net, strconv.Itoa(r.Batch), strconv.Itoa(r.Resolution), r.speed(stride), r.speed(pytorch), r.speed(onnxRuntime),
			torch, ratio, spread, mark,
		})
	}
	return t
}

func goalsTable(results []result) table {
	t := table{head: []string{"goal", "outcome", ""}}
	for _, v := range verdicts(results) {
		t.rows = append(t.rows, []string{v.goal, v.outcome, v.state.String()})
	}
	return t
}

// ratioCells are the median, the quartiles and whether the median meets the
// goal.
func ratioCells(values []float64, goal float64) (ratio, spread, mark string) {
	if len(values) == 0 {
		return dash, dash, dash
	}
	s := summarize(values)
	return fmt.Sprintf("%.2f", s.median), fmt.Sprintf("%.2f–%.2f", s.q1, s.q3), mark2(s.median >= goal)
}

func mark2(good bool) string {
	if good {
		return met.String()
	}
	return missed.String()
}

// speed is the images a second of the median step.
func (r *result) speed(engine string) string {
	f := r.of(engine)
	if f == nil {
		return dash
	}
	return significant(float64(r.Batch) / stats.Median(f.Seconds))
}

func (r *result) peak(engine string) string {
	f := r.of(engine)
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

// oneLine is a result as progress.
func oneLine(r *result) string {
	var parts []string
	for _, engine := range []string{stride, pytorch, onnxRuntime} {
		if f := r.of(engine); f != nil {
			parts = append(parts, fmt.Sprintf("%s %s images/s", strings.TrimSpace(engine+" "+f.Layout), r.speed(engine)))
		}
	}
	for _, rival := range []string{pytorch, onnxRuntime} {
		if ratio, spread, _ := ratioCells(r.faster(rival), 0); ratio != dash {
			parts = append(parts, fmt.Sprintf("%s × %s (%s)", ratio, rival, spread))
		}
	}
	if m := r.memoryRatio(); m > 0 && r.Mode == "train" {
		parts = append(parts, fmt.Sprintf("memory %.2f ×", m))
	}
	return strings.Join(parts, ", ")
}

// notes are what the tables do not say: failures, and processes that computed
// when they should have waited.
func notes(p *report) []string {
	var out []string
	for _, r := range p.Results {
		if r.Error != "" {
			first, _, _ := strings.Cut(r.Error, "\n")
			out = append(out, fmt.Sprintf("%s, %s, batch %d failed: %s", r.Net, r.Mode, r.Batch, first))
		}
		for _, f := range r.Engines {
			if f.IdleShare > idleLimit {
				out = append(out, fmt.Sprintf("%s, %s, batch %d: %s kept %.2f processors busy while others were timed",
					r.Net, r.Mode, r.Batch, strings.TrimSpace(f.Engine+" "+f.Layout), f.IdleShare))
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
	case "goal", "layout", "outcome", "":
		return true
	}
	return column == 0
}

// markdown writes the table between bars.
func (t table) markdown() string {
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

// textReport is all that the program prints.
func textReport(p *report) string {
	var b strings.Builder
	for _, t := range []table{trainingTable(p.Results), inferenceTable(p.Results), goalsTable(p.Results)} {
		if len(t.rows) > 0 {
			b.WriteString(t.text() + "\n")
		}
	}
	for _, n := range notes(p) {
		b.WriteString(n + "\n")
	}
	return b.String()
}
