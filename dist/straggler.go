package dist

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// A Pace is how long a rank was busy with its own part of a number of steps. What it
// waited for the other ranks is not counted.
type Pace struct {
	// Compute is the time in its computations, Input the time that they waited for its
	// images.
	Compute, Input time.Duration
}

func (p Pace) total() time.Duration { return p.Compute + p.Input }

// GatherPaces returns the paces of all ranks, by rank.
func GatherPaces(c Comm, own Pace) ([]Pace, error) {
	send := binary.LittleEndian.AppendUint64(nil, uint64(own.Compute))
	send = binary.LittleEndian.AppendUint64(send, uint64(own.Input))
	got := make([]byte, len(send)*c.Size())
	if err := c.AllGather(send, got); err != nil {
		return nil, err
	}
	paces := make([]Pace, c.Size())
	for i := range paces {
		at := got[16*i:]
		paces[i] = Pace{time.Duration(binary.LittleEndian.Uint64(at)), time.Duration(binary.LittleEndian.Uint64(at[8:]))}
	}
	return paces, nil
}

// SlowFactor is how many times the median of all ranks a straggler takes at least.
const SlowFactor = 1.3

// A Straggler is a rank that the others wait for.
type Straggler struct {
	Peer Peer
	// Step is its own time for a step, Median that of the rank in the middle.
	Step, Median time.Duration
	// Input says that most of what is too much is the wait for images.
	Input bool
}

// String is like "rank 3 (host node7) takes 412 ms for its part of a step, 1.6 times the
// median of 256 ms".
func (s Straggler) String() string {
	text := fmt.Sprintf("%v takes %s for its part of a step, %.1f times the median of %s", s.Peer, milliseconds(s.Step), float64(s.Step)/float64(max(s.Median, 1)), milliseconds(s.Median))
	if s.Input {
		text += ", because its images come slowly"
	}
	return text
}

func milliseconds(d time.Duration) string {
	if ms := float64(d) / 1e6; ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// leastDelay is what a straggler costs at least in a step: less is not worth a word.
const leastDelay = time.Millisecond

// Stragglers returns the ranks that take at least SlowFactor times the median, and a
// millisecond more, the slowest first. paces are those of so many steps.
func Stragglers(peers []Peer, paces []Pace, steps int) []Straggler {
	if steps < 1 || len(paces) < 2 {
		return nil
	}
	var totals, computing []time.Duration
	for _, p := range paces {
		totals, computing = append(totals, p.total()), append(computing, p.Compute)
	}
	median, usual := middle(totals), middle(computing)
	var slow []Straggler
	for rank, p := range paces {
		if total := p.total(); total-median >= leastDelay*time.Duration(steps) && float64(total) >= SlowFactor*float64(median) {
			slow = append(slow, Straggler{
				Peer: peers[rank], Step: total / time.Duration(steps), Median: median / time.Duration(steps),
				Input: p.Compute-usual < (total-median)/2,
			})
		}
	}
	slices.SortStableFunc(slow, func(a, b Straggler) int { return int(b.Step - a.Step) })
	return slow
}

// middle is the median; of an even number the smaller of the two in the middle, so that
// of two ranks the faster is the measure.
func middle(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)/2]
}
