// Package workers starts the processes that compute in bench/compare, one for each engine,
// and asks them.
package workers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"sync"

	"github.com/strideml/stride/internal/subprocess"
)

// A Request is what a worker is asked; Op says what for and which of the other
// fields count.
type Request struct {
	Op string `json:"op"`

	// settings, prepare, open
	Mode      string  `json:"mode"`
	Precision string  `json:"precision"`
	Setting   string  `json:"setting"`
	Net       string  `json:"net"`
	Classes   int     `json:"classes"`
	Batch     int     `json:"batch"`
	Input     []int   `json:"input"`
	Threads   int     `json:"threads"`
	Rate      float64 `json:"rate"`
	NoDropout bool    `json:"no_dropout"`

	// Paths of files: weights, images, labels, the ONNX file, images to calibrate with.
	Weights     string `json:"weights"`
	Images      string `json:"images"`
	Labels      string `json:"labels"`
	Model       string `json:"model"`
	Calibration string `json:"calibration"`
	// Folders: Models of all engines, Folder of this engine and network.
	Models string `json:"models"`
	Folder string `json:"folder"`

	Path  string `json:"path"`  // output, export, reference: the file to write
	Steps int    `json:"steps"` // time, losses
	Warm  int    `json:"warm"`  // time: steps before those that count
}

// A Reply is a worker's answer.
type Reply struct {
	Error       string            `json:"error,omitempty"`
	Missing     string            `json:"missing,omitempty"`     // what to install
	Unsupported string            `json:"unsupported,omitempty"` // why the engine does not compute the case
	Versions    map[string]string `json:"versions,omitempty"`
	Settings    []string          `json:"settings,omitempty"`
	Losses      []float64         `json:"losses,omitempty"`
	Seconds     []float64         `json:"seconds,omitempty"`
	// AllocsPerStep are Stride's on the Go heap.
	AllocsPerStep *float64 `json:"allocs_per_step,omitempty"`
}

// A MissingError says that a rival is not installed, and how to install it.
type MissingError struct{ Message string }

func (e *MissingError) Error() string { return e.Message }

// An UnsupportedError says that an engine does not compute a case, though nothing is wrong.
type UnsupportedError struct{ Message string }

func (e *UnsupportedError) Error() string { return e.Message }

// A Worker is a process that runs one engine and works only while it is asked.
type Worker struct {
	Engine, Setting string
	// Versions are what the worker says of itself.
	Versions map[string]string
	// Loaded has the resident bytes once the network was there.
	Loaded  int64
	process *subprocess.Process
}

// A Launcher starts the workers of one engine.
type Launcher struct {
	Engine  string
	Command subprocess.Command
	Install string // how to come by the program
}

// Start starts a worker and waits until it answers. The error is a
// *MissingError if what it needs is not installed.
func (l Launcher) Start(ctx context.Context, setting string) (*Worker, error) {
	p, err := l.Command.Start(ctx)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{fmt.Sprintf("%s: there is no %s: %s", l.Engine, l.Command.Program, l.Install)}
	}
	if err != nil {
		return nil, err
	}
	w := &Worker{Engine: l.Engine, Setting: setting, process: p}
	hello, err := w.Call(Request{Op: "hello"})
	if err != nil {
		w.Close()
		return nil, err
	}
	w.Versions = hello.Versions
	return w, nil
}

// StartAll starts a worker of each, at the same time. Those whose needs are not
// installed are left out and their messages returned.
func StartAll(ctx context.Context, launchers []Launcher) (list []*Worker, missing []string, err error) {
	started, errs := make([]*Worker, len(launchers)), make([]error, len(launchers))
	var wait sync.WaitGroup
	for i, l := range launchers {
		wait.Go(func() { started[i], errs[i] = l.Start(ctx, "") })
	}
	wait.Wait()
	for i, w := range started {
		var m *MissingError
		switch {
		case w != nil:
			list = append(list, w)
		case errors.As(errs[i], &m):
			missing = append(missing, m.Message)
		default:
			err = errors.Join(err, errs[i])
		}
	}
	if err != nil {
		CloseAll(list)
		return nil, nil, err
	}
	return list, missing, nil
}

// CloseAll ends processes.
func CloseAll(list []*Worker) {
	for _, w := range list {
		w.Close()
	}
}

// String names the engine and its setting.
func (w *Worker) String() string {
	if w.Setting != "" {
		return w.Engine + " (" + w.Setting + ")"
	}
	return w.Engine
}

// Call asks and waits for the answer. What the worker says is missing or not supported
// is an error.
func (w *Worker) Call(r Request) (Reply, error) {
	var answer Reply
	if err := w.process.Ask(r, &answer); err != nil {
		return Reply{}, fmt.Errorf("%v, %s: %w\n%s", w, r.Op, err, w.process.Stderr())
	}
	if answer.Missing != "" {
		return Reply{}, &MissingError{w.Engine + ": " + answer.Missing}
	}
	if answer.Unsupported != "" {
		return Reply{}, &UnsupportedError{answer.Unsupported}
	}
	return answer, nil
}

// Open gives the worker its case, and begins to watch its memory.
func (w *Worker) Open(r Request) error {
	r.Op, r.Setting = "open", w.Setting
	if _, err := w.Call(r); err != nil {
		return err
	}
	w.Loaded = residentMemory(w.process.PID())
	resetPeakMemory(w.process.PID())
	return nil
}

// PeakMemory returns the most resident memory since Open in bytes; 0 if unknown.
func (w *Worker) PeakMemory() int64 { return peakMemory(w.process.PID()) }

// ProcessorSeconds returns how long the process has computed, on all its threads
// together, to a hundredth of a second; 0 if unknown.
func (w *Worker) ProcessorSeconds() float64 { return processorSeconds(w.process.PID()) }

// Close ends the process. How it ended does not matter any more.
func (w *Worker) Close() { _ = w.process.Close() }
