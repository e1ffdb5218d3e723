package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train"
)

// started is when the program began, as nearly as it can know.
var started = time.Now()

// Exit statuses.
const (
	done        = 0
	failed      = 1
	misused     = 2
	interrupted = 130
)

func main() {
	os.Exit(run(stopping(context.Background()), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it carries out a command line and returns the exit
// status. A context that ends is an interruption.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{live: newLiveLine(stderr)}
	// Names from files and users are escaped where they are put into a line;
	// what slips through does not reach the terminal either.
	stdout, stderr = printable.NewWriter(stdout), printable.NewWriter(stderr)
	a.stdout, a.stderr = stdout, stderr
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	a.live.clear()
	if err == nil {
		return done
	}
	stopped := ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.Canceled)) || errors.Is(err, errInterrupted)
	switch {
	case errors.Is(err, errReported):
	case stopped && !errors.Is(err, train.ErrInterrupted): // what was under way is no fault
		fmt.Fprintln(stderr, "stride: interrupted")
	default:
		fmt.Fprintf(stderr, "stride: %v\n", oneLine(err))
	}
	var usage *usageError
	switch {
	case stopped:
		return interrupted
	case errors.As(err, &usage):
		return misused
	}
	return failed
}
