//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/dist"
)

// process is the comm of this process: MPI can be initialized once. It stays, and with
// it the memory of messages that were under way when there was an error: MPI may still
// write into it.
var process atomic.Pointer[comm]

// Open connects this process with the others that the launcher has started. A program
// that was not started by mpirun or its like is a group of one rank, as Description
// says. Open works once in the life of a process: MPI can be initialized only once,
// and not again after Close.
//
// The error says what was looked for when there is no MPI library, and refuses a
// library that does not know of the other ranks.
func Open(o Options) (dist.Comm, error) {
	o = o.withDefaults()
	l := findLauncher(os.Getenv)
	var lib *library
	err := keepFaults(func() (err error) {
		lib, err = openLibrary(o, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	if err := l.checkFamily(lib.family, lib.path, lib.version); err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	c := &comm{
		lib: lib, options: o, maxMessage: maxMessage, segment: segmentBytes / 4,
		work: make(chan func()), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	if !process.CompareAndSwap(nil, c) {
		return nil, errors.New("mpi: opened before in this process; MPI can be initialized only once")
	}
	started := make(chan error, 1)
	go c.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("mpi: %s (%s): %w", lib.version, lib.path, err)
	}
	if err := l.checkSize(c.size, lib.path, lib.version); err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	c.launched = l.name != ""
	if err := c.meet(); err != nil {
		return nil, err
	}
	return c, nil
}

// A comm is a dist.Comm by MPI.
type comm struct {
	lib        *library
	options    Options
	rank, size int
	launched   bool
	peers      []string // "rank 3 (node07, process 1234)"

	maxMessage int // bytes; tests make it small
	segment    int // numbers in a segment of a long sum; tests make it small

	work        chan func()   // what the thread of MPI does
	quit, ended chan struct{} // closed to end that thread; when it does nothing more

	// Only for the thread of MPI.
	calls   int   // collective calls so far
	err     error // the first one; final
	active  []*transfer
	queue   []*transfer
	scratch [2][]float32

	abortOnce   sync.Once
	abortStatus atomic.Pointer[int]
	closed      bool
}

// run is the thread that makes all calls of MPI.
func (c *comm) run(started chan<- error) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	defer close(c.ended)
	err := keepFaults(c.lib.start)
	if err == nil {
		c.rank, c.size, err = c.lib.rankAndSize()
	}
	started <- err
	if err != nil {
		return
	}
	preciseSleep()
	for {
		select {
		case f := <-c.work:
			f()
		case <-c.quit:
			return
		}
	}
}

// do runs f on the thread of MPI, unless there was an error before. What it returns
// says what failed.
func (c *comm) do(what string, f func() error) error {
	result := make(chan error, 1)
	call := func() {
		c.calls++
		if c.err == nil {
			if err := f(); err != nil {
				c.err = fmt.Errorf("mpi: rank %d of %d, %s (call %d): %w", c.rank, c.size, what, c.calls, err)
			}
		}
		result <- c.err
	}
	select {
	case c.work <- call:
		return <-result
	case <-c.ended:
		return fmt.Errorf("mpi: %s: closed before", what)
	}
}

const (
	introduction = 256 // bytes by which a rank introduces itself
	protocol     = "stride mpi 1"
)

// meet exchanges who the ranks are.
func (c *comm) meet() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	own := make([]byte, introduction)
	text := fmt.Sprintf("%s|%s|%d|%s/%s", protocol, strings.ReplaceAll(host, "|", "_"), os.Getpid(), runtime.GOOS, runtime.GOARCH)
	copy(own[:introduction-1], text)
	all := make([]byte, c.size*introduction)
	if err := c.do("meeting the other ranks", func() error { return c.allGather(own, all) }); err != nil {
		return err
	}
	for rank := range c.size {
		text := cString(all[rank*introduction:][:introduction])
		parts := strings.Split(text, "|")
		if len(parts) != 4 || parts[0] != protocol {
			return fmt.Errorf("mpi: rank %d is another program or another version of it: it introduces itself with %q, this one with %q", rank, text, protocol)
		}
		c.peers = append(c.peers, fmt.Sprintf("rank %d (%s, process %s)", rank, parts[1], parts[2]))
	}
	return nil
}

// peer names a rank for people.
func (c *comm) peer(rank int) string {
	if rank < len(c.peers) {
		return c.peers[rank]
	}
	return fmt.Sprintf("rank %d", rank)
}

func (c *comm) Rank() int { return c.rank }
func (c *comm) Size() int { return c.size }

func (c *comm) Description() string {
	text := fmt.Sprintf("%s of %d by %s (%s)", c.peers[c.rank], c.size, c.lib.version, c.lib.path)
	if c.size == 1 && !c.launched {
		text += "; the only one, because the program was not started by mpirun"
	}
	return text
}

func (c *comm) AllReduce(data []float32) error {
	if c.size == 1 {
		return nil
	}
	return c.do(fmt.Sprintf("the sum of %d numbers", len(data)), func() error { return c.allReduce(data) })
}

func (c *comm) AllGather(send, recv []byte) error {
	if len(recv) != c.size*len(send) {
		return fmt.Errorf("mpi: gathering %d bytes from each of %d ranks needs room for %d, not %d", len(send), c.size, c.size*len(send), len(recv))
	}
	return c.do(fmt.Sprintf("gathering %d bytes from each rank", len(send)), func() error { return c.allGather(send, recv) })
}

func (c *comm) AllToAll(send, recv []byte) error {
	if len(recv) != len(send) || len(send)%c.size != 0 {
		return fmt.Errorf("mpi: an exchange among %d ranks needs equal parts for each: %d bytes to send, room for %d", c.size, len(send), len(recv))
	}
	return c.do(fmt.Sprintf("exchanging %d bytes with each rank", len(send)/c.size), func() error { return c.allToAll(send, recv) })
}

// Abort ends all ranks by MPI_Abort.
func (c *comm) Abort(status int) {
	c.abortOnce.Do(func() {
		// Launchers drop what they have not yet read of the output of a rank; that is
		// where it says why it ends all.
		time.Sleep(300 * time.Millisecond)
		c.abortStatus.Store(&status)
		// The thread of MPI sees it where it waits. If it does not, because it hangs
		// in the library or does nothing at all, this one calls.
		select {
		case c.work <- func() { c.lib.abortAll(status) }:
		case <-c.ended:
		case <-time.After(2 * time.Second):
			go c.lib.abortAll(status)
		}
		time.Sleep(5 * time.Second) // the launcher ends this process
	})
}

// Close waits until all ranks are there, and ends MPI. After an error there is nothing
// to wait for: it returns that error and leaves MPI as it is.
func (c *comm) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.do("waiting for the other ranks at the end", func() error { return c.allGather([]byte{1}, make([]byte, c.size)) })
	if err != nil {
		return err // the thread stays, for Abort
	}
	defer close(c.quit)
	finished := make(chan error, 1)
	c.work <- func() {
		finished <- c.lib.stop()
		c.err = errors.New("mpi: closed before")
	}
	select {
	case err := <-finished:
		if err != nil {
			return fmt.Errorf("mpi: %w", err)
		}
		return nil
	case <-time.After(c.options.Timeout):
		return fmt.Errorf("mpi: MPI_Finalize did not return within %v", c.options.Timeout)
	}
}
