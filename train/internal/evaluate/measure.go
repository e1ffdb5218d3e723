package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/batches"
)

// measured is what was measured so far.
type measured struct {
	result    *Result
	sum       float64 // of the losses
	computing time.Duration
	tally     tally // of one of several ranks, in place of the sum and the counts
	done      int   // images, those of other ranks included

	// Of a device that works on its own:
	under *pending // that it still computes; nil otherwise
	spare *pending // for the next batch
	clock async.Clock
}

// A pending is what must be known of a batch when its memory is used for another one.
type pending struct {
	index  int
	items  []int
	labels []int // empty where they mean nothing
	began  time.Time
	run    *async.Run
}

// measureAll measures the batches, or this rank's part of them. On a device that works on
// its own, a batch is started before the results of the one before are read.
func (e *Evaluator) measureAll(ctx context.Context, m *measured) error {
	defer m.abandon()
	for b, err := range e.loader.Epoch(ctx, 0, 0) {
		if err == nil {
			err = e.objective.CheckBatch("test", b)
		}
		if err != nil {
			return cmp.Or(e.drain(m), fmt.Errorf("test set: %w", err))
		}
		if e.config.Shards == nil {
			err = e.measure(b, m)
		}
		for _, shard := range e.config.Shards {
			if first, end := shard.Of(b.Whole); err == nil && first < end {
				err = e.measure(batches.Cut(b, first-b.First, end-b.First), m)
			}
		}
		if err != nil {
			return err
		}
		if m.under == nil {
			e.tellDone(m, b.Whole)
		}
	}
	return e.drain(m)
}

// tellDone tells that so many more images are done.
func (e *Evaluator) tellDone(m *measured, images int) {
	m.done += images
	if e.config.OnBatch != nil {
		e.config.OnBatch(m.done, e.set.Len())
	}
}

// measure measures the images of a batch, or starts that and finishes the batch before.
func (e *Evaluator) measure(b *data.Batch, m *measured) error {
	if e.programs[b.Len()] == nil { // compile closes the others
		if err := e.drain(m); err != nil {
			return err
		}
	}
	p, err := e.compile(b.Len())
	if err != nil {
		return err
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, batches.Targets(b)
	s := e.describe(b, m)
	if p.starter != nil && e.config.Ranks == nil {
		if s.run, err = p.starter.Start(p.feeds); err != nil {
			return cmp.Or(e.drain(m), err)
		}
		before := m.under
		m.under = s
		return e.finish(m, before)
	}
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return err
	}
	m.computing += time.Since(s.began)
	err = e.add(m, s, p.outputs, b)
	m.spare = s
	return err
}

// describe notes what must be known of a batch.
func (e *Evaluator) describe(b *data.Batch, m *measured) *pending {
	s := m.spare
	if m.spare = nil; s == nil {
		s = &pending{}
	}
	s.index, s.items, s.labels = b.Index, append(s.items[:0], b.Items...), s.labels[:0]
	if !e.objective.NoAccuracy {
		for i := range b.Len() {
			s.labels = append(s.labels, e.label(b, i))
		}
	}
	s.began = time.Now()
	return s
}

// drain finishes the batch under way, if there is one.
func (e *Evaluator) drain(m *measured) error {
	s := m.under
	m.under = nil
	return e.finish(m, s)
}

// abandon waits for the batch under way, whatever comes of it: one before it has failed.
func (m *measured) abandon() {
	if m.under != nil {
		_ = m.under.run.Wait()
		m.under = nil
	}
}

// finish waits for a batch that was started, which may be nil, and adds its results.
func (e *Evaluator) finish(m *measured, s *pending) error {
	if s == nil {
		return nil
	}
	if err := s.run.Wait(); err != nil {
		return err
	}
	m.computing += m.clock.Took(s.run, s.began)
	if err := e.add(m, s, s.run.Outputs, nil); err != nil {
		return err
	}
	s.run.Release()
	m.spare = s
	e.tellDone(m, len(s.items))
	return nil
}

// add adds the results of a batch. b is the batch, nil if the memory is in use for another
// one.
func (e *Evaluator) add(m *measured, s *pending, outputs []*tensor.Tensor, b *data.Batch) error {
	losses, before := outputs[0].Data(), m.sum
	for _, loss := range losses { // one for each image, or their mean
		m.sum += float64(loss) * float64(len(s.items)/len(losses))
	}
	if d := m.sum - before; d-d != 0 {
		check := func(b *data.Batch) error { return batches.CheckFinite("test", b) }
		var err error
		if b != nil {
			err = check(b)
		} else {
			err = batches.Reread(e.loader, 0, s.index, check)
		}
		if err != nil {
			return err
		}
	}
	if e.config.Ranks != nil {
		m.tally.add(e, s, outputs)
		return nil
	}
	m.result.Images += len(s.items)
	if m.result.Confusion == nil {
		return nil
	}
	for i, guess := range outputs[1].Data() {
		if err := m.result.Confusion.Add(s.labels[i], int(guess)); err != nil {
			return err
		}
	}
	return e.tellScores(s, outputs)
}

// label returns the class of an image of a batch: the most probable one, if its
// target has a probability for each.
func (e *Evaluator) label(b *data.Batch, i int) int {
	if !e.objective.Soft {
		return int(b.Labels.Data()[i])
	}
	classes := e.objective.Target.Size()
	q := b.Targets.Data()[i*classes : (i+1)*classes]
	return slices.Index(q, slices.Max(q))
}

// tellScores calls OnScores for each image of a batch.
func (e *Evaluator) tellScores(s *pending, outputs []*tensor.Tensor) error {
	if e.config.OnScores == nil {
		return nil
	}
	scores := outputs[2]
	classes := scores.Size() / len(s.items)
	for i, item := range s.items {
		if err := e.config.OnScores(item, scores.Data()[i*classes:(i+1)*classes], s.labels[i]); err != nil {
			return fmt.Errorf("image %d of the test set: %w", item, err)
		}
	}
	return nil
}
