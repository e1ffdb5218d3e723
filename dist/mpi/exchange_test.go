//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import (
	"slices"
	"testing"
)

// A rank asks whether it may send before it answers that it can receive.
func TestExchangeOrder(t *testing.T) {
	c := &comm{rank: 1, size: 4, maxMessage: 8}
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
	want := []message{
		{2, false, 8}, {2, false, 2}, {0, true, 8}, {0, true, 2},
		{3, false, 8}, {3, false, 2}, {3, true, 8}, {3, true, 2},
		{0, false, 8}, {0, false, 2}, {2, true, 8}, {2, true, 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("messages %v instead of %v", got, want)
	}
}
