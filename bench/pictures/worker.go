package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
)

// A worker is a process of Pillow.
type worker struct {
	command *exec.Cmd
	in      *json.Encoder
	close   func() error
	out     *bufio.Reader
}

// An answer is what a worker says.
type answer struct {
	Error   string
	Version string
	Seconds []float64
}

// A request is what a worker is asked; "op" says what for.
type request map[string]any

//go:embed worker.py
var script string

func start(python string) (*worker, error) {
	c := exec.Command(python, "-c", script)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &worker{command: c, in: json.NewEncoder(in), close: in.Close, out: bufio.NewReader(out)}, nil
}

func (w *worker) ask(r request) (a answer, err error) {
	if err := w.in.Encode(r); err != nil {
		return a, err
	}
	line, err := w.out.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New("Pillow: " + a.Error)
	}
	return a, nil
}

// stop ends the process. Its errors do not matter any more.
func (w *worker) stop() {
	_ = w.close()
	_ = w.command.Wait()
}
