package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/live"
	"github.com/strideml/stride/train/observe"
	"github.com/strideml/stride/train/runfolder"
)

// runIn leaves a finished run, observed after each epoch.
func runIn(t *testing.T, dir string, change func(*train.Config)) {
	t.Helper()
	config := traintest.Config(dir)
	if change != nil {
		change(&config)
	}
	model, trainSet, testSet := traintest.Tiny(t, 3), traintest.Bars(28), traintest.Bars(10)
	recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{Share: 1e9})
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.Fit(t.Context(), model, trainSet, testSet, config)
	if err := errors.Join(err, recorder.Close()); err != nil {
		t.Fatal(err)
	}
}

// site serves runs.
func site(t *testing.T, o live.Options) (url string) {
	t.Helper()
	_, url = siteOf(t, o)
	return url
}

func siteOf(t *testing.T, o live.Options) (h *live.Handler, url string) {
	t.Helper()
	h, err := live.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		h.Close()
		s.Close()
	})
	return h, s.URL
}

// ask returns the status and the answer of a request, as JSON.
func ask(t *testing.T, method, url string, header ...string) (int, any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
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
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s %s: %v in %.200q", method, url, err, b)
	}
	return response.StatusCode, v
}

// get wants success, and returns what v is decoded from.
func get(t *testing.T, url string, v any) {
	t.Helper()
	status, answer := ask(t, "GET", url)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", url, status, answer)
	}
	b, err := json.Marshal(answer)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// An event is what a stream sends.
type event struct {
	ID       string `json:"-"`
	Run      string
	Reset    bool
	State    string
	Error    string
	Of, Done int
	Rows     []runfolder.Row
	Points   observe.Points
	Now      *observe.Progress
	Epochs   []int
	Probes   []int
	Stopping string
	Ended    bool
}

// A stream reads events.
type stream struct {
	t     *testing.T
	lines *bufio.Reader
	stop  context.CancelFunc
}

func listen(t *testing.T, url, last string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: %s", url, response.Status)
	}
	return &stream{t, bufio.NewReader(response.Body), cancel}
}

// next returns the next event.
func (s *stream) next() (e event) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			s.t.Fatal(err)
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			e.ID = strings.TrimSpace(id)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				s.t.Fatal(err)
			}
			return e
		}
	}
}
