package serve_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/serve/internal/servetest"
)

// server serves LeNet under the name m.
func server(t testing.TB, o serve.Options, h serve.HandlerOptions) (*serve.Models, string) {
	t.Helper()
	models, err := serve.NewModels(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Add("m", servetest.LeNet(t, 1)); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(serve.Handler(models, h))
	t.Cleanup(func() {
		s.Close()
		if err := models.Close(); err != nil {
			t.Error(err)
		}
	})
	return models, s.URL
}

// do sends a request and returns the status, the header and the body of the answer.
func do(t testing.TB, method, url, kind string, body []byte, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(b)
}

// picture is a PNG file of a grey gradient.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	p := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.SetGray(x, y, color.Gray{Y: uint8(5*x + 3*y)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// form is a form with pictures.
func form(t testing.TB, field string, files ...[]byte) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, f := range files {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename="p%d.png"`, field, i)}}
		part, err := w.CreatePart(h)
		if err == nil {
			_, err = part.Write(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// A form, a raw body and JSON give what package classify gives for the picture.
func TestPredict(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	file := picture(t, 40, 30)
	classifier, err := classify.New(servetest.LeNet(t, 1), classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer classifier.Close()
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want, err := classifier.Predict(t.Context(), decoded, 3)
	if err != nil {
		t.Fatal(err)
	}
	kind, body := form(t, "image", file, picture(t, 28, 28), file)
	base := base64.StdEncoding.EncodeToString(file)
	for name, c := range map[string]struct {
		kind  string
		body  []byte
		file  string
		count int
	}{
		"form":     {kind, body, "p0.png", 3},
		"raw":      {"image/png", file, "image 1", 1},
		"bytes":    {"application/octet-stream", file, "image 1", 1},
		"JSON":     {"application/json; charset=utf-8", []byte(`{"image":"` + base + `"}`), "image 1", 1},
		"list":     {"application/json", []byte(`{"images":["` + base + `","` + base + `"]}`), "image 1", 2},
		"data URL": {"application/json", []byte(`{"image":"data:image/png;base64,` + base + `"}`), "image 1", 1},
	} {
		status, _, text := do(t, "POST", url+"/v1/predict?top=3", c.kind, c.body)
		var got serve.PredictResponse
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || got.Model != "m" || got.Version != "1" || len(got.Predictions) != c.count {
			t.Errorf("%s: %d %s (%v)", name, status, text, err)
			continue
		}
		first, last := got.Predictions[0], got.Predictions[c.count-1]
		if first.File != c.file || first.Width != 40 || first.Height != 30 || len(first.Classes) != 3 {
			t.Errorf("%s: %+v", name, first)
		}
		for i, k := range first.Classes {
			if k.Class != want[i].Name || k.Index != want[i].Index || abs(k.Probability-want[i].Probability) > 1e-6 || abs(k.Probability-last.Classes[i].Probability) > 1e-6 {
				t.Errorf("%s: class %d is %+v, want %+v", name, i, k, want[i])
			}
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

// Requests that are wrong get an error in JSON, and the right status.
func TestPredictRefuses(t *testing.T) {
	models, url := server(t, serve.Options{}, serve.HandlerOptions{MaxBody: 20_000, MaxPixels: 5000, MaxImages: 2})
	file := picture(t, 40, 30)
	three, threeBody := form(t, "image", file, file, file)
	other, otherBody := form(t, "picture", file)
	empty, emptyBody := form(t, "image")
	for name, c := range map[string]struct {
		path, kind, body string
		status           int
		want             string
	}{
		"top":             {"?top=0", "image/png", string(file), 400, "top is"},
		"no kind":         {"", "", string(file), 415, "Content-Type"},
		"another kind":    {"", "text/plain", string(file), 415, "text/plain"},
		"no picture":      {"", "image/png", "", 400, "image 1"},
		"no PNG":          {"", "image/png", "hello", 400, "image 1"},
		"short":           {"", "image/png", string(file[:len(file)/2]), 400, "image 1"},
		"large":           {"", "image/png", strings.Repeat("x", 20_001), 413, "20000 bytes"},
		"many pixels":     {"", "image/png", string(picture(t, 100, 51)), 400, "5000 pixels"},
		"many pictures":   {"", three, string(threeBody), 413, "more than 2"},
		"another field":   {"", other, string(otherBody), 400, `"picture"`},
		"empty form":      {"", empty, string(emptyBody), 400, "no field image"},
		"half a form":     {"", three, string(threeBody[:300]), 400, "form is damaged"},
		"no boundary":     {"", "multipart/form-data", string(threeBody), 400, "boundary"},
		"JSON":            {"", "application/json", `{"image":`, 400, "JSON"},
		"empty JSON":      {"", "application/json", `{}`, 400, "no picture"},
		"unknown field":   {"", "application/json", `{"picture":"eA=="}`, 400, "unknown field"},
		"no base64":       {"", "application/json", `{"image":"..."}`, 400, "no base64"},
		"no base64 URL":   {"", "application/json", `{"image":"data:image/png,abc"}`, 400, "without base64"},
		"many in JSON":    {"", "application/json", `{"images":["","",""]}`, 413, "more than 2"},
		"another model":   {"?model=x", "image/png", string(file), 404, `no model "x"`},
		"another version": {"?model=m&version=2", "image/png", string(file), 404, `version "2"`},
	} {
		status, header, text := do(t, "POST", url+"/v1/predict"+c.path, c.kind, []byte(c.body))
		var e struct{ Error string }
		if err := json.Unmarshal([]byte(text), &e); err != nil || status != c.status || !strings.Contains(e.Error, c.want) || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %s, want %d and %q", name, status, text, c.status, c.want)
		}
	}
	if err := models.Add("n", servetest.LeNet(t, 2)); err != nil {
		t.Fatal(err)
	}
	if status, _, text := do(t, "POST", url+"/v1/predict", "image/png", file); status != 400 || !strings.Contains(text, "m, n") {
		t.Errorf("two models: %d %s", status, text)
	}
	if err := errors.Join(models.Unload("m"), models.Unload("n")); err != nil {
		t.Fatal(err)
	}
	if status, _, text := do(t, "POST", url+"/v1/predict", "image/png", file); status != 503 {
		t.Errorf("no model: %d %s", status, text)
	}
}

// A PNG file of few bytes that claims a hundred megapixels is refused before it is decoded.
func TestBomb(t *testing.T) {
	_, url := server(t, serve.Options{}, serve.HandlerOptions{})
	file := picture(t, 1, 1)
	header := file[12:29] // IHDR: its name, the width, the height and five bytes
	binary.BigEndian.PutUint32(header[4:], 10_001)
	binary.BigEndian.PutUint32(header[8:], 10_000)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(header))
	status, _, text := do(t, "POST", url+"/v1/predict", "image/png", file)
	if status != 400 || !strings.Contains(text, "pixels") {
		t.Errorf("%d %s", status, text)
	}
}

// What is under way is answered when the server stops, and it is not ready meanwhile.
func TestRun(t *testing.T) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(t, 1)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	begun := make(chan struct{}, 1)
	handler := serve.Handler(models, serve.HandlerOptions{})
	noticing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			begun <- struct{}{}
		}
		handler.ServeHTTP(w, r)
	})
	go func() { done <- serve.Run(ctx, serve.NewServer(noticing, nil), l, 10*time.Second) }()
	url := "http://" + l.Addr().String()
	if status, _, _ := do(t, "GET", url+"/v2/health/ready", "", nil); status != 200 {
		t.Errorf("status %d", status)
	}
	models.Drain()
	if status, _, _ := do(t, "GET", url+"/v2/health/ready", "", nil); status != 503 {
		t.Errorf("draining: status %d", status)
	}
	// A request of which the body is not there yet.
	read, write := io.Pipe()
	answered := make(chan error, 1)
	go func() {
		response, err := http.Post(url+"/v1/predict", "image/png", read)
		if err == nil {
			if response.Body.Close(); response.StatusCode != 200 {
				err = errors.New(response.Status)
			}
		}
		answered <- err
	}()
	file := picture(t, 28, 28)
	if _, err := write.Write(file[:10]); err != nil {
		t.Fatal(err)
	}
	<-begun
	stop()
	if _, err := write.Write(file[10:]); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// FuzzInfer: the same for tensors, with the header that says how much of the body is JSON.
func FuzzInfer(f *testing.F) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(f, 1)); err != nil {
		f.Fatal(err)
	}
	h := serve.Handler(models, serve.HandlerOptions{MaxBody: 100_000, MaxImages: 4})
	f.Add("", "", []byte(`{"inputs":[{"name":"images","shape":[1],"datatype":"BYTES","data":["x"]}],"outputs":[{"name":"output","parameters":{"classification":2}}]}`))
	f.Add("0", "", make([]byte, 4*28*28))
	message := `{"inputs":[{"name":"images","shape":[1,1,28,28],"datatype":"UINT8","parameters":{"binary_data_size":784}}]}`
	f.Add(strconv.Itoa(len(message)), "", append([]byte(message), make([]byte, 784)...))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(message)); err != nil || w.Close() != nil {
		f.Fatal(err)
	}
	f.Add("", "gzip", packed.Bytes())
	f.Fuzz(func(t *testing.T, length, encoding string, body []byte) {
		r := httptest.NewRequest("POST", "/v2/models/m/infer", bytes.NewReader(body))
		r.Header.Set("Inference-Header-Content-Length", length)
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer := w.Body.Bytes()
		if n, err := strconv.Atoi(w.Header().Get("Inference-Header-Content-Length")); err == nil {
			answer = answer[:n]
		}
		if w.Code >= 500 || !json.Valid(answer) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzPredict: whatever a client sends, the answer is JSON and no failure of the server.
func FuzzPredict(f *testing.F) {
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer models.Close()
	if err := models.Add("m", servetest.LeNet(f, 1)); err != nil {
		f.Fatal(err)
	}
	h := serve.Handler(models, serve.HandlerOptions{MaxPixels: 10_000, MaxImages: 4})
	file := picture(f, 28, 28)
	kind, body := form(f, "image", file, file)
	f.Add(kind, body)
	f.Add("image/png", file)
	f.Add("application/json", []byte(`{"images":["`+base64.StdEncoding.EncodeToString(file)+`"]}`))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		r := httptest.NewRequest("POST", "/v1/predict", bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// Models of a folder are loaded by path, and replaced by Reload.
func TestFolderOfModels(t *testing.T) {
	dir := t.TempDir()
	if err := servetest.LeNet(t, 1).Save(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	models, err := serve.NewModels(serve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	if err := models.OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	if err := servetest.LeNet(t, 2).Save(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if err := models.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(models.Names(), " "); got != "a b" {
		t.Errorf("models %s", got)
	}
}
