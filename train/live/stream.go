package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of streams.
const (
	maxStreams = 64
	// maxRuns is how many runs a stream or a comparison may have.
	maxRuns = 12
	// sendEvery is the time between two events.
	sendEvery = 200 * time.Millisecond
	// aliveEvery is the time after which a comment shows that the connection is alive.
	aliveEvery = 15 * time.Second
	// writePatience is how long a client may take to receive an event.
	writePatience = 20 * time.Second
)

// events sends what happens in runs, until the client is gone or the handler is closed.
func (h *handler) events(w http.ResponseWriter, r *http.Request) error {
	found, err := h.runsOf(r)
	if err != nil {
		return err
	}
	if h.streams.Add(1) > maxStreams {
		h.streams.Add(-1)
		w.Header().Set("Retry-After", "5")
		return refuse(http.StatusServiceUnavailable, "more than %d pages are open", maxStreams)
	}
	defer h.streams.Add(-1)
	s := &stream{w: w, control: http.NewResponseController(w), cursors: make([]*cursor, len(found))}
	if parts := strings.Split(r.Header.Get("Last-Event-ID"), "_"); len(parts) == len(found) {
		for i, part := range parts {
			if c, ok := parseCursor(part); ok {
				s.cursors[i] = &c
			}
		}
	}
	wake := make(chan struct{}, 1)
	if slices.ContainsFunc(found, func(run named) bool { return run.dir == h.own }) {
		h.untold.Add(1)
		s.told = sync.OnceFunc(func() {
			h.asked.Store(time.Now().UnixNano())
			h.untold.Add(-1)
		})
		defer s.told()
	}
	for _, run := range found {
		latest, stop := h.hub.watch(run.name, run.dir, wake)
		defer stop()
		s.latest = append(s.latest, latest)
	}
	s.shown = make([]*view, len(found))
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep events back
	if !s.write("retry: 2000\n\n") {
		return nil
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		if !s.send() {
			return nil
		}
		select {
		case <-wake:
			if !sleep(r.Context(), sendEvery) {
				return nil
			}
		case <-alive.C:
			if !s.write(": alive\n\n") {
				return nil
			}
		case <-r.Context().Done():
			return nil
		case <-h.closed:
			return nil
		}
	}
}

// A stream is what a client has been sent.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	latest  []func() *view // of each run
	shown   []*view        // those that were sent last
	cursors []*cursor      // what the client has; nil is nothing
	told    func()         // is called when the client knows that the training of this program has ended
}

// send sends what is new; false says that the client is gone.
func (s *stream) send() bool {
	for i, latest := range s.latest {
		v := latest()
		if v == nil || v == s.shown[i] {
			continue
		}
		data, err := json.Marshal(v.since(s.cursors[i]))
		if err != nil {
			return false // of a number that is not finite, which no file has
		}
		c := v.cursor()
		s.shown[i], s.cursors[i] = v, &c
		if !s.write(fmt.Sprintf("id: %s\ndata: %s\n\n", s.id(), data)) {
			return false
		}
		if v.ended && s.told != nil {
			s.told()
		}
	}
	return true
}

// id says what the client has.
func (s *stream) id() string {
	var parts []string
	for _, c := range s.cursors {
		if c == nil {
			parts = append(parts, "-")
			continue
		}
		parts = append(parts, c.String())
	}
	return strings.Join(parts, "_")
}

func (s *stream) write(text string) bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(writePatience)) // not every ResponseWriter has one
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
