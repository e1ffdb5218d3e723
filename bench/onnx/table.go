package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/strideml/stride/bench/internal/stats"
)

// A table has the results of files, sorted by name and batch.
type table struct{ Results []result }

// load reads a file of results, if there is one.
func (t *table) load(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(b, &t.Results)
}

func (t *table) save(path string) error {
	b, err := json.MarshalIndent(t.Results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// put adds a result, in place of an earlier one of the same file and batch.
func (t *table) put(r result) {
	order := func(a, b result) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Batch, b.Batch)) }
	i, found := slices.BinarySearchFunc(t.Results, r, order)
	if found {
		t.Results[i] = r
		return
	}
	t.Results = slices.Insert(t.Results, i, r)
}

// write prints the table in Markdown, and a summary.
func (t *table) write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| file | batch | Stride, images/s | ONNX Runtime, images/s | × ONNX Runtime |\n|---|---:|---:|---:|---:|\n")
	for _, r := range t.Results {
		if r.Why != "" {
			fmt.Fprintf(&b, "| %s | %d | – | – | %s |\n", r.File, r.Batch, r.Why)
			continue
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %.2f |\n", r.File, r.Batch, digits(r.Stride), digits(r.ONNXRuntime), r.Ratio)
	}
	b.WriteString("\n" + t.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// digits prints a number with three digits.
func digits(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// summary is the geometric mean of the ratios, and what is below 1.
func (t *table) summary() string {
	var ratios []float64
	version, slower := "", []string{}
	for _, r := range t.Results {
		if r.Why != "" {
			continue
		}
		ratios, version = append(ratios, r.Ratio), r.Version
		if r.Ratio < 1 {
			slower = append(slower, fmt.Sprintf("%s at %d (%.2f)", r.File, r.Batch, r.Ratio))
		}
	}
	if len(ratios) == 0 {
		return "Nothing was timed."
	}
	s := fmt.Sprintf("Geometric mean over %d rows: %.2f × ONNX Runtime %s; ", len(ratios), stats.GeometricMean(ratios), version)
	if len(slower) == 0 {
		return s + "none is below 1."
	}
	return s + fmt.Sprintf("%d are below 1: %s.", len(slower), strings.Join(slower, ", "))
}

// Between these lines of a page stands the table.
const (
	tableBegins = "<!-- bench/onnx writes the table -->"
	tableEnds   = "<!-- the end of the table -->"
)

// writePage puts the table into a page, and keeps what else is in it.
func (t *table) writePage(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), tableBegins)
	_, after, closed := strings.Cut(rest, tableEnds)
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q", path, tableBegins, tableEnds)
	}
	var s strings.Builder
	s.WriteString(before + tableBegins + "\n\n")
	if err := t.write(&s); err != nil {
		return err
	}
	s.WriteString("\n" + tableEnds + after)
	return os.WriteFile(path, []byte(s.String()), 0o644)
}
