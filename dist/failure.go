package dist

import (
	"errors"
	"slices"
)

// A RankError is an error of one rank that all ranks know of, so that all of them end
// in order. An error of a rank that is no RankError is known to that rank alone: it
// should say so and call Comm.Abort, because the others wait for it.
type RankError struct {
	// Peer is the rank that failed.
	Peer Peer
	// Text is what it said.
	Text string
	// Err is the error on the rank itself, and nil on the others.
	Err error
	// all says that it is the error of all ranks alike.
	all bool
}

// Shared returns a RankError for an error that all ranks have for the same reason, such
// as a loss that is not finite. It names no rank. Shared of nil is nil.
func Shared(err error) error {
	var known *RankError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &RankError{Text: err.Error(), Err: err, all: true}
}

// Error is like "rank 3 (host node7): read image 17: …"; without the rank if it is the
// error of all.
func (e *RankError) Error() string {
	if e.all {
		return e.Text
	}
	return e.Peer.String() + ": " + e.Text
}

// Unwrap returns Err.
func (e *RankError) Unwrap() error { return e.Err }

// Agree returns nil if err is nil on all ranks. Otherwise it returns a *RankError on
// each rank: of the first rank that failed, and on a rank that failed its own. It names no
// rank if all have failed with the same words.
func Agree(c Comm, peers []Peer, err error) error {
	send := []byte{0}
	if err != nil {
		send[0] = 1
	}
	flags := make([]byte, c.Size())
	if failed := c.AllGather(send, flags); failed != nil {
		return errors.Join(err, failed)
	}
	for _, flag := range flags {
		if flag != 0 {
			return tellError(c, peers, err)
		}
	}
	return nil
}

// tellError makes a RankError of the errors of all ranks, of which one is not nil.
func tellError(c Comm, peers []Peer, err error) error {
	text := ""
	if err != nil {
		text = "1" + err.Error()
	}
	texts, failed := GatherBytes(c, []byte(text))
	if failed != nil {
		return errors.Join(err, failed)
	}
	if err != nil {
		other := func(text []byte) bool { return string(text) != "1"+err.Error() }
		return &RankError{Peer: peers[c.Rank()], Text: err.Error(), Err: err, all: !slices.ContainsFunc(texts, other)}
	}
	for rank, text := range texts {
		if len(text) > 0 {
			return &RankError{Peer: peers[rank], Text: string(text[1:])}
		}
	}
	return errors.New("the ranks do not agree on whether one of them has failed")
}
