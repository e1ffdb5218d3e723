package serve_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
)

// begin sends the first bytes of a body that is said to be longer.
func begin(t *testing.T, url string, length, sent int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", length)
	if _, err := conn.Write(make([]byte, sent)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Slow clients that say that they send more than there is memory for keep others waiting for little more than a second.
func TestSlowClientsAndMemory(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{BodyMemory: 8 << 20})
	for range 100 {
		begin(t, url, 1<<20, 100)
	}
	time.Sleep(100 * time.Millisecond) // their headers have come
	var all sync.WaitGroup
	began := time.Now()
	for range 20 {
		all.Go(func() {
			status, a, text := infer(t, url+"/v2/models/m/infer", fmt.Sprintf(`{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}]}`, 4*pixels), raw(sample(1)))
			if status != 200 || len(a.Outputs) != 1 {
				t.Errorf("status %d, %s", status, text)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > 8*time.Second { // 1.3 s; machines may be busy
		t.Errorf("others waited for %v", took)
	}
}

// A request for which there is no memory for too long is refused before it is read; one that is longer than all
// memory is taken.
func TestNoMemory(t *testing.T) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(t, 1)); err != nil {
		t.Fatal(err)
	}
	service := serve.NewService(models, serve.HandlerOptions{BodyMemory: 1000, Timeout: 100 * time.Millisecond})
	listening := httptest.NewServer(service)
	defer listening.Close()
	url := listening.URL
	message := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"FP32","data":` + jsonNumbers(sample(1)) + `}]}`
	if status, _, text := infer(t, url+"/v2/models/m/infer", message, nil); status != 200 {
		t.Errorf("status %d, %s", status, text)
	}
	slow := begin(t, url, 5000, 100)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if bytes, _ := service.Memory(); bytes > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the slow client has not come")
		}
	}
	for _, c := range []struct{ path, kind, body string }{{"/v2/models/m/infer", "", message}, {"/v1/predict", "image/png", "x"}, {"/v1/explain", "image/png", "x"}} {
		status, header, text := do(t, "POST", url+c.path, c.kind, []byte(c.body))
		if status != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || !strings.Contains(text, "hold together") {
			t.Errorf("%s: status %d, %v, %s", c.path, status, header, text)
		}
	}
	slow.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		status, _, text := infer(t, url+"/v2/models/m/infer", message, nil)
		if status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the memory is not given back: %d, %s", status, text)
		}
	}
}

// Clients that have sent much and send no more are given up as soon as others need the memory.
func TestStalledClients(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 6 s")
	}
	_, url := server(t, serve.Options{}, serve.HandlerOptions{BodyMemory: 4 << 20})
	var stalled []net.Conn
	for range 3 {
		stalled = append(stalled, begin(t, url, 1<<20, 1<<20-1))
	}
	time.Sleep(100 * time.Millisecond)
	if status, _, text := do(t, "POST", url+"/v1/predict", "image/png", make([]byte, 1<<20)); status != 400 {
		t.Errorf("status %d, %s", status, text)
	}
	for _, conn := range stalled { // those that were not needed go on
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil && answer.StatusCode == http.StatusRequestTimeout {
			return
		}
	}
	t.Error("none was told")
}

// Pictures that are small as files do not become more input at once than there is memory for.
func TestInputMemory(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{BodyMemory: 5 * pixels * 4})
	kind, body := form(t, "image", picture(t, 3, 3), picture(t, 3, 3), picture(t, 3, 3))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, _, text := do(t, "POST", url+"/v1/predict", kind, body); status != 200 {
				t.Errorf("status %d, %s", status, text)
			}
		})
	}
	all.Wait()
}
