package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
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
	cmd            *exec.Cmd
	in             io.WriteCloser
	out            *bufio.Reader
	errs           lastBytes
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
	w := &worker{engine: l.engine, layout: l.layout, cmd: exec.CommandContext(ctx, l.program, l.args...)}
	w.cmd.Env = append(w.cmd.Environ(), l.env...)
	w.cmd.Stderr = &w.errs
	w.cmd.WaitDelay = 5 * time.Second
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || strings.Contains(err.Error(), "no such file") {
			return nil, &missingError{fmt.Sprintf("%s: there is no %s: %s", l.engine, l.program, l.install)}
		}
		return nil, err
	}
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

func (w *worker) pid() int { return w.cmd.Process.Pid }

// call asks and waits for the answer.
func (w *worker) call(r request) (reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return reply{}, err
	}
	if _, err = w.in.Write(append(line, '\n')); err == nil {
		line, err = w.out.ReadBytes('\n')
	}
	if err != nil {
		return reply{}, fmt.Errorf("%v, %s: the worker ended: %w\n%s", w, r.Op, err, w.errs.String())
	}
	var answer reply
	if err := json.Unmarshal(line, &answer); err != nil {
		return reply{}, fmt.Errorf("%v, %s: %w in %q", w, r.Op, err, line)
	}
	switch {
	case answer.Missing != "":
		return reply{}, &missingError{answer.Missing}
	case answer.Error != "":
		return reply{}, fmt.Errorf("%v, %s: %s\n%s", w, r.Op, answer.Error, w.errs.String())
	}
	return answer, nil
}

// close ends the process, by force if it does not go.
func (w *worker) close() {
	w.in.Close()
	ended := make(chan struct{})
	go func() {
		_ = w.cmd.Wait() // how it ended does not matter any more
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(3 * time.Second):
		_ = w.cmd.Process.Kill() // fails if it has just ended
		<-ended
	}
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	mu   sync.Mutex
	data []byte
}

func (b *lastBytes) Write(p []byte) (int, error) {
	const most = 4096
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = append(b.data, p...)
	b.data = b.data[max(0, len(b.data)-most):]
	return len(p), nil
}

func (b *lastBytes) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.data)
}
