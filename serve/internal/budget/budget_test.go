package budget

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// acquire is Acquire in a goroutine of its own. got has the lease when it is granted.
func acquire(t *testing.T, b *Budget, bytes int64) (got chan *Lease) {
	got = make(chan *Lease, 1)
	go func() {
		l, err := b.Acquire(t.Context(), bytes, time.Minute)
		if err == nil {
			got <- l
		}
	}()
	synctest.Wait()
	return got
}

func want(t *testing.T, b *Budget, used int64, waiting int) {
	t.Helper()
	if u, w := b.Used(); u != used || w != waiting {
		t.Errorf("%d bytes are used and %d requests wait, want %d and %d", u, w, used, waiting)
	}
}

// Who comes first is served first, also if a later one would fit; one that needs more than there is
// is taken alone.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100)
		if b.TryAcquire(51) != nil {
			t.Error("more than half was given away without waiting")
		}
		b.TryAcquire(50).Release()
		first, err := b.Acquire(t.Context(), 60, 0)
		if err != nil {
			t.Fatal(err)
		}
		large := acquire(t, b, 1000)
		small := acquire(t, b, 10)
		want(t, b, 60, 2)
		if b.TryAcquire(1) != nil {
			t.Error("memory was given past those who wait")
		}
		first.Release()
		l := <-large
		want(t, b, 100, 1)
		l.Arrived(90)
		(<-small).Release()
		l.Release()
		l.Release()
		want(t, b, 0, 0)
	})
}

// Who waits for too long is refused, and so is one whose client has gone; those behind go on.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100)
		first, err := b.Acquire(t.Context(), 60, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer first.Release()
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		time.AfterFunc(time.Second, func() { cancel(gone) })
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := b.Acquire(ctx, 50, time.Minute); err != gone {
				t.Error(err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			began := time.Now()
			_, err := b.Acquire(t.Context(), 50, 10*time.Second)
			var full *FullError
			if !errors.As(err, &full) || full.RetryAfter() <= 0 || time.Since(began) != 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
		synctest.Wait()
		behind := acquire(t, b, 40)
		all.Wait()
		(<-behind).Release()
		want(t, b, 60, 0)
	})
}

// While others wait, a slow request keeps what it has received, takes no more than there is, and is given up
// if nothing arrives; while nobody waits it may be as slow as it likes.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(1000)
		slow, err := b.Acquire(t.Context(), 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		var gone atomic.Int64
		slow.Arrive(100, func() { gone.Add(1) })
		time.Sleep(time.Hour)
		want(t, b, 1000, 0)
		others := acquire(t, b, 700)
		time.Sleep(2 * tick)
		other := <-others // it did not wait for long
		want(t, b, 800, 0)
		if err := slow.Hold(300); err != nil || gone.Load() > 0 {
			t.Error(err, gone.Load())
		}
		want(t, b, 1000, 0)
		var full *FullError
		if err := slow.Hold(301); !errors.As(err, &full) {
			t.Error(err)
		}
		third := acquire(t, b, 10)
		if err := slow.Hold(200); err != nil { // less is always possible
			t.Error(err)
		}
		time.Sleep(leastTime - 4*tick)
		slow.Received(leastBytes)
		time.Sleep(4 * tick)
		if gone.Load() != 0 {
			t.Error("a request that arrives was given up")
		}
		(<-third).Release()
		fourth := acquire(t, b, 300)
		time.Sleep(2 * leastTime)
		if gone.Load() == 0 {
			t.Error("a request that does not arrive was not given up")
		}
		slow.Release()
		other.Release()
		(<-fourth).Release()
		want(t, b, 0, 0)
	})
}

func TestArriveWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100)
		l, err := b.Acquire(t.Context(), 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		l.ArriveWhole(func() { go l.Release() })
		time.Sleep(time.Hour)
		want(t, b, 100, 0)
		(<-acquire(t, b, 100)).Release()
		want(t, b, 0, 0)
	})
}

// There are never more bytes out than there are, and in the end all are back.
func TestConcurrent(t *testing.T) {
	b := New(100)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for j := range 100 {
				wait := time.Minute
				if j%7 == 0 {
					wait = 0
				}
				l, err := b.Acquire(t.Context(), int64(1+(i*j)%120), wait)
				if err != nil {
					continue
				}
				if used, _ := b.Used(); used > 100 {
					t.Errorf("%d bytes", used)
				}
				l.Arrive(0, func() {})
				_ = l.Hold(int64(j))
				l.Arrived(int64(j))
				l.Release()
			}
		})
	}
	all.Wait()
	want(t, b, 0, 0)
}
