package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	_ "github.com/strideml/stride/weights/efficientnetlite0" // is served
	"github.com/strideml/stride/zoo"
)

// A server is the process of stride serve.
type server struct {
	cmd     *exec.Cmd
	ended   chan error
	url     string
	samples []sample
}

// A sample is the state of the server at a time.
type sample struct {
	at         time.Duration
	resident   int64 // bytes
	goroutines int   // −1 if the server does not say
}

var address = regexp.MustCompile(`url=(http://\S+)`)

// start starts the server and waits until it serves. Its log goes to a file.
func start(binary, models, logFile string) (*server, error) {
	file, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &server{cmd: exec.Command(binary, "serve", "--models", models, "--addr", "127.0.0.1:0", "--log-level", "info"), ended: make(chan error, 1)}
	s.cmd.Stderr = file
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	for range 600 {
		time.Sleep(50 * time.Millisecond)
		text, err := os.ReadFile(logFile)
		if err != nil {
			return nil, err
		}
		if found := address.FindSubmatch(text); found != nil {
			s.url = string(found[1])
			s.sample(0)
			return s, nil
		}
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the server ended at once: %w\n%s", err, text)
		default:
		}
	}
	return nil, errors.Join(errors.New("the server is not ready after 30 s"), s.cmd.Process.Kill())
}

// sample reads the memory of the process, and its goroutines.
func (s *server) sample(at time.Duration) {
	found := sample{at: at, goroutines: -1}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			found.resident = kilobytes << 10
		}
	}
	found.goroutines = s.metric("go_goroutines")
	s.samples = append(s.samples, found)
}

// metric returns the value of a metric of the server, −1 if there is none.
func (s *server) metric(name string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return -1
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return -1
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return -1
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return -1
			}
			return int(n)
		}
	}
	return -1
}

// makeModels makes the folder of models and says what they answer.
func makeModels(dir string, lite bool) (targets []*model, err error) {
	a, err := lenet(1)
	if err != nil {
		return nil, err
	}
	b, err := lenet(2)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(a.Save(filepath.Join(dir, "lenet")), b.Save(filepath.Join(dir, ".other"))); err != nil {
		return nil, err
	}
	target, err := newModel("lenet", 16, a, b)
	if err != nil {
		return nil, err
	}
	targets = append(targets, target)
	if lite {
		m, err := modelfolder.Load("efficientnet-lite0", modelfolder.Options{})
		if err != nil {
			return nil, err
		}
		if err := m.Save(filepath.Join(dir, "lite0")); err != nil {
			return nil, err
		}
		if target, err = newModel("lite0", 4, m); err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// lenet returns a LeNet with random weights.
func lenet(seed uint64) (*modelfolder.Model, error) {
	spec, err := zoo.Get("lenet")
	if err != nil {
		return nil, err
	}
	net, err := nn.New(spec.New(10), spec.Input, nn.Options{Seed: seed, Init: spec.Init})
	if err != nil {
		return nil, err
	}
	m := &modelfolder.Model{Path: "lenet", Spec: spec, Net: net, Preprocessing: preprocess.Plain(spec.Input)}
	for i := range 10 {
		m.Classes = append(m.Classes, fmt.Sprintf("class %d", i))
	}
	return m, nil
}
