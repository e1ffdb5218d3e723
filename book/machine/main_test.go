package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	for name, want := range map[string]string{
		"winograd":  "direct:   [10.5 21]\nWinograd: [10.5 21]\n",
		"rounding":  "0 2\n",
		"ex-im2col": "x 64×26×26 becomes 576×576 and the product 64×576\nequal to the sums: true\n",
		"ex-fold":   "one convolution computes the same: true\n",
	} {
		if outputs[name] != want {
			t.Errorf("%s: %q, want %q", name, outputs[name], want)
		}
	}
}
