package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
)

// StatusInterrupted is the exit status of a program that was interrupted.
const StatusInterrupted = 130

// Stopping catches the signals that end a process, so that the first of them ends
// the context: a training then saves and stops. Signals that were ignored when
// the program began, as SIGHUP is under nohup and SIGINT in the background of a
// script, stay ignored. SIGQUIT keeps its meaning in Go: it prints all goroutines.
//
// A second Ctrl-C or SIGTERM ends the program at once. Other signals do not, since
// a terminal that is closed may send SIGHUP twice.
func Stopping(parent context.Context) context.Context {
	caught := slices.DeleteFunc(slices.Clone(EndingSignals), signal.Ignored)
	if len(caught) == 0 { // Notify would catch all there are
		return parent
	}
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, caught...)
	go func() {
		for s := range signals {
			if reload := onHangup.Load(); reload == nil || s != hangup {
				break
			} else {
				(*reload)()
			}
		}
		cancel(ErrInterrupted)
		for s := range signals {
			if slices.Contains(insistentSignals, s) {
				fmt.Fprintln(os.Stderr)
				os.Exit(StatusInterrupted)
			}
		}
	}()
	return ctx
}

// onHangup is what SIGHUP does in place of ending the program, if it is not nil.
var onHangup atomic.Pointer[func()]

// OnHangup makes SIGHUP call reload, one call after the other, until restore is called,
// where it would otherwise end the program. It is for programs that run until they are stopped.
func OnHangup(reload func()) (restore func()) {
	onHangup.Store(&reload)
	return func() { onHangup.Store(nil) }
}

// StopWithReader returns a context that also ends when nobody reads the output
// any more, as in "stride train lenet | head -1", so that a training saves and
// stops. Without it SIGPIPE ends the program, which suits the other verbs. broken
// says whether that has happened.
func StopWithReader(parent context.Context) (ctx context.Context, broken func() bool, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if brokenPipe == nil || signal.Ignored(brokenPipe) {
		return ctx, func() bool { return false }, func() { cancel(nil) }
	}
	var happened atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, brokenPipe)
	go func() {
		select {
		case <-signals:
			happened.Store(true)
			cancel(ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, happened.Load, func() {
		cancel(nil)
		signal.Stop(signals)
	}
}
