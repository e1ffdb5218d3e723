package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"sync"

	"github.com/strideml/stride/internal/subprocess"
)

// A request is what a worker is asked; op says what for and which of the other
// fields count.
type request struct {
	Op string `json:"op"`

	// open
	Mode      string  `json:"mode"`
	Net       string  `json:"net"`
	Classes   int     `json:"classes"`
	Batch     int     `json:"batch"`
	Input     []int   `json:"input"`
	Threads   int     `json:"threads"`
	Layout    string  `json:"layout"`
	Rate      float64 `json:"rate"`
	NoDropout bool    `json:"no_dropout"`
	Weights   string  `json:"weights"` // paths of files
	Images    string  `json:"images"`
	Labels    string  `json:"labels"`
	Model     string  `json:"model"`

	Path  string `json:"path"`  // output, export: the file to write
	Steps int    `json:"steps"` // time, losses
	Warm  int    `json:"warm"`  // time: steps before those that count
}

// A reply is a worker's answer.
type reply struct {
	Error    string            `json:"error,omitempty"`
	Missing  string            `json:"missing,omitempty"` // what to install
	Versions map[string]string `json:"versions,omitempty"`
	Losses   []float64         `json:"losses,omitempty"`
	Seconds  []float64         `json:"seconds,omitempty"`
	// AllocsPerStep are stride's on the Go heap.
	AllocsPerStep *float64 `json:"allocs_per_step,omitempty"`
}

// missingError says that a rival is not installed.
type missingError struct{ message string }

func (e *missingError) Error() string { return e.message }

// A worker is a process that runs one engine and works only while it is asked.
type worker struct {
	engine, layout string
	process        *subprocess.Process
	versions       map[string]string
	loaded         int64 // resident bytes once the network was there
}

// A launcher starts the workers of one engine.
type launcher struct {
	engine, layout string
	program        string
	args           []string
	env            []string
	install        string // how to come by the program
}

// start starts a worker and waits until it answers. The error is a
// *missingError if what it needs is not installed.
func (l launcher) start(ctx context.Context) (*worker, error) {
	p, err := subprocess.Command{Program: l.program, Args: l.args, Env: l.env}.Start(ctx)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, &missingError{fmt.Sprintf("%s: there is no %s: %s", l.engine, l.program, l.install)}
	}
	if err != nil {
		return nil, err
	}
	w := &worker{engine: l.engine, layout: l.layout, process: p}
	hello, err := w.call(request{Op: "hello"})
	if err != nil {
		w.close()
		return nil, err
	}
	w.versions = hello.Versions
	return w, nil
}

// startAll starts a worker of each, at the same time. Those whose needs are not
// installed are left out and their messages returned.
func startAll(ctx context.Context, launchers []launcher) (workers []*worker, missing []string, err error) {
	started, errs := make([]*worker, len(launchers)), make([]error, len(launchers))
	var wait sync.WaitGroup
	for i, l := range launchers {
		wait.Go(func() { started[i], errs[i] = l.start(ctx) })
	}
	wait.Wait()
	for i, w := range started {
		var m *missingError
		switch {
		case w != nil:
			workers = append(workers, w)
		case errors.As(errs[i], &m):
			missing = append(missing, m.message)
		default:
			err = errors.Join(err, errs[i])
		}
	}
	if err != nil {
		closeAll(workers)
		return nil, nil, err
	}
	return workers, missing, nil
}

func closeAll(workers []*worker) {
	for _, w := range workers {
		w.close()
	}
}

// String names the engine and, where it matters, the layout.
func (w *worker) String() string {
	if w.layout != "" {
		return w.engine + " " + w.layout
	}
	return w.engine
}

func (w *worker) pid() int { return w.process.PID() }

// call asks and waits for the answer.
func (w *worker) call(r request) (reply, error) {
	var answer reply
	if err := w.process.Ask(r, &answer); err != nil {
		return reply{}, fmt.Errorf("%v, %s: %w\n%s", w, r.Op, err, w.process.Stderr())
	}
	if answer.Missing != "" {
		return reply{}, &missingError{answer.Missing}
	}
	return answer, nil
}

// close ends the process. How it ended does not matter any more.
func (w *worker) close() { _ = w.process.Close() }
