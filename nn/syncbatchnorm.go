package nn

import "github.com/strideml/stride/graph"

// wholeKey is the key of the number of images of the whole batch in a graph.
type wholeKey struct{}

// SyncBatchNorm says that the batches of a graph are the parts of larger ones, of whole
// images each, that a member of a group has: BatchNorm layers that are then added in Train
// mode take the statistics of the whole batch, and move the running statistics by them, as
// torch.nn.SyncBatchNorm does. That takes a graph.AllReduce for each layer and one for its
// gradient. 0 is the default: statistics are those of the part.
//
// All members must have the same running statistics, and the loss must be the part's share
// of that of the whole batch: the mean over its images times their number, divided by
// whole.
func SyncBatchNorm(g *graph.Graph, whole int) { g.SetValue(wholeKey{}, whole) }

// TracePart is TraceFrozen for batches that are parts of larger ones, of whole images each:
// see [SyncBatchNorm].
func (m *Model) TracePart(batch, whole int, frozen Frozen) (t *Trace, err error) {
	return m.trace(batch, Train, frozen, nil, func(g *graph.Graph) { SyncBatchNorm(g, whole) })
}

// share is the part of the whole batch that a trace has.
func (s scope) share() float32 {
	whole, _ := s.g.Value(wholeKey{}).(int)
	switch batch := s.trace.batch; {
	case whole == 0:
		return 1
	case whole < batch:
		s.g.Fail("BatchNorm", "a batch of %d is no part of one of %d", batch, whole)
		return 0
	default:
		return float32(float64(batch) / float64(whole))
	}
}
