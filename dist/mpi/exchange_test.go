//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"slices"
	"testing"
)

// A rank asks whether it may send before it answers that it can receive, and of no more
// peers at a time than may be active.
func TestExchangeOrder(t *testing.T) {
	c := &comm{rank: 1, size: 20, maxMessage: 8}
	part := func(int) []byte { return make([]byte, 10) } // two pieces
	c.exchange(part, part)
	type message struct {
		peer    int
		receive bool
		bytes   int
	}
	var got []message
	for _, t := range c.queue {
		got = append(got, message{t.peer, t.receive, len(t.buffer)})
	}
	var want []message
	for _, peers := range [][2]int{{1, 16}, {17, 19}} { // as many as may be active at once
		for _, bytes := range []int{8, 2} {
			for round := peers[0]; round <= peers[1]; round++ {
				want = append(want, message{(1 + round) % 20, false, bytes})
			}
			for round := peers[0]; round <= peers[1]; round++ {
				want = append(want, message{(21 - round) % 20, true, bytes})
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("messages %v instead of %v", got, want)
	}
}
