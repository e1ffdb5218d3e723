// Command faults does to stride serve what its tests cannot do in short: many idle connections,
// twice the load that it can answer, and an end without warning.
//
//	go build -o stride ./cmd/stride
//	go run ./bench/faults -stride ./stride -time 20s
//
// It prints a table in Markdown, and ends with status 1 if the server did not do what
// docs/serving.md says. bench/soak sends wrong requests for a long time.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/bench/internal/served"
)

const (
	model = "efficientnet-lite0" // which takes long enough that the clients cost little
	size  = 3 * 224 * 224
)

func main() {
	log.SetFlags(0)
	binary := flag.String("stride", "./stride", "the program")
	duration := flag.Duration("time", 20*time.Second, "how long each load lasts")
	idle := flag.Int("idle", 10_000, "idle connections; twice as many files must be allowed to be open")
	flag.Parse()
	fmt.Println("| what | result |\n|---|---|")
	var failed error
	for _, f := range []struct {
		name string
		do   func(*served.Server, time.Duration) (string, error)
	}{
		{fmt.Sprintf("%d idle connections, 4,096 allowed", *idle), func(s *served.Server, _ time.Duration) (string, error) { return idleConnections(s, *idle) }},
		{"twice the load that can be answered", overload},
		{"SIGKILL, and a start a second later", killed},
	} {
		s, err := served.Start(*binary, "127.0.0.1:0", model)
		if err == nil {
			var text string
			text, err = f.do(s, *duration)
			fmt.Printf("| %s | %s |\n", f.name, text)
			err = errors.Join(err, s.Stop())
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", f.name, err))
		}
	}
	if failed != nil {
		log.Fatal(failed)
	}
}

// infer asks for the scores of a black picture, and returns the status.
func infer(s *served.Server, client *http.Client) (int, error) {
	message := fmt.Sprintf(`{"inputs":[{"name":"images","shape":[1,3,224,224],"datatype":"UINT8","parameters":{"binary_data_size":%d}}]}`, size)
	r, err := http.NewRequest("POST", s.URL+"/v2/models/"+model+"/infer", bytes.NewReader(append([]byte(message), make([]byte, size)...)))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Inference-Header-Content-Length", strconv.Itoa(len(message)))
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// idleConnections opens connections that ask nothing, and then asks.
func idleConnections(s *served.Server, n int) (string, error) {
	before, _ := s.Memory()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			return "", err
		}
		conns = append(conns, c)
	}
	var took []time.Duration
	for range 50 { // each over a new connection
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		from := time.Now()
		if status, err := infer(s, client); err != nil || status != 200 {
			return "", fmt.Errorf("status %d, %w", status, err)
		}
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	after, _ := s.Memory()
	return fmt.Sprintf("50 of 50 requests over new connections are answered, in %v at most; memory %d MB, before %d MB", took[len(took)-1].Round(time.Millisecond), after/1e6, before/1e6), nil
}

// overload measures how many requests sixteen clients get answered, and then sends twice as many,
// without waiting for answers.
func overload(s *served.Server, duration time.Duration) (string, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	var answered, refused, other atomic.Int64
	one := func() {
		switch status, err := infer(s, client); {
		case err == nil && status == 200:
			answered.Add(1)
		case err == nil && status == 429:
			refused.Add(1)
		default:
			other.Add(1)
		}
	}
	alone := min(duration/2, 30*time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), alone)
	defer cancel()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for ctx.Err() == nil {
				one()
			}
		})
	}
	all.Wait()
	capacity := float64(answered.Swap(0)) / alone.Seconds()
	if refused.Load()+other.Load() > 0 || capacity == 0 {
		return "", errors.New("sixteen clients were refused")
	}
	ticks := time.NewTicker(time.Duration(float64(time.Second) / (2 * capacity)))
	defer ticks.Stop()
	sent := 0
	for end := time.Now().Add(duration); time.Now().Before(end); sent++ {
		<-ticks.C
		all.Go(one)
	}
	good := float64(answered.Load()) / duration.Seconds() // those that wait then do not count
	all.Wait()
	text := fmt.Sprintf("16 clients: %.0f answers a second; %.0f requests a second: %.0f are answered (%.0f %%), the other %d get 429, %d anything else",
		capacity, float64(sent)/duration.Seconds(), good, 100*good/capacity, refused.Load(), other.Load())
	if good < 0.8*capacity || other.Load() > 0 || refused.Load() == 0 {
		return text, errors.New("want at least 80 % answered, and 429 for the rest")
	}
	return text, nil
}

// killed ends the server without warning behind clients that try again, and starts another one.
func killed(s *served.Server, _ time.Duration) (string, error) {
	client := &http.Client{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var answered, again, wrong atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				switch status, err := infer(s, client); {
				case err != nil:
					again.Add(1)
					time.Sleep(50 * time.Millisecond)
				case status == 200:
					answered.Add(1)
				default:
					wrong.Add(1)
				}
			}
		})
	}
	time.Sleep(time.Second)
	if err := s.Kill(); err != nil {
		return "", err
	}
	time.Sleep(time.Second)
	before := answered.Load()
	from := time.Now()
	if err := s.Restart(); err != nil {
		return "", err
	}
	for answered.Load() == before && time.Since(from) < 30*time.Second {
		time.Sleep(time.Millisecond)
	}
	first := time.Since(from)
	time.Sleep(time.Second)
	cancel()
	all.Wait()
	text := fmt.Sprintf("the first answer comes %v after the start; %d answers, %d tries again, %d wrong answers", first.Round(time.Millisecond), answered.Load(), again.Load(), wrong.Load())
	if before == 0 || answered.Load() == before || wrong.Load() > 0 {
		return text, errors.New("want answers before and after, and none that is wrong")
	}
	return text, nil
}
