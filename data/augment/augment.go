package augment

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/strideml/stride/tensor"
)

// A Transform changes an image in place and keeps its shape. Its methods may be
// called by several goroutines at once.
type Transform interface {
	// Apply changes the image pixels, C×H×W, drawing all that is random from
	// r. The shape must be one that Check accepts. In steady state it
	// allocates nothing.
	Apply(r *rand.Rand, pixels []float32, shape tensor.Shape)
	// Check says why the transform cannot be applied to images of a shape
	// C×H×W, be it that a number of its own is out of range.
	Check(shape tensor.Shape) error
	// String is the transform as Parse reads it.
	String() string
}

// A Pipeline applies transforms one after the other. It is a Transform itself.
type Pipeline []Transform

// Apply applies the transforms in order.
func (p Pipeline) Apply(r *rand.Rand, pixels []float32, shape tensor.Shape) {
	for _, t := range p {
		t.Apply(r, pixels, shape)
	}
}

// Check checks each transform, that what needs values of 0..1 does not follow
// Normalize, and that nothing follows a transform on batches.
func (p Pipeline) Check(shape tensor.Shape) error { return p.check(shape) }

func (p Pipeline) check(shape tensor.Shape) error {
	if err := checkShape(shape); err != nil {
		return err
	}
	normalized, mixed := false, false
	for i, t := range p {
		if t == nil {
			return fmt.Errorf("transform %d is nil", i+1)
		}
		_, batch := t.(BatchTransform)
		if mixed && !batch {
			return fmt.Errorf("transform %d (%v) stands after one on batches: put mixup and cutmix last", i+1, t)
		}
		mixed = mixed || batch
		switch inner := t.(type) {
		case Normalize:
			normalized = true
		case Pipeline:
			normalized = normalized || len(inner.Fixed()) > 0
			mixed = mixed || inner.Batch() != nil
		}
		if normalized && needsUnit(t) {
			return fmt.Errorf("transform %d (%v) needs values of 0..1: put normalize after it", i+1, t)
		}
		if err := t.Check(shape); err != nil {
			return fmt.Errorf("transform %d (%v): %w", i+1, t, err)
		}
	}
	return nil
}

// needsUnit reports whether a transform works on values of 0..1 only.
func needsUnit(t Transform) bool {
	switch t.(type) {
	case RandomHorizontalFlip, RandomVerticalFlip, RandomCrop, RandomResizedCrop:
		return false
	}
	_, picture := t.(pictureTransform)
	return picture
}

// String returns the pipeline as Parse reads it.
func (p Pipeline) String() string {
	words := make([]string, len(p))
	for i, t := range p {
		words[i] = t.String()
	}
	return strings.Join(words, ",")
}

// Hook checks the pipeline for images of the given shape, C×H×W, and returns
// the function that data.LoaderConfig takes as Transform: nil for an empty
// pipeline. It is an error when there is a transform on batches: see PerImage and
// Batch.
func (p Pipeline) Hook(shape tensor.Shape) (func(r *rand.Rand, pixels []float32, shape tensor.Shape), error) {
	if err := p.check(shape); err != nil {
		return nil, err
	}
	if batch := p.Batch(); batch != nil {
		return nil, fmt.Errorf("%v works on batches, not on single images", batch)
	}
	if len(p) == 0 {
		return nil, nil
	}
	return p.Apply, nil
}

// Fixed returns the transforms that draw nothing at random, which belong to the
// test images, too.
func (p Pipeline) Fixed() Pipeline {
	var fixed Pipeline
	for _, t := range p {
		switch t := t.(type) {
		case Normalize:
			fixed = append(fixed, t)
		case Pipeline:
			fixed = append(fixed, t.Fixed()...)
		}
	}
	return fixed
}

func checkShape(shape tensor.Shape) error {
	if len(shape) != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1 {
		return fmt.Errorf("image shape %v: want C×H×W, each at least 1", shape)
	}
	return nil
}

// checkRange checks lo ≤ v ≤ hi; NaN fails.
func checkRange(what string, v, lo, hi float64) error {
	if v >= lo && v <= hi {
		return nil
	}
	return fmt.Errorf("%s is %v: want %v to %v", what, v, lo, hi)
}

// uniform draws evenly from lo to hi.
func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + r.Float64()*(hi-lo) }

// scratch is the memory that one Apply needs. It comes from a pool, so that
// the workers of a loader stop allocating once each has one.
type scratch struct {
	crop, rows   []float32
	across, down filter
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// grow returns a slice of length n, reusing s where it can hold that.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
