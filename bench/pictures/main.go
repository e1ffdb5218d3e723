// Command pictures times what happens to a picture before a network sees it, Stride beside
// Pillow, and its kernels in Go beside Go's image/jpeg, each on one thread.
//
//	go run ./bench/pictures [flags] [FOLDER]
//
// Of the rows that need files those of the folder are taken, in the order of their names; without
// a folder these rows are left out. The pixels of Stride and Pillow must be equal; then both work in
// turn, for some rounds, while the other one waits. The time of a turn is the median of its
// runs, that of a row the median over the rounds; a ratio is the median of the rounds'
// ratios. Progress goes to standard error, a table to standard output.
//
// Pillow is that of PyPI (pip install pillow); --python names another interpreter.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	if err := command(os.Stdout, os.Stderr).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

// settings say how to measure.
type settings struct {
	rounds, pictures int
	slice            time.Duration
	python           string
	only             []string
}

func command(out, log io.Writer) *cobra.Command {
	s := settings{rounds: 7, pictures: 20, slice: 200 * time.Millisecond, python: "python3"}
	cmd := &cobra.Command{
		Use: "pictures [FOLDER]", Short: "Time stride beside Pillow on pictures",
		Args: cobra.MaximumNArgs(1), SilenceUsage: true, SilenceErrors: true,
		RunE: func(_ *cobra.Command, args []string) error {
			runtime.GOMAXPROCS(1)
			folder := ""
			if len(args) > 0 {
				folder = args[0]
			}
			return measure(out, log, folder, s)
		},
	}
	f := cmd.Flags()
	f.IntVar(&s.rounds, "rounds", s.rounds, "rounds of turns")
	f.IntVar(&s.pictures, "pictures", s.pictures, "files of the folder to take at most")
	f.DurationVar(&s.slice, "slice", s.slice, "time of a turn, which is three runs at least")
	f.StringVar(&s.python, "python", s.python, "Python with Pillow")
	f.StringSliceVar(&s.only, "rows", nil, "rows to measure, by parts of their names; default all")
	return cmd
}

// A result is what was measured of a row. Why says why there is no ratio.
type result struct {
	row                  string
	stride, rival, ratio float64 // pictures a second
	version, why         string
	goRival              bool // the rival is a package of Go, otherwise Pillow
}

// print writes the tables in Markdown: one beside Pillow, one beside Go's own packages.
func print(w io.Writer, results []result) error {
	var pillow, goRivals []result
	for _, r := range results {
		if r.goRival {
			goRivals = append(goRivals, r)
		} else {
			pillow = append(pillow, r)
		}
	}
	var b strings.Builder
	table(&b, "Pillow", pillow)
	if len(pillow) > 0 && len(goRivals) > 0 {
		b.WriteString("\n")
	}
	table(&b, "Go", goRivals)
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes the rows beside one rival, if there are any.
func table(b *strings.Builder, rival string, results []result) {
	if len(results) == 0 {
		return
	}
	fmt.Fprintf(b, "| | Stride, pictures/s | %s, pictures/s | × %[1]s |\n|---|---:|---:|---:|\n", rival)
	version := ""
	for _, r := range results {
		if r.why != "" {
			fmt.Fprintf(b, "| %s | – | – | %s |\n", r.row, r.why)
			continue
		}
		fmt.Fprintf(b, "| %s | %.0f | %.0f | %.2f |\n", r.row, r.stride, r.rival, r.ratio)
		version = r.version
	}
	if version != "" {
		fmt.Fprintf(b, "\n%s %s, one thread each.\n", rival, strings.TrimPrefix(version, "go"))
	}
}

// chosen says whether a row is to be measured.
func (s *settings) chosen(row string) bool {
	for _, part := range s.only {
		if strings.Contains(row, part) {
			return true
		}
	}
	return len(s.only) == 0
}

var errNoFolder = errors.New("needs a folder of pictures")
