// Command soak loads stride serve with right and wrong requests for a long time and checks
// that each right request gets the right answer, each wrong one a refusal, and that the server
// neither grows nor stops.
//
//	go run ./bench/soak -time 30m
//
// It builds the program, makes a folder of models and serves it. Then, side by side:
//
//   - clients send tensors to LeNet and to EfficientNet-Lite0, in JSON and by the binary
//     extension, one to five samples a request, and compare the answers with what
//     engine/reference computed before;
//   - the folder of LeNet is replaced every few seconds by one with other weights: an answer
//     must be wholly that of the one or of the other;
//   - faulty clients are slow, leave, send half requests, bodies of wrong length, NaN, wrong
//     shapes, bombs, and names of models that are not there;
//   - every minute, for ten seconds, more clients come than can be answered: they may get 429.
//
// The memory and the goroutines of the server are read every few seconds. At the end, which
// SIGTERM brings, a report in Markdown goes to standard output. The exit status is 1 if
// anything was wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strideml/stride/bench/internal/served"
)

func main() {
	log.SetFlags(log.Ltime)
	duration := flag.Duration("time", 30*time.Minute, "how long")
	binary := flag.String("stride", "", "the program to serve with (default: it is built)")
	lite := flag.Bool("lite", true, "serve EfficientNet-Lite0, too")
	flag.Parse()
	if flag.NArg() > 0 || *duration < time.Second {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *binary, *duration, *lite); err != nil {
		log.Fatal(err)
	}
}

// A soak is a run of this program.
type soak struct {
	server  *served.Server
	samples []sample
	client  *http.Client
	models  string   // the folder that is served
	targets []*model // those that clients ask
	counts  counts
}

func run(ctx context.Context, out io.Writer, binary string, d time.Duration, lite bool) (err error) {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary == "" {
		if binary, err = served.Build(ctx, dir); err != nil {
			return err
		}
	}
	s := &soak{models: filepath.Join(dir, "models"), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	if s.targets, err = makeModels(s.models, lite); err != nil {
		return err
	}
	if s.server, err = served.Start(binary, "127.0.0.1:0", "--models", s.models); err != nil {
		return err
	}
	began := time.Now()
	s.measure(0)
	s.load(ctx, d)
	s.client.CloseIdleConnections()
	time.Sleep(3 * time.Second)
	s.measure(time.Since(began))
	if bytes, ok := s.server.Metric("stride_request_memory_bytes"); !ok || bytes != 0 {
		s.counts.wrong("requests hold %g bytes when there are none", bytes)
	}
	if err := s.server.Stop(); err != nil {
		s.counts.wrong("the server did not stop as it should: %v", err)
	}
	return s.report(out, time.Since(began))
}

// load runs all clients for some time.
func (s *soak) load(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var all sync.WaitGroup
	for i, m := range s.targets {
		for j := range 4 {
			all.Go(func() { s.ask(ctx, m, rand.New(rand.NewPCG(uint64(i), uint64(j)))) })
		}
	}
	for i := range 2 {
		all.Go(func() { s.misbehave(ctx, rand.New(rand.NewPCG(99, uint64(i)))) })
	}
	all.Go(func() { s.replace(ctx) })
	all.Go(func() { s.overload(ctx) })
	all.Go(func() { s.watch(ctx) })
	began := time.Now()
	for every := time.NewTicker(max(200*time.Millisecond, min(5*time.Second, d/20))); ; {
		select {
		case <-every.C:
			s.measure(time.Since(began))
			continue
		case <-ctx.Done():
		case err := <-s.server.Ended:
			s.counts.wrong("the server ended: %v", err)
			s.server.Ended <- err
			cancel()
		}
		every.Stop()
		break
	}
	all.Wait()
}

// overload lets 300 clients come for ten seconds of each minute.
func (s *soak) overload(ctx context.Context) {
	for pause(ctx, 50*time.Second) {
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		var crowd sync.WaitGroup
		for i := range 300 {
			crowd.Go(func() { s.ask(short, s.targets[0], rand.New(rand.NewPCG(7, uint64(i)))) })
		}
		crowd.Wait()
		cancel()
	}
}

// watch counts the times that this process, and the server with it, had no processor for more than ten
// seconds: requests then fail because their time is over.
func (s *soak) watch(ctx context.Context) {
	for began := time.Now(); pause(ctx, time.Second); began = time.Now() {
		if late := time.Since(began); late > 11*time.Second {
			s.counts.add("times that the machine stood still")
			log.Printf("the machine stood still for %v", late)
		}
	}
}

// pause waits, and returns false if the context ends meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// counts are what happened, by kind.
type counts struct {
	mu       sync.Mutex
	n        map[string]int
	mistakes []string
}

// add counts an event.
func (c *counts) add(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[kind]++
}

// wrong notes a mistake of the server.
func (c *counts) wrong(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mistakes) < 100 {
		c.mistakes = append(c.mistakes, fmt.Sprintf(format, values...))
		log.Print("WRONG: ", c.mistakes[len(c.mistakes)-1])
	}
}

// report writes what happened, and fails if anything was wrong.
func (s *soak) report(out io.Writer, d time.Duration) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Soak of %v\n\n| what | number |\n|---|---:|\n", d.Round(time.Second))
	var kinds []string
	for kind := range s.counts.n {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "| %s | %d |\n", kind, s.counts.n[kind])
	}
	fmt.Fprintf(&b, "| mistakes of the server | %d |\n", len(s.counts.mistakes))
	b.WriteString("\n| minutes | resident memory, MB | at most | goroutines |\n|---:|---:|---:|---:|\n")
	samples := s.samples
	step := max(1, len(samples)/10)
	for i, sample := range samples {
		if i%step == 0 || i == len(samples)-1 {
			fmt.Fprintf(&b, "| %.1f | %d | %d | %d |\n", sample.at.Minutes(), sample.resident>>20, sample.peak>>20, sample.goroutines)
		}
	}
	s.growth()
	for _, mistake := range s.counts.mistakes {
		fmt.Fprintf(&b, "\n- %s", mistake)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if len(s.counts.mistakes) > 0 {
		return fmt.Errorf("%d mistakes", len(s.counts.mistakes))
	}
	return nil
}

// growth compares the second half with the first: memory is the median of the samples,
// goroutines those before the load and after it.
func (s *soak) growth() {
	samples := s.samples
	if len(samples) < 8 {
		return
	}
	median := func(part []sample) int64 {
		var values []int64
		for _, sample := range part {
			values = append(values, sample.resident)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	quarter := len(samples) / 4
	early, late := median(samples[quarter:2*quarter]), median(samples[3*quarter:])
	if late > early+early/10+16<<20 {
		s.counts.wrong("memory grew from %d to %d MB between the second and the last quarter", early>>20, late>>20)
	}
	first, last := samples[0], samples[len(samples)-1]
	if last.goroutines > first.goroutines+10 {
		s.counts.wrong("%d goroutines at the end, %d at the beginning", last.goroutines, first.goroutines)
	}
}
