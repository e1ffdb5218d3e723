package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/cmd/stride/internal/cluster"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
)

// Exit statuses; docs/cli.md says which is for what.
const (
	done        = 0
	failed      = 1
	misused     = 2
	interrupted = command.StatusInterrupted
)

func main() {
	os.Exit(run(command.Stopping(context.Background()), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it carries out a command line and returns the exit
// status. A context that ends is an interruption.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return execute(ctx, &command.App{Live: terminal.NewLiveLine(stderr)}, args, stdout, stderr)
}

func execute(ctx context.Context, a *command.App, args []string, stdout, stderr io.Writer) int {
	out := &checkedWriter{w: stdout}
	// Names from files and users are escaped where they are put into a line;
	// what slips through does not reach the terminal either.
	a.Stdout, a.Stderr = printable.NewWriter(out), printable.NewWriter(stderr)
	root := newRoot(a)
	root.SetArgs(args)
	err := cmp.Or(root.ExecuteContext(ctx), a.HelpError, out.err)
	a.Live.Clear()
	if err == nil {
		return done
	}
	return failure(a, ctx, cluster.Failed(ctx, a, args, err))
}

// failure says what went wrong and returns the exit status.
func failure(a *command.App, ctx context.Context, err error) int {
	stopped := ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.Canceled)) || errors.Is(err, command.ErrInterrupted)
	switch {
	case errors.Is(err, command.ErrReported):
	case stopped && !errors.Is(err, train.ErrInterrupted): // what was under way is no fault
		fmt.Fprintln(a.Stderr, "stride: interrupted")
	default:
		command.Report(a, err)
	}
	var usage *command.UsageError
	switch {
	case stopped:
		return interrupted
	case errors.As(err, &usage):
		return misused
	}
	return failed
}

// A checkedWriter keeps the first error of writing, for those who write help
// texts and do not look.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.err = cmp.Or(c.err, err)
	return n, err
}
