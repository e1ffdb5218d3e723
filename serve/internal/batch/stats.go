package batch

import (
	"maps"
	"time"
)

// Stats count what a queue has done since it was made.
type Stats struct {
	// Queued and Computed are the times of the requests that were answered.
	Queued, Computed Sum
	// Failed are requests that were not answered: the engine failed, or their context
	// ended. Left is how many of them left the queue.
	Failed Sum
	Left   int64
	// Refused is how many requests met a full queue.
	Refused int64
	// Samples is how many samples were computed, and Batches how often a batch of each
	// size, with the time that this took.
	Samples int64
	Batches map[int]Sum
	// Waiting and Running are the samples in the queue and in the engine now.
	Waiting, Running int
	// WaitingRequests is how many requests the samples in the queue are of.
	WaitingRequests int
	// Last is when the last batch was computed; the zero time if there was none.
	Last time.Time
}

// A Sum is a number of durations and what they add up to.
type Sum struct {
	Count int64
	Total time.Duration
}

func (s *Sum) add(d time.Duration) {
	s.Count++
	s.Total += d
}

// Stats returns what was done so far.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Waiting, s.WaitingRequests, s.Batches = q.waiting, len(q.requests), maps.Clone(s.Batches)
	return s
}
