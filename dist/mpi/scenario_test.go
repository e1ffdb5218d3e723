//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/strideml/stride/dist"
)

// scenarios are what the ranks of a test do. The tests start this program again under
// mpirun, with the name of a scenario in $STRIDE_MPI_SCENARIO.
var scenarios = map[string]struct {
	options Options
	run     func(c *comm) error
}{
	"collectives": {Options{Timeout: time.Minute}, collectives},
	"say":         {Options{Timeout: time.Minute}, func(c *comm) error { fmt.Println(c.Description()); return c.Close() }},
	"stopped":     {Options{Timeout: 2 * time.Second}, stoppedRank},
	"killed":      {Options{Timeout: time.Minute}, killedRank},
	"gone":        {Options{Timeout: 2 * time.Second}, goneRank},
	"abort":       {Options{Timeout: time.Minute}, abortedRanks},
	"lengths":     {Options{Timeout: 10 * time.Second}, differentLengths},
	"panic":       {Options{Timeout: time.Minute}, recoveredPanic},
	"speed":       {Options{Timeout: time.Minute}, speed},
}

// runScenario is the main function of a rank; it returns the exit status.
func runScenario(name string) int {
	s, ok := scenarios[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no scenario %q\n", name)
		return 2
	}
	opened, err := Open(s.options)
	if err != nil {
		fmt.Fprintf(os.Stderr, "cannot open: %v\n", err)
		return 1
	}
	if err := s.run(opened.(*comm)); err != nil {
		fmt.Fprintf(os.Stderr, "scenario failed: %v\n", err)
		opened.Abort(1)
		return 1
	}
	return 0
}

// values are the numbers of a rank, of very different sizes so that another order of
// additions gives other bits.
func values(seed, rank, n int) []float32 {
	rng := rand.NewPCG(uint64(seed), uint64(rank))
	x := make([]float32, n)
	for i := range x {
		bits := rng.Uint64()
		x[i] = float32(int32(bits)) * float32(int64(1)<<(bits>>59))
	}
	return x
}

func expectedSum(seed, ranks, n int) []float32 {
	parts := make([][]float32, ranks)
	for rank := range parts {
		parts[rank] = values(seed, rank, n)
	}
	dist.Sum(parts)
	return parts[0]
}

func collectives(c *comm) error {
	lengths := []int{0, 1, 2, 3, 7, 100, 1023, 4096, 16385, 100_001, 1_000_000}
	if c.size == 2 {
		lengths = append(lengths, 10_000_000)
	}
	for _, n := range lengths {
		if err := sameSums(c, n, max(2, min(100, 50_000/(n+1)))); err != nil {
			return err
		}
	}
	// Many chunks of many messages.
	defer func(message, segment int) { c.maxMessage, c.segment = message, segment }(c.maxMessage, c.segment)
	c.maxMessage, c.segment = 1000, 777
	for _, n := range []int{20_000, 50_001, 131_072} {
		if err := sameSums(c, n, 10); err != nil {
			return fmt.Errorf("short messages: %w", err)
		}
	}
	for _, n := range []int{0, 1, 5, 999, 1000, 1001, 30_000} {
		if err := bytesMoved(c, n); err != nil {
			return err
		}
	}
	if err := refusedLengths(c); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	if err := c.AllReduce(make([]float32, 5)); c.size > 1 && err == nil {
		return errors.New("a sum after Close succeeded")
	}
	return c.Close()
}

// sameSums adds up the same numbers again and again, while the ranks come late at
// random, and compares all bits with the documented order.
func sameSums(c *comm, n, repetitions int) error {
	own := values(n, c.rank, n)
	want := expectedSum(n, c.size, n)
	late := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	got := make([]float32, n)
	for i := range repetitions {
		copy(got, own)
		if late.IntN(8) == 0 {
			time.Sleep(time.Duration(late.IntN(3000)) * time.Microsecond)
		}
		if err := c.AllReduce(got); err != nil {
			return err
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("repetition %d of the sum of %d numbers has other bits", i, n)
		}
	}
	return nil
}

// bytesMoved tries AllGather and AllToAll with n bytes for each rank.
func bytesMoved(c *comm, n int) error {
	message := func(from, to int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(31*from + 7*to + i)
		}
		return b
	}
	recv := make([]byte, n*c.size)
	if err := c.AllGather(message(c.rank, 0), recv); err != nil {
		return err
	}
	for rank := range c.size {
		if !bytes.Equal(recv[rank*n:][:n], message(rank, 0)) {
			return fmt.Errorf("gathering %d bytes: those of rank %d are wrong", n, rank)
		}
	}
	send := make([]byte, 0, n*c.size)
	for rank := range c.size {
		send = append(send, message(c.rank, rank)...)
	}
	sent := slices.Clone(send)
	if err := c.AllToAll(send, recv); err != nil {
		return err
	}
	for rank := range c.size {
		if !bytes.Equal(recv[rank*n:][:n], message(rank, c.rank)) {
			return fmt.Errorf("exchanging %d bytes: those of rank %d are wrong", n, rank)
		}
	}
	if !bytes.Equal(send, sent) {
		return errors.New("an exchange changed what it sent")
	}
	return nil
}

func refusedLengths(c *comm) error {
	if c.AllGather(make([]byte, 3), make([]byte, 3*c.size+1)) == nil {
		return errors.New("gathering into a buffer of the wrong length succeeded")
	}
	if c.AllToAll(make([]byte, c.size), make([]byte, c.size+1)) == nil {
		return errors.New("an exchange with a buffer of the wrong length succeeded")
	}
	if c.size > 1 && c.AllToAll(make([]byte, c.size+1), make([]byte, c.size+1)) == nil {
		return errors.New("an exchange of unequal parts succeeded")
	}
	return nil
}

// stoppedRank: the last rank is stopped, and the error of the others names it.
func stoppedRank(c *comm) error {
	data := make([]float32, 1000)
	for i := range 1000 {
		if i == 10 && c.rank == c.size-1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
				return err
			}
		}
		if err := c.AllReduce(data); err != nil {
			if c.rank == 0 {
				return err
			}
			time.Sleep(time.Minute) // until rank 0 ends all
		}
	}
	return errors.New("nobody noticed")
}

// killedRank: mpirun ends all.
func killedRank(c *comm) error {
	data := make([]float32, 1000)
	for i := 0; ; i++ {
		if i == 10 && c.rank == 1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				return err
			}
		}
		if err := c.AllReduce(data); err != nil {
			fmt.Fprintln(os.Stderr, err)
			time.Sleep(time.Minute)
		}
	}
}

// goneRank: the last rank does not come to Close; the others name it.
func goneRank(c *comm) error {
	if c.rank == c.size-1 {
		time.Sleep(time.Minute)
	}
	err := c.Close()
	if again := c.AllReduce(make([]float32, 5)); again == nil {
		return errors.New("a sum after an error succeeded")
	}
	if c.rank != 0 {
		time.Sleep(time.Minute)
	}
	return err
}

// abortedRanks: rank 1 ends all with its exit status while rank 0 waits.
func abortedRanks(c *comm) error {
	if c.rank == 1 {
		time.Sleep(200 * time.Millisecond)
		c.Abort(7)
		return errors.New("Abort returned")
	}
	return c.AllReduce(make([]float32, 1000))
}

// differentLengths: the ranks disagree about what they do.
func differentLengths(c *comm) error {
	n := 100_000
	if c.rank == 1 {
		n += 100
	}
	err := c.AllReduce(make([]float32, n))
	if c.rank != 0 {
		time.Sleep(time.Minute)
	}
	return err
}

// recoveredPanic: the library leaves the signals of Go alone.
func recoveredPanic(c *comm) error {
	caught := func() (caught any) {
		defer func() { caught = recover() }()
		var nothing *[4]int
		runtime.KeepAlive(nothing[c.rank%4])
		return nil
	}()
	if caught == nil || !strings.Contains(fmt.Sprint(caught), "nil pointer") {
		return fmt.Errorf("recovered %v", caught)
	}
	return c.Close()
}

// speed prints how long sums take, the processor time that they use, and how many
// bytes a rank sends a second.
func speed(c *comm) error {
	for _, n := range []int{1, 1000, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 11 << 20} {
		data := make([]float32, n)
		repetitions := max(5, min(1000, (40<<20)/(n+1)))
		var times []time.Duration
		var before, after syscall.Rusage
		for i := range repetitions {
			if i == repetitions/10 {
				_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			}
			start := time.Now()
			if err := c.AllReduce(data); err != nil {
				return err
			}
			if i >= repetitions/10 {
				times = append(times, time.Since(start))
			}
		}
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		slices.Sort(times)
		median := times[len(times)/2]
		cpu := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
		var total time.Duration
		for _, t := range times {
			total += t
		}
		if c.rank == 0 {
			fmt.Printf("%9d bytes: median %10v, %3.0f%% of a processor, %6.2f GB/s\n", 4*n, median,
				100*cpu.Seconds()/total.Seconds(), 2*float64(c.size-1)/float64(c.size)*4*float64(n)/median.Seconds()/1e9)
		}
	}
	return c.Close()
}
