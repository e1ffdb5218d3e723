// Command speed times engine/xla beside engine/cpu and JAX on this machine, in
// training and inference.
//
//	go run ./bench/xla/speed [flags] [net…]
//
// Each is a process that waits for work: the two engines are this program again,
// JAX is jax_worker.py with the same networks in plain JAX. All get the same
// weights and images. Their outputs, or the losses of the first training steps,
// must agree before they compute in turn, A B C A B C, for some rounds. It
// installs nothing: without JAX its columns have dashes.
//
// The table goes to standard output as Markdown, progress to standard error. Each
// step copies its images to the device and waits for the loss or the output. For
// a plugin of a GPU JAX must be one that uses the same card.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision" // more networks
)

// workerArgument makes this program a worker.
const workerArgument = "worker"

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := new(options).command(os.Stdout, os.Stderr).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// largeBatch has the networks that JAX's worker knows, with the batch that is
// measured beside 1.
var largeBatch = map[string]int{"lenet": 64, "resnet18": 64, "torchvision/mobilenet_v2": 16}

// A timedCase is a network in a mode with a batch size.
type timedCase struct {
	spec  zoo.Spec
	mode  string // "train" or "infer"
	batch int
}

func (c timedCase) String() string {
	mode := map[string]string{"train": "training", "infer": "inference"}[c.mode]
	return fmt.Sprintf("%s, %s, batch %d", c.spec.Title, mode, c.batch)
}

// options are the command line.
type options struct {
	modes   []string
	batches []int
	rounds  int
	slice   time.Duration
	threads int
	python  string
	plugin  string
	math    string
	engines []string
}

func (o *options) command(out, log io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "speed [net…]",
		Short: "Time engine/xla beside engine/cpu and JAX",
		Example: `  STRIDE_PJRT=plugin.so go run ./bench/xla/speed lenet
  go run ./bench/xla/speed --plugin plugin.so --modes infer --batches 1`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, nets []string) error {
			cases, err := o.cases(nets)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), cases, out, log)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.modes, "modes", []string{"train", "infer"}, "what to measure: train, infer or both")
	f.IntSliceVar(&o.batches, "batches", nil, "images in a step (default: 1 and 64, MobileNetV2 1 and 16)")
	f.IntVar(&o.rounds, "rounds", 5, "how often each has its turn")
	f.DurationVar(&o.slice, "slice", 300*time.Millisecond, "how long a turn is, one step at least")
	f.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of engine/cpu; XLA takes all processors")
	f.StringVar(&o.python, "python", "python3", "the `program` that runs JAX")
	f.StringVar(&o.plugin, "plugin", "", "the PJRT plugin's `file` (default: $STRIDE_PJRT, then where plugins are installed)")
	f.StringVar(&o.math, "math", "strict", "how engine/xla computes products: strict, fast or bf16")
	f.StringSliceVar(&o.engines, "engines", []string{cpuEngine, xlaEngine, jaxEngine}, "what to measure")
	return cmd
}

// cases lists what the flags ask for.
func (o *options) cases(nets []string) (list []timedCase, err error) {
	if len(nets) == 0 {
		nets = []string{"lenet", "resnet18", "torchvision/mobilenet_v2"}
	}
	if o.rounds < 1 || o.threads < 1 || o.slice <= 0 {
		return nil, fmt.Errorf("--rounds, --threads and --slice must be positive")
	}
	if _, ok := maths[o.math]; !ok {
		return nil, fmt.Errorf("--math %s: want strict, fast or bf16", o.math)
	}
	for _, m := range o.modes {
		if m != "train" && m != "infer" {
			return nil, fmt.Errorf("--modes %s: want train or infer", m)
		}
	}
	for _, e := range o.engines {
		if !slices.Contains([]string{cpuEngine, xlaEngine, jaxEngine}, e) {
			return nil, fmt.Errorf("--engines %s: want %s, %s or %s", e, cpuEngine, xlaEngine, jaxEngine)
		}
	}
	for _, name := range nets {
		large, ok := largeBatch[name]
		if !ok {
			return nil, fmt.Errorf("%s is not compared: want lenet, resnet18 or torchvision/mobilenet_v2", name)
		}
		spec, err := zoo.Get(name)
		if err != nil {
			return nil, err
		}
		batches := o.batches
		if len(batches) == 0 {
			batches = []int{1, large}
		}
		for _, mode := range o.modes {
			for _, batch := range batches {
				if batch < 1 {
					return nil, fmt.Errorf("--batches must be positive")
				}
				list = append(list, timedCase{spec, mode, batch})
			}
		}
	}
	return list, nil
}

func (o *options) run(ctx context.Context, cases []timedCase, out, log io.Writer) error {
	var failed []string
	var rows []row
	for _, c := range cases {
		fmt.Fprintf(log, "%v: ", c)
		r, err := o.measure(ctx, c)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			fmt.Fprintln(log, err)
			failed = append(failed, c.String())
			continue
		}
		fmt.Fprintln(log, r.line(o.engines))
		rows = append(rows, r)
	}
	if _, err := io.WriteString(out, table(rows, o.engines)); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("not measured: %s", strings.Join(failed, "; "))
	}
	return nil
}
