package dist_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/local"
)

// together runs f on each of n ranks and returns the errors.
func together(n int, f func(c dist.Comm) error) []error {
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i, c := range local.New(n, local.Options{}) {
		wait.Go(func() { errs[i] = f(c) })
	}
	wait.Wait()
	return errs
}

func text(rank, length int) []byte { return bytes.Repeat([]byte{byte(rank + 1)}, length) }

func TestGatherBytes(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for _, lengths := range [][]int{{0, 0, 0, 0, 0}, {0, 3, 0, 1, 0}, {5, 5, 5, 5, 5}, {1 << 23, 7, 0, 1<<22 + 3, 1}} {
			for rank, err := range together(n, func(c dist.Comm) error {
				all, err := dist.GatherBytes(c, text(c.Rank(), lengths[c.Rank()]))
				if err != nil {
					return err
				}
				for rank, got := range all {
					if !bytes.Equal(got, text(rank, lengths[rank])) {
						return fmt.Errorf("of rank %d: %d bytes, want %d", rank, len(got), lengths[rank])
					}
				}
				return nil
			}) {
				if err != nil {
					t.Errorf("rank %d of %d: %v", rank, n, err)
				}
			}
		}
	}
}

func TestBroadcast(t *testing.T) {
	long := make([]byte, 5<<20+3)
	for i := range long {
		long[i] = byte(i * i >> 7)
	}
	for n := 1; n <= 4; n++ {
		for _, length := range []int{0, 1, 2, 3, 1000, len(long)} {
			for rank, err := range together(n, func(c dist.Comm) error {
				send := []byte("of others")
				if c.Rank() == 0 {
					send = long[:length]
				}
				got, err := dist.Broadcast(c, send)
				if err == nil && !bytes.Equal(got, long[:length]) {
					err = fmt.Errorf("%d bytes, want %d", len(got), length)
				}
				return err
			}) {
				if err != nil {
					t.Errorf("rank %d of %d, %d bytes: %v", rank, n, length, err)
				}
			}
		}
	}
}

func TestAgree(t *testing.T) {
	full := errors.New("the disk is full")
	for n := 1; n <= 4; n++ {
		peers := make([]dist.Peer, n)
		for i := range peers {
			peers[i] = dist.Peer{Rank: i, Host: fmt.Sprint("node", i)}
		}
		for bad := -1; bad < n; bad++ {
			for rank, err := range together(n, func(c dist.Comm) error {
				var own error
				if c.Rank() == bad {
					own = full
				}
				return dist.Agree(c, peers, own)
			}) {
				var known *dist.RankError
				want := fmt.Sprintf("rank %d (host node%d): the disk is full", bad, bad)
				if n == 1 {
					want = full.Error()
				}
				switch {
				case bad < 0 && err != nil:
					t.Errorf("nobody failed, rank %d of %d has %v", rank, n, err)
				case bad >= 0 && (!errors.As(err, &known) || err.Error() != want || errors.Is(err, full) != (rank == bad)):
					t.Errorf("rank %d of %d failed, rank %d has %v", bad, n, rank, err)
				}
			}
		}
	}
}

func TestShared(t *testing.T) {
	cause := errors.New("the loss is NaN")
	err := dist.Shared(cause)
	if err.Error() != cause.Error() || !errors.Is(err, cause) || dist.Shared(nil) != nil || dist.Shared(err) != err {
		t.Errorf("got %v", err)
	}
}

func TestCheckPlan(t *testing.T) {
	peers := []dist.Peer{{Rank: 0, Host: "a"}, {Rank: 1, Host: "b"}, {Rank: 2, Host: "b"}, {Rank: 3, Host: "c"}}
	same := []dist.Field{{Name: "the seed", Value: "1"}, {Name: "the version", Value: "v1"}}
	for _, c := range []struct {
		plans map[int][]dist.Field // of ranks that have another one
		want  string
	}{
		{nil, ""},
		{map[int][]dist.Field{2: {{Name: "the seed", Value: "2"}, {Name: "the version", Value: "v1"}}},
			"the ranks are not set up alike: the seed is 2 on rank 2 (host b), and 1 on rank 0 (host a)"},
		{map[int][]dist.Field{1: {{Name: "the seed", Value: "2"}, {Name: "the version", Value: "v2"}}, 3: {{Name: "the seed", Value: "3"}, {Name: "the version", Value: "v1"}}},
			"the ranks are not set up alike: the seed is 2 on rank 1 (host b), and 1 on rank 0 (host a) (and also differs on 1 other rank); the version is v2 on rank 1 (host b), and v1 on rank 0 (host a)"},
		{map[int][]dist.Field{1: {{Name: "the seed", Value: "1"}}}, "rank 1 (host b) runs another version of the program than rank 0 (host a): their plans have different fields"},
		{map[int][]dist.Field{1: append(same[:2:2], dist.Field{Name: "the weather"})}, "the ranks have different plans: they run different versions of the program"},
	} {
		for rank, err := range together(4, func(comm dist.Comm) error {
			plan, other := c.plans[comm.Rank()]
			if !other {
				plan = same
			}
			return dist.CheckPlan(comm, peers, plan)
		}) {
			if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
				t.Errorf("rank %d: %v, want %q", rank, err, c.want)
			}
		}
	}
}

func TestPeers(t *testing.T) {
	for rank, err := range together(3, func(c dist.Comm) error {
		peers, err := dist.Peers(c)
		if err != nil {
			return err
		}
		for i, p := range peers {
			if p.Rank != i || p.Host == "" || p.Process == 0 || p.Count < 1 {
				return fmt.Errorf("peer %d is %+v", i, p)
			}
		}
		if n, place := dist.Local(peers, c.Rank()); n != 3 || place != c.Rank() {
			return fmt.Errorf("%d ranks on the host, this is number %d", n, place)
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

func TestThreads(t *testing.T) {
	for _, c := range []struct {
		peers []dist.Peer
		want  []int
	}{
		{[]dist.Peer{{Host: "a", CPUs: "0-7", Count: 8}}, []int{8}},
		{[]dist.Peer{{Host: "a", CPUs: "0-7", Count: 8}, {Host: "a", CPUs: "0-7", Count: 8}, {Host: "b", CPUs: "0-3", Count: 4}}, []int{4, 4, 4}},
		{[]dist.Peer{{Host: "a", CPUs: "0", Count: 1}, {Host: "a", CPUs: "1", Count: 1}}, []int{1, 1}}, // bound to a core each
		{[]dist.Peer{{Host: "a", CPUs: "0-3,8-11", Count: 8}, {Host: "a", CPUs: "4-7,12-15", Count: 8}}, []int{8, 8}},
		{[]dist.Peer{{Host: "a", CPUs: "0-1", Count: 2}, {Host: "a", CPUs: "0-1", Count: 2}, {Host: "a", CPUs: "0-1", Count: 2}}, []int{1, 1, 1}},
		{[]dist.Peer{{Host: "a", Count: 8}, {Host: "a", Count: 8}}, []int{4, 4}}, // the system does not say
		{[]dist.Peer{{Host: "a", CPUs: "0-99999999", Count: 8}, {Host: "a", CPUs: "x", Count: 8}}, []int{4, 4}},
	} {
		for rank := range c.peers {
			if got := dist.Threads(c.peers, rank); got != c.want[rank] {
				t.Errorf("%+v: rank %d computes with %d threads, want %d", c.peers, rank, got, c.want[rank])
			}
		}
	}
}

func TestStragglers(t *testing.T) {
	peers := []dist.Peer{{Rank: 0, Host: "a"}, {Rank: 1, Host: "b"}, {Rank: 2, Host: "c"}}
	s := func(ms ...int) (paces []dist.Pace) {
		for i := 0; i < len(ms); i += 2 {
			paces = append(paces, dist.Pace{Compute: time.Duration(ms[i]) * time.Millisecond, Input: time.Duration(ms[i+1]) * time.Millisecond})
		}
		return paces
	}
	for _, c := range []struct {
		paces []dist.Pace
		want  string
	}{
		{s(1000, 0, 1200, 0, 1100, 0), ""},
		{s(1000, 0, 2000, 0, 1100, 0), "rank 1 (host b) takes 200 ms for its part of a step, 1.8 times the median of 110 ms"},
		{s(1000, 0, 1000, 900, 1100, 0), "rank 1 (host b) takes 190 ms for its part of a step, 1.7 times the median of 110 ms, because its images come slowly"},
		{s(1000, 0, 1500, 0), "rank 1 (host b) takes 150 ms for its part of a step, 1.5 times the median of 100 ms"},
		{s(2000, 0, 3000, 0, 100, 0), "rank 1 (host b) takes 300 ms for its part of a step, 1.5 times the median of 200 ms"},
		{s(5, 0, 12, 0, 5, 0), ""}, // less than a millisecond a step
		{s(9, 0, 25, 0, 9, 0), "rank 1 (host b) takes 2.5 ms for its part of a step, 2.8 times the median of 0.9 ms"},
	} {
		for rank, err := range together(len(c.paces), func(comm dist.Comm) error {
			paces, err := dist.GatherPaces(comm, c.paces[comm.Rank()])
			if err != nil {
				return err
			}
			var lines []string
			for _, s := range dist.Stragglers(peers, paces, 10) {
				lines = append(lines, s.String())
			}
			if got := strings.Join(lines, "; "); got != c.want {
				return fmt.Errorf("%q, want %q", got, c.want)
			}
			return nil
		}) {
			if err != nil {
				t.Errorf("rank %d: %v", rank, err)
			}
		}
	}
}
