package evaluate

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/ranks"
)

// A tally is what a rank has measured of its part of a test set. Put together in the
// order of the test set, those of all ranks give the same sums for any number of ranks
// that compute the same losses.
type tally struct {
	// Losses are those of images, or means over several, of which Images says how many
	// and Batches of which batch they are.
	Losses          []float32
	Images, Batches []int32
	// Labels and Guesses are those of the images.
	Labels, Guesses []int32
	scores          scores
}

// scores are those of images, if they are wanted.
type scores struct {
	Items, Labels, Batches []int32
	Logits                 []float32
}

// add notes the results of a batch.
func (t *tally) add(e *Evaluator, s *pending, outputs []*tensor.Tensor) {
	losses := outputs[0].Data()
	for _, loss := range losses {
		t.Losses = append(t.Losses, loss)
		t.Images, t.Batches = append(t.Images, int32(len(s.items)/len(losses))), append(t.Batches, int32(s.index))
	}
	if e.objective.NoAccuracy {
		return
	}
	for i, guess := range outputs[1].Data() {
		t.Labels, t.Guesses = append(t.Labels, int32(s.labels[i])), append(t.Guesses, int32(guess))
	}
	if e.config.OnScores == nil {
		return
	}
	for i, item := range s.items {
		t.scores.Items, t.scores.Labels = append(t.scores.Items, int32(item)), append(t.scores.Labels, int32(s.labels[i]))
		t.scores.Batches = append(t.scores.Batches, int32(s.index))
	}
	t.scores.Logits = append(t.scores.Logits, outputs[2].Data()...)
}

// A StoppedError says that a rank was asked to stop during the test.
type StoppedError struct{ By dist.Peer }

func (e *StoppedError) Error() string { return fmt.Sprintf("%v was asked to stop", e.By) }

// agreeOnScores makes all ranks keep scores if rank 0 wants them.
func (e *Evaluator) agreeOnScores() error {
	if e.config.Ranks == nil {
		return nil
	}
	wants := []byte{0}
	if e.config.OnScores != nil {
		wants[0] = 1
	}
	wants, err := e.config.Ranks.Broadcast(wants)
	switch {
	case err != nil:
		return err
	case wants[0] == 0:
		e.config.OnScores = nil
	case e.config.OnScores == nil:
		e.config.OnScores = func(int, []float32, int) error { return nil }
	}
	return nil
}

// merge puts together what all ranks have measured, unless one of them failed or was
// asked to stop.
func (e *Evaluator) merge(ctx context.Context, m *measured, err error) error {
	standing := ranks.Standing{Place: e.set.Len(), Stop: ctx.Err() != nil, Err: err}
	if standing.Stop {
		standing.Err = nil
	}
	together, err := e.config.Ranks.Meet(standing)
	switch {
	case err != nil:
		return err
	case together.Stop:
		return &StoppedError{together.By}
	}
	all, err := gather(e.config.Ranks, m.tally)
	if err != nil {
		return err
	}
	m.sum = 0
	at := make([]int, len(all))
	for batch := range e.loader.Batches() {
		for rank, t := range all {
			for ; at[rank] < len(t.Losses) && int(t.Batches[at[rank]]) == batch; at[rank]++ {
				images := int(t.Images[at[rank]])
				m.sum += float64(t.Losses[at[rank]]) * float64(images)
				m.result.Images += images
			}
		}
	}
	for _, t := range all {
		for i, label := range t.Labels {
			if err := m.result.Confusion.Add(int(label), int(t.Guesses[i])); err != nil {
				return err
			}
		}
	}
	if e.config.OnScores == nil {
		return nil
	}
	return e.config.Ranks.Agree(e.tellAllScores(&m.tally.scores))
}

// tellAllScores tells rank 0 the scores of all ranks, in the order of the test set. It
// sends those of some batches at a time.
func (e *Evaluator) tellAllScores(own *scores) (failed error) {
	const batches = 32
	classes := len(e.set.Classes())
	for from := 0; from < e.loader.Batches(); from += batches {
		some := own.take(from+batches, classes)
		all, err := gather(e.config.Ranks, some)
		if err != nil {
			return err
		}
		for batch := from; e.config.Ranks.Root() && batch < from+batches; batch++ {
			for rank := range all {
				one := all[rank].take(batch+1, classes)
				for i, item := range one.Items {
					if failed == nil {
						failed = e.config.OnScores(int(item), one.Logits[i*classes:(i+1)*classes], int(one.Labels[i]))
					}
				}
			}
		}
	}
	return failed
}

// take returns the scores of batches before one, and takes them away.
func (s *scores) take(before, classes int) (some scores) {
	n := 0
	for n < len(s.Batches) && int(s.Batches[n]) < before {
		n++
	}
	some = scores{s.Items[:n], s.Labels[:n], s.Batches[:n], s.Logits[:n*classes]}
	*s = scores{s.Items[n:], s.Labels[n:], s.Batches[n:], s.Logits[n*classes:]}
	return some
}

// gather returns the values of all ranks.
func gather[T any](r *ranks.Ranks, own T) ([]T, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(own); err != nil {
		return nil, err
	}
	texts, err := r.Gather(b.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]T, len(texts))
	for rank, text := range texts {
		if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&all[rank]); err != nil {
			return nil, errors.Join(fmt.Errorf("what rank %d has measured cannot be read", rank), err)
		}
	}
	return all, nil
}
