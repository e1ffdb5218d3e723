// Command compare times Stride beside other engines on this machine: PyTorch, ONNX
// Runtime, OpenVINO, ncnn, MNN, LiteRT and JAX, in float32, bfloat16 and int8.
//
//	go run ./bench/compare [flags] [net…]
//
// Each engine is a process that waits for work: Stride's is this program again, the
// others are the Python programs in bench/compare/workers. All get the same weights, in
// an ONNX file that PyTorch has made, and the same images. compare holds their outputs, or
// the losses of the first training steps, against each other, and only then lets them
// compute in turn, A B C A B C, for some rounds. It installs nothing (install.sh
// does): without a rival its cells are empty.
//
// Figures, tables and the verdicts on the goals go to standard output, progress
// to standard error; --json, --chart, --curves and --markdown write files. See
// bench/README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/bench/compare/internal/results"
	"github.com/strideml/stride/bench/compare/internal/strideworker"
	"github.com/strideml/stride/bench/compare/internal/workers"
	"github.com/strideml/stride/bench/internal/pyworker"
)

// workerArgument makes this program Stride's worker.
const workerArgument = "worker"

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if err := strideworker.Serve(os.Stdin, os.Stdout); err != nil {
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
	plan
	engines                       []string
	quick, append, again, print   bool
	limit                         time.Duration
	json, chart, curves, markdown string
	join                          []string
	python                        map[string]string
}

func command(out, log io.Writer) *cobra.Command {
	o := options{settings: settings{rounds: 7, slice: 300 * time.Millisecond}}
	cmd := &cobra.Command{
		Use:   "compare [net…]",
		Short: "Time Stride beside other engines",
		Long: "Time Stride beside other engines: by default the networks of the book, and torchvision's in inference, in float32;\n" +
			"in inference of lower precision those of the goals. It takes hours in all, on a machine that does nothing else; --json with\n" +
			"--append keeps what was measured before, so that it can be done in pieces.",
		Example: `  go run ./bench/compare --quick lenet
  go run ./bench/compare --venvs rivals --modes infer --precisions float32,bfloat16,int8 torchvision/resnet18
  go run ./bench/compare --venvs rivals --models made --prepare --precisions int8
  go run ./bench/compare --venvs rivals --models made --json results.json --append --limit 80s --precisions int8
  go run ./bench/compare --modes infer --batches 1,4,16,64,256 --threads 1,2 --json curves.json --curves curves.svg torchvision/resnet18
  go run ./bench/compare --print --json results.json --markdown docs/performance.md`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, nets []string) error {
			o.nets = nets
			if o.quick && !cmd.Flags().Changed("rounds") {
				o.rounds = 3
			}
			if o.quick && !cmd.Flags().Changed("slice") {
				o.slice = 100 * time.Millisecond
			}
			return o.run(cmd.Context(), out, log)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *options) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.modes, "modes", []string{results.Train, results.Infer}, "what to measure: train, infer or both")
	f.StringSliceVar(&o.precisions, "precisions", []string{results.Float32}, "float32, bfloat16, int8")
	f.IntSliceVar(&o.batches, "batches", nil, "images in a step (default: in training 64, the LeNets 256; in inference 1 and as many, torchvision's 1 and 16)")
	f.IntSliceVar(&o.resolutions, "resolutions", nil, "height and width of images in pixels (default: the network's own)")
	f.IntSliceVar(&o.threads, "threads", []int{2}, "threads of each engine")
	f.StringSliceVar(&o.engines, "engines", workers.Keys(), "rivals to measure")
	f.StringVar(&o.without, "without", "", "try no settings with this `word`, such as compiled: PyTorch's compiler takes minutes for some networks")
	f.IntVar(&o.rounds, "rounds", o.rounds, "how often each engine has its turn")
	f.DurationVar(&o.slice, "slice", o.slice, "how long a turn is, one step at least")
	f.BoolVar(&o.quick, "quick", false, "three rounds with turns of 100ms, unless told otherwise")
	f.StringVar(&o.pythons.Folder, "venvs", "", "`folder` of Python environments that are called as the engines; install.sh makes it")
	f.StringToStringVar(&o.python, "python", nil, "`engine=program`: Python interpreters of some engines")
	f.StringVar(&o.models, "models", "", "keep the files that are made of networks in a `folder`, for the next run (default: a temporary one)")
	f.BoolVar(&o.prepare, "prepare", false, "make these files and check that engines agree, but time nothing")
	f.StringVar(&o.json, "json", "", "write the figures to a `file`, after each case")
	f.BoolVar(&o.append, "append", false, "keep the results that are in the --json file, and measure only what has none")
	f.BoolVar(&o.again, "again", false, "with --append: measure also what has results, which new ones replace")
	f.DurationVar(&o.limit, "limit", 0, "begin no other case after this time (default: none)")
	f.StringSliceVar(&o.join, "join", nil, "with --print: add the results of other `files` of --json to it")
	f.BoolVar(&o.print, "print", false, "measure nothing: make tables, pictures and page of the --json file")
	f.StringVar(&o.chart, "chart", "", "draw the ratios in a PNG `file`")
	f.StringVar(&o.curves, "curves", "", "draw speed and memory against batch, resolution and threads in an SVG or PNG `file`")
	f.StringVar(&o.markdown, "markdown", "", "write the page to a `file`")
}

func (o *options) run(ctx context.Context, out, log io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	var (
		p      *results.Report
		failed int
		err    error
	)
	if o.print {
		p, err = o.joined()
	} else {
		p, failed, err = o.measureAll(ctx, log)
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, results.Text(p)); err != nil {
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

// joined returns the report of --json, after it has been joined with those of --join.
func (o *options) joined() (*results.Report, error) {
	p, err := results.Load(o.json)
	if err != nil || len(o.join) == 0 {
		return p, err
	}
	for _, path := range o.join {
		other, err := results.Load(path)
		if err != nil {
			return nil, err
		}
		if err := p.Join(other); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	p.Tidy(usualNets())
	return p, p.Save(o.json)
}

func (o *options) validate() error {
	for _, list := range []struct {
		flag        string
		given, want []string
	}{
		{"modes", o.modes, []string{results.Train, results.Infer}},
		{"precisions", o.precisions, []string{results.Float32, results.BFloat16, results.Int8}},
		{"engines", o.engines, workers.Keys()},
	} {
		for _, v := range list.given {
			if !slices.Contains(list.want, v) {
				return fmt.Errorf("--%s %s: want %s", list.flag, v, strings.Join(list.want, ", "))
			}
		}
	}
	for _, n := range slices.Concat(o.batches, o.resolutions, o.threads) {
		if n < 1 {
			return errors.New("--batches, --resolutions and --threads must be positive")
		}
	}
	switch {
	case o.rounds < 1 || o.slice <= 0 || len(o.threads) == 0 || o.limit < 0:
		return errors.New("--rounds, --slice and --threads must be positive")
	case (o.append || o.print) && o.json == "":
		return errors.New("--append and --print need --json FILE")
	case o.print && (o.append || len(o.nets) > 0):
		return errors.New("--print measures nothing: it takes no networks and no --append")
	case len(o.join) > 0 && !o.print:
		return errors.New("--join is for --print")
	case o.again && !o.append:
		return errors.New("--again is for --append")
	case o.prepare && o.models == "":
		return errors.New("--prepare needs --models FOLDER")
	}
	return o.findPythons()
}

// findPythons says which interpreter runs which engine.
func (o *options) findPythons() error {
	o.pythons.Default, o.pythons.Named = "python3", map[string]string{}
	for engine, program := range o.python {
		if _, err := workers.Engine(engine); err != nil {
			return fmt.Errorf("--python: %w", err)
		}
		path, err := exec.LookPath(program)
		if err != nil {
			return fmt.Errorf("--python: %w", err)
		}
		o.pythons.Named[engine] = path
	}
	return nil
}

// measureAll measures each case and saves after each.
func (o *options) measureAll(ctx context.Context, log io.Writer) (p *results.Report, failed int, err error) {
	cases, err := o.cases()
	if err != nil {
		return nil, 0, err
	}
	if len(cases) == 0 {
		return nil, 0, errors.New("nothing to measure: torchvision's networks are not trained, and nothing is in int8")
	}
	repository, err := pyworker.Repository()
	if err != nil {
		return nil, 0, err
	}
	b := &bench{settings: o.settings, repository: repository, log: log, versions: strideVersions(repository)}
	if b.models == "" {
		if b.models, err = os.MkdirTemp("", "stride-models-"); err != nil {
			return nil, 0, err
		}
		defer os.RemoveAll(b.models)
	} else if b.models, err = filepath.Abs(b.models); err != nil {
		return nil, 0, err
	}
	p = new(results.Report)
	if o.append {
		if p, err = results.LoadIfAny(o.json); err != nil {
			return nil, 0, err
		}
	}
	b.run, err = p.Begin(results.Run{
		Date: time.Now().Format(time.RFC3339), Command: commandLine(os.Args), Rounds: o.rounds, Machine: thisMachine(), Versions: b.versions,
	})
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	for _, c := range cases {
		keys := o.open(p, c)
		if len(keys) == 0 {
			continue
		}
		if o.limit > 0 && time.Since(began) > o.limit {
			fmt.Fprintln(log, "the time of --limit is over: what is left is measured by the same command again")
			break
		}
		r, err := b.measure(ctx, c, keys)
		if err != nil {
			return nil, failed, err
		}
		if r.Error != "" {
			failed++
		}
		if o.prepare {
			continue
		}
		p.Add(r)
		p.Runs[b.run].Missing = b.missing
		if o.json != "" {
			if err := p.Save(o.json); err != nil {
				return nil, failed, err
			}
		}
	}
	p.Tidy(usualNets())
	if o.json != "" && !o.prepare {
		err = p.Save(o.json)
	}
	return p, failed, err
}

// open returns the rivals that are to be measured in a case: with --append those that have
// no figures and were not refused.
func (o *options) open(p *results.Report, c measuredCase) (keys []string) {
	if !o.append || o.again {
		return o.engines
	}
	for _, key := range o.engines {
		if engine, err := workers.Engine(key); err == nil && !p.Has(c.Case, engine) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (o *options) writeFiles(p *results.Report) error {
	if o.chart != "" {
		if err := results.WriteChart(o.chart, p.Results); err != nil {
			return err
		}
	}
	if o.curves != "" {
		if err := results.WriteCurves(o.curves, p.Results); err != nil {
			return err
		}
	}
	if o.markdown == "" {
		return nil
	}
	var pictures [2]string
	for i, path := range []string{o.chart, o.curves} {
		if path == "" {
			continue
		}
		var err error
		if pictures[i], err = relative(filepath.Dir(o.markdown), path); err != nil {
			return err
		}
	}
	return results.WritePage(o.markdown, p, pictures[0], pictures[1])
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
