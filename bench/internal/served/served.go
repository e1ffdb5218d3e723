// Package served runs stride serve as a process for the programs that load it, and reads its memory and its
// metrics.
package served

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Server is the process of stride serve.
type Server struct {
	// URL is http://host:port, and Address the latter part of it.
	URL, Address string
	// Ended gets the error of the process when it ends; nil if its status is 0.
	Ended chan error

	binary string
	args   []string
	cmd    *exec.Cmd
}

// Build builds the program in a folder and returns its path. The working folder must be the root of the module.
func Build(ctx context.Context, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "stride")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/stride").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
}

// Start starts the server with arguments for the verb serve, and returns when it serves. At the address 127.0.0.1:0 it takes any port.
func Start(binary, address string, args ...string) (*Server, error) {
	s := &Server{Ended: make(chan error, 1), binary: binary, args: append([]string{"--log-format", "json"}, args...)}
	url, err := s.start(address)
	if err != nil {
		return nil, err
	}
	s.URL, s.Address = url, strings.TrimPrefix(url, "http://")
	return s, nil
}

// Restart starts a server that has ended once more, at the same address.
func (s *Server) Restart() error {
	_, err := s.start(s.Address)
	return err
}

// start starts the process and returns the URL when it serves.
func (s *Server) start(address string) (url string, err error) {
	s.cmd = exec.Command(s.binary, append([]string{"serve", "--addr", address}, s.args...)...)
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := s.cmd.Start(); err != nil {
		return "", err
	}
	serving := make(chan string, 1)
	read := make(chan string, 1) // the last lines, when the log has ended
	go func() {
		var last []string
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var record struct{ Msg, URL string }
			if json.Unmarshal(lines.Bytes(), &record) == nil && record.Msg == "serving" {
				serving <- record.URL
			}
			if last = append(last, lines.Text()); len(last) > 20 {
				last = last[1:]
			}
		}
		_, _ = io.Copy(io.Discard, log) // a line that is too long has ended the scanner
		read <- strings.Join(last, "\n")
	}()
	go func() {
		text := <-read
		if err := s.cmd.Wait(); err != nil {
			s.Ended <- fmt.Errorf("%w\n%s", err, text)
			return
		}
		s.Ended <- nil
	}()
	select {
	case url = <-serving:
		return url, nil
	case err := <-s.Ended:
		return "", fmt.Errorf("the server ended at once: %w", err)
	case <-time.After(30 * time.Second):
		return "", errors.Join(errors.New("the server is not ready after 30 s"), s.Kill())
	}
}

// Stop ends the server with SIGTERM, and kills it if it does not end.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.Ended:
		return err
	case <-time.After(40 * time.Second):
		return errors.Join(errors.New("it did not end on SIGTERM and was killed"), s.Kill())
	}
}

// Kill ends the server without warning.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	if err := <-s.Ended; !errors.As(err, new(*exec.ExitError)) { // "signal: killed"
		return fmt.Errorf("the server that was killed: %w", err)
	}
	return nil
}

// Memory returns the resident memory of the process in bytes, now and at most since it started; 0 where the system does
// not tell.
func (s *Server) Memory() (now, peak int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	return now, peak
}

// Metric returns a metric of the server that has no labels; ok is false if there is none.
func (s *Server) Metric(name string) (value float64, ok bool) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(s.URL + "/metrics")
	if err != nil {
		return 0, false
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), name+" "); found {
			value, err := strconv.ParseFloat(text, 64)
			return value, err == nil
		}
	}
	return 0, false
}
