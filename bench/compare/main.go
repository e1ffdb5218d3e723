// Command compare times stride beside PyTorch and ONNX Runtime on this machine.
//
//	go run ./bench/compare [flags] [net…]
//
// Each engine is a process that waits for work: stride's is this program
// again, the others are pytorch_worker.py and onnxruntime_worker.js. All get the
// same weights and images. compare holds their outputs, or the losses of the
// first training steps, against each other, and only then lets them compute in
// turn, A B C A B C, for some rounds. It installs nothing: without a rival its
// columns have dashes.
//
// Figures, tables and the verdicts on the goals go to standard output, progress
// to standard error; --json, --chart and --markdown write files. See
// bench/README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// workerArgument makes this program stride's worker.
const workerArgument = "worker"

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if err := serveStride(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdout, os.Stderr).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	settings
	modes                []string
	batches              []int
	quick, append, print bool
	json, chart, page    string
}

func command(out, log io.Writer) *cobra.Command {
	o := options{settings: settings{rounds: 7, slice: 300 * time.Millisecond, threads: 2, python: "python3", node: "node"}}
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		o.python = "/usr/bin/python3" // that of the system's packages
	}
	cmd := &cobra.Command{
		Use:   "compare [net…]",
		Short: "Time stride beside PyTorch and ONNX Runtime",
		Long: "Time stride beside PyTorch and ONNX Runtime: by default the networks of the book, and torchvision's in\n" +
			"inference, which takes about 40 minutes on a machine that does nothing else.",
		Example: `  go run ./bench/compare --quick lenet
  go run ./bench/compare --modes infer --batches 1 resnet18 torchvision/resnet50
  go run ./bench/compare --json performance.json --chart docs/performance.png --markdown docs/performance.md
  go run ./bench/compare --append --json performance.json --chart docs/performance.png --markdown docs/performance.md vgg
  go run ./bench/compare --print --json performance.json --markdown docs/performance.md`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, nets []string) error {
			if o.quick && !cmd.Flags().Changed("rounds") {
				o.rounds = 3
			}
			if o.quick && !cmd.Flags().Changed("slice") {
				o.slice = 100 * time.Millisecond
			}
			return o.run(cmd.Context(), nets, out, log)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.modes, "modes", []string{"train", "infer"}, "what to measure: train, infer or both")
	f.IntSliceVar(&o.batches, "batches", nil, "images in a step (default: in training 64, the LeNets 256; in inference 1 and as many, torchvision's 1 and 16)")
	f.IntVar(&o.rounds, "rounds", o.rounds, "how often each engine has its turn")
	f.DurationVar(&o.slice, "slice", o.slice, "how long a turn is, one step at least")
	f.BoolVar(&o.quick, "quick", false, "three rounds with turns of 100ms, unless told otherwise")
	f.IntVar(&o.threads, "threads", o.threads, "threads of each engine")
	f.StringVar(&o.python, "python", o.python, "the `program` that runs PyTorch")
	f.StringVar(&o.node, "node", o.node, "the `program` that runs ONNX Runtime for Node.js")
	f.StringVar(&o.nodeModules, "node-modules", "", "the `folder` node_modules that has onnxruntime-node (default: where Node.js looks, also in $NODE_PATH)")
	f.StringVar(&o.json, "json", "", "write the figures to a `file`, after each network")
	f.BoolVar(&o.append, "append", false, "keep the results that are in the --json file for what is not measured now")
	f.BoolVar(&o.print, "print", false, "measure nothing: make tables, chart and page of the --json file")
	f.StringVar(&o.chart, "chart", "", "draw the ratios in a PNG `file`")
	f.StringVar(&o.page, "markdown", "", "write the page to a `file`")
	return cmd
}

func (o *options) run(ctx context.Context, nets []string, out, log io.Writer) error {
	if err := o.validate(nets); err != nil {
		return err
	}
	var (
		p      *report
		failed int
		err    error
	)
	if o.print {
		p, err = loadReport(o.json)
	} else {
		p, failed, err = o.measureAll(ctx, nets, log)
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, textReport(p)); err != nil {
		return err
	}
	if err := o.writeFiles(p); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of the measurements failed", failed)
	}
	return nil
}

func (o *options) validate(nets []string) error {
	for _, m := range o.modes {
		if m != "train" && m != "infer" {
			return fmt.Errorf("--modes %s: want train or infer", m)
		}
	}
	switch {
	case o.rounds < 1 || o.threads < 1 || o.slice <= 0:
		return errors.New("--rounds, --threads and --slice must be positive")
	case slices.ContainsFunc(o.batches, func(n int) bool { return n < 1 }):
		return errors.New("--batches must be positive")
	case (o.append || o.print) && o.json == "":
		return errors.New("--append and --print need --json FILE")
	case o.print && (o.append || len(nets) > 0):
		return errors.New("--print measures nothing: it takes no networks and no --append")
	}
	return nil
}

// measureAll measures each case and saves after each.
func (o *options) measureAll(ctx context.Context, nets []string, log io.Writer) (p *report, failed int, err error) {
	cases, err := planCases(nets, o.modes, o.batches)
	if err != nil {
		return nil, 0, err
	}
	if len(cases) == 0 {
		return nil, 0, errors.New("nothing to measure: torchvision's networks are not trained")
	}
	repository, ok := findRepository()
	if !ok {
		return nil, 0, errors.New("start compare in stride's repository: it needs bench/compare/pytorch_worker.py")
	}
	p = &report{}
	if o.append {
		if p, err = loadReportIfAny(o.json); err != nil {
			return nil, 0, err
		}
	}
	b := &bench{settings: o.settings, repository: repository, log: log, versions: strideVersions(repository, o.threads)}
	if err := p.begin(run{
		Date: time.Now().Format(time.RFC3339), Command: commandLine(os.Args), Rounds: o.rounds, Threads: o.threads,
		Machine: thisMachine(), Versions: b.versions,
	}); err != nil {
		return nil, 0, err
	}
	for _, c := range cases {
		r, err := b.measure(ctx, c)
		if err != nil {
			return nil, failed, err
		}
		if r.Error != "" {
			failed++
		}
		r.Run = len(p.Runs) - 1
		p.add(r)
		p.Runs[r.Run].Missing = b.missing
		p.tidy()
		if o.json != "" {
			if err := p.save(o.json); err != nil {
				return nil, failed, err
			}
		}
	}
	return p, failed, nil
}

func (o *options) writeFiles(p *report) error {
	if o.chart != "" {
		if err := writeChart(o.chart, p.Results); err != nil {
			return err
		}
	}
	if o.page == "" {
		return nil
	}
	chart := ""
	if o.chart != "" {
		var err error
		if chart, err = relative(filepath.Dir(o.page), o.chart); err != nil {
			return err
		}
	}
	return writePage(o.page, page(p, chart))
}

// relative is a path as seen from a folder.
func relative(folder, path string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	return filepath.Rel(folder, path)
}

// commandLine is the command as one would type it.
func commandLine(args []string) string {
	words := []string{"go run ./bench/compare"}
	for _, a := range args[1:] {
		if a == "" || strings.ContainsAny(a, " \t\n'\"$&|;<>()*?[]\\") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
