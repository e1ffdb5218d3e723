// Package batches has what training and test do with a batch of a data.Loader: they cut it
// into shards, read it again, and look for damaged data.
package batches

import (
	"context"
	"fmt"
	"slices"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// Targets returns the targets of a batch, which may have been made without any.
func Targets(b *data.Batch) *tensor.Tensor {
	if b.Targets == nil {
		return b.Labels
	}
	return b.Targets
}

// Cut returns images from to end−1 of a batch.
func Cut(b *data.Batch, from, end int) *data.Batch {
	if from == 0 && end == b.Len() {
		return b
	}
	view := func(t *tensor.Tensor) *tensor.Tensor {
		if t == nil {
			return nil
		}
		shape := t.Shape().Clone()
		size := shape[1:].Size()
		shape[0] = end - from
		return tensor.Must(tensor.FromSlice(t.Data()[from*size:end*size:end*size], shape...))
	}
	few := *b
	few.Images, few.Labels, few.Items, few.First = view(b.Images), view(b.Labels), b.Items[from:end], b.First+from
	few.Targets = few.Labels
	if b.Targets != b.Labels {
		few.Targets = view(b.Targets)
	}
	return &few
}

// Reread reads a batch of an epoch again, which may be under way.
func Reread(l *data.Loader, epoch, batch int, use func(b *data.Batch) error) error {
	for b, err := range l.Epoch(context.Background(), epoch, batch) {
		if err != nil {
			return err
		}
		return use(b)
	}
	return fmt.Errorf("epoch %d has no batch %d", epoch, batch)
}

// CheckFinite returns an error if an image or a target of a batch has values that
// are NaN or infinite: then the data are at fault, not the training.
func CheckFinite(what string, b *data.Batch) error {
	for _, part := range []struct {
		what   string
		values *tensor.Tensor
	}{{"image", b.Images}, {"the target of image", b.Targets}} {
		if part.values == nil || b.Len() == 0 {
			continue
		}
		all := part.values.Data()
		size := len(all) / b.Len()
		for i, item := range b.Items {
			if !Finite(all[i*size : (i+1)*size]) {
				return fmt.Errorf("the %s data are damaged: %s %d of the dataset holds a value that is NaN or infinite", what, part.what, item)
			}
		}
	}
	return nil
}

// Finite reports whether no value is infinite or not a number.
func Finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool { return v-v != 0 })
}
