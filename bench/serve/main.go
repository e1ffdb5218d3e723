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

func main() {
	address := flag.String("url", "http://127.0.0.1:8080", "the server")
	model := flag.String("model", "", "name of the model")
	clients := flag.String("clients", "1,16", "numbers of clients to measure")
	batch := flag.Int("batch", 1, "samples in a request")
	picture := flag.String("picture", "", "picture file to send to /v1/predict in place of tensors")
	duration := flag.Duration("time", 5*time.Second, "how long to measure each")
	flag.Parse()
	log.SetFlags(0)
	if *model == "" || flag.NArg() > 0 || *batch < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*address, *model, *clients, *batch, *picture, *duration); err != nil {
		log.Fatal(err)
	}
}

func run(address, model, clients string, batch int, picture string, d time.Duration) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	var request []byte
	if picture != "" {
		request, err = predictRequest(u, model, picture)
	} else {
		request, err = inferRequest(u, model, batch)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%-24s %8s %10s %9s %9s %9s %9s %7s\n", "model", "clients", "requests/s", "p50 ms", "p90 ms", "p99 ms", "worst ms", "errors")
	for _, text := range strings.Split(clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("%q clients: want at least 1", text)
		}
		if _, err := load(u.Host, request, n, d/5); err != nil { // warm up
			return err
		}
		r, err := load(u.Host, request, n, d)
		if err != nil {
			return err
		}
		fmt.Printf("%-24s %8d %10.0f %9.2f %9.2f %9.2f %9.2f %7d\n", model, n, r.rate, r.quantile(0.5), r.quantile(0.9), r.quantile(0.99), r.quantile(1), r.failed)
	}
	return nil
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

func (r *result) quantile(q float64) float64 { return stats.Quantile(r.took, q) }

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
