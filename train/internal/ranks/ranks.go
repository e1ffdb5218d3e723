// Package ranks is what train says to the other ranks of a distributed training: how
// each of them stands before a step, so that all decide alike, and results of the test.
//
// All methods work on a nil *Ranks, which is a training in a single process, and then
// do next to nothing.
package ranks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/engine"
)

// Ranks are the processes of a training.
type Ranks struct {
	comm    dist.Comm
	reducer engine.Reducer
	peers   []dist.Peer
	pace    dist.Pace
	steps   int
}

// New asks all ranks where they run.
func New(c dist.Comm, reducer engine.Reducer) (*Ranks, error) {
	peers, err := dist.Peers(c)
	if err != nil {
		return nil, err
	}
	return &Ranks{comm: c, reducer: reducer, peers: peers}, nil
}

// Root reports whether this is rank 0, which writes.
func (r *Ranks) Root() bool { return r == nil || r.comm.Rank() == 0 }

// Size is the number of ranks.
func (r *Ranks) Size() int {
	if r == nil {
		return 1
	}
	return r.comm.Size()
}

// Peers returns where the ranks run.
func (r *Ranks) Peers() []dist.Peer { return r.peers }

// Comm returns what the ranks speak through.
func (r *Ranks) Comm() dist.Comm { return r.comm }

// Part is this rank's part of every batch.
func (r *Ranks) Part() data.Part {
	if r == nil {
		return data.Part{}
	}
	return data.Part{Rank: r.comm.Rank(), Ranks: r.comm.Size()}
}

// Sample says which of several samples of the data this rank reads, to compare them
// with what rank 0 has; nil, as on rank 0, is all.
func (r *Ranks) Sample() func(sample int) bool {
	if r.Root() {
		return nil
	}
	n := min(r.Size(), 16)
	return func(sample int) bool { return sample%n == r.comm.Rank()%n }
}

// Agree returns an error of one rank on all of them; see dist.Agree.
func (r *Ranks) Agree(err error) error {
	if r == nil {
		return err
	}
	return dist.Agree(r.comm, r.peers, err)
}

// Sum replaces values by their sums over all ranks.
func (r *Ranks) Sum(values []float32) error {
	if r == nil || len(values) == 0 {
		return nil
	}
	return r.reducer.AllReduce(values)()
}

// Gather returns what each rank sends.
func (r *Ranks) Gather(send []byte) ([][]byte, error) {
	if r == nil {
		return [][]byte{send}, nil
	}
	return dist.GatherBytes(r.comm, send)
}

// Broadcast returns what rank 0 sends.
func (r *Ranks) Broadcast(send []byte) ([]byte, error) {
	if r == nil {
		return send, nil
	}
	return dist.Broadcast(r.comm, send)
}

// A Standing is how a rank stands before a step, or at the end of an epoch.
type Standing struct {
	// Place is the number of the step. It must be the same on all ranks.
	Place int
	// Weight is that of its images in the mean loss of the batch.
	Weight float64
	// Stop asks to stop here, and Report for a call of Stragglers.
	Stop, Report bool
	// Err is what went wrong; nil if nothing.
	Err error
}

// Together is what the standings of all ranks come to, the same on all of them.
type Together struct {
	// Weight is the sum of the weights.
	Weight float64
	// Stop says that a rank wants to stop; By is the first of them.
	Stop bool
	By   dist.Peer
	// Report says that a rank asks for a call of Stragglers.
	Report bool
}

// ErrApart says that ranks are at different steps, which can only be a mistake in the
// program.
var ErrApart = errors.New("the ranks are not at the same step")

// Meet tells the other ranks how this one stands and returns what all come to. If one
// has an error, all return it, as a *dist.RankError.
func (r *Ranks) Meet(s Standing) (Together, error) {
	if r == nil {
		return Together{Weight: s.Weight, Stop: s.Stop, Report: s.Report}, s.Err
	}
	const (
		size    = 17
		stops   = 1
		fails   = 2
		reports = 4
		flagsAt = 16
	)
	send := binary.LittleEndian.AppendUint64(make([]byte, 0, size), uint64(s.Place))
	send = binary.LittleEndian.AppendUint64(send, math.Float64bits(s.Weight))
	flags := byte(0)
	if s.Stop {
		flags |= stops
	}
	if s.Err != nil {
		flags |= fails
	}
	if s.Report {
		flags |= reports
	}
	send = append(send, flags)
	all := make([]byte, size*r.comm.Size())
	if err := r.comm.AllGather(send, all); err != nil {
		return Together{}, errors.Join(s.Err, err)
	}
	var t Together
	failed := false
	for rank, peer := range r.peers {
		one := all[size*rank : size*(rank+1)]
		if place := binary.LittleEndian.Uint64(one); place != uint64(s.Place) {
			return t, errors.Join(s.Err, fmt.Errorf("%w: %v is at %d, %v at %d", ErrApart, peer, place, r.peers[r.comm.Rank()], s.Place))
		}
		t.Weight += math.Float64frombits(binary.LittleEndian.Uint64(one[8:]))
		if one[flagsAt]&stops != 0 && !t.Stop {
			t.Stop, t.By = true, peer
		}
		t.Report = t.Report || one[flagsAt]&reports != 0
		failed = failed || one[flagsAt]&fails != 0
	}
	if failed {
		return t, dist.Agree(r.comm, r.peers, s.Err)
	}
	return t, nil
}

// Spent adds what this rank itself needed for a step.
func (r *Ranks) Spent(compute, input time.Duration) {
	if r != nil {
		r.pace.Compute += compute
		r.pace.Input += input
		r.steps++
	}
}

// Stragglers returns the ranks that were much slower than the others since it was last
// called. All ranks call it.
func (r *Ranks) Stragglers() ([]dist.Straggler, error) {
	if r == nil || r.steps == 0 {
		return nil, nil
	}
	paces, err := dist.GatherPaces(r.comm, r.pace)
	if err != nil {
		return nil, err
	}
	steps := r.steps
	r.pace, r.steps = dist.Pace{}, 0
	return dist.Stragglers(r.peers, paces, steps), nil
}
