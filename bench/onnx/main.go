// Command onnx times stride beside ONNX Runtime on ONNX files.
//
//	go run ./bench/onnx [flags] FILE…
//
// Both get the same images of random numbers. Their outputs must agree; then they
// compute in turn, for some rounds, while the other one waits. The speed of a turn is
// that of its fastest run, which other work of the machine disturbs least, that of a file
// the median over the rounds; a ratio is the median of the rounds' ratios. Progress goes to standard error, a table to standard
// output; --json keeps the results, so that a page can be made of several runs.
//
// ONNX Runtime is that of Python (pip install onnxruntime); --python names another
// interpreter.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	if err := command(os.Stdout, os.Stderr).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "onnx:", err)
		os.Exit(1)
	}
}

// settings say how to measure.
type settings struct {
	rounds, threads int
	slice           time.Duration
	python          string
	input           []int
}

func command(out, log io.Writer) *cobra.Command {
	s := settings{rounds: 5, threads: 2, slice: 300 * time.Millisecond, python: "python3", input: []int{3, 224, 224}}
	batches, keep, page, print := []int{1, 16}, "", "", false
	cmd := &cobra.Command{
		Use: "onnx FILE…", Short: "Time stride beside ONNX Runtime on ONNX files",
		Example: `  go run ./bench/onnx --batches 1 model.onnx
  go run ./bench/onnx --json results.json --markdown docs/onnx-performance.md exports/*.onnx
  go run ./bench/onnx --print --json results.json`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 && !print {
				return errors.New("no files to time")
			}
			var t table
			if keep != "" {
				if err := t.load(keep); err != nil {
					return err
				}
			}
			for _, path := range files {
				for _, batch := range batches {
					r := measure(path, batch, s)
					fmt.Fprintln(log, r)
					t.put(r)
					if keep == "" {
						continue
					}
					if err := t.save(keep); err != nil {
						return err
					}
				}
			}
			if page != "" {
				if err := t.writePage(page); err != nil {
					return err
				}
			}
			return t.write(out)
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&batches, "batches", batches, "batch sizes")
	f.IntSliceVar(&s.input, "input", s.input, "shape of an image, for files that leave it open")
	f.IntVar(&s.rounds, "rounds", s.rounds, "rounds of turns")
	f.IntVar(&s.threads, "threads", s.threads, "threads of each engine")
	f.DurationVar(&s.slice, "slice", s.slice, "time of a turn, which is three runs at least")
	f.StringVar(&s.python, "python", s.python, "Python with onnxruntime")
	f.StringVar(&keep, "json", "", "file of results: those in it are kept, new ones added")
	f.StringVar(&page, "markdown", "", "page to write the table of all results to, in place of the one that it has")
	f.BoolVar(&print, "print", false, "measure nothing, make tables of the results in --json")
	return cmd
}

// name returns what a file is called in tables.
func name(path string) string { return strings.TrimSuffix(filepath.Base(path), ".onnx") }
