// Package subprocess asks programs in other languages, by which results are checked and
// times are compared. Such a program reads a request from each line of its standard input,
// a JSON value, and answers it by a line on its standard output. Tensors are passed in files.
package subprocess

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// How long a process may take to end after its input is closed, and its pipes after the
// process has ended.
const (
	patience  = 3 * time.Second
	waitDelay = 5 * time.Second
)

// A Command says how to start a process.
type Command struct {
	Program string
	Args    []string
	// Env has variables, NAME=value, that the process gets besides those of this one.
	Env []string
	// Stderr is where standard error of the process goes, nil for nowhere. Its end is
	// kept in any case: [Process.Stderr].
	Stderr io.Writer
}

// Python returns the command that runs a script, given as text. Its standard error goes to
// stderr.
func Python(interpreter, script string, stderr io.Writer) Command {
	return Command{Program: interpreter, Args: []string{"-c", script}, Stderr: stderr}
}

// A Process runs a program. It is not safe for concurrent use.
type Process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs lastBytes
}

// Start starts a process, which is killed when the context ends. The caller must Close it.
// If there is no such program, the error is [exec.ErrNotFound] or [io/fs.ErrNotExist].
func (c Command) Start(ctx context.Context) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, c.Program, c.Args...)}
	p.cmd.Env = append(p.cmd.Environ(), c.Env...)
	p.cmd.Stderr = &p.errs
	if c.Stderr != nil {
		p.cmd.Stderr = io.MultiWriter(&p.errs, c.Stderr)
	}
	p.cmd.WaitDelay = waitDelay
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// Ask sends a request and waits for the answer, which it stores in what answer points to.
// An answer with the member "error", a text that is not empty, becomes an [AnswerError].
func (p *Process) Ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the process ended: %w", err)
	}
	return p.Read(answer)
}

// Read waits for a line that the process prints unasked, such as its versions, and stores it
// as Ask does.
func (p *Process) Read(answer any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the process ended: %w", err)
	}
	var failed struct{ Error AnswerError }
	if err := errors.Join(json.Unmarshal(line, &failed), json.Unmarshal(line, answer)); err != nil {
		return fmt.Errorf("%w in %q", err, line)
	}
	if failed.Error != "" {
		return failed.Error
	}
	return nil
}

// Serve is the other side: it answers requests, one a line, until the input ends. The error
// of an answer is sent in its place, as a member "error"; Serve goes on.
func Serve[Request, Reply any](in io.Reader, out io.Writer, answer func(Request) (Reply, error)) error {
	lines, answers := bufio.NewReader(in), json.NewEncoder(out)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		var reply any
		if reply, err = answer(r); err != nil {
			reply = struct {
				Error string `json:"error"`
			}{err.Error()}
		}
		if err := answers.Encode(reply); err != nil {
			return err
		}
	}
}

// An AnswerError is what a process says is wrong. The process goes on.
type AnswerError string

func (e AnswerError) Error() string { return string(e) }

// Stderr returns the end of what the process has written to standard error, at most 4 KiB.
func (p *Process) Stderr() string { return p.errs.String() }

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Close closes the input of the process and waits until it ends, by force after three
// seconds. The error says how it ended, nil if with the status 0.
func (p *Process) Close() error {
	p.in.Close()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		_ = p.cmd.Process.Kill() // fails if it has just ended
		return <-ended
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
