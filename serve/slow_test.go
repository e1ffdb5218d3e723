package serve_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
)

// A client whose body takes too long is told so, and a body that ends early is no request: neither
// is answered with status 200.
func TestSlowBody(t *testing.T) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(t, 1)); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(serve.Handler(models, serve.HandlerOptions{}))
	s.Config.ReadTimeout = 200 * time.Millisecond
	s.Start()
	defer s.Close()
	for _, path := range []string{"/v2/models/m/infer", "/v1/predict", "/v2/repository/models/m/load"} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"inputs\"", path)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(path, err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(text), `{"error":"`) {
			t.Errorf("%s: status %d, %s, %v", path, answer.StatusCode, text, err)
		}
	}
}
