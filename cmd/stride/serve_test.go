//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// serving starts stride serve with a log in JSON and returns the record that says where it listens,
// and a function that returns the next record with a message.
func serving(t *testing.T, args ...string) (process *os.Process, serving map[string]any, next func(message string) map[string]any, wait func() int) {
	t.Helper()
	cmd := child(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	next = func(message string) map[string]any {
		t.Helper()
		for lines.Scan() {
			var record map[string]any
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Fatalf("log: %v in %q", err, lines.Text())
			}
			if record["msg"] == message {
				return record
			}
		}
		t.Fatalf("the log has no %q", message)
		return nil
	}
	return cmd.Process, next("serving"), next, func() int {
		_, _ = io.Copy(io.Discard, log) // so that it can end
		_ = cmd.Wait()                  // the status tells
		return cmd.ProcessState.ExitCode()
	}
}

// A run and a folder of models are served; SIGHUP finds a new model; SIGTERM ends with
// status 0.
func TestServe(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	run, dir := finishedRun(t), t.TempDir()
	mustStride(t, "convert", run, filepath.Join(dir, "first.onnx"))
	process, record, next, wait := serving(t, "clothes="+run, "--models", dir)
	url := record["url"].(string)
	want := objects(t, mustStride(t, "predict", run, picture(t), "--json", "--top", "3"))[0]["classes"]
	file, err := os.ReadFile(picture(t))
	if err != nil {
		t.Fatal(err)
	}
	predict := func(model string) (int, any) {
		t.Helper()
		response, err := http.Post(url+"/v1/predict?top=3&model="+model, "image/png", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct{ Predictions []map[string]any }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Predictions) != 1 {
			return response.StatusCode, nil
		}
		return response.StatusCode, answer.Predictions[0]["classes"]
	}
	for _, model := range []string{"clothes", "first"} {
		status, classes := predict(model)
		if got, ok := classes.([]any); status != 200 || !ok || len(got) != 3 || got[0].(map[string]any)["class"] != want.([]any)[0].(map[string]any)["class"] {
			t.Errorf("%s: %d %v, want %v", model, status, classes, want)
		}
	}
	if status, _ := predict("second"); status != 404 {
		t.Errorf("status %d", status)
	}
	mustStride(t, "convert", run, filepath.Join(dir, "second.onnx"))
	if err := process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if next("model loaded")["model"] != "second" {
		t.Error("another model was loaded")
	}
	if status, _ := predict("second"); status != 200 {
		t.Errorf("status %d", status)
	}
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if want := `stride_inference_request_success_total{model="clothes",version="1"} 1`; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%v: no %s in %s", err, want, text)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	next("stopped")
	if status := wait(); status != done {
		t.Errorf("status %d", status)
	}
}

// TLS, a token and the name of the server, as a client from outside meets them; SIGHUP reads the
// token again.
func TestServeAccess(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := certificate(t, certFile, keyFile)
	tokenFile := writeFile(t, filepath.Join(dir, "token"), []byte("0123456789abcdef\n"))
	process, serving, next, wait := serving(t, finishedRun(t), "--tls-cert", certFile, "--tls-key", keyFile, "--token-file", tokenFile, "--public-health",
		"--grpc-addr", "127.0.0.1:0", "--host", "models.example", "--cors-origin", "https://friend.example", "--max-connections", "2", "--read-timeout", "200ms")
	url := serving["url"].(string)
	if !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatal(url)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	get := func(path, token, host, origin string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if token == "" {
			r.Method = "GET"
		} else {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		if response.ProtoMajor != 2 {
			t.Errorf("%s", response.Proto)
		}
		if origin == "https://friend.example" && response.Header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%v", response.Header)
		}
		return response.StatusCode
	}
	for _, c := range []struct {
		path, token, host, origin string
		status                    int
	}{
		{"/v2/health/ready", "", "", "", 200},
		{"/v2", "", "", "", 401},
		{"/metrics", "", "", "", 401},
		{"/v2/repository/index", "0123456789abcdef", "", "", 200},
		{"/v2/repository/index", "0123456789abcdef", "models.example:443", "", 200},
		{"/v2/repository/index", "0123456789abcdef", "evil.example", "", 403},
		{"/v2/repository/index", "0123456789abcdef", "", "https://friend.example", 200},
		{"/v2/repository/index", "0123456789abcdef", "", "https://evil.example", 403},
		{"/v2/repository/index", "0123456789abcdeF", "", "", 401},
	} {
		if status := get(c.path, c.token, c.host, c.origin); status != c.status {
			t.Errorf("%+v: %d", c, status)
		}
	}
	writeFile(t, tokenFile, []byte("fedcba9876543210\n"))
	if err := process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	next("reload")
	for get("/v2/repository/index", "fedcba9876543210", "", "") != 200 { // until it was read
	}
	if status := get("/v2/repository/index", "0123456789abcdef", "", ""); status != 401 {
		t.Errorf("the old token: %d", status)
	}
	address := serving["grpc"].(string)
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots})))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for method, want := range map[string]codes.Code{"/inference.GRPCInferenceService/ServerReady": codes.OK, "/inference.GRPCInferenceService/ServerMetadata": codes.Unauthenticated} {
		var answer emptypb.Empty // whose unknown fields are those of the answer
		if err := conn.Invoke(t.Context(), method, &emptypb.Empty{}, &answer); status.Code(err) != want || err == nil && len(answer.ProtoReflect().GetUnknown()) == 0 {
			t.Errorf("%s: %v", method, err)
		}
	}
	with := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer fedcba9876543210")
	if err := conn.Invoke(with, "/inference.GRPCInferenceService/ServerMetadata", &emptypb.Empty{}, &emptypb.Empty{}); err != nil {
		t.Error(err)
	}
	// A client that sends half a request is cut off.
	half, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := io.WriteString(half, "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(half); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := wait(); status != done {
		t.Errorf("status %d", status)
	}
}

// certificate writes a certificate for 127.0.0.1, which is its own authority, and its key.
func certificate(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	defer s.Close()
	s.StartTLS()
	own := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}))
	writeFile(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return roots
}

// A server that is killed and started again answers at the same address; a client that tries again gets
// the answer.
func TestServeKilled(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	run := finishedRun(t)
	process, first, _, wait := serving(t, run)
	url := first["url"].(string)
	file, err := os.ReadFile(picture(t))
	if err != nil {
		t.Fatal(err)
	}
	predict := func() (status int, err error) {
		response, err := http.Post(url+"/v1/predict", "image/png", bytes.NewReader(file))
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		return response.StatusCode, nil
	}
	if status, err := predict(); status != 200 {
		t.Fatal(status, err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	wait()
	if status, err := predict(); err == nil {
		t.Errorf("status %d of a server that is gone", status)
	}
	answered := make(chan int, 1)
	go func() {
		for {
			if status, err := predict(); err == nil {
				answered <- status
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	second, _, _, wait := serving(t, run, "--addr", strings.TrimPrefix(url, "http://"))
	if status := <-answered; status != 200 {
		t.Errorf("status %d", status)
	}
	if err := second.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := wait(); status != done {
		t.Errorf("status %d", status)
	}
}

// Traces are sent if the environment asks for them, the last ones when the server stops.
func TestServeTraces(t *testing.T) {
	needsSignals(t)
	var sent atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent.Add(r.ContentLength) }))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	process, serving, next, wait := serving(t, finishedRun(t), "--log-level", "debug")
	response, err := http.Get(serving["url"].(string) + "/v2")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if record := next("request"); record["trace_id"] == nil || record["path"] != "/v2" {
		t.Errorf("%v", record)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := wait(); status != done || sent.Load() == 0 {
		t.Errorf("status %d, %d bytes sent", status, sent.Load())
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	fails(t, failed, []string{"serve", finishedRun(t), "--addr", "127.0.0.1:0"}, "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	run := finishedRun(t)
	const addr, free = "--addr", "127.0.0.1:0"
	fails(t, failed, []string{"serve", "nowhere", addr, free}, "there is no run folder or model file nowhere")
	fails(t, failed, []string{"serve", "--models", "nowhere", addr, free}, "nowhere")
	fails(t, failed, []string{"serve", run, "--addr", "127.0.0.1:99999"}, "99999")
	fails(t, failed, []string{"serve", "a/b=" + run, addr, free}, `the name "a/b"`)
	dir := t.TempDir()
	short := writeFile(t, filepath.Join(dir, "short"), []byte("secret\n"))
	fails(t, failed, []string{"serve", run, "--token-file", filepath.Join(dir, "none"), addr, free}, "none")
	fails(t, failed, []string{"serve", run, "--token-file", short, addr, free}, short, "at least 16")
	fails(t, failed, []string{"serve", run, "--tls-cert", short, "--tls-key", short, addr, free}, "certificate "+short)
	if _, notes, status := stride(t, "serve", run, run, addr, free); status != failed || !strings.Contains(notes, `two models of the name "run"`) {
		t.Errorf("%d %s", status, notes)
	}
	if _, notes, status := stride(t, "serve", "x="+run, "--addr", "256.0.0.1:0"); status != failed || !strings.Contains(notes, "256.0.0.1") {
		t.Errorf("%d %s", status, notes)
	}
}
