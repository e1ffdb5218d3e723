// Command regress tells whether a change made Stride slower or made it need more memory.
//
//	go build -o /tmp/regress ./bench/regress
//	/tmp/regress [flags] OLD NEW
//
// OLD and NEW are each a git revision, a folder with a checkout or a built
// stride binary. Revisions and folders are built first. The two binaries then
// run "stride bench" in turn, OLD NEW NEW OLD …, so that a machine whose speed
// changes does not favour one of them. Each run is a process of its own. The
// result of a case (network, mode, batch size) is the median over the rounds of
// NEW's figure divided by OLD's figure in the same round. A case beyond a limit
// is measured again after all others, and fails if it is beyond the limit again.
//
// The exit status is 0 if every case keeps its limits, 1 if one does not, and 2
// if the two could not be compared: a mistake in the command line, a revision
// that does not build, a binary that fails. Note that "go run" turns every
// status but 0 into 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit statuses, as those of cmp and grep.
const (
	kept      = 0
	regressed = 1
	trouble   = 2
)

// errRegressed is the error of a comparison that found a case beyond a limit.
var errRegressed = errors.New("a case is beyond its limit")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := command(stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return kept
	case errors.Is(err, errRegressed):
		return regressed
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	}
	fmt.Fprintln(stderr, "regress:", strings.Join(strings.Fields(err.Error()), " "))
	return trouble
}

// options are the flags.
type options struct {
	plan             plan
	rounds           int
	time             time.Duration
	threads          int
	maxLoss, maxGrow float64 // per cent
	json             bool
}

func command(stdout, stderr io.Writer) *cobra.Command {
	o := options{
		plan:   plan{nets: bookNets, modes: []string{"train", "infer"}},
		rounds: 5, time: time.Second, maxLoss: 5, maxGrow: 5,
	}
	cmd := &cobra.Command{
		Use:   "regress OLD NEW",
		Short: "Compare the speed and memory of two builds of stride",
		Long: `Compare the speed and peak memory of two builds of stride. OLD and NEW are each a
git revision, a folder with a checkout, or a built stride binary; a path begins
with "/" or "." unless no revision has that name.

All networks, five rounds of a second: about ten minutes on two cores. Let the
machine do nothing else.`,
		Example: `  regress main~1 main
  regress v0.1.0 .                                     the working tree beside a release
  regress --nets lenet,resnet18 --rounds 3 HEAD .      a quick look
  regress ./stride.old ./stride.new --max-loss 3`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want two builds to compare, OLD and NEW, found %d (see --help)", len(args))
			}
			return nil
		},
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], args[1], stdout, stderr)
		},
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	f := cmd.Flags()
	f.SortFlags = false
	f.StringSliceVar(&o.plan.nets, "nets", o.plan.nets, "the `networks` to measure")
	f.StringSliceVar(&o.plan.modes, "modes", o.plan.modes, "train, infer or both")
	f.IntSliceVar(&o.plan.batches, "batches", nil, "images in a step (default: in training 64, the LeNets 256; in inference 1 and as many)")
	f.IntVar(&o.rounds, "rounds", o.rounds, "runs of each build in each case")
	f.DurationVar(&o.time, "time", o.time, "how long each run measures, at least five steps")
	f.IntVar(&o.threads, "threads", 0, "threads of each build (default: as many as there are cores)")
	f.Float64Var(&o.maxLoss, "max-loss", o.maxLoss, "a case fails if it loses this much of its speed or more, in `per cent`")
	f.Float64Var(&o.maxGrow, "max-growth", o.maxGrow, "a case fails if its peak memory grows by this much or more, in `per cent`")
	f.BoolVar(&o.json, "json", false, "print one JSON object a case instead of a table")
	return cmd
}

func (o *options) validate() error {
	switch {
	case o.rounds < 1:
		return fmt.Errorf("--rounds %d: want at least 1", o.rounds)
	case o.threads < 0:
		return fmt.Errorf("--threads %d: want at least 1, or 0 for all cores", o.threads)
	case o.time < time.Millisecond || o.time > time.Hour:
		return fmt.Errorf("--time %v: want 1ms to 1h", o.time)
	case !(o.maxLoss > 0 && o.maxLoss < 100):
		return fmt.Errorf("--max-loss %v: want more than 0 and less than 100", o.maxLoss)
	case !(o.maxGrow > 0):
		return fmt.Errorf("--max-growth %v: want more than 0", o.maxGrow)
	}
	return o.plan.validate()
}

func (o *options) run(ctx context.Context, oldName, newName string, stdout, stderr io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "regress-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var builds [2]build
	for i, name := range []string{oldName, newName} {
		if builds[i], err = resolve(ctx, name); err != nil {
			return err
		}
	}
	for i := range builds {
		if err := builds[i].compile(ctx, folder, i, stderr); err != nil {
			return err
		}
	}
	c := comparison{options: o, builds: builds, stdout: stdout, stderr: stderr}
	return c.run(ctx)
}
