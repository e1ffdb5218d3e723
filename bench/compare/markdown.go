package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
)

// byHand is the line below which the page belongs to people: what stands there
// is kept when the page is made again.
const byHand = "<!-- What follows is written by hand; bench/compare keeps it. -->"

// page returns the page of a report. The chart is the picture's path as seen
// from the page, or empty.
func page(p *report, chart string) string {
	var b strings.Builder
	b.WriteString(`# Performance

How fast Stride is beside PyTorch and ONNX Runtime: the same networks, weights and images on the same machine, made by
[bench/compare](../bench/README.md). The engines are processes of their own that compute in turn, A B C A B C, each while the others
wait. A figure is the median over the rounds of the median step in a round; a ratio is the median of the rounds' ratios, with its
quartiles. Before anything is timed all outputs, or in training the losses of the first steps, must agree.

Training is forward pass, backward pass and plain SGD; PyTorch runs eagerly and counts with the faster of its two layouts. ONNX Runtime
has all its optimizations. Memory is the most that was resident in a process while it trained, the engine's own code and libraries
included.
`)
	section := func(title, text string) {
		if text != "" {
			b.WriteString("\n## " + title + "\n\n" + text)
		}
	}
	section("Goals", goalsTable(p.Results).markdown())
	if chart != "" {
		section("Chart", fmt.Sprintf("![Speed of Stride relative to PyTorch and ONNX Runtime](%s)\n", filepath.ToSlash(chart)))
	}
	if t := trainingTable(p.Results); len(t.rows) > 0 {
		section("Training", t.markdown())
	}
	if t := inferenceTable(p.Results); len(t.rows) > 0 {
		section("Inference", t.markdown())
	}
	if n := notes(p); len(n) > 0 {
		section("Notes", "- "+strings.Join(n, "\n- ")+"\n")
	}
	section("Where and how", runsText(p))
	return b.String()
}

// runsText lists machine, versions and commands.
func runsText(p *report) string {
	var b strings.Builder
	for i, r := range p.Runs {
		if i == 0 {
			m := r.Machine
			fmt.Fprintf(&b, "%d cores of %s (%s; %s), %d threads each.\n", m.Cores, m.CPU, m.Platform, strings.Join(m.Instructions, ", "), r.Threads)
		}
		fmt.Fprintf(&b, "\n%s, %d rounds, %s", r.Date, r.Rounds, r.versionsText())
		if len(r.Machine.Environment) > 0 {
			fmt.Fprintf(&b, ", with %s", strings.Join(r.Machine.Environment, " "))
		}
		fmt.Fprintf(&b, ":\n\n    %s\n", r.Command)
	}
	return b.String()
}

func (r run) versionsText() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(r.Versions)) {
		parts = append(parts, what+" "+r.Versions[what])
	}
	return strings.Join(parts, ", ")
}

// writePage writes the page, and keeps what an older one has below byHand.
func writePage(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, own, ok := strings.Cut(string(old), byHand); ok {
		text += "\n" + byHand + own
	}
	return atomicfile.WriteBytes(path, []byte(text))
}
