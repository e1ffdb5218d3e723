package look

import (
	"context"
	"errors"
	"image"
	"net/http"
	"testing"
	"time"

	"github.com/strideml/stride/serve/internal/inference"
)

// One computes, some wait, the others are refused; those whose client goes do not wait any longer.
func TestTurns(t *testing.T) {
	l := New(Options{Wait: time.Minute})
	_, leave, err := l.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clients, gone := context.WithCancel(t.Context())
	failed := make(chan error)
	for range maxWaiting {
		go func() {
			_, _, err := l.enter(clients)
			failed <- err
		}()
	}
	for l.waiting.Load() < maxWaiting+1 {
		time.Sleep(time.Millisecond)
	}
	_, _, err = l.enter(t.Context())
	var busy *BusyError
	if !errors.As(err, &busy) || busy.After <= 0 || inference.StatusOf(err) != http.StatusTooManyRequests {
		t.Errorf("got %v", err)
	}
	gone()
	for range maxWaiting {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	leave()
	ctx, leave, err := l.enter(t.Context())
	if err != nil || l.waiting.Load() != 1 {
		t.Fatalf("%v, %d wait", err, l.waiting.Load())
	}
	leave()
	if ctx.Err() == nil {
		t.Error("the context goes on after the turn")
	}
	l.options.Wait = time.Millisecond
	l.turn <- struct{}{}
	if _, _, err := l.enter(t.Context()); inference.StatusOf(err) != http.StatusGatewayTimeout {
		t.Errorf("got %v", err)
	}
}

// A search that is ended early has seen the whole of the data, each picture at most once.
func TestScatter(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 1000, 6000, 9973} {
		seen := make([]bool, n)
		s := search{set: length(n), step: 1}
		for i := range n {
			at := s.index(i)
			if at < 0 || at >= n || seen[at] {
				t.Fatalf("%d pictures: picture %d is looked at twice", n, at)
			}
			seen[at] = true
		}
		if n < 1000 {
			continue
		}
		var tenths [10]int
		for i := range n / 10 {
			tenths[s.index(i)*10/n]++
		}
		for _, count := range tenths {
			if count < n/200 {
				t.Errorf("%d pictures: the first tenth of the search has seen %v of each tenth", n, tenths)
			}
		}
	}
	s := search{set: length(25), step: 3}
	for i := range 9 {
		if at := s.index(i); at < 0 || at >= 25 {
			t.Errorf("picture %d of 25", at)
		}
	}
}

type length int

func (n length) Len() int                       { return int(n) }
func (length) Read(int, []float32) (int, error) { return 0, nil }

func TestGrey(t *testing.T) {
	low, high := signedRange(2)
	p := grey([]float32{0, 2, -2, 1, 5, -5}, 3, low, high)
	want := []uint8{128, 255, 1, 192, 255, 0}
	for i, v := range p.Pix {
		if v != want[i] {
			t.Errorf("%v, want %v", p.Pix, want)
			break
		}
	}
	for i, v := range grey([]float32{3, 3}, 2, 3, 3).Pix {
		if v != 0 {
			t.Errorf("value %d of a constant map is %d", i, v)
		}
	}
	if got := limit([]float32{0, 0, 0, -7}, 0.5); got != 7 {
		t.Errorf("limit %v of a map that is almost all 0", got)
	}
	if got := limit([]float32{1, -2, 3, -4, 100}, 0.25); got != 4 {
		t.Errorf("limit %v without the greatest value", got)
	}
}

func TestSheet(t *testing.T) {
	s, err := newSheet(7, 4, 2, func(i int) image.Image {
		return grey([]float32{float32(i), 0, 0, 0, 0, 0, 0, 1}, 4, 0, 10)
	})
	if err != nil || s.Count != 7 || s.Columns < 2 || s.PNG == "" {
		t.Errorf("%+v %v", s, err)
	}
	if s, err = newSheet(100, 2048, 2048, func(int) image.Image { return image.NewGray(image.Rect(0, 0, 2048, 2048)) }); err != nil || s.Count != 1 {
		t.Errorf("%d tiles of 4 megapixels, %v", s.Count, err)
	}
}
