package batch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// doubler is a runner for samples of one value, which it doubles. It records the batches,
// and waits for gate before each if there is one.
type doubler struct {
	took time.Duration
	gate chan struct{}
	err  error

	mu      sync.Mutex
	batches [][]float32
}

func (d *doubler) Run(n int, in, out []float32) error {
	if d.gate != nil {
		<-d.gate
	}
	time.Sleep(d.took)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches = append(d.batches, slices.Clone(in))
	for i, v := range in {
		out[i] = 2 * v
	}
	if in[0] == 666 {
		panic("out of range")
	}
	return d.err
}

// lanes is an engine of runners, which records which batches were alone.
type lanes struct {
	runners   chan *doubler
	preferred int

	mu    sync.Mutex
	alone []bool
}

func newLanes(preferred int, runners ...*doubler) *lanes {
	l := &lanes{runners: make(chan *doubler, len(runners)), preferred: preferred}
	for _, r := range runners {
		l.runners <- r
	}
	return l
}

func (l *lanes) Lanes() int       { return cap(l.runners) }
func (l *lanes) Preferred() int   { return l.preferred }
func (l *lanes) Release(r Runner) { l.runners <- r.(*doubler) }

func (l *lanes) Acquire(alone bool) Runner {
	l.mu.Lock()
	l.alone = append(l.alone, alone)
	l.mu.Unlock()
	return <-l.runners
}

// send sends requests of one sample each, a microsecond apart so that their order is known.
func send(t *testing.T, q *Queue, values ...float32) *sync.WaitGroup {
	wg := &sync.WaitGroup{}
	for _, v := range values {
		wg.Go(func() {
			out := make([]float32, 1)
			if _, err := q.Do(t.Context(), 1, []float32{v}, out); err != nil || out[0] != 2*v {
				t.Errorf("request %v: %v, %v", v, out[0], err)
			}
		})
		time.Sleep(time.Microsecond)
	}
	return wg
}

// What waits while a batch is computed makes the next one, in the order of arrival and at
// most MaxBatch samples.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubler{took: time.Second}
		q := New(newLanes(1, d), 1, 1, Options{MaxBatch: 3})
		send(t, q, 1, 2, 3, 4, 5, 6, 7, 8).Wait()
		q.Close()
		want := [][]float32{{1}, {2, 3, 4}, {5, 6, 7}, {8}}
		if !slices.EqualFunc(d.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", d.batches, want)
		}
		s := q.Stats()
		if s.Samples != 8 || s.Computed.Count != 8 || s.Batches[3] != (Sum{2, 2 * time.Second}) || s.Batches[1].Count != 2 || s.Running != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		if s.Queued.Total < 3*time.Second+3*2*time.Second || s.Last.IsZero() {
			t.Errorf("%v in the queue", s.Queued.Total)
		}
	})
}

// A request with more samples than a batch may have is computed by itself, and requests
// with several samples stay whole.
func TestLargeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubler{took: time.Second}
		q := New(newLanes(1, d), 1, 1, Options{MaxBatch: 4})
		var wg sync.WaitGroup
		for _, in := range [][]float32{{0}, {1, 2, 3}, {4, 5}, {6, 7, 8, 9, 10}, {11}, {12, 13, 14}} {
			wg.Go(func() {
				out := make([]float32, len(in))
				timing, err := q.Do(t.Context(), len(in), in, out)
				if err != nil || out[len(in)-1] != 2*in[len(in)-1] || timing.Batch < len(in) || timing.Computed != time.Second {
					t.Errorf("%v: %v, %v, %+v", in, out, err, timing)
				}
			})
			time.Sleep(time.Microsecond)
		}
		wg.Wait()
		q.Close()
		want := [][]float32{{0}, {1, 2, 3}, {4, 5}, {6, 7, 8, 9, 10}, {11, 12, 13, 14}}
		if !slices.EqualFunc(d.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", d.batches, want)
		}
	})
}

// A runner waits MaxDelay after the arrival of the oldest request, and no longer than for
// a full batch.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubler{}
		q := New(newLanes(1, d), 1, 1, Options{MaxBatch: 3, MaxDelay: time.Second})
		start := time.Now()
		send(t, q, 1, 2).Wait()
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited for %v", waited)
		}
		start = time.Now()
		send(t, q, 3, 4, 5).Wait()
		if waited := time.Since(start); waited > time.Millisecond {
			t.Errorf("waited for %v with a full batch", waited)
		}
		q.Close()
		if want := [][]float32{{1, 2}, {3, 4, 5}}; !slices.EqualFunc(d.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", d.batches, want)
		}
	})
}

// Requests whose context ends leave the queue; one that is being computed does not.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubler{gate: make(chan struct{})}
		q := New(newLanes(1, d), 1, 1, Options{MaxBatch: 8})
		gone := errors.New("gone")
		var contexts []context.CancelCauseFunc
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range errs {
			ctx, cancel := context.WithCancelCause(t.Context())
			contexts = append(contexts, cancel)
			wg.Go(func() { _, errs[i] = q.Do(ctx, 1, []float32{float32(i)}, make([]float32, 1)) })
			synctest.Wait()
		}
		contexts[2](gone)
		contexts[0](gone) // it is being computed
		synctest.Wait()
		if s := q.Stats(); s.Waiting != 2 || s.Running != 1 || s.Left != 1 {
			t.Errorf("%+v", s)
		}
		close(d.gate)
		wg.Wait()
		q.Close()
		if want := [][]float32{{0}, {1, 3}}; !slices.EqualFunc(d.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", d.batches, want)
		}
		if errs[0] != nil || errs[1] != nil || errs[2] != gone || errs[3] != nil {
			t.Errorf("errors %v", errs)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if _, err := q.Do(ctx, 1, []float32{1}, make([]float32, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a context that has ended: %v", err)
		}
	})
}

// A full queue refuses at once and says when to come again; a closed one computes what
// waits and refuses the rest.
func TestFullAndClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doubler{took: time.Second}
		q := New(newLanes(1, d), 1, 1, Options{MaxBatch: 2, Limit: 3})
		send(t, q, 0).Wait() // a second a sample
		wg := send(t, q, 1, 2, 3, 4)
		_, err := q.Do(t.Context(), 1, []float32{5}, make([]float32, 1))
		var full *FullError
		if !errors.As(err, &full) || full.Waiting != 3 || full.After < 2*time.Second || full.After > 4*time.Second {
			t.Errorf("error %#v", err)
		}
		var closed sync.WaitGroup
		closed.Go(q.Close)
		synctest.Wait()
		if _, err := q.Do(t.Context(), 1, []float32{5}, make([]float32, 1)); err != ErrClosed {
			t.Errorf("error %v", err)
		}
		closed.Wait()
		wg.Wait()
		if s := q.Stats(); s.Refused != 1 || s.Samples != 5 {
			t.Errorf("%+v", s)
		}
		// More samples than may wait are taken by an empty queue.
		q = New(newLanes(1, d), 1, 1, Options{Limit: 1})
		if _, err := q.Do(t.Context(), 3, make([]float32, 3), make([]float32, 3)); err != nil {
			t.Error(err)
		}
		q.Close()
	})
}

// A runner that fails or panics fails the requests of its batch only.
func TestFailure(t *testing.T) {
	d := &doubler{}
	q := New(newLanes(1, d), 1, 1, Options{})
	defer q.Close()
	if _, err := q.Do(t.Context(), 1, []float32{666}, make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("error %v", err)
	}
	d.err = errors.New("broken")
	if _, err := q.Do(t.Context(), 1, []float32{1}, make([]float32, 1)); err != d.err {
		t.Errorf("error %v", err)
	}
	d.err = nil
	send(t, q, 1).Wait()
	if _, err := q.Do(t.Context(), 2, []float32{1}, make([]float32, 1)); err == nil {
		t.Error("a sample is missing")
	}
	if s := q.Stats(); s.Failed.Count != 2 || s.Computed.Count != 1 {
		t.Errorf("%+v", s)
	}
}

// Under load with several runners, each request gets its own answer.
func TestLoad(t *testing.T) {
	q := New(newLanes(2, &doubler{}, &doubler{}), 1, 1, Options{MaxBatch: 5, Limit: 1000})
	var wg sync.WaitGroup
	var answered, left atomic.Int64
	for k := range 16 {
		wg.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == 3 {
					go cancel()
				}
				v := float32(k*1000 + i + 1000)
				n := 1 + i%3
				in, out := slices.Repeat([]float32{v}, n), make([]float32, n)
				_, err := q.Do(ctx, n, in, out)
				switch {
				case err == nil && slices.Equal(out, slices.Repeat([]float32{2 * v}, n)):
					answered.Add(1)
				case errors.Is(err, context.Canceled) && i%7 == 3:
					left.Add(1)
				default:
					t.Errorf("%v: %v, %v", in, out, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	q.Close()
	s := q.Stats()
	if s.Computed.Count != answered.Load() || s.Failed.Count != left.Load() || s.Waiting != 0 || s.Running != 0 {
		t.Errorf("%d answered, %d left: %+v", answered.Load(), left.Load(), s)
	}
}

// Requests that meet no other are computed on all lanes; those that overlap each on one, in
// shares that are multiples of what the engine prefers. All lanes are used again when eight
// requests in a row were alone.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &doubler{took: time.Second}, &doubler{took: time.Second}
		e := newLanes(2, first, second)
		q := New(e, 1, 1, Options{MaxBatch: 4})
		send(t, q, 1).Wait()
		send(t, q, 2).Wait()
		wg := send(t, q, 3) // alone, but not for long
		send(t, q, 4, 5, 6, 7, 8, 9, 10).Wait()
		wg.Wait()
		for v := range 9 {
			send(t, q, float32(20+v)).Wait()
		}
		q.Close()
		batches := slices.Concat(first.batches, second.batches)
		slices.SortFunc(batches, func(a, b []float32) int { return int(a[0] - b[0]) })
		want := [][]float32{{1}, {2}, {3}, {4}, {5, 6, 7, 8}, {9, 10}, {20}, {21}, {22}, {23}, {24}, {25}, {26}, {27}, {28}}
		if !slices.EqualFunc(batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", batches, want)
		}
		wantAlone := []bool{true, true, true, false, false, false, false, false, false, false, false, false, false, true, true}
		if !slices.Equal(e.alone, wantAlone) {
			t.Errorf("alone %v, want %v", e.alone, wantAlone)
		}
	})
}
