package results

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

// page returns the page of a report. The pictures are the paths of charts and curves as
// seen from the page, or empty.
func page(p *Report, chart, curves string) string {
	var b strings.Builder
	b.WriteString(`# Performance

How fast Stride is beside other engines: the same networks, weights and images on the same machine, made by
[bench/compare](../bench/README.md). The engines are processes of their own that compute in turn, A B C A B C, each while the others
wait. A figure is the median over the rounds of the median step in a round; the number in parentheses is how many times as fast Stride
is, the median of the rounds' ratios, and quartiles are those of these ratios. Before anything is timed the outputs of all, or in training
the losses of the first steps, must agree.

Training is forward pass, backward pass and plain SGD. Each rival has the setting that is fastest here. Memory is the most that was
resident in a process while it computed, the engine's own code and libraries included, and of those in Python Python's.
`)
	section := func(title, text string) {
		if text != "" {
			b.WriteString("\n## " + title + "\n\n" + text)
		}
	}
	picture := func(title, path, text string) {
		if path != "" {
			section(title, fmt.Sprintf("![%s](%s)\n", text, filepath.ToSlash(path)))
		}
	}
	section("Goals", goalsTable(p.Results).markdown())
	picture("Chart", chart, "Speed of Stride relative to other engines")
	picture("Scaling", curves, "Images a second and peak memory against batch, resolution and threads")
	for _, g := range groups(p.Results) {
		text := "Images a second, in parentheses × Stride is as fast:\n\n" + g.speeds().markdown()
		for _, more := range []struct {
			what  string
			table table
		}{{"Peak memory in MB", g.memory()}, {"Ratio of signal to noise and share of the same classes", g.agreement()}, {"Settings", g.settings()}} {
			if m := more.table.markdown(); m != "" {
				text += "\n" + more.what + ":\n\n" + m
			}
		}
		section(g.title, text)
	}
	if n := notes(p); len(n) > 0 {
		section("Notes", "- "+strings.Join(n, "\n- ")+"\n")
	}
	section("Where and how", runsText(p))
	return b.String()
}

// runsText lists machine, versions and commands.
func runsText(p *Report) string {
	var b strings.Builder
	for i, r := range p.Runs {
		if i == 0 {
			m := r.Machine
			fmt.Fprintf(&b, "%d cores of %s (%s; %s).\n", m.Cores, m.CPU, m.Platform, strings.Join(m.Instructions, ", "))
		}
		fmt.Fprintf(&b, "\n%s, %d rounds, %s", r.Date, r.Rounds, r.versionsText())
		if len(r.Machine.Environment) > 0 {
			fmt.Fprintf(&b, ", with %s", strings.Join(r.Machine.Environment, " "))
		}
		fmt.Fprintf(&b, ":\n\n    %s\n", r.Command)
	}
	return b.String()
}

func (r Run) versionsText() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(r.Versions)) {
		parts = append(parts, what+" "+r.Versions[what])
	}
	return strings.Join(parts, ", ")
}

// WritePage writes the page of a report, and keeps what an older one has below byHand. The
// pictures are the paths of charts and curves as seen from the page, or empty.
func WritePage(path string, p *Report, chart, curves string) error {
	return writePage(path, page(p, chart, curves))
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
