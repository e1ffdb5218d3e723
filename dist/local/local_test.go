package local_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
)

// Three ranks add up, and see who is there.
func Example() {
	ranks := local.New(3, local.Options{})
	var wait sync.WaitGroup
	for _, c := range ranks {
		wait.Go(func() {
			data := []float32{1, float32(c.Rank())}
			if err := c.AllReduce(data); err != nil {
				fmt.Println(err)
			} else if c.Rank() == 0 {
				fmt.Println(data)
			}
			_ = c.Close() // it fails only if another rank does
		})
	}
	wait.Wait()
	// Output: [3 3]
}

// each runs f for each rank at once and returns the errors.
func each(ranks []*local.Comm, f func(c *local.Comm) error) []error {
	errs := make([]error, len(ranks))
	var wait sync.WaitGroup
	for i, c := range ranks {
		wait.Go(func() { errs[i] = f(c) })
	}
	wait.Wait()
	return errs
}

// jitter delays ranks at random.
func jitter(_, _, _ int) time.Duration {
	return time.Duration(rand.IntN(300)) * time.Microsecond
}

// numbers are those of a rank, of very different sizes so that the order of a sum shows.
func numbers(rank, n int) []float32 {
	r := rand.New(rand.NewPCG(7, uint64(rank)))
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(r.NormFloat64()) * float32(int(1)<<r.IntN(20))
	}
	return data
}

// All ranks get the bits of dist.Sum, whoever comes first.
func TestAllReduce(t *testing.T) {
	for size := 1; size <= 5; size++ {
		for _, n := range []int{0, 1, 3, 64, 1001} {
			parts := make([][]float32, size)
			for i := range parts {
				parts[i] = numbers(i, n)
			}
			dist.Sum(parts)
			want := parts[0]
			for range 3 {
				ranks := local.New(size, local.Options{Delay: jitter})
				for i, err := range each(ranks, func(c *local.Comm) error {
					for range 2 {
						data := numbers(c.Rank(), n)
						if err := c.AllReduce(data); err != nil {
							return err
						}
						if !slices.Equal(data, want) {
							return fmt.Errorf("sums are %v, want %v", data[:min(n, 3)], want[:min(n, 3)])
						}
					}
					return c.Close()
				}) {
					if err != nil {
						t.Fatalf("rank %d of %d, %d elements: %v", i, size, n, err)
					}
				}
			}
		}
	}
}

func TestGatherAndToAll(t *testing.T) {
	for size := 1; size <= 4; size++ {
		ranks := local.New(size, local.Options{Delay: jitter})
		for i, err := range each(ranks, func(c *local.Comm) error {
			all := make([]byte, 2*size)
			if err := c.AllGather([]byte{byte(c.Rank()), 9}, all); err != nil {
				return err
			}
			send, recv := make([]byte, size), make([]byte, size)
			for k := range send {
				send[k] = byte(10*c.Rank() + k)
			}
			if err := c.AllToAll(send, recv); err != nil {
				return err
			}
			for k := range size {
				if all[2*k] != byte(k) || all[2*k+1] != 9 || recv[k] != byte(10*k+c.Rank()) {
					return fmt.Errorf("gathered %v, received %v", all, recv)
				}
			}
			return nil
		}) {
			if err != nil {
				t.Errorf("rank %d of %d: %v", i, size, err)
			}
		}
	}
}

// A rank that fails is named by the errors of all ranks, in that call and in later ones.
func TestFailure(t *testing.T) {
	broken := errors.New("the disk is full")
	for failing := range 3 {
		for at := range 3 {
			ranks := local.New(3, local.Options{Delay: jitter, Fail: func(rank, call int) error {
				if rank == failing && call == at {
					return broken
				}
				return nil
			}})
			for i, err := range each(ranks, func(c *local.Comm) error {
				for call := range 5 {
					if err := c.AllReduce(make([]float32, 100)); err != nil {
						if call < at {
							return fmt.Errorf("call %d fails: %w", call, err)
						}
						return errors.Join(c.AllGather(nil, nil), c.Close())
					}
				}
				return nil
			}) {
				if want := fmt.Sprintf("rank %d failed: the disk is full", failing); !errors.Is(err, broken) || strings.Count(err.Error(), want) != 2 {
					t.Errorf("rank %d: error %v, want twice %s", i, err, want)
				}
			}
		}
	}
}

// Whoever ends a rank from outside wakes the others.
func TestAbort(t *testing.T) {
	ranks := local.New(2, local.Options{})
	go func() {
		time.Sleep(time.Millisecond)
		ranks[1].Abort(3)
	}()
	if err := ranks[0].AllReduce(make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "rank 1 failed: aborted with status 3") {
		t.Errorf("error %v", err)
	}
}

// Ranks that call different things are told so.
func TestMismatch(t *testing.T) {
	for _, err := range each(local.New(2, local.Options{}), func(c *local.Comm) error { return c.AllReduce(make([]float32, 3+c.Rank())) }) {
		if err == nil || err.Error() != "rank 1 calls AllReduce of 4 elements, rank 0 AllReduce of 3 elements" {
			t.Errorf("error %v", err)
		}
	}
	for _, err := range each(local.New(2, local.Options{}), func(c *local.Comm) error {
		if c.Rank() == 0 {
			return c.AllReduce(nil)
		}
		return c.AllToAll(make([]byte, 2), make([]byte, 2))
	}) {
		if err == nil || err.Error() != "rank 1 calls AllToAll of 2 bytes, rank 0 AllReduce of 0 elements" {
			t.Errorf("error %v", err)
		}
	}
	c := local.New(1, local.Options{})[0]
	for want, err := range map[string]error{
		"AllGather of 2 bytes from each of 1 ranks into 1 bytes": c.AllGather(make([]byte, 2), make([]byte, 1)),
		"AllToAll of 2 bytes for 1 ranks into 1 bytes":           c.AllToAll(make([]byte, 2), make([]byte, 1)),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if err := c.AllReduce(nil); err == nil {
		t.Error("a closed rank adds up")
	}
}
