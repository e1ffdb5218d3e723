package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// The whole run is too long for a test; two epochs go through all of it.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	h, err := run(context.Background(), &out, 2)
	if err != nil {
		t.Fatal(err)
	}
	if h.Steps != 2*625 || len(h.Rows) != 2 {
		t.Errorf("%d steps in %d epochs, want 1250 in 2: 10,000 images in batches of 16", h.Steps, len(h.Rows))
	}
	// LeNet stands still near ln 10 at first.
	if l := h.Last().TrainLoss; !(l < 2.35) {
		t.Errorf("loss %v, want below 2.35", l)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("printed %d lines, want 2:\n%s", lines, out.String())
	}
}
