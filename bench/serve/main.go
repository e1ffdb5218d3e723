// Command serve loads a server that speaks the Open Inference Protocol, such as stride
// serve, with requests, and prints how many it answers a second and how long they take.
// Each client sends its next request when it has the answer to the last one, over one
// connection.
//
//	stride serve efficientnet-lite0 &
//	go run ./bench/serve -model efficientnet-lite0 -clients 1,16 -time 10s
//
// It sends tensors by the binary extension, of the shape that the model's metadata say; with
// -picture it sends that file to /v1/predict. It opens plain connections and does not parse
// answers, so that it takes little time from the server beside it.
//
// With several -url, which may be NAME=URL, the servers are loaded in turn, for -rounds
// rounds; figures are medians of the rounds, and a ratio is the median of the rounds'
// ratios to the first server. The folder rivals has servers to measure beside stride serve.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/strideml/stride/bench/internal/stats"
)

// settings say what to measure.
type settings struct {
	servers []server
	model   string
	clients []int
	batch   int
	picture string
	time    time.Duration
	rounds  int
}

// A server is what is loaded.
type server struct {
	name    string
	url     *url.URL
	request []byte
}

func main() {
	log.SetFlags(0)
	s, err := parse(os.Args[1:])
	if err != nil {
		log.Print(err)
		os.Exit(2)
	}
	if err := s.run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// parse reads the command line.
func parse(args []string) (s settings, err error) {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.Func("url", "a server, URL or NAME=URL; may be given several times (default http://127.0.0.1:8080)", func(text string) error {
		name, address, named := strings.Cut(text, "=")
		if !named {
			name, address = "", text
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return fmt.Errorf("%q is not the URL of a server", address)
		}
		if !named {
			name = u.Host
		}
		s.servers = append(s.servers, server{name: name, url: u})
		return nil
	})
	f.StringVar(&s.model, "model", "", "name of the model")
	clients := f.String("clients", "1,16", "numbers of clients to measure")
	f.IntVar(&s.batch, "batch", 1, "samples in a request")
	f.StringVar(&s.picture, "picture", "", "picture file to send to /v1/predict in place of tensors")
	f.DurationVar(&s.time, "time", 5*time.Second, "how long to load a server with each number of clients, in each round")
	f.IntVar(&s.rounds, "rounds", 1, "rounds")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if len(s.servers) == 0 {
		s.servers = []server{{name: "127.0.0.1:8080", url: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}}}
	}
	for _, text := range strings.Split(*clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s, fmt.Errorf("%q clients: want at least 1", text)
		}
		s.clients = append(s.clients, n)
	}
	if s.model == "" || f.NArg() > 0 || s.batch < 1 || s.rounds < 1 || s.time <= 0 {
		f.Usage()
		return s, errors.New("want -model, no arguments, and numbers above 0")
	}
	return s, nil
}

// run loads the servers and prints a line for each and each number of clients.
func (s *settings) run(out io.Writer) (err error) {
	for i := range s.servers {
		server := &s.servers[i]
		if s.picture != "" {
			server.request, err = predictRequest(server.url, s.model, s.picture)
		} else {
			server.request, err = inferRequest(server.url, s.model, s.batch)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", server.name, err)
		}
	}
	fmt.Fprintf(out, "%-24s %8s %10s %9s %9s %9s %9s %7s %9s\n", "server", "clients", "requests/s", "p50 ms", "p90 ms", "p99 ms", "worst ms", "errors", "× first")
	for _, clients := range s.clients {
		measured, err := s.measure(clients)
		if err != nil {
			return err
		}
		for i, rounds := range measured {
			median := func(value func(r, first *result) float64) float64 {
				var values []float64
				for j, r := range rounds {
					values = append(values, value(r, measured[0][j]))
				}
				return stats.Median(values)
			}
			quantile := func(q float64) float64 {
				return median(func(r, _ *result) float64 { return stats.Quantile(r.took, q) })
			}
			failed := 0
			for _, r := range rounds {
				failed += r.failed
			}
			fmt.Fprintf(out, "%-24s %8d %10.0f %9.2f %9.2f %9.2f %9.2f %7d %9.2f\n", s.servers[i].name, clients,
				median(func(r, _ *result) float64 { return r.rate }), quantile(0.5), quantile(0.9), quantile(0.99), quantile(1), failed,
				median(func(r, first *result) float64 { return r.rate / first.rate }))
		}
	}
	return nil
}

// measure loads the servers in turn with so many clients, and returns what was seen of each in
// each round.
func (s *settings) measure(clients int) ([][]*result, error) {
	measured := make([][]*result, len(s.servers))
	for round := range s.rounds {
		for i, server := range s.servers {
			if round == 0 { // warm up
				if _, err := load(server.url.Host, server.request, clients, s.time/5); err != nil {
					return nil, fmt.Errorf("%s: %w", server.name, err)
				}
			}
			r, err := load(server.url.Host, server.request, clients, s.time)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", server.name, err)
			}
			measured[i] = append(measured[i], r)
		}
	}
	return measured, nil
}

// inferRequest returns the bytes of a request with random numbers.
func inferRequest(u *url.URL, model string, batch int) ([]byte, error) {
	response, err := http.Get(u.JoinPath("v2/models", model).String())
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var metadata struct {
		Error  string
		Inputs []struct {
			Name  string
			Shape []int
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil {
		return nil, fmt.Errorf("metadata of the model: %w", err)
	}
	if len(metadata.Inputs) != 1 {
		return nil, fmt.Errorf("the model has %d inputs: %s", len(metadata.Inputs), metadata.Error)
	}
	shape, size := metadata.Inputs[0].Shape, 1
	shape[0] = batch
	for _, s := range shape {
		size *= s
	}
	values := make([]float32, size)
	for i := range values {
		values[i] = rand.Float32()
	}
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(map[string]any{
		"inputs":     []any{map[string]any{"name": metadata.Inputs[0].Name, "shape": shape, "datatype": "FP32", "parameters": map[string]int{"binary_data_size": len(data)}}},
		"parameters": map[string]bool{"binary_data_output": true},
	})
	if err != nil {
		return nil, err
	}
	return post(u, "/v2/models/"+url.PathEscape(model)+"/infer", append(header, data...), "Inference-Header-Content-Length", strconv.Itoa(len(header))), nil
}

// predictRequest returns the bytes of a request with a picture.
func predictRequest(u *url.URL, model, file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	kind := mime.TypeByExtension(filepath.Ext(file))
	return post(u, "/v1/predict?model="+url.QueryEscape(model), data, "Content-Type", kind), nil
}

func post(u *url.URL, path string, body []byte, header, value string) []byte {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s: %s\r\n\r\n", path, u.Host, len(body), header, value)
	return append([]byte(head), body...)
}

// A result is what the clients have seen together.
type result struct {
	rate   float64   // answers a second
	took   []float64 // milliseconds, sorted
	failed int       // answers with another status than 200
}

// load sends requests for some time.
func load(host string, request []byte, clients int, d time.Duration) (*result, error) {
	var mu sync.Mutex
	var errs []error
	all := &result{}
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			took, failed, err := client(host, request, start.Add(d))
			mu.Lock()
			defer mu.Unlock()
			all.took, all.failed, errs = append(all.took, took...), all.failed+failed, append(errs, err)
		})
	}
	wg.Wait()
	all.rate = float64(len(all.took)-all.failed) / time.Since(start).Seconds()
	slices.Sort(all.took)
	if len(all.took) == 0 {
		errs = append(errs, errors.New("no answers"))
	}
	return all, errors.Join(errs...)
}

// client sends one request after the other until the end.
func client(host string, request []byte, end time.Time) (took []float64, failed int, err error) {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for now := time.Now(); now.Before(end); {
		if _, err := conn.Write(request); err != nil {
			return took, failed, err
		}
		status, err := answer(in)
		if err != nil {
			return took, failed, err
		}
		if status != http.StatusOK {
			failed++
		}
		then := time.Now()
		took = append(took, 1e3*then.Sub(now).Seconds())
		now = then
	}
	return took, failed, nil
}

// answer reads an answer and returns its status.
func answer(in *bufio.Reader) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(line), "HTTP/1.1 %d", &status); err != nil {
		return 0, fmt.Errorf("answer %q: %w", line, err)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			break
		}
		if name, value, _ := strings.Cut(text, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without Content-Length")
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return status, err
}
