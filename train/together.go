package train

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/train/internal/ranks"
	"github.com/strideml/stride/train/runfolder"
)

// reportEvery is how often stragglers are looked for within an epoch.
const reportEvery = time.Minute

// aloneError is an error after which a rank cannot speak to the others any more.
type aloneError struct{ error }

func (e *aloneError) Unwrap() error { return e.error }

// alone marks an error that is not known to all ranks.
func alone(err error) error {
	var known *dist.RankError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &aloneError{err}
}

// together returns the context of a training. With several ranks it ends when all have
// agreed to stop, wherever they were asked to.
func (f *fitter) together(ctx context.Context) context.Context {
	if f.ranks == nil {
		return ctx
	}
	f.asked, f.reported = ctx, time.Now()
	ctx, f.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	return ctx
}

// ended tells the other ranks how the training ended here, and returns how it ended in
// all.
func (f *fitter) ended(err error) error {
	var (
		known *dist.RankError
		lost  *aloneError
	)
	switch {
	case f.ranks == nil:
		return err
	case errors.As(err, &lost):
		return lost.error
	case errors.As(err, &known):
		return err
	case errors.Is(err, ErrInterrupted):
		return cmp.Or(f.ranks.Agree(nil), err)
	case f.stopped:
		return f.ranks.Agree(err) // saving failed
	}
	_, err = f.ranks.Meet(ranks.Standing{Place: f.at.Step, Err: err})
	return err
}

// whyStopped is the cause of the end of a training that a rank was asked to stop.
func (f *fitter) whyStopped(by dist.Peer) error {
	if f.asked.Err() != nil {
		return context.Cause(f.asked)
	}
	return fmt.Errorf("%v was asked to stop: %w", by, context.Canceled)
}

// meet asks the other ranks whether all are ready for the step on a batch, of which b is
// this rank's part; err is why it cannot be read. It returns the weight of the whole
// batch in its loss.
func (f *fitter) meet(b *data.Batch, err error) (weight float64, _ error) {
	s := ranks.Standing{Place: f.at.Step, Stop: f.asked.Err() != nil, Report: f.ranks.Root() && time.Since(f.reported) > reportEvery}
	if err != nil {
		s.Err = fmt.Errorf("training set: %w", err)
	} else if s.Err = f.training.Objective.CheckBatch("training", b); s.Err == nil {
		s.Weight = f.training.Objective.Weight(b)
	}
	t, err := f.ranks.Meet(s)
	if err != nil {
		return 0, alone(err)
	}
	if t.Report {
		if err := f.nameStragglers(); err != nil {
			return 0, alone(err)
		}
	}
	if t.Stop {
		f.stopped = true
		f.stop(f.whyStopped(t.By))
		return 0, context.Canceled
	}
	return t.Weight, nil
}

// nameStragglers tells which ranks the others wait for.
func (f *fitter) nameStragglers() error {
	f.reported = time.Now()
	slow, err := f.ranks.Stragglers()
	for _, s := range slow {
		f.log("warning: the other ranks wait: " + s.String())
	}
	return err
}

// compareAfterEpoch looks for stragglers, and for ranks whose weights are not those of
// rank 0.
func (f *fitter) compareAfterEpoch() error {
	if f.ranks == nil {
		return nil
	}
	if err := f.nameStragglers(); err != nil {
		return alone(err)
	}
	h := sha256.New()
	for _, v := range f.variables() {
		_, _ = h.Write(floatBytes(nil, v.Value.Data())) // never fails
	}
	hashes, err := f.ranks.Gather(h.Sum(nil))
	if err != nil {
		return alone(err)
	}
	other := slices.IndexFunc(hashes, func(hash []byte) bool { return !bytes.Equal(hash, hashes[0]) })
	if other < 0 {
		return nil
	}
	peers := f.ranks.Peers()
	differ := fmt.Sprintf("%v has come to other weights than %v", peers[other], peers[0])
	if f.config.Dist.Shards > 0 {
		return dist.Shared(fmt.Errorf("%s, with the same gradients: a processor or its memory is at fault, or it computes with another instruction set", differ))
	}
	f.log(fmt.Sprintf("warning: %s, with the same gradients: all ranks go on with those of rank 0; processors of different instruction sets round differently, unless STRIDE_KERNELS names one that all have", differ))
	return alone(f.shareVariables())
}

// variables are all that a step changes.
func (f *fitter) variables() []*graph.Variable {
	return slices.Concat(f.model.Parameters(), f.model.Buffers(), f.training.State.Variables())
}

// shareState gives all ranks the state of the run that rank 0 has taken up.
func (f *fitter) shareState() error {
	if f.ranks == nil {
		return nil
	}
	text, err := json.Marshal(f.at)
	if err != nil {
		return err
	}
	if text, err = f.ranks.Broadcast(text); err != nil {
		return err
	}
	at := runfolder.Position{}
	if err := json.Unmarshal(text, &at); err != nil {
		return fmt.Errorf("the position of the run, from rank 0: %w", err)
	}
	f.at = at
	return f.shareVariables()
}

// shareVariables gives all ranks the values of rank 0.
func (f *fitter) shareVariables() error {
	for _, v := range f.variables() {
		values := v.Value.Data()
		got, err := f.ranks.Broadcast(floatBytes(nil, values))
		if err != nil {
			return err
		}
		if len(got) != 4*len(values) {
			return fmt.Errorf("rank 0 has %d bytes of %s, want %d", len(got), v.Name, 4*len(values))
		}
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:]))
		}
		v.Changed()
	}
	return nil
}

// explainTogether returns the explanation of the first rank that has one.
func (f *fitter) explainTogether(own string) string {
	if f.ranks == nil {
		return own
	}
	texts, err := f.ranks.Gather([]byte(own))
	if err != nil {
		return own
	}
	for rank, text := range texts {
		if len(text) > 0 {
			return fmt.Sprintf("%s, on %v", text, f.ranks.Peers()[rank])
		}
	}
	return ""
}

// compare compares the images that this rank has hashed with those of rank 0.
func (s *samples) compare(r *ranks.Ranks, set data.Dataset) error {
	var own []byte
	for _, hash := range s.hashes {
		own = append(own, hash[:]...)
	}
	all, err := r.Broadcast(own)
	if err != nil {
		return err
	}
	var none [sha256.Size]byte
	for k, hash := range s.hashes {
		if hash != none && !bytes.Equal(hash[:], all[k*len(hash):(k+1)*len(hash)]) {
			return r.Agree(fmt.Errorf("image %d of the training set, or its label, is not that of %v", k*set.Len()/len(s.hashes), r.Peers()[0]))
		}
	}
	return r.Agree(nil)
}

// failedStep is the error of a step, in which the ranks were adding up.
func (f *fitter) failedStep(err error) error {
	if f.ranks == nil {
		return err
	}
	return alone(err)
}

// noteSpent notes what this rank itself needed for a step.
func (f *fitter) noteSpent() {
	if f.ranks == nil {
		return
	}
	waited := f.loader.Stats().Waited
	f.ranks.Spent(f.ranked.Busy(), waited-f.waited)
	f.waited = waited
}
